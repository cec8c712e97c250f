import type { Capture } from "./capture.ts";
import type { Direction } from "./direction.ts";
import { ChannelBytes } from "./channel_bytes.ts";
import type { CaptureEvent } from "./events.ts";
import type { ByteSink } from "./output.ts";
import { Conversation } from "./packets/conversation.ts";
import { MAX_SEGMENT } from "./packets/frame.ts";
import { pcapngPacket, pcapngStart } from "./packets/pcapng.ts";
import { timeline } from "./timeline.ts";

/** How {@linkcode writePcapng} writes. */
export interface PcapngOptions {
  /** Largest TCP segment, bytes, from 1 to 65,495; 65,495 if absent. */
  readonly mss?: number;
  /** Channels were left out of the capture: connections that are not there are not told of. */
  readonly selected?: boolean;
}

/** Bytes after which it is said how far it is. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * Writes a capture as packets: each connection as one of TCP, from the source 192.0.2.1 to the destination 192.0.2.2,
 * over an Ethernet that never was. Times are those of the capture's events, counted from 1970; without events a byte
 * takes a nanosecond.
 *
 * @param capture The capture. A pipe is used up.
 * @param sink Receives the file.
 * @returns Now and then how many bytes of the channels were written.
 * @throws {RangeError} If `mss` is not from 1 to what an IPv4 packet carries.
 * @throws {CaptureError} If a channel cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writePcapng } from "@migwire/migwire/capture";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * let size = 0;
 * const sink = { write: (bytes: Uint8Array) => size += bytes.length };
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * const written = [...writePcapng(capture, sink)].at(-1);
 * assertEquals([written, size % 4], [8, 0]);
 * ```
 */
export function* writePcapng(capture: Capture, sink: ByteSink, options: PcapngOptions = {}): Generator<number> {
  const { mss = MAX_SEGMENT, selected = false } = options;
  if (!(Number.isInteger(mss) && mss >= 1 && mss <= MAX_SEGMENT)) {
    throw new RangeError(`Cannot write segments of ${mss} bytes: an IPv4 packet carries 1 to ${MAX_SEGMENT}`);
  }
  const writer = new PacketWriter(capture, sink, mss);
  sink.write(pcapngStart("migwire"));
  for (const event of timeline(capture, !selected)) yield* writer.take(event);
  yield writer.written;
}

/** Turns events into packets. */
class PacketWriter {
  /** Bytes of channels. */
  written = 0;
  readonly #sink: ByteSink;
  readonly #mss: number;
  readonly #timed: boolean;
  readonly #conversations = new Map<number, Conversation>();
  readonly #channels: ReadonlyMap<string, ChannelBytes>;
  readonly #segment: Uint8Array;
  #time = 0;
  /** When it is said next how far it is. */
  #next = PROGRESS_BYTES;

  constructor(capture: Capture, sink: ByteSink, mss: number) {
    this.#sink = sink;
    this.#mss = mss;
    this.#timed = capture.events !== undefined;
    this.#channels = new Map(
      capture.channels.map((channel) => [keyOf(channel.index, channel.direction), new ChannelBytes(channel)]),
    );
    this.#segment = new Uint8Array(mss);
  }

  *take(event: CaptureEvent): Generator<number> {
    this.#time = Math.max(this.#time, event.time);
    const conversation = this.#conversation(event.channel);
    switch (event.kind) {
      case "open":
        return conversation.open();
      case "data":
        return yield* this.#data(conversation, event.channel, event.direction, event.offset + event.length);
      case "end":
        return conversation.end(event.direction);
      case "reset":
        return conversation.reset(event.direction);
    }
  }

  #conversation(index: number): Conversation {
    const known = this.#conversations.get(index);
    if (known !== undefined) return known;
    const made = new Conversation(index, this.#mss, (frame) => this.#sink.write(pcapngPacket(this.#time, frame)));
    this.#conversations.set(index, made);
    return made;
  }

  /** Sends a channel's bytes up to `end`, or its own end. */
  *#data(conversation: Conversation, index: number, direction: Direction, end: number): Generator<number> {
    const bytes = this.#channels.get(keyOf(index, direction));
    if (bytes === undefined) return;
    while (bytes.offset < end) {
      const payload = bytes.fill(this.#segment.subarray(0, end - bytes.offset));
      if (payload.length === 0) break;
      conversation.data(direction, payload);
      this.written += payload.length;
      if (!this.#timed) this.#time += payload.length;
      if (this.written < this.#next) continue;
      this.#next = this.written + PROGRESS_BYTES;
      yield this.written;
    }
    conversation.acknowledge(direction);
  }
}

function keyOf(index: number, direction: Direction): string {
  return `${index} ${direction}`;
}
