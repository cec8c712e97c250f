/**
 * Channels under TLS: the records of the TLS record layer tile the channel, what is inside stays closed
 * (main-channel.md §13.3; RFC 8446 §5.1).
 *
 * @module
 */

import { hex, type Struct, struct, u16, u8 } from "../wire/mod.ts";
import type { ChannelReader, Grammar } from "./channel_reader.ts";
import type { Layouts } from "./layouts.ts";
import type { BaseRecord } from "./record.ts";

/** Content types of TLS records. */
export const TLS_CONTENT = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
  HEARTBEAT: 24,
} as const;

const CONTENT_NAMES = ["change cipher spec", "alert", "handshake", "application data", "heartbeat"];

/** TLS 1.2 lets encryption add up to 2048 bytes to the 2^14 of a record, TLS 1.3 up to 256. */
export const TLS_MAX_LENGTH: number = 2 ** 14 + 2048;

/** Bytes of the header of a TLS record. */
export const TLS_HEADER_BYTES = 5;

/** Header of a TLS record. */
export interface TlsHeader {
  /** One of {@linkcode TLS_CONTENT}. */
  readonly contentType: number;
  /** 0x0303 for TLS 1.2 and 1.3; a first ClientHello may say 0x0301. */
  readonly version: number;
  /** Bytes that follow. */
  readonly length: number;
}

/** A record of the TLS record layer; its content is the payload. */
export interface TlsRecord extends BaseRecord {
  /** Says which record this is. */
  readonly kind: "tls-record";
  /** One of {@linkcode TLS_CONTENT}. */
  readonly contentType: number;
  /** 0x0303 for TLS 1.2 and 1.3; a first ClientHello may say 0x0301. */
  readonly version: number;
}

function contentName(type: number): string | undefined {
  return CONTENT_NAMES[type - TLS_CONTENT.CHANGE_CIPHER_SPEC];
}

/** Header of a TLS record. */
export const tlsHeader: Struct<TlsHeader> = struct<TlsHeader>("TLS record", [
  u8("contentType", {
    check: (type) =>
      contentName(type) === undefined
        ? { code: "tls-record", message: `is ${type}, none that TLS has`, fatal: true }
        : undefined,
    meaning: contentName,
  }),
  u16("version", {
    check: (version) =>
      version >> 8 === 3 && (version & 0xff) <= 4
        ? undefined
        : { code: "tls-record", message: `is ${hex(version)}, none that TLS has`, fatal: true },
  }),
  u16("length", {
    check: (length) =>
      length > TLS_MAX_LENGTH
        ? { code: "tls-record", message: `is ${length}, at most ${TLS_MAX_LENGTH} are allowed`, fatal: true }
        : undefined,
  }),
]);

/** What a {@linkcode TlsRecord} is written with: its length on the wire is that of the payload. */
const tlsRecordLayout: Layouts[string] = {
  name: tlsHeader.name,
  annotate: tlsHeader.annotate,
  encode: (record: TlsRecord) => tlsHeader.encode({ ...record, length: record.payload?.length ?? 0 }),
};

/** With what each record of an encrypted channel is written. */
export const TLS_LAYOUTS: Layouts = { "tls-record": tlsRecordLayout };

/**
 * A channel under TLS, either direction.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, TlsGrammar } from "@migwire/migwire/stream";
 *
 * const findings: string[] = [];
 * const parser = new ChannelParser(new TlsGrammar(), { report: (finding) => findings.push(finding.code) });
 * const [record] = parser.push(Uint8Array.of(0x17, 3, 3, 0, 2, 0xaa, 0xbb));
 * assertEquals(record?.payload, { offset: 5, length: 2 });
 * assertEquals(findings, ["encrypted"]);
 * ```
 */
export class TlsGrammar implements Grammar {
  /** What may come here. */
  readonly expecting = "TLS record";
  /** The channel may end between two records. */
  readonly complete = true;
  #first = true;

  /** Reads one TLS record; its content passes by. */
  step(reader: ChannelReader): void {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const { contentType, version, length } = tlsHeader.read(decoder);
    if (this.#first) this.#noteFirst(reader, contentType, offset);
    this.#first = false;
    const payload = { offset: decoder.offset, length };
    const record: TlsRecord = {
      kind: "tls-record",
      offset,
      length: TLS_HEADER_BYTES + length,
      contentType,
      version,
      payload,
    };
    reader.pass(record);
  }

  #noteFirst(reader: ChannelReader, contentType: number, offset: number): void {
    if (contentType === TLS_CONTENT.ALERT) {
      reader.decoder.note({
        severity: "error",
        code: "tls-refused",
        offset,
        message: "the channel begins with a TLS alert: the other side does not use TLS, or the handshake failed",
      });
    } else {
      reader.decoder.note({
        severity: "warning",
        code: "encrypted",
        offset,
        message: "the channel is encrypted (TLS): what it carries cannot be read",
      });
    }
  }
}
