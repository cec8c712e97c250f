/**
 * Which channel this is, by its first bytes (main-channel.md §13.1).
 *
 * @module
 */

import { decodeText, hexText } from "../bytes/mod.ts";
import { isReturnPathHead } from "../wire/mod.ts";
import { TLS_CONTENT, TLS_HEADER_BYTES, TLS_MAX_LENGTH } from "./tls.ts";

/** What a channel can be. */
export type ChannelRole =
  | "main"
  | "multifd"
  | "recovery"
  | "return-path"
  | "preempt"
  | "tls"
  | "cpr"
  | "libvirt"
  | "compressed"
  | "qcow2"
  | "unknown"
  | "empty";

/** How a wrapped stream was compressed. */
export type Compression = "gzip" | "bzip2" | "xz" | "lzop" | "zstd";

/** What a channel is, and why. */
export interface ChannelIdentity {
  /** What it is. */
  readonly role: ChannelRole;
  /** A phrase for people: what was seen. */
  readonly reason: string;
  /** How it is compressed; with role `compressed`. */
  readonly compression?: Compression;
  /** Bytes from the start on with which the answer may change; 0 when it is final. */
  readonly needed: number;
}

/** What is known about a channel beside its first bytes. */
export interface IdentifyOptions {
  /** `s2d`: sent by the source; `d2s`: sent by the destination. Unknown if absent. */
  readonly direction?: "s2d" | "d2s";
  /** The bytes given are all there are. */
  readonly ended?: boolean;
}

/**
 * With so many bytes the answer is always final: headers of three TLS records. All channels but a TLS one that begins
 * in the middle are known by the first {@linkcode IDENTIFY_USUAL_BYTES}.
 */
export const IDENTIFY_MAX_BYTES: number = 3 * TLS_HEADER_BYTES + 2 * TLS_MAX_LENGTH;

/** Bytes that nearly always do: a RAM record header with the longest block name. */
export const IDENTIFY_USUAL_BYTES = 264;

type Direction = "s2d" | "d2s";

/** A channel known by fixed first bytes. */
interface Signature {
  readonly bytes: readonly number[];
  readonly role: ChannelRole;
  readonly reason: string;
  readonly compression?: Compression;
  /** Who sends it; either if absent. */
  readonly direction?: Direction;
}

const SIGNATURES: readonly Signature[] = [
  { bytes: ascii("QEVM\0\0\0\x03"), role: "main", direction: "s2d", reason: "file header QEVM, version 3" },
  { bytes: ascii("QEVM\0\0\0\x02"), role: "main", direction: "s2d", reason: "file header QEVM, obsolete version 2" },
  { bytes: ascii("QEVM"), role: "main", direction: "s2d", reason: "file header QEVM, but no known version" },
  { bytes: [0x11, 0x22, 0x33, 0x44], role: "multifd", direction: "s2d", reason: "multifd magic 0x11223344" },
  { bytes: [0x08, 0x00, 0x0a], role: "recovery", direction: "s2d", reason: "begins with command RECV_BITMAP" },
  { bytes: [0x08, 0x00, 0x09], role: "recovery", direction: "s2d", reason: "begins with command POSTCOPY_RESUME" },
  { bytes: ascii("QCPR"), role: "cpr", direction: "s2d", reason: "CPR state (QCPR), which only QEMU itself can use" },
  { bytes: ascii("LibvirtQemudSave"), role: "libvirt", reason: "a libvirt save image" },
  { bytes: ascii("LibvirtQemudPart"), role: "libvirt", reason: "a libvirt save image that was not completed" },
  { bytes: [0x1f, 0x8b], role: "compressed", compression: "gzip", reason: "compressed with gzip" },
  { bytes: ascii("BZh"), role: "compressed", compression: "bzip2", reason: "compressed with bzip2" },
  { bytes: [0xfd, ...ascii("7zXZ\0")], role: "compressed", compression: "xz", reason: "compressed with xz" },
  { bytes: [0x89, ...ascii("LZO")], role: "compressed", compression: "lzop", reason: "compressed with lzop" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], role: "compressed", compression: "zstd", reason: "compressed with zstd" },
  { bytes: [...ascii("QFI"), 0xfb], role: "qcow2", reason: "a qcow2 disk image" },
];

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;

/** Flags in the low bits of a RAM record's first word (main-channel.md §5.1). */
const RAM_SAVE_FLAG_ZERO = 0x02;
const RAM_SAVE_FLAG_PAGE = 0x08;
const RAM_SAVE_FLAG_EOS = 0x10;

/**
 * What one way of looking at the bytes says: what they are, or how many bytes it would need to tell, or (undefined)
 * that they are nothing it knows.
 */
type Verdict = Omit<ChannelIdentity, "needed"> | { readonly needed: number } | undefined;

/**
 * Tells which channel this is by its first bytes.
 *
 * @param first The first bytes, up to {@linkcode IDENTIFY_MAX_BYTES}; nearly always {@linkcode IDENTIFY_USUAL_BYTES}
 * are enough. More do no harm.
 * @param options Who sends the channel, and whether `first` is all of it.
 * @returns What it is. While `needed` is more than 0, a longer `first` may give another answer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identifyChannel } from "@migwire/migwire/stream";
 *
 * assertEquals(identifyChannel(Uint8Array.fromHex("5145564d00000003")).role, "main");
 * assertEquals(identifyChannel(Uint8Array.fromHex("0002000400000001"), { direction: "d2s" }).role, "return-path");
 * assertEquals(identifyChannel(Uint8Array.fromHex("5145")).needed, 8);
 * ```
 */
export function identifyChannel(first: Uint8Array, options: IdentifyOptions = {}): ChannelIdentity {
  const { direction, ended = false } = options;
  let needed = 0;
  for (const look of [signature, tls, returnPath, preempt]) {
    const verdict = look(first, direction);
    if (verdict === undefined) continue;
    if ("role" in verdict) return { ...verdict, needed: 0 };
    needed = Math.max(needed, verdict.needed);
  }
  if (first.length === 0) return { role: "empty", reason: "no bytes", needed: ended ? 0 : needed };
  if (needed > 0 && ended) {
    return cutSignature(first, direction) ?? { role: "unknown", reason: "too short to tell", needed: 0 };
  }
  const seen = hexText(first.subarray(0, 8)).replace(/..(?=.)/g, "$& ");
  return { role: "unknown", reason: `no known channel begins with ${seen}`, needed };
}

function signature(first: Uint8Array, direction: Direction | undefined): Verdict {
  let needed = 0;
  for (const { bytes, role, reason, compression } of candidates(first, direction)) {
    if (bytes.length > first.length) needed = Math.max(needed, bytes.length);
    // The longer signatures stand first: QEVM alone is judged only when its version is there.
    else if (needed === 0) return compression === undefined ? { role, reason } : { role, reason, compression };
  }
  return needed > 0 ? { needed } : undefined;
}

/** Signatures that `first` begins with, or is the beginning of. */
function candidates(first: Uint8Array, direction: Direction | undefined): Signature[] {
  return SIGNATURES.filter((known) =>
    (direction === undefined || known.direction === undefined || known.direction === direction) &&
    known.bytes.every((byte, i) => i >= first.length || byte === first[i])
  );
}

/** A channel that ends inside of its signature, when only one role has it. */
function cutSignature(first: Uint8Array, direction: Direction | undefined): ChannelIdentity | undefined {
  const [one, ...others] = candidates(first, direction);
  if (one === undefined || others.some((other) => other.role !== one.role)) return undefined;
  return { role: one.role, reason: `the beginning of: ${one.reason}`, needed: 0 };
}

/** A ClientHello, a ServerHello, an alert alone, or a chain of records from the middle of a connection. */
function tls(first: Uint8Array, direction: Direction | undefined): Verdict {
  const [type = 0, major = 3, minor = 3] = first;
  if (type < TLS_CONTENT.CHANGE_CIPHER_SPEC || type > TLS_CONTENT.HEARTBEAT || major !== 3 || minor > 4) {
    return undefined;
  }
  if (first.length < TLS_HEADER_BYTES + 1) return { needed: TLS_HEADER_BYTES + 1 };
  const length = tlsLength(first, 0);
  if (type === TLS_CONTENT.HANDSHAKE && length >= 4) {
    const message = first[TLS_HEADER_BYTES];
    if (message === CLIENT_HELLO && direction !== "d2s") return { role: "tls", reason: "TLS: ClientHello" };
    if (message === SERVER_HELLO && direction !== "s2d") return { role: "tls", reason: "TLS: ServerHello" };
  }
  if (type === TLS_CONTENT.ALERT && length === 2) return { role: "tls", reason: "TLS: an alert" };
  return tlsChain(first);
}

/** Three record headers, each where the one before says. */
function tlsChain(first: Uint8Array): Verdict {
  let at = 0;
  for (let i = 0; i < 3; i++) {
    if (at + TLS_HEADER_BYTES > first.length) return { needed: at + TLS_HEADER_BYTES };
    const type = first[at] ?? 0;
    const length = tlsLength(first, at);
    const fits = type >= TLS_CONTENT.CHANGE_CIPHER_SPEC && type <= TLS_CONTENT.HEARTBEAT &&
      first[at + 1] === 3 && first[at + 2] === 3 && length <= TLS_MAX_LENGTH;
    if (!fits) return undefined;
    at += TLS_HEADER_BYTES + length;
  }
  return { role: "tls", reason: "TLS: records from the middle of a connection" };
}

function tlsLength(first: Uint8Array, at: number): number {
  return (first[at + 3] ?? 0) << 8 | (first[at + 4] ?? 0);
}

/** A message head whose type and length go together. No RAM offset begins like this: it would be 281 TB and more. */
function returnPath(first: Uint8Array, direction: Direction | undefined): Verdict {
  if (direction === "s2d") return undefined;
  const [high = 0, type, lengthHigh = 0, lengthLow] = first;
  if (high !== 0 || (type !== undefined && (type < 1 || type > 7))) return undefined;
  if (type === undefined || lengthLow === undefined) return { needed: 4 };
  if (!isReturnPathHead(type, lengthHigh << 8 | lengthLow)) return undefined;
  return { role: "return-path", reason: `begins with a return-path message of type ${type}` };
}

/** A RAM record without a section around it, which must name its block; or nothing but the record that ends RAM. */
function preempt(first: Uint8Array, direction: Direction | undefined): Verdict {
  // An offset in a RAM block is far below 2^48.
  if (direction === "d2s" || (first[0] ?? 0) !== 0 || (first[1] ?? 0) !== 0) return undefined;
  if (first.length < 8) return { needed: 9 };
  const flags = ((first[6] ?? 0) & 3) << 8 | (first[7] ?? 0);
  if (flags === RAM_SAVE_FLAG_EOS && first.subarray(2, 7).every((byte) => byte === 0)) {
    return { role: "preempt", reason: "postcopy-preempt channel that carried no page: an EOS record" };
  }
  if (flags !== RAM_SAVE_FLAG_PAGE && flags !== RAM_SAVE_FLAG_ZERO) return undefined;
  const nameLength = first[8];
  if (nameLength === undefined) return { needed: 9 };
  const name = first.subarray(9, 9 + nameLength);
  if (nameLength === 0 || !name.every((byte) => byte > 0x20 && byte < 0x7f)) return undefined;
  if (name.length < nameLength) return { needed: 9 + nameLength };
  return {
    role: "preempt",
    reason: `postcopy-preempt channel: begins with a page of RAM block ${decodeText(name)}`,
  };
}
