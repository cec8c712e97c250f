import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter, Cursor, Incomplete } from "../bytes/mod.ts";
import { isScalar, naturalSize, readLeaf, readScalars, writeLeaf } from "./body_leaf.ts";
import type { BodyValue } from "./body_node.ts";
import { decodeDeviceBody } from "./device_body.ts";

/** What a leaf says; written back it is the same bytes. */
function leaf(type: string, hex: string): BodyValue {
  const bytes = Uint8Array.fromHex(hex);
  const cursor = new Cursor(bytes);
  const value = readLeaf(cursor, type, bytes.length);
  assertEquals(cursor.available, 0);
  assertEquals(write(type, value), hex);
  return value;
}

function write(type: string, value: BodyValue): string {
  const writer = new ByteWriter();
  writeLeaf(writer, type, value);
  return writer.finish().toHex();
}

Deno.test("readLeaf() keeps the sign of signed numbers, and has none of the others", () => {
  assertEquals([leaf("int8", "7f"), leaf("int8", "80"), leaf("int8", "ff")], [127, -128, -1]);
  assertEquals([leaf("uint8", "80"), leaf("uint8 equal", "ff")], [128, 255]);
  assertEquals([leaf("int16", "7fff"), leaf("int16", "8000"), leaf("int16", "fffe")], [32767, -32768, -2]);
  assertEquals([leaf("uint16", "8000"), leaf("uint16 equal", "ffff")], [32768, 65535]);
  assertEquals([leaf("int32", "7fffffff"), leaf("int32", "80000000"), leaf("int32 le", "ffffffff")], [
    2147483647,
    -2147483648,
    -1,
  ]);
  assertEquals([leaf("uint32", "80000000"), leaf("cpsr", "ffffffff")], [2147483648, 4294967295]);
  assertEquals([leaf("int64", "8000000000000000"), leaf("int64", "ffffffffffffffff")], [-(2n ** 63n), -1n]);
  assertEquals([leaf("uint64", "8000000000000000"), leaf("int64 equal", "ffffffffffffffff")], [
    2n ** 63n,
    2n ** 64n - 1n,
  ]);
});

Deno.test("readLeaf() takes 0 and 1 for a bool, and leaves other bytes numbers", () => {
  assertEquals([leaf("bool", "00"), leaf("bool", "01"), leaf("bool", "02"), leaf("bool", "ff")], [false, true, 2, 255]);
});

Deno.test("readLeaf() reads rows of as many numbers as there is room for, else bytes", () => {
  assertEquals(leaf("bitmap", "0000000000000001ffffffffffffffff"), [1n, 2n ** 64n - 1n]);
  assertEquals(leaf("pci irq state", "0000000100000002"), [1, 2]);
  assertEquals(leaf("bitmap", "000000000000000102"), Uint8Array.fromHex("000000000000000102"));
  assertEquals(leaf("pci irq state", "0000000100"), Uint8Array.fromHex("0000000100"));
});

Deno.test("readLeaf() takes a number of another size than its type's as bytes", () => {
  assertEquals(leaf("uint32", "0102"), Uint8Array.of(1, 2));
  assertEquals(leaf("buffer", "0102"), Uint8Array.of(1, 2));
});

Deno.test("readLeaf() reads a counted text, whatever size is described", () => {
  assertEquals(leaf("capability", "026162"), "ab");
  assertEquals(readLeaf(new Cursor(Uint8Array.fromHex("02616263")), "cstr8", 99), "ab");
  const longest = "x".repeat(255);
  assertEquals(write("cstr8", longest).slice(0, 4), "ff78");
  assertThrows(() => write("cstr8", `${longest}x`), RangeError, "256 bytes, at most 255 fit");
});

Deno.test("writeLeaf() refuses values of another kind", () => {
  assertThrows(() => write("cstr8", 5), TypeError, "the value is number");
  assertThrows(() => write("buffer", 5), TypeError, "the value is number");
  assertThrows(() => write("uint8", "5"), TypeError, "the value is string");
  assertThrows(() => write("bitmap", 5n), TypeError, "the value is bigint");
  assertEquals([write("uint8", [1, 2]), write("uint32", Uint8Array.of(9))], ["0102", "09"]);
});

Deno.test("naturalSize() and isScalar() know numbers from what has no size of its own", () => {
  const sizes = ["bool", "int8", "uint16", "int32", "uint64", "timer", "bitmap", "capability", "buffer"];
  assertEquals(sizes.map(naturalSize), [1, 1, 2, 4, 8, 8, undefined, undefined, undefined]);
  assertEquals(sizes.map(isScalar), [true, true, true, true, true, true, false, false, false]);
});

Deno.test("readScalars() asks for all of a row before it reads any of it", () => {
  const cursor = new Cursor(Uint8Array.fromHex("000100020003"));
  assertEquals(readScalars(cursor, "uint16", 3), [1, 2, 3]);
  cursor.pos = 0;
  let missing = 0;
  try {
    readScalars(cursor, "uint16", 4);
  } catch (error) {
    if (error instanceof Incomplete) missing = error.missing;
  }
  assertEquals([missing, cursor.pos], [2, 0]);
});

Deno.test("decodeDeviceBody() makes no more nodes than 4096, and eight for each byte of the body", () => {
  const fits = (fields: number, bytes: number): boolean => {
    const empty = Array.from({ length: fields }, (_, i) => ({ name: `f${i}`, type: "buffer", size: 0, inline: [] }));
    const body = { name: "rest of it", type: "buffer", size: bytes, inline: [] };
    const { findings } = decodeDeviceBody(new Uint8Array(bytes), { fields: [...empty, body], subsections: [] });
    return findings.length === 0;
  };
  assertEquals([fits(4095, 0), fits(4096, 0)], [true, false]);
  assertEquals([fits(4111, 2), fits(4112, 2)], [true, false]);
});
