/**
 * Files and directories that appear under their name only when they are whole.
 *
 * @module
 */

import { CaptureError } from "./capture_error.ts";

/** Receives bytes in order. */
export interface ByteSink {
  /** Writes all of `bytes`, which may change afterwards. */
  write(bytes: Uint8Array): void;
  /** Writes so many zeros; a file can have a hole there. Absent where they must be written. */
  hole?(length: number): void;
}

/** How {@linkcode writeWhole} and {@linkcode writeWholeDirectory} treat what is there. */
export interface OutputOptions {
  /** Replace what has the name already. */
  readonly replace?: boolean;
}

/** Small writes are gathered. */
const BUFFER_BYTES = 1024 * 1024;

/** Writes to a file through a buffer. */
class FileSink implements ByteSink {
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #filled = 0;
  #endsInHole = false;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) return this.#writeAll(bytes);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  hole(length: number): void {
    this.flush();
    this.#file.seekSync(length, Deno.SeekMode.Current);
    this.#endsInHole = true;
  }

  /** Writes what is still kept. */
  end(): void {
    this.flush();
    if (this.#endsInHole) this.#file.truncateSync(this.#file.seekSync(0, Deno.SeekMode.Current));
  }

  #writeAll(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#endsInHole = false;
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

/**
 * Writes a file beside `path` and gives it that name when `write` has come to its end. Whatever happens before, nothing
 * of it stays. `write` says now and then how many bytes it has written; to stop it there, return from the generator.
 *
 * @param path The file.
 * @param write Writes it.
 * @throws {CaptureError} `exists` if there is something of that name, `write-failed` with the system's reason.
 *
 * @example
 * ```ts
 * import { type ByteSink, writeWhole } from "@migwire/migwire/capture";
 *
 * // Writes a text; nobody ever sees half of it.
 * function writeText(path: string, text: string): void {
 *   const bytes = new TextEncoder().encode(text);
 *   const write = function* (sink: ByteSink): Generator<number> {
 *     sink.write(bytes);
 *     yield bytes.length;
 *   };
 *   for (const written of writeWhole(path, write)) console.log(written);
 * }
 * ```
 */
export function* writeWhole(
  path: string,
  write: (sink: ByteSink) => Generator<number>,
  options: OutputOptions = {},
): Generator<number> {
  const { replace = false } = options;
  refuseExisting(path, replace, false);
  const temporary = beside(path);
  let done = false;
  try {
    yield* attempted(path, writeNew(temporary, write));
    // It may have come meanwhile.
    refuseExisting(path, replace, false);
    attempt(path, () => Deno.renameSync(temporary, path));
    done = true;
  } finally {
    if (!done) remove(temporary);
  }
}

/** Writes a file that is not there yet. Throws what the system throws. */
export function* writeNew(path: string, write: (sink: ByteSink) => Generator<number>): Generator<number> {
  const file = Deno.openSync(path, { write: true, createNew: true });
  try {
    const sink = new FileSink(file);
    yield* write(sink);
    sink.end();
  } finally {
    file.close();
  }
}

/**
 * As {@linkcode writeWhole} for a directory: `write` is told where to put its files.
 *
 * @param path The directory.
 * @param write Writes its files.
 * @param owns Whether a directory may hold a file of that name and still be replaced. Others are not touched.
 * @returns Now and then how many bytes were written.
 * @throws {CaptureError} `exists`, `write-failed`.
 *
 * @example
 * ```ts
 * import { writeWholeDirectory } from "@migwire/migwire/capture";
 *
 * // Writes two files; nobody ever sees one without the other.
 * function writePair(path: string, pair: { a: string; b: string }): void {
 *   const write = function* (directory: string): Generator<number> {
 *     for (const [name, text] of Object.entries(pair)) {
 *       Deno.writeTextFileSync(`${directory}/${name}`, text);
 *       yield text.length;
 *     }
 *   };
 *   for (const written of writeWholeDirectory(path, write, { owns: (name) => name in pair })) console.log(written);
 * }
 * ```
 */
export function* writeWholeDirectory(
  path: string,
  write: (directory: string) => Generator<number>,
  options: OutputOptions & { readonly owns: (name: string) => boolean },
): Generator<number> {
  const { replace = false, owns } = options;
  const target = path.replace(/(?<=.)[\\/]+$/, "");
  refuseExisting(target, replace, true, owns);
  const temporary = beside(target);
  let done = false;
  try {
    attempt(target, () => Deno.mkdirSync(temporary));
    yield* attempted(target, write(temporary));
    refuseExisting(target, replace, true, owns);
    attempt(target, () => swap(temporary, target));
    done = true;
  } finally {
    if (!done) remove(temporary);
  }
}

/** Removes what was written, if it came so far. */
function remove(temporary: string): void {
  if (exists(temporary)) Deno.removeSync(temporary, { recursive: true });
}

/** Gives `temporary` the name `target`. A directory cannot be renamed over another: that one steps aside first. */
function swap(temporary: string, target: string): void {
  if (!exists(target)) return Deno.renameSync(temporary, target);
  const old = beside(target);
  Deno.renameSync(target, old);
  try {
    Deno.renameSync(temporary, target);
  } catch (error) {
    Deno.renameSync(old, target);
    throw error;
  }
  Deno.removeSync(old, { recursive: true });
}

/** A name in the same folder that nothing has: renaming works within a file system only. */
function beside(path: string): string {
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return `${path.slice(0, start)}.${path.slice(start)}.${crypto.randomUUID().slice(0, 8)}.part`;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function refuseExisting(path: string, replace: boolean, directory: boolean, owns?: (name: string) => boolean): void {
  if (!attempt(path, () => exists(path))) return;
  const refuse = (message: string, hint = ""): CaptureError =>
    new CaptureError("exists", `Cannot write ${path}: ${message}`, hint);
  if (!replace) throw refuse("it exists", "give another name, or --force to replace it");
  attempt(path, () => {
    const { isDirectory } = Deno.lstatSync(path);
    if (isDirectory !== directory) throw refuse(`it is ${isDirectory ? "a directory" : "no directory"}`);
    if (owns === undefined) return;
    for (const { name } of Deno.readDirSync(path)) {
      if (!owns(name)) throw refuse(`it holds ${name}, which is no file of a capture`, "remove it yourself");
    }
  });
}

/** Runs a generator; what the system throws becomes a {@linkcode CaptureError}. */
function* attempted(path: string, steps: Generator<number>): Generator<number> {
  try {
    yield* steps;
  } catch (error) {
    throw explain(path, error);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, cause: unknown): unknown {
  if (cause instanceof CaptureError || !(cause instanceof Error)) return cause;
  const options = { cause };
  if (cause instanceof Deno.errors.NotCapable) {
    const folder = path.replace(/[^\\/]*$/, "") || ".";
    const message = `Cannot write ${path}: Deno has no permission for the folder it is in`;
    return new CaptureError("not-allowed", message, `start with --allow-read --allow-write=${folder}`, options);
  }
  const isSystem = Object.values(Deno.errors).some((kind) => cause instanceof kind) || /os error/.test(cause.message);
  // Anything else is a bug, and must look like one.
  if (!isSystem) return cause;
  return new CaptureError("write-failed", `Cannot write ${path}: ${cause.message}`, "", options);
}
