/**
 * The field types of vmstate that are not made of others (main-channel.md §8.2): bytes to values and back.
 *
 * @module
 */

import { type ByteWriter, type Cursor, decodeText, encodeText } from "../bytes/mod.ts";
import type { BodyScalar, BodyValue } from "./body_node.ts";

/** How one type is encoded. */
interface Leaf {
  /** Bytes it takes; `undefined` when its bytes say so themselves, or its description does. */
  readonly size: number | undefined;
  /** One number: several of them in a row are one leaf with many values. */
  readonly scalar: boolean;
  read(cursor: Cursor, size: number): BodyValue;
  write(writer: ByteWriter, value: BodyValue): void;
}

function scalar(size: number, read: (c: Cursor) => BodyScalar, write: (w: ByteWriter, v: BodyScalar) => void): Leaf {
  return { size, scalar: true, read, write: (writer, value) => write(writer, asScalar(value)) };
}

const u8 = scalar(1, (c) => c.u8(), (w, v) => w.u8(Number(v)));
const u16 = scalar(2, (c) => c.u16(), (w, v) => w.u16(Number(v)));
const u32 = scalar(4, (c) => c.u32(), (w, v) => w.u32(Number(v)));
const u64 = scalar(8, (c) => c.u64(), (w, v) => w.u64(BigInt(v)));
const i8 = scalar(1, (c) => (c.u8() << 24) >> 24, (w, v) => w.u8(Number(v)));
const i16 = scalar(2, (c) => (c.u16() << 16) >> 16, (w, v) => w.u16(Number(v)));
const i32 = scalar(4, (c) => c.i32(), (w, v) => w.u32(Number(v)));
const i64 = scalar(8, (c) => BigInt.asIntN(64, c.u64()), (w, v) => w.u64(BigInt(v)));
const bool = scalar(1, (c) => {
  const byte = c.u8();
  return byte === 0 ? false : byte === 1 ? true : byte;
}, (w, v) => w.u8(Number(v)));

/** A row of numbers, as many as the size has room for. */
function row(item: Leaf, itemSize: number): Leaf {
  return {
    size: undefined,
    scalar: false,
    read(cursor: Cursor, size: number): BodyValue {
      if (size % itemSize !== 0) return cursor.take(size);
      cursor.need(size);
      return Array.from({ length: size / itemSize }, () => asScalar(item.read(cursor, itemSize)));
    },
    write(writer: ByteWriter, value: BodyValue): void {
      for (const one of asScalars(value)) item.write(writer, one);
    },
  };
}

/** A length byte and that many bytes of text. */
const text: Leaf = {
  size: undefined,
  scalar: false,
  read: (cursor) => decodeText(cursor.takeView(cursor.u8())),
  write(writer: ByteWriter, value: BodyValue): void {
    if (typeof value !== "string") throw new TypeError(`Cannot write a counted string: the value is ${typeof value}`);
    const bytes = encodeText(value);
    if (bytes.length > 255) {
      throw new RangeError(`Cannot write a counted string: ${bytes.length} bytes, at most 255 fit`);
    }
    writer.u8(bytes.length);
    writer.put(bytes);
  },
};

/** What no description looks into: buffers, and what a device writes with its own code. */
const opaque: Leaf = {
  size: undefined,
  scalar: false,
  read: (cursor, size) => cursor.take(size),
  write(_writer: ByteWriter, value: BodyValue): void {
    throw new TypeError(`Cannot write bytes: the value is ${typeof value}`);
  },
};

const LEAVES: ReadonlyMap<string, Leaf> = new Map([
  ["bool", bool],
  ["int8", i8],
  ["uint8", u8],
  ["uint8 equal", u8],
  ["int16", i16],
  ["uint16", u16],
  ["uint16 equal", u16],
  ["int32", i32],
  ["int32 equal", i32],
  ["int32 le", i32],
  ["uint32", u32],
  ["uint32 equal", u32],
  ["int64", i64],
  ["uint64", u64],
  // QEMU calls its comparison of unsigned numbers so.
  ["int64 equal", u64],
  ["timer", u64],
  ["CPU_Double_U", u64],
  ["float64", u64],
  ["nullptr", u8],
  ["ptr-marker", u8],
  // target/arm/machine.c: registers, and a bool, with code of their own around them.
  ["cpsr", u32],
  ["fpscr", u32],
  ["powered_off", bool],
  ["bitmap", row(u64, 8)],
  ["pci irq state", row(u32, 4)],
  ["capability", text],
  ["cstr8", text],
]);

/** Bytes that the type always takes, whatever its description says. */
export function naturalSize(type: string): number | undefined {
  return LEAVES.get(type)?.size;
}

/** Whether the type is one number, so that an array of it can be one leaf. */
export function isScalar(type: string): boolean {
  return LEAVES.get(type)?.scalar ?? false;
}

/** Reads one leaf of that type: `size` bytes, as bytes where the type has another size. */
export function readLeaf(cursor: Cursor, type: string, size: number): BodyValue {
  const leaf = LEAVES.get(type) ?? opaque;
  return leaf.size === undefined || leaf.size === size ? leaf.read(cursor, size) : cursor.take(size);
}

/** Reads `count` numbers of that type as one leaf. */
export function readScalars(cursor: Cursor, type: string, count: number): BodyScalar[] {
  const leaf = LEAVES.get(type) ?? opaque;
  const { size = 1 } = leaf;
  cursor.need(size * count);
  return Array.from({ length: count }, () => asScalar(leaf.read(cursor, size)));
}

/** Writes a leaf. Throws `TypeError` if the value is not of the type's kind. */
export function writeLeaf(writer: ByteWriter, type: string, value: BodyValue): void {
  const leaf = LEAVES.get(type) ?? opaque;
  if (value instanceof Uint8Array) writer.put(value);
  else if (leaf.scalar && Array.isArray(value)) { for (const one of asScalars(value)) leaf.write(writer, one); }
  else leaf.write(writer, value);
}

function asScalar(value: BodyValue): BodyScalar {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return value;
  throw new TypeError(`Cannot write a number: the value is ${typeof value}`);
}

function asScalars(value: BodyValue): readonly BodyScalar[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`Cannot write a row of numbers: the value is ${typeof value}`);
}
