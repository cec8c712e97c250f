import type { Direction } from "../capture/mod.ts";
import { CaptureWriter } from "./capture_writer.ts";
import {
  addressOf,
  closeQuietly,
  connectTo,
  listenAt,
  mayConnect,
  type Socket,
  type SocketAddress,
  type SocketListener,
} from "../net/mod.ts";
import { Connection, type MigrationSide } from "./connection.ts";
import { LiveMigration, type RecordPhase } from "./live_migration.ts";
import { connectError, listenError, type RecordError, storageError } from "./record_error.ts";
import { DirectoryStorage, type RecordStorage } from "./storage.ts";

/** What is recorded, and how. */
export interface RecordOptions {
  /** Where the source connects to. */
  readonly listen: SocketAddress;
  /** Where the destination listens. */
  readonly to: SocketAddress;
  /** The capture directory; it must not be there. */
  readonly directory: string;
  /** Name of the capture; that of the directory if absent. */
  readonly name?: string;
  /** What it shows, in one line. */
  readonly about?: string;
  /** Whether contents of pages and the data of VFIO devices are kept; true if absent. */
  readonly payload?: boolean;
  /** Bytes that are recorded at most. What comes after them is passed on, and not recorded. */
  readonly maxBytes?: number;
  /** Stays when all connections have ended, until `signal`. */
  readonly keep?: boolean;
  /** Milliseconds to wait for another connection when all have ended; 3000 if absent. */
  readonly graceMs?: number;
  /** Ends the recording. */
  readonly signal?: AbortSignal;
  /** Is told what happens. */
  readonly notice?: (notice: RecordNotice) => void;
  /** Where to write; the directory if absent. */
  readonly storage?: RecordStorage;
}

/** Something that happened. */
export type RecordNotice =
  /** A connection was opened. */
  | { readonly kind: "opened"; readonly connection: number }
  /** It is known what a channel is. */
  | { readonly kind: "identified"; readonly connection: number; readonly direction: Direction; readonly label: string }
  /** A connection has ended; `by`: who closed it first, or broke it off for the reason `error`. */
  | { readonly kind: "ended"; readonly connection: number; readonly by?: MigrationSide; readonly error?: string }
  /** The migration goes on to another phase. */
  | { readonly kind: "phase"; readonly phase: RecordPhase }
  /** Postcopy was interrupted: a recovery is waited for. */
  | { readonly kind: "waiting-for-recovery" }
  /** Nothing more is recorded after so many bytes. */
  | { readonly kind: "full"; readonly bytes: number }
  /** The destination could not be reached, and the source was refused. */
  | { readonly kind: "refused"; readonly error: RecordError };

/** One direction of a connection, as it is now. */
export interface ChannelStatus {
  /** Number of the connection. */
  readonly connection: number;
  /** Who sends. */
  readonly direction: Direction;
  /** What it is, `main`; `?` as long as that is not known. */
  readonly label: string;
  /** Bytes that came. */
  readonly bytes: number;
}

/** A recording, as it is now. */
export interface RecordStatus {
  /** How far the migration has come. */
  readonly phase: RecordPhase;
  /** Connections that were opened. */
  readonly connections: number;
  /** Connections that are open. */
  readonly open: number;
  /** Bytes that came, of all channels. */
  readonly bytes: number;
  /** The sections that have come, in their order, without `ram`. */
  readonly devices: readonly string[];
  /** The channels in which something came. */
  readonly channels: readonly ChannelStatus[];
}

/** A channel that is not kept to its end, since what is not understood may be memory. */
export interface NotKept {
  /** Number of the connection. */
  readonly connection: number;
  /** Who sends. */
  readonly direction: Direction;
  /** What it is. */
  readonly label: string;
  /** Byte of the channel from which on it is not kept. */
  readonly offset: number;
  /** Why it was not understood. */
  readonly reason: string;
}

/** What came of a recording. */
export interface RecordResult extends RecordStatus {
  /** Why it ended early, or why a connection was refused; undefined if all went well. */
  readonly error?: RecordError;
  /** It was ended by its signal while connections were open, or before there was one. */
  readonly interrupted: boolean;
  /** It reached `maxBytes`. */
  readonly full: boolean;
  /** Without payload: what is not kept because it was not understood. */
  readonly notKept: readonly NotKept[];
}

const GRACE_MS = 3000;

/** What a user should know when nothing can be recorded any more. */
const BROKEN_OFF = "the connections were broken off, so that all that was passed on is recorded";

/**
 * A relay between two QEMUs that records the migration. It never changes a byte, and what it passed on is in the files.
 *
 * The destination is connected to when the source connects, in the same order: QEMU's destination takes the channels apart
 * by their first bytes or by their order (main-channel.md §13.2), and both are as without the relay.
 *
 * When nothing can be written any more, all connections are broken off. A reset is passed on by closing the other side at
 * once: it is told of a reset where bytes of it were under way, of an end otherwise.
 *
 * @example
 * ```ts
 * import { parseSocketAddress, Recording } from "@migwire/migwire/record";
 *
 * // Records one migration from a QEMU that is told to migrate to port 4444.
 * async function recordOne(directory: string): Promise<number> {
 *   const recording = new Recording({
 *     listen: parseSocketAddress("tcp::4444"),
 *     to: parseSocketAddress("unix:/run/incoming.sock"),
 *     directory,
 *     notice: (notice) => console.log(notice.kind),
 *   });
 *   const { bytes, error } = await recording.finished;
 *   if (error !== undefined) throw error;
 *   return bytes;
 * }
 * ```
 */
export class Recording {
  /** Where it listens. */
  readonly address: SocketAddress;
  /** Settled when it has ended and all is written; never rejected by what happens to the migration. */
  readonly finished: Promise<RecordResult>;
  readonly #options: RecordOptions;
  readonly #migration: LiveMigration;
  readonly #writer: CaptureWriter;
  readonly #listener: SocketListener;
  readonly #open = new Map<number, Connection>();
  /** Connections that the destination has closed. */
  readonly #closed = new Set<number>();
  /** The destination did not take what a source sent: it is not there any more. */
  #isGone = false;
  #connecting = 0;
  #error: RecordError | undefined;
  #interrupted = false;
  #tellsFull = true;
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #stopping = new AbortController();

  /** Begins to listen, and makes the directory. Throws {@linkcode RecordError} if it cannot. */
  constructor(options: RecordOptions) {
    this.#options = options;
    const start = performance.now();
    this.#migration = new LiveMigration({
      phase: (phase) => this.#tell({ kind: "phase", phase }),
      identified: ({ index, direction, label }) =>
        this.#tell({ kind: "identified", connection: index, direction, label }),
    });
    // Asked before a source comes: it would be refused.
    if (!mayConnect(options.to)) throw connectError(options.to, new Deno.errors.NotCapable());
    // Listening first: a directory that nothing can come into would only be in the way of another try.
    this.#listener = listening(options.listen);
    try {
      this.#writer = new CaptureWriter({
        storage: options.storage ?? new DirectoryStorage(options.directory),
        name: options.name ?? nameOf(options.directory),
        ...(options.about === undefined ? {} : { about: options.about }),
        payload: options.payload ?? true,
        ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
        clock: () => Math.round((performance.now() - start) * 1e6),
      }, this.#migration);
    } catch (error) {
      this.#closeListener();
      throw storageError(options.directory, error);
    }
    this.address = addressOf(this.#listener);
    this.finished = this.#run();
  }

  /** How it is now. */
  status(): RecordStatus {
    const channels = this.#writer.tracks.flatMap(({ s2d, d2s }) => [s2d, d2s])
      .filter(({ bytes }) => bytes > 0)
      .map(({ bytes, live: { index, direction, label } }) => ({ connection: index, direction, label, bytes }));
    return {
      phase: this.#migration.phase,
      connections: this.#writer.tracks.length,
      open: this.#open.size,
      bytes: channels.reduce((sum, { bytes }) => sum + bytes, 0),
      devices: [...this.#migration.devices],
      channels,
    };
  }

  async #run(): Promise<RecordResult> {
    const { signal } = this.#options;
    const stopped = new Promise((resolve) => this.#stopping.signal.addEventListener("abort", resolve));
    const interrupt = (): void => {
      this.#interrupted = this.#open.size > 0 || this.#writer.tracks.length === 0;
      this.#stopping.abort();
    };
    signal?.addEventListener("abort", interrupt, { once: true });
    if (signal?.aborted) interrupt();
    const serving = this.#accept();
    await stopped;
    signal?.removeEventListener("abort", interrupt);
    clearTimeout(this.#grace);
    this.#closeListener();
    const why = this.#error?.message ?? (this.#interrupted ? "the recording was ended" : "the migration is over");
    for (const connection of this.#open.values()) connection.break(why);
    await serving;
    this.#writer.close();
    const notKept = this.#notKept();
    return {
      ...this.status(),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      interrupted: this.#interrupted,
      full: this.#writer.isFull,
      notKept,
    };
  }

  /** One connection after the other, so that the destination sees them in the order in which they were opened. */
  async #accept(): Promise<void> {
    const running: Promise<void>[] = [];
    try {
      for await (const source of this.#listener) {
        clearTimeout(this.#grace);
        this.#connecting++;
        const destination = await this.#connect(source);
        this.#connecting--;
        if (destination !== undefined) running.push(this.#serve(source, destination));
        else this.#mayEnd();
      }
    } catch (error) {
      // Closing the listener ends the loop, in one way or the other.
      if (!isClosed(error)) this.#fail(listenError(this.#options.listen, error));
    }
    await Promise.all(running);
  }

  async #connect(source: Socket): Promise<Socket | undefined> {
    try {
      return await connectTo(this.#options.to, this.#stopping.signal);
    } catch (cause) {
      closeQuietly(source);
      if (this.#stopping.signal.aborted) return undefined;
      const error = connectError(this.#options.to, cause);
      this.#error ??= error;
      this.#tell({ kind: "refused", error });
      return undefined;
    }
  }

  async #serve(source: Socket, destination: Socket): Promise<void> {
    /** How the first direction ended. */
    let how: { readonly by?: MigrationSide; readonly error?: string } = {};
    let hasEnded = false;
    let index = -1;
    try {
      index = this.#writer.open();
      const connection = new Connection(source, destination, {
        received: (direction, bytes) => this.#received(index, direction, bytes),
        ended: (direction, by, error) => {
          if (!hasEnded) how = { ...(by === undefined ? {} : { by }), ...(error === undefined ? {} : { error }) };
          hasEnded = true;
          this.#writer.ended(index, direction, error);
          if (direction === "d2s") this.#closed.add(index);
          else if (by === "destination") this.#isGone = true;
          this.#mayEnd();
        },
      });
      this.#open.set(index, connection);
      this.#tell({ kind: "opened", connection: index });
      await connection.run();
    } catch (error) {
      this.#fail(storageError(this.#options.directory, error, BROKEN_OFF));
    } finally {
      closeQuietly(source);
      closeQuietly(destination);
      this.#open.delete(index);
    }
    this.#tell({ kind: "ended", connection: index, ...how });
    this.#mayEnd();
  }

  #received(index: number, direction: Direction, bytes: Uint8Array): void {
    this.#writer.received(index, direction, bytes);
    if (!this.#writer.isFull || !this.#tellsFull) return;
    this.#tellsFull = false;
    this.#tell({ kind: "full", bytes: this.#writer.recorded });
  }

  /** What cannot be recorded is not passed on: all connections are broken off. */
  #fail(error: RecordError): void {
    // That a destination was not there before is the lesser evil.
    if (this.#error === undefined || this.#error.code === "connect") this.#error = error;
    this.#stopping.abort();
  }

  /** Ends when all connections have, unless another one comes soon. */
  #mayEnd(): void {
    if (!this.#isOver() || this.#options.keep) return;
    // A source that was refused does not try again.
    if (this.#writer.tracks.length === 0) return this.#stopping.abort();
    if (this.#migration.needsRecovery) {
      if (this.#open.size === 0) this.#tell({ kind: "waiting-for-recovery" });
      return;
    }
    clearTimeout(this.#grace);
    const { bytes } = this.status();
    this.#grace = setTimeout(() => {
      if (!this.#isOver()) return;
      if (this.status().bytes === bytes) this.#stopping.abort();
      else this.#mayEnd();
    }, this.#options.graceMs ?? GRACE_MS);
  }

  /**
   * Nothing more is to be expected: no connection is open, or only some that the destination has closed and that it takes
   * nothing from, or that are not the main one. A source that has failed may keep those open for ever.
   */
  #isOver(): boolean {
    if (this.#connecting > 0) return false;
    const isLeft = (index: number): boolean => this.#isGone || (index > 0 && !this.#isMain(index));
    return [...this.#open.keys()].every((index) => this.#closed.has(index) && isLeft(index));
  }

  #isMain(index: number): boolean {
    const role = this.#writer.tracks[index]?.s2d.live.identity?.role;
    return role === "main" || role === "recovery";
  }

  #notKept(): NotKept[] {
    return this.#writer.tracks.flatMap(({ s2d, d2s }) => [s2d, d2s]).flatMap(({ live, notUnderstood }) => {
      if (notUnderstood === undefined) return [];
      const { index, direction, label } = live;
      return [{ connection: index, direction, label, ...notUnderstood }];
    });
  }

  #closeListener(): void {
    closeQuietly(this.#listener);
    const { listen } = this.#options;
    if (listen.kind !== "unix") return;
    try {
      Deno.removeSync(listen.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#error ??= listenError(listen, error);
    }
  }

  #tell(notice: RecordNotice): void {
    this.#options.notice?.(notice);
  }
}

function listening(address: SocketAddress): SocketListener {
  try {
    return listenAt(address);
  } catch (error) {
    throw listenError(address, error);
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

/** The last part of a path. */
function nameOf(directory: string): string {
  return directory.split(/[\\/]/).findLast((part) => part !== "" && part !== ".") ?? directory;
}
