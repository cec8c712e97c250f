import { concat } from "@std/bytes/concat";
import { ByteWriter, encodeText } from "../bytes/mod.ts";
import {
  RAM_SAVE_FLAG,
  VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY,
  VFIO_MIG_FLAG_DEV_CONFIG_STATE,
  VFIO_MIG_FLAG_DEV_DATA_STATE,
  VFIO_MIG_FLAG_DEV_INIT_DATA_SENT,
  VFIO_MIG_FLAG_DEV_SETUP_STATE,
  VFIO_MIG_FLAG_END_OF_STATE,
} from "../wire/mod.ts";
import { Fields, FORGE_LIMIT, ForgeError, hexOf, isMapping, numberOf, textOf } from "./fields.ts";

/** Bytes of a page of the forged machine. */
export const PAGE_BYTES = 4096;

/** Letters of a name that has its place in a packet, NULs included. */
const NAME_BYTES = 256;

/** RAM blocks by name, with their bytes. */
export type RamBlocks = { readonly [name: string]: number };

/** A 64-bit number. */
function u64(value: bigint): Uint8Array {
  const writer = new ByteWriter();
  writer.u64(value);
  return writer.finish();
}

/** A length in one byte, then the text. */
function counted(text: string): Uint8Array {
  const letters = encodeText(text);
  return concat([Uint8Array.of(letters.length), letters]);
}

/** A config of a PCI device without capabilities: version 2 of its format, the space, no interrupts (vfio.md §4.1). */
const CONFIG: Uint8Array = concat([
  u64(VFIO_MIG_FLAG_DEV_CONFIG_STATE),
  Uint8Array.of(0, 0, 0, 2),
  new Uint8Array(272),
  u64(VFIO_MIG_FLAG_END_OF_STATE),
]);

/** Contents that are named by a word. */
const WORDS: { readonly [word: string]: Uint8Array } = {
  "setup": concat([u64(VFIO_MIG_FLAG_DEV_SETUP_STATE), u64(VFIO_MIG_FLAG_END_OF_STATE)]),
  "end": u64(VFIO_MIG_FLAG_END_OF_STATE),
  "config": CONFIG,
  "init-data-sent": u64(VFIO_MIG_FLAG_DEV_INIT_DATA_SENT),
  "load-ready": u64(VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY),
  "config-tag": u64(VFIO_MIG_FLAG_DEV_CONFIG_STATE),
  "data-tag": u64(VFIO_MIG_FLAG_DEV_DATA_STATE),
  "flush": u64(BigInt(RAM_SAVE_FLAG.MULTIFD_FLUSH)),
  "eos": u64(BigInt(RAM_SAVE_FLAG.EOS)),
};

/** Contents that have a value. */
const MAKERS: { readonly [name: string]: (value: unknown, path: string) => Uint8Array } = {
  data: (value, path) => {
    const size = numberOf(value, path, FORGE_LIMIT);
    return concat([u64(VFIO_MIG_FLAG_DEV_DATA_STATE), u64(BigInt(size)), patternOf(size, 0)]);
  },
  u8: (value, path) => Uint8Array.of(numberOf(value, path, 0xff)),
  u32: (value, path) => {
    const writer = new ByteWriter();
    writer.u32(numberOf(value, path, 0xffffffff));
    return writer.finish();
  },
  u64: (value, path) => u64(wideOf(value, path)),
  zeros: (value, path) => new Uint8Array(numberOf(value, path, FORGE_LIMIT)),
  hex: hexOf,
  text: (value, path) => encodeText(textOf(value, path)),
  name: (value, path) => nameField(textOf(value, path)),
  page: (value, path) => ramPage(value, path, RAM_SAVE_FLAG.PAGE),
  zero: (value, path) => ramPage(value, path, RAM_SAVE_FLAG.ZERO),
};

/** A number of 64 bits; what JavaScript's numbers cannot hold is written as a text. */
function wideOf(value: unknown, path: string): bigint {
  if (typeof value === "string" && /^0x[0-9a-f]{1,16}$/i.test(value)) return BigInt(value);
  return BigInt(numberOf(value, path));
}

/** A text with NULs up to 256 bytes. */
export function nameField(text: string): Uint8Array {
  const field = new Uint8Array(NAME_BYTES);
  field.set(encodeText(text).subarray(0, NAME_BYTES));
  return field;
}

/** State of a device that can be told from other state, and of another buffer. */
export function patternOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (seed * 31 + i) & 0xff;
  return bytes;
}

function ramPage(value: unknown, path: string, flag: number): Uint8Array {
  const fields = new Fields(value, path);
  const offset = fields.number("offset") ?? 0;
  const block = fields.text("block") ?? "pc.ram";
  const fill = fields.number("fill", 0xff) ?? (flag === RAM_SAVE_FLAG.ZERO ? 0 : 0xaa);
  fields.end();
  if (offset % PAGE_BYTES !== 0) throw new ForgeError(fields.at("offset"), "is not that of a page of 4 KiB");
  const content = new Uint8Array(flag === RAM_SAVE_FLAG.ZERO ? 1 : PAGE_BYTES).fill(fill);
  return concat([u64(BigInt(offset) | BigInt(flag)), counted(block), content]);
}

/** The list of RAM blocks that a RAM section begins with. */
export function blockList(ram: RamBlocks): Uint8Array {
  const total = Object.values(ram).reduce((sum, bytes) => sum + bytes, 0);
  const entries = Object.entries(ram).flatMap(([name, bytes]) => [counted(name), u64(BigInt(bytes))]);
  return concat([u64(BigInt(total) | BigInt(RAM_SAVE_FLAG.MEM_SIZE)), ...entries]);
}

/**
 * The bytes of a list of contents: words, and mappings of one name to its value.
 *
 * @param items The list, as it stands in the description.
 * @param path Where it stands there.
 * @param ram What `blocks` stands for.
 * @throws {ForgeError} For what is no content, and what is too large.
 */
export function contentOf(items: readonly unknown[], path: string, ram: RamBlocks): Uint8Array {
  return concat(items.map((item, i) => itemOf(item, `${path}[${i}]`, ram)));
}

function itemOf(item: unknown, path: string, ram: RamBlocks): Uint8Array {
  if (item === "blocks") return blockList(ram);
  const known = typeof item === "string" && Object.hasOwn(WORDS, item) ? WORDS[item] : undefined;
  if (known !== undefined) return known;
  const [entry, ...more] = isMapping(item) ? Object.entries(item) : [];
  const make = entry !== undefined && Object.hasOwn(MAKERS, entry[0]) ? MAKERS[entry[0]] : undefined;
  if (entry === undefined || make === undefined || more.length > 0) {
    const names = ["blocks", ...Object.keys(WORDS), ...Object.keys(MAKERS).map((name) => `${name}: …`)];
    throw new ForgeError(path, `is no content; there are ${names.join(", ")}`);
  }
  return make(entry[1], `${path}.${entry[0]}`);
}
