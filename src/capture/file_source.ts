import type { ByteSource } from "./source.ts";
import { withPath } from "./with_path.ts";

/**
 * A file. Its size is that at the time of opening; what is appended later is not seen.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FileSource, readBytes } from "@migwire/migwire/capture";
 *
 * const source = new FileSource("testdata/vfio-multifd-2/channel-00.s2d");
 * assertEquals(readBytes(source, 0, 4), new TextEncoder().encode("QEVM"));
 * source.close();
 * ```
 */
export class FileSource implements ByteSource {
  /** Number of bytes. */
  readonly size: number;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** Where the file stands: reading on from there needs no seek. */
  #position: number;
  #open = true;

  /** Opens the file at `path`. Throws {@linkcode CaptureError}. */
  constructor(path: string) {
    this.#path = path;
    this.#file = withPath(path, () => Deno.openSync(path));
    try {
      // Not by its status: a block device has none of use, and Deno asks for another permission behind a symbolic link.
      this.size = withPath(path, () => this.#file.seekSync(0, Deno.SeekMode.End));
      this.#position = this.size;
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /** Reads as {@linkcode ByteSource} says. Throws {@linkcode CaptureError} when the system cannot. */
  readAt(offset: number, into: Uint8Array): number {
    const wanted = Math.min(into.length, this.size - offset);
    if (wanted <= 0) return 0;
    return withPath(this.#path, () => {
      if (offset !== this.#position) this.#file.seekSync(offset, Deno.SeekMode.Start);
      const count = this.#file.readSync(wanted === into.length ? into : into.subarray(0, wanted)) ?? 0;
      this.#position = offset + count;
      return count;
    });
  }

  /** Closes the file; once more does nothing. */
  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }
}
