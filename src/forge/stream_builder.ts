import { concat } from "@std/bytes/concat";
import {
  type Capture,
  type CaptureEvent,
  type CaptureManifest,
  type Direction,
  MemorySource,
} from "../capture/values.ts";
import { FORGE_LIMIT, ForgeError } from "./fields.ts";

/** Nanoseconds between two steps. */
const STEP_TIME = 1_000_000;

const DIRECTIONS: readonly Direction[] = ["s2d", "d2s"];

/** A connection that grows. */
interface Connection {
  readonly index: number;
  readonly pieces: Uint8Array[];
  length: number;
  ended: boolean;
}

/** What was forged: a capture in memory. */
export interface ForgedCapture extends Capture {
  /** When its bytes come. */
  readonly events: readonly CaptureEvent[];
  /** What the destination is. */
  readonly manifest: CaptureManifest;
}

/** Which connection: the main channel, or a multifd channel by its id. */
export type ChannelName = "main" | number;

/** Writes to several connections, and notes what came when. */
export class StreamBuilder {
  readonly #connections = new Map<ChannelName, Connection>();
  readonly #events: CaptureEvent[] = [];
  #time = 0;
  #bytes = 0;

  /** The next step begins: its bytes come a millisecond after those before. */
  step(): void {
    this.#time += STEP_TIME;
  }

  /** Time goes by, nanoseconds. */
  wait(time: number): void {
    this.#time += time;
  }

  /** Whether a connection is there. */
  isOpen(channel: ChannelName): boolean {
    return this.#connections.has(channel);
  }

  /** Ids of the multifd channels, in the order in which they were opened. */
  multifdChannels(): number[] {
    return [...this.#connections.keys()].filter((channel) => channel !== "main");
  }

  /** Opens a connection. */
  open(channel: ChannelName, path: string): void {
    if (this.#connections.has(channel)) throw new ForgeError(path, `opens channel ${channel} again`);
    const index = this.#connections.size;
    this.#connections.set(channel, { index, pieces: [], length: 0, ended: false });
    this.#events.push({ kind: "open", time: this.#time, channel: index });
  }

  /** Sends bytes. */
  put(channel: ChannelName, path: string, ...pieces: readonly Uint8Array[]): void {
    const connection = this.#connection(channel, path);
    const bytes = concat([...pieces]);
    this.#bytes += bytes.length;
    if (this.#bytes > FORGE_LIMIT) throw new ForgeError(path, `makes the streams longer than ${FORGE_LIMIT} bytes`);
    if (bytes.length === 0) return;
    this.#events.push({
      kind: "data",
      time: this.#time,
      channel: connection.index,
      direction: "s2d",
      offset: connection.length,
      length: bytes.length,
    });
    connection.pieces.push(bytes);
    connection.length += bytes.length;
  }

  /** Closes a connection, or breaks it off. */
  end(channel: ChannelName, kind: "end" | "reset", path: string): void {
    const connection = this.#connection(channel, path);
    connection.ended = true;
    for (const direction of DIRECTIONS) {
      const offset = direction === "s2d" ? connection.length : 0;
      this.#events.push({ kind, time: this.#time, channel: connection.index, direction, offset });
    }
  }

  /** Closes what is still open, and gives what was built. */
  finish(manifest: CaptureManifest): ForgedCapture {
    this.step();
    for (const [channel, { ended }] of this.#connections) if (!ended) this.end(channel, "end", "the end");
    const channels = [...this.#connections.values()].map(({ index, pieces }) => ({
      label: `channel-${String(index).padStart(2, "0")}.s2d`,
      index,
      direction: "s2d" as const,
      isFile: false,
      source: new MemorySource(concat(pieces)),
    }));
    return {
      name: manifest.name,
      kind: "directory",
      manifest,
      channels,
      events: this.#events,
      findings: [],
      close(): void {},
    };
  }

  #connection(channel: ChannelName, path: string): Connection {
    const connection = this.#connections.get(channel);
    if (connection === undefined) throw new ForgeError(path, `is for channel ${channel}, which is not open`);
    if (connection.ended) throw new ForgeError(path, `is for channel ${channel}, which is closed`);
    return connection;
  }
}
