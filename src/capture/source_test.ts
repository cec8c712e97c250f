import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CaptureError } from "./capture_error.ts";
import { FileSource } from "./file_source.ts";
import { type ByteSource, MemorySource, OffsetSource, readBytes, sourceAt } from "./source.ts";
import { canWrite, withFiles } from "./files_for_test.ts";

Deno.test("MemorySource gives what is there, and 0 at its end", () => {
  const source = new MemorySource(Uint8Array.of(1, 2, 3));
  const into = new Uint8Array(2);
  assertEquals([source.readAt(1, into), ...into], [2, 2, 3]);
  assertEquals([source.readAt(2, into), into[0]], [1, 3]);
  assertEquals([source.readAt(3, into), source.readAt(9, into)], [0, 0]);
});

Deno.test("OffsetSource is a window: nothing is read outside of it", () => {
  const source = new OffsetSource(new MemorySource(Uint8Array.of(1, 2, 3, 4, 5)), 1, 3);
  assertEquals(readBytes(source, 0, 10), Uint8Array.of(2, 3, 4));
  assertEquals(readBytes(source, 2, 10), Uint8Array.of(4));
  assertEquals(readBytes(source, 3, 10), new Uint8Array(0));
  assertThrows(() => new OffsetSource(new MemorySource(new Uint8Array(5)), 3, 3), RangeError);
});

Deno.test("sourceAt() refuses an offset at which nothing is", () => {
  const source = new MemorySource(new Uint8Array(4));
  assertEquals(sourceAt(source, 0, "x"), source);
  assertEquals(sourceAt(source, 3, "x").size, 1);
  for (const offset of [4, -1, 0.5, NaN]) {
    assertThrows(() => sourceAt(source, offset, "x"), CaptureError, "Cannot read x");
  }
});

Deno.test("readBytes() reads on when a source gives less than asked for", () => {
  const inner = new MemorySource(Uint8Array.from({ length: 100 }, (_, i) => i));
  const slow: ByteSource = {
    size: 100,
    readAt: (offset, into) => inner.readAt(offset, into.subarray(0, 7)),
    close: () => {},
  };
  assertEquals(readBytes(slow, 10, 50), Uint8Array.from({ length: 50 }, (_, i) => i + 10));
});

Deno.test({
  name: "FileSource reads at any place, in any order",
  ignore: !canWrite(),
  fn(): void {
    const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    withFiles({ "x.bin": content }, (directory) => {
      const source = new FileSource(`${directory}/x.bin`);
      const read = fc.tuple(fc.nat(1100), fc.nat(300));
      fc.assert(fc.property(fc.array(read, { maxLength: 8 }), (reads) => {
        for (const [offset, length] of reads) {
          assertEquals(readBytes(source, offset, length), content.slice(offset, offset + length));
        }
      }));
      assertEquals(source.readAt(1000, new Uint8Array(1)), 0);
      source.close();
      source.close();
    });
  },
});

Deno.test({
  name: "FileSource does not see what is appended after it was opened",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "x.bin": new Uint8Array(10) }, (directory) => {
      const source = new FileSource(`${directory}/x.bin`);
      Deno.writeFileSync(`${directory}/x.bin`, new Uint8Array(10), { append: true });
      assertEquals(source.size, 10);
      assertEquals(source.readAt(8, new Uint8Array(10)), 2);
      source.close();
    });
  },
});
