import type { BaseRecord, ChannelParser } from "../stream/mod.ts";
import type { ByteSource } from "./source.ts";

/** One buffer of this size is read into again and again; larger ones were slower. */
const FILE_BUFFER = 256 * 1024;

/** A pipe gives more at a time into a larger buffer. */
const PIPE_BUFFER = 1024 * 1024;

/** Read after a skip: the header of the next record, and not much of the payload behind it. */
const AFTER_SKIP = 4 * 1024;

/** Passing over fewer bytes than this costs more than reading them. */
const WORTH_SKIPPING = 32 * 1024;

/** Where {@linkcode readChannel} and {@linkcode driveStream} hand records. */
export type RecordSink = (record: BaseRecord) => void;

/** How {@linkcode readChannel} reads. */
export interface ReadOptions {
  /** Size of the buffer, bytes; 256 KiB if absent. */
  readonly bufferSize?: number;
}

/**
 * Reads a whole channel: feeds `parser` from `source` and hands each record to `sink`. What the parser does not look
 * at is not read where that saves time, so that a channel of large packets costs little more than its headers.
 *
 * @param source The channel, from its first byte.
 * @param parser A fresh parser of the channel's kind.
 * @param sink Receives the records in their order. What it throws ends the reading.
 * @throws `WireError` if the parser is strict, `CaptureError` if the source cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource, readChannel } from "@migwire/migwire/capture";
 * import { ChannelParser, ReturnPathGrammar } from "@migwire/migwire/stream";
 *
 * const kinds: string[] = [];
 * const source = new MemorySource(Uint8Array.of(0, 7, 0, 0));
 * readChannel(source, new ChannelParser(new ReturnPathGrammar()), (record) => kinds.push(record.kind));
 * assertEquals(kinds, ["rp-switchover-ack"]);
 * ```
 */
export function readChannel(
  source: ByteSource,
  parser: ChannelParser,
  sink: RecordSink,
  options: ReadOptions = {},
): void {
  for (const records of recordBatches(source, parser, options)) deliver(records, sink);
}

/**
 * As {@linkcode readChannel}, but the reader asks for the records, some at a time: for whoever reads several channels
 * by turns.
 *
 * @param source The channel, from its first byte.
 * @param parser A fresh parser of the channel's kind.
 * @returns Records, in their order; a batch may have none.
 * @throws `WireError` if the parser is strict, `CaptureError` if the source cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource } from "@migwire/migwire/capture";
 * import { ChannelParser, ReturnPathGrammar } from "@migwire/migwire/stream";
 * import { recordBatches } from "./drive.ts";
 *
 * const source = new MemorySource(Uint8Array.fromHex("00070000" + "0001000400000000"));
 * const kinds: string[] = [];
 * for (const records of recordBatches(source, new ChannelParser(new ReturnPathGrammar()))) {
 *   kinds.push(...records.map(({ kind }) => kind));
 * }
 * assertEquals(kinds, ["rp-switchover-ack", "rp-shut"]);
 * ```
 */
export function* recordBatches(
  source: ByteSource,
  parser: ChannelParser,
  options: ReadOptions = {},
): Generator<readonly BaseRecord[]> {
  const buffer = new Uint8Array(options.bufferSize ?? FILE_BUFFER);
  let want = buffer.length;
  while (parser.offset < source.size) {
    // What is left of an opaque channel is as long as numbers go.
    const skippable = Math.min(parser.skippable, source.size - parser.offset);
    if (skippable >= WORTH_SKIPPING) {
      yield parser.skip(skippable);
      want = Math.min(AFTER_SKIP, buffer.length);
      continue;
    }
    const count = source.readAt(parser.offset, buffer.subarray(0, want));
    if (count === 0) break;
    yield parser.push(buffer.subarray(0, count));
    want = Math.min(want * 2, buffer.length);
  }
  yield parser.end();
}

/** Reads the next bytes of something that has no places, only an order: how many were read, 0 or null at the end. */
export type SequentialRead = (into: Uint8Array) => number | null;

/**
 * As {@linkcode readChannel} for a pipe: what the parser does not look at is read and thrown away.
 *
 * @param read Reads the next bytes, such as `(into) => Deno.stdin.readSync(into)`.
 * @param parser A fresh parser of the channel's kind.
 * @param sink Receives the records in their order. What it throws ends the reading.
 * @throws `WireError` if the parser is strict, and what `read` throws.
 */
export function driveStream(read: SequentialRead, parser: ChannelParser, sink: RecordSink): void {
  const buffer = new Uint8Array(PIPE_BUFFER);
  for (let count = read(buffer); count; count = read(buffer)) {
    deliver(parser.push(buffer.subarray(0, count)), sink);
  }
  deliver(parser.end(), sink);
}

function deliver(records: readonly BaseRecord[], sink: RecordSink): void {
  for (const record of records) sink(record);
}
