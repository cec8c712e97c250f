/** A channel as a Web Stream. The first part is options: how it is cut, read and opened. @module */

import { concat, equals } from "@std/bytes";
import { type Capture, CaptureError, openCapture, readBytes } from "../../../src/capture/mod.ts";
import { type BaseRecord, ChannelParser, type Grammar, identifyChannel } from "../../../src/stream/mod.ts";
import { openStream } from "../../../src/web/open_stream.ts";
import {
  grammarFor,
  identifyStream,
  isWhole,
  PieceStream,
  RecordStream,
  SerialiseStream,
} from "../../../src/web/mod.ts";
import { type Finding, WireError } from "../../../src/wire/mod.ts";
import { InvariantError, type Target } from "../guided/target.ts";
import { page, RAM_EOS, ramStream } from "../../main_stream.ts";
import { joinParts, splitParts } from "../parts.ts";
import type { Piece } from "../seed.ts";
import { Random } from "../random.ts";
import { channelPieces } from "./captures.ts";

/** More chunks than that take time, and show nothing new: the last has all the rest. */
const MOST_CHUNKS = 48;

/** What the bits of the first option say. */
const [STRICT, CANCEL, PAGE_SIZE, OPEN, KEEP] = [1, 2, 4, 8, 16];

/** Parts of `bytes`, some of them empty. */
function chunksOf(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer>[] {
  const most = Math.max(1, Math.ceil(bytes.length / 12));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  while (at < bytes.length && chunks.length < MOST_CHUNKS) {
    const length = random.once(8) ? 0 : 1 + random.below(random.once(2) ? 8 : most);
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  return at < bytes.length ? [...chunks, bytes.slice(at)] : chunks;
}

/** Gives chunks when it is asked for them, and counts. */
class Source {
  taken = 0;
  cancelled: unknown;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(chunks: readonly Uint8Array<ArrayBuffer>[]) {
    this.stream = new ReadableStream({
      pull: (controller): void => {
        const chunk = chunks[this.taken++];
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason): void => {
        this.cancelled = reason;
      },
    }, { highWaterMark: 0 });
  }
}

/** Lets everything run that can without being asked. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** All of a record, to be compared. */
function textOf(record: BaseRecord): string {
  return JSON.stringify(record, (_key, value) => {
    if (typeof value === "bigint") return `${value}n`;
    return value instanceof Uint8Array ? value.toHex() : value;
  });
}

function same(what: string, found: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, i) => line !== found[i]);
  if (at < 0 && found.length === expected.length) return;
  const place = at < 0 ? expected.length : at;
  throw new InvariantError(`${what}: there is ${found[place]} instead of ${expected[place]}`);
}

/** What a `ChannelParser` gives of chunks, and of which chunk each record came. */
function plainly(
  chunks: readonly Uint8Array[],
  grammar: Grammar,
): { readonly records: readonly string[]; readonly chunkOf: readonly number[]; readonly findings: readonly string[] } {
  const findings: string[] = [];
  const parser = new ChannelParser(grammar, { report: (finding) => findings.push(saying(finding)) });
  const records: string[] = [];
  const chunkOf: number[] = [];
  const add = (list: readonly BaseRecord[], chunk: number): void => {
    for (const record of list) {
      records.push(textOf(record));
      chunkOf.push(chunk);
    }
  };
  for (const [i, chunk] of chunks.entries()) add(parser.push(chunk), i);
  add(parser.end(), chunks.length);
  return { records, chunkOf, findings };
}

function saying({ code, offset, severity }: Finding): string {
  return `${severity} ${code} ${offset}`;
}

/** Reads records, stops in between, and sees to it that no more is taken meanwhile than one chunk ahead. */
async function slowly(
  source: Source,
  stream: ReadableStream<BaseRecord>,
  { chunkOf, records }: ReturnType<typeof plainly>,
  pause: number,
): Promise<string[]> {
  const reader = stream.getReader();
  const found: string[] = [];
  for (;;) {
    if (found.length === pause % (records.length + 1)) {
      await settled();
      const needed = found.length === 0 ? 0 : (chunkOf[found.length - 1] ?? 0) + 1;
      if (source.taken > needed + 1) {
        throw new InvariantError(`${source.taken} chunks are taken for ${found.length} records, which need ${needed}`);
      }
    }
    const { done, value } = await reader.read();
    if (done) return found;
    found.push(textOf(value));
  }
}

/** What a strict reader stops at; undefined if it does not. */
async function refusal(read: () => unknown): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return `${error.code} ${error.offset}`;
  }
}

async function strictly(chunks: readonly Uint8Array<ArrayBuffer>[], grammar: () => Grammar): Promise<void> {
  const stream = new Source(chunks).stream.pipeThrough(new RecordStream(grammar(), { strict: true }));
  const found = await refusal(async () => {
    for await (const _ of stream);
  });
  const expected = await refusal(() => {
    const parser = new ChannelParser(grammar(), { strict: true });
    for (const chunk of chunks) parser.push(chunk);
    parser.end();
  });
  if (found !== expected) throw new InvariantError(`read strictly it says ${found} instead of ${expected}`);
}

/** Pieces tile the channel, have its bytes and its records, and are written as they were. */
async function inPieces(
  bytes: Uint8Array,
  chunks: readonly Uint8Array<ArrayBuffer>[],
  grammar: Grammar,
  records: readonly string[],
): Promise<void> {
  const [kept, written] = new Source(chunks).stream.pipeThrough(new PieceStream(grammar)).tee();
  const [pieces, again] = await Promise.all([
    Array.fromAsync(kept),
    Array.fromAsync(written.pipeThrough(new SerialiseStream())),
  ]);
  let at = 0;
  for (const piece of pieces) {
    const { offset, bytes: own, record } = piece;
    if (offset !== at || !equals(own, bytes.subarray(at, at + own.length))) {
      throw new InvariantError(`a piece of ${own.length} bytes at ${offset} instead of ${at}`);
    }
    at += own.length;
    if (record === undefined) continue;
    if (record.offset + record.length !== at || isWhole(piece) !== (record.length === own.length)) {
      throw new InvariantError(`${record.kind} at ${record.offset} does not end with its piece`);
    }
  }
  same("in pieces", pieces.flatMap(({ record }) => record === undefined ? [] : [textOf(record)]), records);
  if (!equals(concat(again), bytes)) throw new InvariantError("what is written is not what was read");
}

/** Reads a few records, and has enough: so has the source. */
async function cancelled(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  grammar: Grammar,
  count: number,
): Promise<void> {
  const source = new Source(chunks);
  const reader = source.stream.pipeThrough(new PieceStream(grammar)).getReader();
  for (let i = 0; i < count; i++) if ((await reader.read()).done) return;
  const reason = new Error("enough");
  await reader.cancel(reason);
  await settled();
  if (source.cancelled !== reason && source.taken <= chunks.length) {
    throw new InvariantError("the source is not cancelled");
  }
}

/** First bytes are looked at, and none is lost. */
async function identified(bytes: Uint8Array, chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const { identity: { role }, stream } = await identifyStream(new Source(chunks).stream);
  const expected = identifyChannel(bytes, { ended: true });
  if (role !== expected.role) throw new InvariantError(`it is taken for ${role} instead of ${expected.role}`);
  if (!equals(concat(await Array.fromAsync(stream)), bytes)) {
    throw new InvariantError("what was looked at is not given back");
  }
}

/** What is opened, or why it is not. */
async function opened(open: () => Capture | Promise<Capture>): Promise<string> {
  try {
    const capture = await open();
    const channels = capture.channels.map(({ label, source }) =>
      `${label} ${source === undefined ? "" : readBytes(source, 0, source.size).toHex()}`
    );
    capture.close();
    return [...channels, ...capture.findings.map(saying)].join("\n");
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return error.code;
  }
}

/** A stream is opened as standard input is. What is packed needs a worker: that is another target. */
async function opening(bytes: Uint8Array, chunks: readonly Uint8Array<ArrayBuffer>[], keep: number): Promise<void> {
  const { compression, role } = identifyChannel(bytes, { ended: true });
  if (compression !== undefined || role === "libvirt") return;
  const limit = keep === 0 ? {} : { keep };
  const found = await opened(() => openStream(new Source(chunks).stream, { ...limit, migration: 1 }));
  if (keep !== 0 && bytes.length > keep) {
    if (found !== "too-large") {
      throw new InvariantError(`${bytes.length} bytes are more than ${keep}, and it says ${found}`);
    }
    return;
  }
  let at = 0;
  const stdin = (into: Uint8Array): number => {
    const part = bytes.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  };
  const expected = await opened(() => openCapture("-", { stdin, migration: 1 }));
  if (found !== expected) {
    throw new InvariantError(`as a stream it is ${found.slice(0, 200)}, not ${expected.slice(0, 200)}`);
  }
}

/** Web Streams of a channel. */
export const WEB: Target = {
  name: "web",
  weight: 4,
  holds:
    "records, pieces, bytes and refusals are those of the plain reader, however chunks are cut; no more than one chunk " +
    "is taken ahead of who reads; only WireError and CaptureError are thrown",
  // It is read eight times; what is opened has buffers as pcap has.
  steps: { constant: 100_000, perByte: 1_000 },
  bytes: { constant: 16_000_000, perByte: 4_000 },
  parts: 2,
  async run(input): Promise<void> {
    const [options, bytes = input] = splitParts(input);
    const [flags = 0, seed = 0, pause = 0, keep = 0] = options ?? [];
    const chunks = chunksOf(bytes, new Random(seed));
    const identity = identifyChannel(bytes, { ended: true });
    const size = (flags & PAGE_SIZE) === 0 ? {} : { pageSize: 4096 };
    const grammar = (): Grammar => grammarFor(identity, size);
    const plain = plainly(chunks, grammar());
    const source = new Source(chunks);
    const findings: string[] = [];
    const report = (finding: Finding): unknown => findings.push(saying(finding));
    const stream = source.stream.pipeThrough(new RecordStream(grammar(), { report }));
    same("as a stream", await slowly(source, stream, plain, pause), plain.records);
    same("what is said", findings, plain.findings);
    await inPieces(bytes, chunks, grammar(), plain.records);
    same("in one chunk", plainly([bytes], grammar()).records, plain.records);
    await identified(bytes, chunks);
    if ((flags & STRICT) !== 0) await strictly(chunks, grammar);
    if ((flags & CANCEL) !== 0) await cancelled(chunks, grammar(), pause % 8);
    if ((flags & OPEN) !== 0) await opening(bytes, chunks, (flags & KEEP) === 0 ? 0 : 1 + 16 * keep);
  },
  pieces: (part: Uint8Array, index: number): Piece[] => channelPieces(part, index),
  grown(times): Uint8Array {
    const main = ramStream(0x10_0000);
    for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram", 0xaa, 4096), RAM_EOS]);
    return joinParts([Uint8Array.of(STRICT | CANCEL, 1, 1, 0), main.end(2, RAM_EOS).eof().bytes()]);
  },
};
