/** A file being written. */
export interface RecordFile {
  /** Writes all of the bytes, or throws. `at` is their place; behind what was written last if absent. */
  write(bytes: Uint8Array, at?: number): void;
  /** Makes the file so long; what was not written reads as zeros. */
  extend(length: number): void;
  /** Closes it. */
  close(): void;
}

/** Where a recording is written: a directory, or what a test puts in its place. */
export interface RecordStorage {
  /** Makes the directory. Throws if it is there. */
  makeDirectory(): void;
  /** Makes a file in it. Throws if it is there. */
  create(name: string): RecordFile;
  /** Puts a small file in place as a whole: the old one, or the new one, is there at every moment. */
  replace(name: string, text: string): void;
}

/** The directory `path` on a disk. */
export class DirectoryStorage implements RecordStorage {
  readonly #path: string;

  /** Nothing is made yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the directory. What is in it is a guest's memory: only its owner may look. */
  makeDirectory(): void {
    Deno.mkdirSync(this.#path, { mode: 0o700 });
  }

  /** Makes a file in it. */
  create(name: string): RecordFile {
    return new DiskFile(Deno.openSync(`${this.#path}/${name}`, { write: true, createNew: true }));
  }

  /** Writes beside, then renames. */
  replace(name: string, text: string): void {
    const beside = `${this.#path}/.${name}.new`;
    Deno.writeTextFileSync(beside, text);
    Deno.renameSync(beside, `${this.#path}/${name}`);
  }
}

class DiskFile implements RecordFile {
  readonly #file: Deno.FsFile;
  /** Where the file stands. */
  #position = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array, at: number = this.#position): void {
    if (at !== this.#position) this.#position = this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      const count = this.#file.writeSync(written === 0 ? bytes : bytes.subarray(written));
      written += count;
      this.#position += count;
    }
  }

  extend(length: number): void {
    this.#file.truncateSync(length);
  }

  close(): void {
    this.#file.close();
  }
}
