import { assertEquals } from "@std/assert";
import { Cursor, Incomplete } from "../bytes/mod.ts";
import { type BlobEnd, configSpaceSize, isSubsectionAt, mayEndAt } from "./vfio_config_size.ts";

/** Bytes in front of what is looked at. */
const BEFORE = 5;
/** Bytes behind the readable ones, which would change each answer. */
const BEHIND = Uint8Array.fromHex("ffffffffef100001");

/** A cursor at the given bytes, inside of a larger window. */
function cursorAt(bytes: Uint8Array): Cursor {
  const window = new Uint8Array(BEFORE + bytes.length + BEHIND.length);
  window.set(bytes, BEFORE);
  window.set(BEHIND, BEFORE + bytes.length);
  const cursor = new Cursor();
  cursor.load(window, BEFORE, BEFORE + bytes.length, 1000);
  return cursor;
}

/** What a function gives, or how many bytes it asks for. */
function answer<T>(ask: () => T): T | string {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Incomplete) return `${error.missing} missing`;
    throw error;
  }
}

const END_OF_STATE = Uint8Array.fromHex("ffffffffef100001");
const SUBSECTION = Uint8Array.from([5, 14, ...new TextEncoder().encode("VFIOPCIDevice")]);

/** All bytes with one of them changed. */
function changed(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte, i) => bytes.with(i, byte ^ 0x80));
}

Deno.test("isSubsectionAt() wants the marker, a name longer than the prefix, and the whole prefix", () => {
  const is = (bytes: Uint8Array): boolean => isSubsectionAt(cursorAt(bytes), BEFORE);
  assertEquals(is(SUBSECTION), true);
  assertEquals(is(SUBSECTION.with(1, 13)), false);
  assertEquals(is(SUBSECTION.with(1, 255)), true);
  assertEquals(is(SUBSECTION.subarray(0, -1)), false);
  assertEquals(changed(SUBSECTION).map(is), [false, true, ...Array<boolean>(13).fill(false)]);
});

Deno.test("mayEndAt() knows END_OF_STATE by all of its bytes", () => {
  const may = (bytes: Uint8Array): boolean => mayEndAt(cursorAt(bytes), BEFORE, "whole");
  assertEquals(may(END_OF_STATE), true);
  assertEquals(changed(END_OF_STATE).map(may), Array<boolean>(8).fill(false));
  assertEquals(may(END_OF_STATE.subarray(0, 7)), false);
});

Deno.test("mayEndAt() lets a blob end with the bytes only if no more come", () => {
  const cursor = cursorAt(new Uint8Array(20));
  assertEquals(mayEndAt(cursor, BEFORE + 20, "whole"), true);
  assertEquals(mayEndAt(cursor, BEFORE + 19, "whole"), false);
  assertEquals(answer(() => mayEndAt(cursor, BEFORE + 20, "stream")), "8 missing");
});

Deno.test("mayEndAt() asks a stream for what tells END_OF_STATE and a subsection apart", () => {
  const may = (bytes: Uint8Array, length: number): boolean | string =>
    answer(() => mayEndAt(cursorAt(bytes.subarray(0, length)), BEFORE, "stream"));
  assertEquals([0, 1, 7, 8].map((length) => may(END_OF_STATE, length)), ["8 missing", "7 missing", "1 missing", true]);
  assertEquals([7, 8, 14, 15].map((length) => may(SUBSECTION, length)), ["1 missing", "7 missing", "1 missing", true]);
  assertEquals(may(new Uint8Array(8), 8), false);
});

/** Bytes of config, of which the end is written over by `end`; pins where they are named. */
interface Blob {
  readonly length: number;
  readonly vectors?: number;
  readonly end?: Uint8Array;
  readonly pins?: { readonly [offset: number]: number };
}

function sizeOf({ length, vectors = 0, end, pins = {} }: Blob, kind: BlobEnd = "whole"): number | string {
  const bytes = new Uint8Array(length);
  if (vectors > 0) {
    bytes[6] = 0x10;
    bytes[0x34] = 0x40;
    bytes.set([0x11, 0, vectors - 1 & 0xff, vectors - 1 >> 8], 0x40);
  }
  for (const [offset, value] of Object.entries(pins)) bytes[Number(offset)] = value;
  if (end !== undefined) bytes.set(end, length - end.length);
  return answer(() => configSpaceSize(cursorAt(bytes), kind));
}

/** Bytes of a table, and of its pending bits, which are rounded up to bytes. */
const TABLES: readonly (readonly [vectors: number, size: number])[] = [[1, 17], [8, 129], [9, 146], [2048, 33024]];

Deno.test("configSpaceSize() finds the size that leads to the end of the blob, with an MSI-X table and without", () => {
  for (const kind of ["whole", "stream"] as const) {
    const end = kind === "stream" ? END_OF_STATE : new Uint8Array(0);
    const size = (length: number, vectors: number): unknown =>
      sizeOf({ length: length + end.length, vectors, end }, kind);
    assertEquals([size(256 + 16, 0), size(4096 + 16, 0)], [256, 4096]);
    for (const [vectors, table] of TABLES) {
      assertEquals([size(256 + 16, vectors), size(4096 + 16, vectors)], [256, 4096], `${vectors} without a table`);
      assertEquals([size(256 + 16 + table, vectors), size(4096 + 16 + table, vectors)], [256, 4096], `${vectors}`);
    }
  }
});

Deno.test("configSpaceSize() asks for no more than the next possible end", () => {
  const asked = (length: number, vectors = 0): unknown => sizeOf({ length, vectors }, "stream");
  assertEquals([0, 255].map((length) => asked(length)), ["256 missing", "1 missing"]);
  assertEquals([256, 279].map((length) => asked(length)), ["24 missing", "1 missing"]);
  assertEquals([280, 4119].map((length) => asked(length)), ["3840 missing", "1 missing"]);
  assertEquals([280, 280 + 145].map((length) => asked(length, 9)), ["146 missing", "1 missing"]);
  assertEquals([280 + 146, 4119].map((length) => asked(length, 9)), ["3694 missing", "1 missing"]);
});

Deno.test("configSpaceSize() takes a blob that nothing fits for a short one, up to a damaged tag behind it, or for cut", () => {
  assertEquals([273, 280, 281].map((length) => sizeOf({ length })), [256, 256, "3831 missing"]);
  assertEquals([256, 271].map((length) => sizeOf({ length })), ["3856 missing", "3841 missing"]);
  assertEquals([4111].map((length) => sizeOf({ length })), ["1 missing"]);
  const lengths = [417, 419, 426, 427];
  assertEquals(lengths.map((length) => sizeOf({ length, vectors: 9 })), [
    "3841 missing",
    256,
    256,
    "3831 missing",
  ]);
});

Deno.test("configSpaceSize() goes by the INTx pins where both sizes are possible and neither fits", () => {
  const size = (pins: Blob["pins"], length = 5000): unknown =>
    sizeOf({ length, ...(pins === undefined ? {} : { pins }) });
  assertEquals(size({}), 4096);
  // A pin is a number of four bytes, 0 or 1.
  assertEquals(size({ 4099: 1, 4103: 1, 4107: 1, 4111: 1 }), 4096);
  for (const [offset, value] of [[4096, 1], [4097, 1], [4098, 1], [4099, 2], [4111, 2], [4108, 1]] as const) {
    assertEquals(size({ [offset]: value }), 256, `${value} at ${offset}`);
    assertEquals(size({ [offset]: value, 259: 1, 271: 1 }), 256, `${value} at ${offset}, pins set in the short one`);
    assertEquals(size({ [offset]: value, 259: 2 }), 4096, `${value} at ${offset}, and in the short one`);
    assertEquals(
      size({ [offset]: value, 268: 1 }),
      4096,
      `${value} at ${offset}, and in the last pin of the short one`,
    );
  }
  assertEquals([size({ 4095: 9, 4112: 9 }), size({ 4096: 9, 255: 9, 272: 9 })], [4096, 256]);
  assertEquals(size({ 4099: 2 }, 4113), 256);
});

Deno.test("what stands behind the readable bytes is no part of a subsection or of END_OF_STATE", () => {
  const cut = (bytes: Uint8Array): Cursor => {
    const cursor = new Cursor();
    const window = Uint8Array.of(...new Uint8Array(BEFORE), ...bytes);
    cursor.load(window, BEFORE, window.length - 1, 0);
    return cursor;
  };
  assertEquals(isSubsectionAt(cut(SUBSECTION), BEFORE), false);
  assertEquals(mayEndAt(cut(END_OF_STATE), BEFORE, "whole"), false);
});

Deno.test("configSpaceSize() expects the table of a single vector where nothing fits", () => {
  assertEquals(sizeOf({ length: 256 + 16 + 17 + 8, vectors: 1 }), 256);
  assertEquals(sizeOf({ length: 256 + 16 + 17 - 1, vectors: 1 }), `${4096 - 256 + 1} missing`);
});
