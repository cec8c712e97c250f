import { CAPTURE_FORMAT, type Direction } from "../capture/mod.ts";
import type { LiveMigration } from "./live_migration.ts";
import type { RecordFile, RecordStorage } from "./storage.ts";
import { StructureTrack, type Track, WholeTrack } from "./track.ts";

/** What a {@linkcode CaptureWriter} writes. */
export interface CaptureWriterOptions {
  /** Where. */
  readonly storage: RecordStorage;
  /** Name of the capture. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly about?: string;
  /** Whether pages and the data of devices are kept. */
  readonly payload: boolean;
  /** Bytes that are recorded at most; all if absent. */
  readonly maxBytes?: number;
  /** Nanoseconds since the recording began; never falling. */
  readonly clock: () => number;
}

/**
 * Writes a capture directory (format `migwire-capture/1`) while the migration goes on. At every moment it can be read: the
 * manifest is there first and is replaced as a whole, bytes are in their file before their event is, and all is with the
 * system when a call returns.
 */
export class CaptureWriter {
  readonly #options: CaptureWriterOptions;
  readonly #migration: LiveMigration;
  readonly #encoder = new TextEncoder();
  readonly #events: RecordFile;
  readonly #tracks: { readonly [direction in Direction]: Track }[] = [];
  #recorded = 0;
  #isFull = false;
  #isEncrypted = false;

  /** Makes the directory. Throws what the storage throws. */
  constructor(options: CaptureWriterOptions, migration: LiveMigration) {
    this.#options = options;
    this.#migration = migration;
    options.storage.makeDirectory();
    this.#writeManifest();
    this.#events = options.storage.create("events.jsonl");
  }

  /** The connections, in the order in which they were opened. */
  get tracks(): readonly { readonly [direction in Direction]: Track }[] {
    return this.#tracks;
  }

  /** Bytes in the files, those left out counted. */
  get recorded(): number {
    return this.#recorded;
  }

  /** `maxBytes` have come: nothing more is recorded. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** A connection was opened; gives its number. */
  open(): number {
    const { storage, payload } = this.#options;
    const index = this.#tracks.length;
    const track = (direction: Direction): Track => {
      const place = { storage, index, direction };
      return payload ? new WholeTrack(place, this.#migration) : new StructureTrack(place, this.#migration);
    };
    this.#tracks.push({ s2d: track("s2d"), d2s: track("d2s") });
    this.#note(`"ch":${index},"ev":"open"`);
    return index;
  }

  /** Bytes came. They are recorded when this returns, unless they are beyond `maxBytes`. */
  received(index: number, direction: Direction, bytes: Uint8Array): void {
    const track = this.#track(index, direction);
    const room = (this.#options.maxBytes ?? Number.MAX_SAFE_INTEGER) - this.#recorded;
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    if (kept.length > 0) this.#record(track, direction, kept);
    if (kept === bytes) return;
    if (!this.#isFull) {
      this.#isFull = true;
      this.#writeManifest();
    }
    track.watch(bytes.subarray(kept.length));
  }

  #record(track: Track, direction: Direction, bytes: Uint8Array): void {
    const offset = track.bytes;
    track.take(bytes);
    this.#recorded += bytes.length;
    this.#note(`"ch":${track.live.index},"dir":"${direction}","off":${offset},"len":${bytes.length}`);
    if (this.#isEncrypted || track.live.identity?.role !== "tls") return;
    this.#isEncrypted = true;
    this.#writeManifest();
  }

  /** One direction was closed, or broken off for the reason `error`. */
  ended(index: number, direction: Direction, error?: string): void {
    const track = this.#track(index, direction);
    const how = error === undefined ? `"ev":"end"` : `"ev":"reset"`;
    const why = error === undefined ? "" : `,"error":${JSON.stringify(error)}`;
    track.end();
    this.#note(`"ch":${index},"dir":"${direction}",${how},"off":${track.bytes}${why}`);
  }

  /** Closes the files. */
  close(): void {
    this.#events.close();
  }

  #track(index: number, direction: Direction): Track {
    const track = this.#tracks[index]?.[direction];
    if (track === undefined) throw new RangeError(`Cannot record: connection ${index} was not opened`);
    return track;
  }

  /** A line of `events.jsonl`, in one write: it is there, or cut, but never mixed with another. */
  #note(fields: string): void {
    if (this.#isFull) return;
    this.#events.write(this.#encoder.encode(`{"t":${this.#options.clock()},${fields}}\n`));
  }

  #writeManifest(): void {
    const { storage, name, about, payload } = this.#options;
    const told = [
      about,
      this.#isFull ? `the recording stopped after ${this.#recorded} bytes, the migration went on` : undefined,
    ].filter((part) => part !== undefined);
    const manifest = {
      format: CAPTURE_FORMAT,
      name,
      ...(told.length === 0 ? {} : { about: told.join("; ") }),
      encrypted: this.#isEncrypted,
      payload,
    };
    storage.replace("capture.json", `${JSON.stringify(manifest, null, 2)}\n`);
  }
}
