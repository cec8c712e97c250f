import { indexOfNeedle } from "@std/bytes/index-of-needle";
import { IDENTIFY_USUAL_BYTES, identifyChannel } from "../stream/mod.ts";
import { type Capture, type CaptureChannel, type Direction, firstBytes } from "./capture.ts";
import { CaptureError, withPath } from "./capture_error.ts";
import { openDirectory } from "./directory.ts";
import type { SequentialRead } from "./drive.ts";
import { LIBVIRT_HEADER_BYTES, readLibvirtHeader } from "./libvirt.ts";
import { PIPE_KEEP, readPipe } from "./pipe.ts";
import { type ByteSource, FileSource, readBytes, sourceAt } from "./source.ts";

/** How {@linkcode openCapture} opens. */
export interface OpenOptions {
  /** Where the stream begins in the file, bytes. If given, what the file is is not asked. */
  readonly offset?: number;
  /** Reads standard input; that of the process if absent. */
  readonly stdin?: SequentialRead;
  /** Bytes of a pipe that are kept in memory at most; 32 MiB if absent. */
  readonly keep?: number;
}

/**
 * Opens a capture: a capture directory, a file with one channel, or standard input.
 *
 * @param spec Path of a directory or file, or `-` for standard input.
 * @param options Where in the file the stream begins.
 * @throws {CaptureError} With a hint, if there is nothing to read, or something else than a stream.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire";
 *
 * const input = [Uint8Array.fromHex("5145564d00000003")];
 * const stdin = (into: Uint8Array): number | null => {
 *   const next = input.shift();
 *   if (next !== undefined) into.set(next);
 *   return next?.length ?? null;
 * };
 * const capture = openCapture("-", { stdin });
 * assertEquals(capture.channels[0]?.source?.size, 8);
 * capture.close();
 * ```
 */
export function openCapture(spec: string, options: OpenOptions = {}): Capture {
  if (spec === "-") return openStdin(options);
  const status = withPath(spec, () => Deno.statSync(spec));
  if (!status.isDirectory) return openFile(spec, !status.isFile && !status.isBlockDevice, options);
  if (options.offset !== undefined) {
    throw new CaptureError("offset", `Cannot read ${spec} from an offset on: it is a directory`, "name one file of it");
  }
  return openDirectory(spec);
}

function openStdin(options: OpenOptions): Capture {
  if (options.stdin === undefined && Deno.stdin.isTerminal()) {
    throw new CaptureError("terminal", "Cannot read standard input: it is a terminal", "pipe a stream in");
  }
  const read = options.stdin ?? ((into: Uint8Array) => Deno.stdin.readSync(into));
  const bytes = readPipe(read, options.offset, options.keep ?? PIPE_KEEP);
  return single({ kind: "stdin", name: "-", label: "stdin" }, bytes, options, () => {});
}

function openFile(path: string, isPipe: boolean, options: OpenOptions): Capture {
  const label = path.split(/[\\/]/).at(-1) ?? path;
  const what = { kind: "file", name: path, label } as const;
  if (isPipe) {
    const file = withPath(path, () => Deno.openSync(path));
    const read = (into: Uint8Array): number | null => withPath(path, () => file.readSync(into));
    return closing(file, (close) => single(what, readPipe(read, options.offset, options.keep), options, close));
  }
  const container = new FileSource(path);
  return closing(container, (close) => {
    if (container.size === 0) throw new CaptureError("is-empty", `Cannot read ${path}: it is empty`);
    const offset = options.offset ?? 0;
    const bytes = {
      source: sourceAt(container, offset, path),
      ...(offset === 0 ? {} : { container: { source: container, offset } }),
    };
    return single(what, bytes, options, close);
  });
}

/** Makes a capture that closes `resource` in the end, or now if it cannot be made. */
function closing(resource: { close(): void }, make: (close: () => void) => Capture): Capture {
  try {
    let open = true;
    return make(() => {
      if (open) resource.close();
      open = false;
    });
  } catch (error) {
    resource.close();
    throw error;
  }
}

/** A capture of one channel. */
function single(
  { kind, name, label }: { kind: "file" | "stdin"; name: string; label: string },
  bytes: Pick<CaptureChannel, "source" | "pipe" | "container">,
  options: OpenOptions,
  close: () => void,
): Capture {
  const [, index, named] = /^channel-(\d{2,4})\.(s2d|d2s)$/.exec(label) ?? [];
  const channel: CaptureChannel = {
    label,
    index: Number(index ?? 0),
    direction: "s2d",
    isFile: kind === "file" && index === undefined,
    ...bytes,
  };
  const first = firstBytes(channel, IDENTIFY_USUAL_BYTES);
  if (options.offset === undefined) refuseWrapped(name, first, channel.source);
  const direction = (named as Direction | undefined) ?? directionOf(first);
  return { name, kind, channels: [{ ...channel, direction }], findings: [], close };
}

/** Who sent a channel of which only the bytes are known. */
function directionOf(first: Uint8Array): Direction {
  const as = (direction: Direction): string => identifyChannel(first, { direction, ended: true }).role;
  return as("s2d") === "unknown" && as("d2s") !== "unknown" ? "d2s" : "s2d";
}

/** What holds a stream but is none: says how to get at the stream. */
function refuseWrapped(name: string, first: Uint8Array, source: ByteSource | undefined): void {
  const { role, compression } = identifyChannel(first, { ended: true });
  switch (role) {
    case "compressed":
      throw new CaptureError(
        "compressed",
        `Cannot read ${name}: it is compressed with ${compression}`,
        `unpack it: ${compression} -dc ${name === "-" ? "FILE" : name} | migwire COMMAND -`,
      );
    case "qcow2":
      throw new CaptureError(
        "qcow2-image",
        `Cannot read ${name}: it is a qcow2 disk image; an internal snapshot's stream is somewhere inside`,
        "give where it begins with --offset",
      );
    case "libvirt":
      throw libvirtImage(name, first, source);
    default:
  }
}

function libvirtImage(name: string, first: Uint8Array, source: ByteSource | undefined): CaptureError {
  const header = readLibvirtHeader(first.subarray(0, LIBVIRT_HEADER_BYTES));
  if (header === undefined) {
    return new CaptureError(
      "libvirt-image",
      `Cannot read ${name}: it is a libvirt save image whose header is not understood`,
      "give where the stream begins with --offset",
    );
  }
  const what = header.complete ? "a libvirt save image" : "a libvirt save image that was not completed";
  if (header.format !== "raw" && header.format !== "sparse") {
    return new CaptureError(
      "libvirt-image",
      `Cannot read ${name}: it is ${what}, with a stream that is compressed with ${header.format}`,
      `unpack it: tail -c +${header.streamOffset + 1} FILE | ${header.format} -dc | migwire COMMAND -`,
    );
  }
  const offset = findStream(source, header.streamOffset);
  return new CaptureError(
    "libvirt-image",
    `Cannot read ${name} from its start on: it is ${what}, its stream begins at offset ${offset}`,
    `give --offset ${offset}`,
  );
}

/** Where the file header is: at `expected`, else within the MiB after it, as in images padded for direct I/O. */
function findStream(source: ByteSource | undefined, expected: number): number {
  if (source === undefined) return expected;
  const found = indexOfNeedle(readBytes(source, expected, 1024 * 1024), new TextEncoder().encode("QEVM\0\0\0\x03"));
  return expected + Math.max(0, found);
}
