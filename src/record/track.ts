import type { ChannelRole } from "../stream/mod.ts";
import type { Direction } from "../capture/mod.ts";
import type { LiveChannel } from "./live_channel.ts";
import type { LiveMigration } from "./live_migration.ts";
import type { RecordFile, RecordStorage } from "./storage.ts";
import { StructureKeeper } from "./structure_keeper.ts";

/** One direction of a connection, on its way into its file. */
export interface Track {
  /** What is seen in it. */
  readonly live: LiveChannel;
  /** Bytes that came. */
  readonly bytes: number;
  /** Takes bytes that came; they are in the file when it returns. Throws what the storage throws. */
  take(bytes: Uint8Array): void;
  /** Takes bytes that are not recorded any more. */
  watch(bytes: Uint8Array): void;
  /** Nothing more will come. */
  end(): void;
  /** What is not kept because it was not understood, if anything. */
  readonly notUnderstood: NotUnderstood | undefined;
}

/** What is not kept, since it may be anything. */
export interface NotUnderstood {
  /** From where on. */
  readonly offset: number;
  /** Why it was not understood. */
  readonly reason: string;
}

/** Where a track lies. */
export interface TrackPlace {
  /** Where its file is made, with the first byte. */
  readonly storage: RecordStorage;
  /** Number of the connection. */
  readonly index: number;
  /** Who sends. */
  readonly direction: Direction;
}

/** Name of the file of a direction. */
function fileName({ index, direction }: TrackPlace): string {
  return `channel-${String(index).padStart(2, "0")}.${direction}`;
}

/** Keeps all bytes. */
export class WholeTrack implements Track {
  readonly live: LiveChannel;
  readonly notUnderstood = undefined;
  bytes = 0;
  readonly #place: TrackPlace;
  #file: RecordFile | undefined;

  /** A track of which nothing has come. */
  constructor(place: TrackPlace, migration: LiveMigration) {
    this.#place = place;
    this.live = migration.channel(place.index, place.direction);
  }

  /** Writes the bytes as they are. */
  take(bytes: Uint8Array): void {
    this.#file ??= this.#place.storage.create(fileName(this.#place));
    this.#file.write(bytes);
    this.watch(bytes);
  }

  /** Only looks at them. */
  watch(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.live.push(bytes);
  }

  /** Closes the file. */
  end(): void {
    this.live.end();
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Bytes, and where they stand in the channel. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Channels in which structures can be told from payload. */
const READABLE: readonly ChannelRole[] = ["main", "multifd", "recovery", "return-path", "preempt"];

/** Pieces nearer than this are written in one go, with zeros between them. */
const WORTH_A_HOLE = 16 * 1024;

/**
 * Keeps what was understood, without pages. The file is as long as what was understood: holes stand where payload was. What
 * is begun and not understood yet is in no file; what is not understood never gets there.
 */
export class StructureTrack implements Track {
  readonly live: LiveChannel;
  bytes = 0;
  readonly #place: TrackPlace;
  #keeper: StructureKeeper | undefined;
  #file: RecordFile | undefined;
  /** Bytes that are to be written, in their order. */
  #pieces: Piece[] = [];
  /** Length of the file. */
  #length = 0;
  /** Nothing more is written. */
  #isOver = false;
  #notUnderstood: NotUnderstood | undefined;

  /** A track of which nothing has come. */
  constructor(place: TrackPlace, migration: LiveMigration) {
    this.#place = place;
    this.live = migration.channel(place.index, place.direction, (grammar, { role }) => {
      if (!READABLE.includes(role)) return grammar;
      return this.#keeper = new StructureKeeper(grammar, (offset, bytes) => this.#pieces.push({ offset, bytes }));
    });
  }

  /** What is not kept because it was not understood. */
  get notUnderstood(): NotUnderstood | undefined {
    return this.#notUnderstood;
  }

  /** Reads the bytes, and writes what was understood. */
  take(bytes: Uint8Array): void {
    const passing = Math.min(this.live.passing, bytes.length);
    if (passing > 0) this.#keeper?.passed(this.live.offset, bytes.subarray(0, passing));
    this.#look(bytes);
    this.#write();
  }

  /** Only looks at them: from now on nothing is written. */
  watch(bytes: Uint8Array): void {
    this.#isOver = true;
    this.#look(bytes);
  }

  /** Writes what is understood now that nothing more comes, and closes the file. */
  end(): void {
    try {
      this.live.end();
      this.#noteOpaque();
      this.#write();
    } finally {
      this.#file?.close();
      this.#file = undefined;
    }
  }

  #look(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.live.push(bytes);
    this.#noteOpaque();
  }

  #noteOpaque(): void {
    const { identity, failure } = this.live;
    if (this.#notUnderstood !== undefined || identity === undefined) return;
    const opaque = this.#keeper?.opaque;
    if (this.#keeper === undefined) this.#notUnderstood = { offset: 0, reason: identity.reason };
    else if (opaque !== undefined) this.#notUnderstood = { offset: opaque.offset, reason: opaque.reason };
    else if (failure !== undefined) this.#notUnderstood = { offset: this.#keeper.understood, reason: failure };
  }

  /** Writes the pieces, those near to each other together, and makes the file as long as what was understood. */
  #write(): void {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (this.#isOver) return;
    for (let i = 0; i < pieces.length;) {
      const start = pieces[i]?.offset ?? 0;
      let end = start;
      let next = i;
      for (; next < pieces.length; next++) {
        const { offset, bytes } = pieces[next] as Piece;
        if (offset - end > WORTH_A_HOLE) break;
        end = offset + bytes.length;
      }
      const together = new Uint8Array(end - start);
      for (const { offset, bytes } of pieces.slice(i, next)) together.set(bytes, offset - start);
      this.#open().write(together, start);
      this.#length = end;
      i = next;
    }
    const understood = this.#keeper?.understood ?? 0;
    if (understood <= this.#length) return;
    this.#open().extend(understood);
    this.#length = understood;
  }

  #open(): RecordFile {
    return this.#file ??= this.#place.storage.create(fileName(this.#place));
  }
}
