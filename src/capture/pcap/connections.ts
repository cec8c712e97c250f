import { type ChannelRole, IDENTIFY_USUAL_BYTES, identifyChannel } from "../../stream/mod.ts";
import type { Frame } from "./frame.ts";
import { TCP_FLAG, type TcpSegment } from "./tcp_segment.ts";
import { TcpStream } from "./tcp_stream.ts";

/** Roles of a connection that belongs to a migration, by what its source sends. */
const ROLES: readonly ChannelRole[] = ["main", "multifd", "recovery", "preempt", "tls"];

/** Connections that are known at the same time. Memory for each is some hundred bytes and more. */
const CONNECTIONS_LIMIT = 64 * 1024;

/** So many more must have come before it is looked again which can be forgotten: looking takes its time. */
const BETWEEN_SWEEPS: number = CONNECTIONS_LIMIT / 4;

/** A TCP connection that may be of a migration. */
export class Connection {
  /** When something was seen of it first. */
  readonly opened: number;
  /** Both directions, first the one of which a packet was seen first. */
  readonly streams: readonly [TcpStream, TcpStream];
  /** What the side that opened it sends, where that was captured. */
  client: TcpStream | undefined;
  /** It is none of a migration. */
  rejected = false;
  /** Streams that begin like nothing that the source of a migration sends. */
  readonly #foreign = new Set<TcpStream>();

  /** A connection of which the first packet was seen at `time`. */
  constructor(from: string, to: string, time: number) {
    this.opened = time;
    this.streams = [new TcpStream(from, time), new TcpStream(to, time)];
  }

  /** Adds a segment of one of its streams. */
  add(stream: TcpStream, segment: TcpSegment, frame: Frame): void {
    if (this.rejected) return;
    if ((segment.flags & TCP_FLAG.SYN) !== 0) {
      const isAnswer = (segment.flags & TCP_FLAG.ACK) !== 0;
      this.client = isAnswer ? this.streams.find((one) => one !== stream) : stream;
    }
    const start = stream.add(segment, frame.time);
    if (start === stream.origin && segment.length > 0) this.#judge(stream, segment, frame);
  }

  /** Lets go of connections that carry something else, so that they need no memory: they may be most of a file. */
  #judge(stream: TcpStream, segment: TcpSegment, frame: Frame): void {
    const end = Math.min(segment.end, segment.start + IDENTIFY_USUAL_BYTES);
    const first = frame.bytes.subarray(segment.start, end);
    const { role, needed } = identifyChannel(first, { direction: "s2d" });
    if (needed > 0 || ROLES.includes(role)) return;
    this.#foreign.add(stream);
    if (this.#foreign.size < this.streams.length) return;
    this.rejected = true;
    for (const one of this.streams) one.forget();
  }
}

/** The TCP connections of a file. */
export class Connections {
  /** Connections that were left out since there are too many. */
  ignored = 0;
  readonly #all = new Set<Connection>();
  readonly #byEndpoints = new Map<string, { connection: Connection; stream: TcpStream }>();
  #seen = 0;
  #untilSweep = 0;

  /** Connections that were seen. */
  get seen(): number {
    return this.#seen;
  }

  /** Those that may be of a migration, in the order in which they were opened. */
  candidates(): Connection[] {
    return [...this.#all].filter(({ rejected }) => !rejected).sort((a, b) => a.opened - b.opened);
  }

  /** Adds a segment. */
  add(segment: TcpSegment, frame: Frame): void {
    let entry = this.#byEndpoints.get(segment.from + segment.to);
    const isSyn = (segment.flags & TCP_FLAG.SYN) !== 0;
    if (entry !== undefined && isSyn && !this.#isSame(entry, segment)) entry = undefined;
    // Without a beginning or data there is nothing to remember.
    if (entry === undefined && (isSyn || segment.length > 0)) entry = this.#open(segment, frame.time);
    entry?.connection.add(entry.stream, segment, frame);
  }

  #isSame({ connection, stream }: { connection: Connection; stream: TcpStream }, segment: TcpSegment): boolean {
    if (connection.rejected) return false;
    return stream.isOwnSyn(segment.sequence);
  }

  #open({ from, to }: TcpSegment, time: number): { connection: Connection; stream: TcpStream } | undefined {
    this.#untilSweep--;
    if (this.#all.size >= CONNECTIONS_LIMIT && this.#untilSweep <= 0) this.#sweep();
    if (this.#all.size >= CONNECTIONS_LIMIT) {
      this.ignored++;
      return undefined;
    }
    const connection = new Connection(from, to, time);
    const [stream, answers] = connection.streams;
    const entry = { connection, stream };
    this.#byEndpoints.set(from + to, entry);
    this.#byEndpoints.set(to + from, { connection, stream: answers });
    this.#all.add(connection);
    this.#seen++;
    return entry;
  }

  /** Forgets connections that are none of a migration, or on which nothing was sent. */
  #sweep(): void {
    this.#untilSweep = BETWEEN_SWEEPS;
    const isOfNoUse = (connection: Connection): boolean =>
      connection.rejected || connection.streams.every((stream) => stream.isSilent);
    for (const [key, { connection }] of this.#byEndpoints) {
      if (isOfNoUse(connection)) this.#byEndpoints.delete(key);
    }
    for (const connection of this.#all) {
      if (isOfNoUse(connection)) this.#all.delete(connection);
    }
  }
}
