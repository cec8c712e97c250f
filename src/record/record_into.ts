import type { Direction } from "../capture/mod.ts";
import { CaptureWriter } from "./capture_writer.ts";
import { LiveMigration } from "./live_migration.ts";
import { storageError } from "./record_error.ts";
import { DirectoryStorage } from "./storage.ts";

/** What a capture directory that is written is called. */
export interface RecordIntoOptions {
  /** Name of the capture. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly about?: string;
}

/** Writes a capture directory from connections that somebody else has. */
export interface CaptureRecorder {
  /** A connection was opened; gives its number. */
  open(): number;
  /** Bytes were sent (`s2d`), or came (`d2s`). They are recorded when this returns. */
  received(connection: number, direction: Direction, bytes: Uint8Array): void;
  /** A direction was closed, or broken off for the reason `error`. */
  ended(connection: number, direction: Direction, error?: string): void;
  /** Closes the files. */
  close(): void;
}

/**
 * Begins a capture directory; whoever has the connections tells what goes over them. At every moment it can be read.
 *
 * @param directory The directory; it must not be there.
 * @param options What it is called.
 * @returns Whom to tell.
 * @throws {RecordError} If it cannot be made.
 *
 * @example
 * ```ts
 * import { recordInto } from "@migwire/migwire/record";
 *
 * // Keeps a stream that a program made itself.
 * function keep(directory: string, bytes: Uint8Array): void {
 *   const recorder = recordInto(directory, { name: "made by hand" });
 *   const connection = recorder.open();
 *   recorder.received(connection, "s2d", bytes);
 *   recorder.ended(connection, "s2d");
 *   recorder.close();
 * }
 * ```
 */
export function recordInto(directory: string, { name, about }: RecordIntoOptions): CaptureRecorder {
  const start = performance.now();
  const migration = new LiveMigration({ phase: () => {}, identified: () => {} });
  try {
    return new CaptureWriter({
      storage: new DirectoryStorage(directory),
      name,
      ...(about === undefined ? {} : { about }),
      payload: true,
      clock: () => Math.round((performance.now() - start) * 1e6),
    }, migration);
  } catch (error) {
    throw storageError(directory, error);
  }
}
