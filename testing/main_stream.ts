/**
 * Builds correct main streams, so that a test shows only what is wrong with its input. The bytes are pushed by hand, from
 * main-channel.md and not by the encoders under test.
 *
 * @module
 */

import { concat } from "@std/bytes";

/** `value` in `bytes` bytes, big-endian. */
export function be(value: number | bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number(BigInt(value) >> BigInt(8 * (bytes - 1 - i)) & 0xffn));
}

/** Eight bytes. */
export const word = (value: number | bigint): Uint8Array => be(value, 8);

/** UTF-8. */
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A length byte, then the text. */
export const counted = (text: string): Uint8Array => concat([be(ascii(text).length, 1), ascii(text)]);

/** Anything that bytes can be made of; a number is one byte. */
export type Piece = number | Uint8Array | readonly Piece[];

/** The bytes of `pieces`, one after the other. */
export function bytesOf(...pieces: readonly Piece[]): Uint8Array {
  return concat(pieces.map((piece) => {
    if (typeof piece === "number") return be(piece, 1);
    return piece instanceof Uint8Array ? piece : bytesOf(...piece);
  }));
}

/** The block of most examples. */
export const BLOCK = "pc.ram";

/** A word of a RAM record, and the name that the flags ask for. */
function pageWord(offset: number, flags: number, block: string | undefined): Uint8Array {
  return block === undefined
    ? word(BigInt(offset) | BigInt(flags | 0x20))
    : bytesOf(word(BigInt(offset) | BigInt(flags)), counted(block));
}

/** A block list: `{ "pc.ram": 0x2000 }`, or an entry's bytes after the name and the length. */
export function blockList(blocks: { readonly [name: string]: number }, extra: Piece = []): Uint8Array {
  const total = Object.values(blocks).reduce((sum, length) => sum + length, 0);
  return bytesOf(
    word(BigInt(total) | 4n),
    Object.entries(blocks).map(([name, length]) => [counted(name), word(length), extra]),
  );
}

/** A zero page; CONTINUE without `block`. */
export const zeroPage = (offset: number, block?: string, fill = 0): Uint8Array =>
  bytesOf(pageWord(offset, 0x02, block), fill);

/** A page of `size` bytes `fill`; CONTINUE without `block`. */
export const page = (offset: number, block?: string, fill = 0xaa, size = 4096): Uint8Array =>
  bytesOf(pageWord(offset, 0x08, block), new Uint8Array(size).fill(fill));

/** An XBZRLE record. */
export const xbzrlePage = (offset: number, delta: Uint8Array, block?: string, encoding = 1): Uint8Array =>
  bytesOf(pageWord(offset, 0x40, block), encoding, be(delta.length, 2), delta);

/** A compressed page. */
export const compressedPage = (offset: number, zlib: Uint8Array, block?: string, length = zlib.length): Uint8Array =>
  bytesOf(pageWord(offset, 0x100, block), be(length, 4), zlib);

/** End of a RAM body. */
export const RAM_EOS: Uint8Array = word(0x10);

/** MULTIFD_FLUSH. */
export const FLUSH: Uint8Array = word(0x200);

/** A subsection of a vmstate body. */
export const subsection = (name: string, body: Piece, version = 1): Uint8Array =>
  bytesOf(5, counted(name), be(version, 4), body);

/** `configuration/capabilities`. */
export const capabilities = (...names: string[]): Uint8Array =>
  subsection("configuration/capabilities", [be(names.length, 4), names.map(counted)]);

/** `configuration/target-page-bits`. */
export const pageBits = (bits: number): Uint8Array => subsection("configuration/target-page-bits", be(bits, 4));

/** A stream that grows; each method adds an element and gives the stream. */
export class MainStream {
  readonly #pieces: Piece[] = [];
  readonly #footers: boolean;

  /** An empty stream; its sections have footers or not. */
  constructor(options: { readonly footers?: boolean } = {}) {
    this.#footers = options.footers ?? true;
  }

  /** Adds bytes as they are. */
  raw(...pieces: readonly Piece[]): this {
    this.#pieces.push(pieces);
    return this;
  }

  /** File header and configuration. */
  header(machine = "pc-q35-9.2", ...subsections: readonly Piece[]): this {
    return this.raw(ascii("QEVM"), be(3, 4), 7, be(ascii(machine).length, 4), ascii(machine), subsections);
  }

  /** A section with a long header: START. */
  start(id: number, idstr: string, version: number, body: Piece): this {
    return this.#long(1, id, idstr, 0, version, body);
  }

  /** A section with a long header: FULL. */
  full(id: number, idstr: string, version: number, body: Piece, instance = 0): this {
    return this.#long(4, id, idstr, instance, version, body);
  }

  /** PART. */
  part(id: number, body: Piece): this {
    return this.raw(2, be(id, 4), body, this.#footer(id));
  }

  /** END. */
  end(id: number, body: Piece): this {
    return this.raw(3, be(id, 4), body, this.#footer(id));
  }

  /** A command. */
  command(number: number, ...payload: readonly Piece[]): this {
    const bytes = bytesOf(...payload);
    return this.raw(8, be(number, 2), be(bytes.length, 2), bytes);
  }

  /** PACKAGED, with elements in it. */
  packaged(inner: MainStream, length: number = inner.bytes().length): this {
    return this.command(7, be(length, 4)).raw(inner.bytes());
  }

  /** The EOF byte. */
  eof(): this {
    return this.raw(0);
  }

  /** VM description: the text itself, or an object that becomes one. */
  description(content: string | object): this {
    const text = ascii(typeof content === "string" ? content : JSON.stringify(content));
    return this.raw(6, be(text.length, 4), text);
  }

  /** What was built. */
  bytes(): Uint8Array {
    return bytesOf(...this.#pieces);
  }

  /** Number of bytes so far: where the next element begins. */
  get length(): number {
    return this.bytes().length;
  }

  #long(type: number, id: number, idstr: string, instance: number, version: number, body: Piece): this {
    return this.raw(type, be(id, 4), counted(idstr), be(instance, 4), be(version, 4), body, this.#footer(id));
  }

  #footer(id: number): Piece {
    return this.#footers ? [0x7e, be(id, 4)] : [];
  }
}

/** A new stream with header and configuration. */
export function stream(machine?: string, ...subsections: readonly Piece[]): MainStream {
  return new MainStream().header(machine, ...subsections);
}

/** A new stream up to the setup of `ram`, section 2, with one block of `usedLength` bytes. */
export function ramStream(usedLength = 0x10000): MainStream {
  return stream().start(2, "ram", 4, [blockList({ [BLOCK]: usedLength }), RAM_EOS]);
}

/** A whole small stream of 9.2: RAM, one device, description. */
export function smallStream(): MainStream {
  const timer = { name: "timer", instance_id: 0, vmsd_name: "timer", version: 2 };
  const fields = ["cpu_ticks_offset", "unused", "cpu_clock_offset"].map((name) => ({ name, type: "int64", size: 8 }));
  return ramStream()
    .part(2, [zeroPage(0, BLOCK), page(0x1000), page(0x2000), zeroPage(0x3000), RAM_EOS])
    .end(2, [page(0x4000), RAM_EOS])
    .full(0, "timer", 2, [word(1000), word(0), word(2000)])
    .eof().description({ page_size: 4096, devices: [{ ...timer, fields }] });
}
