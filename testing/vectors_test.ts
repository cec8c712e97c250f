import { assertEquals, assertThrows } from "@std/assert";
import { expandHex, sha256Prefix, vectorBytes, VECTORS } from "./vectors.ts";

Deno.test("expandHex() repeats bytes in braces and ignores spaces", () => {
  assertEquals(expandHex("01 {aa*3} 02"), Uint8Array.of(1, 0xaa, 0xaa, 0xaa, 2));
});

Deno.test("VECTORS holds V01 to V82, each with the length and hash that the specification states", () => {
  assertEquals(VECTORS.map(({ id }) => id), Array.from({ length: 82 }, (_, i) => `V${String(i + 1).padStart(2, "0")}`));
  for (const { id, length, sha256 } of VECTORS) {
    const bytes = vectorBytes(id);
    assertEquals([id, bytes.length, sha256Prefix(bytes)], [id, length, sha256]);
  }
});

Deno.test("vectorBytes() refuses an unknown name", () => {
  assertThrows(() => vectorBytes("V83"), RangeError, "Cannot find test vector V83");
});
