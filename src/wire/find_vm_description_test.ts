import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { findVmDescription } from "./find_vm_description.ts";

fc.configureGlobal({ seed: 19 });

/** Some state, EOF, and a description of that length. */
function stream(before: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(before.length + 6 + length).fill(0x20);
  bytes.set(before);
  bytes.set([0, 6, length >>> 24, length >>> 16, length >>> 8, length], before.length);
  bytes[before.length + 6] = 0x7b;
  return bytes;
}

Deno.test("findVmDescription() finds the description from any tail that holds it, and asks for more of others", () => {
  const lengths = fc.oneof(
    fc.integer({ min: 1, max: 700 }),
    fc.constantFrom(256, 257, 0x1_0000, 0x1_0100, 0x0101_0101),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), lengths, fc.nat(), (before, length, cut) => {
      const bytes = stream(before, length);
      const start = cut % bytes.length;
      const place = findVmDescription(bytes.subarray(start), start, bytes.length);
      if (start <= before.length) assertEquals(place, { offset: before.length + 1 });
      else if (place !== undefined) {
        assertEquals("tailLength" in place && place.tailLength > bytes.length - start, true);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("findVmDescription() asks for more until the description is found", () => {
  const bytes = stream(Uint8Array.of(1, 2, 3), 200_000);
  let tail = 16;
  for (let tries = 0; tries < 10; tries++) {
    const place = findVmDescription(bytes.subarray(bytes.length - tail), bytes.length - tail, bytes.length);
    if (place === undefined) throw new Error("given up");
    if ("offset" in place) return assertEquals(place.offset, 4);
    tail = place.tailLength;
  }
  throw new Error("asks for ever");
});

Deno.test("findVmDescription() finds nothing in a stream without a description, or with bytes after it", () => {
  const bytes = stream(new Uint8Array(20), 50);
  assertEquals(findVmDescription(bytes.subarray(0, -1), 0, bytes.length - 1), undefined);
  assertEquals(findVmDescription(new Uint8Array(100), 0, 100), undefined);
  assertEquals(findVmDescription(new Uint8Array(0), 0, 0), undefined);
  assertEquals(findVmDescription(new Uint8Array(10).fill(1), 0, 10), undefined);
});

Deno.test("findVmDescription() takes no bytes for a description that lack its EOF byte, type, length or brace", () => {
  const bytes = stream(Uint8Array.of(1), 3);
  assertEquals([...bytes], [1, 0, 6, 0, 0, 0, 3, 0x7b, 0x20, 0x20]);
  const place = (at: number, byte: number): unknown => {
    const changed = bytes.slice();
    changed[at] = byte;
    return findVmDescription(changed, 0, changed.length);
  };
  assertEquals(place(0, 9), { offset: 2 });
  assertEquals([1, 2, 6, 7].map((at) => place(at, 9)), [undefined, undefined, undefined, undefined]);
});

Deno.test("findVmDescription() finds a description of one byte, and none whose brace is missing", () => {
  assertEquals(findVmDescription(stream(new Uint8Array(0), 1), 0, 7), { offset: 1 });
  assertEquals(findVmDescription(Uint8Array.of(0, 6, 0, 0, 0, 0), 0, 6), undefined);
});

Deno.test("findVmDescription() asks for more only while the EOF byte may be in front of the tail", () => {
  // The last NUL is a byte of the length: from five bytes before it on EOF could be.
  const search = (lastNul: number): unknown => {
    const tail = new Uint8Array(40).fill(0x20);
    tail[lastNul] = 0;
    return findVmDescription(tail, 60, 100);
  };
  assertEquals([search(4), search(5)], [{ tailLength: 100 }, undefined]);
  const large = new Uint8Array(0x1_0000).fill(0x20);
  assertEquals(findVmDescription(large, 0x10_0000, 0x11_0000), { tailLength: 0x2_0000 });
});

Deno.test("findVmDescription() says where a tail ends that is not the end of the file", () => {
  assertThrows(() => findVmDescription(new Uint8Array(10), 5, 16), RangeError, "the tail ends at 15 of 16");
});

Deno.test("findVmDescription() refuses a tail that is not the end of the file", () => {
  assertThrows(() => findVmDescription(new Uint8Array(10), 0, 11), RangeError, "Cannot search for a VM description");
});
