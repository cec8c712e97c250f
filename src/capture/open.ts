import { IDENTIFY_USUAL_BYTES, identifyChannel } from "../stream/mod.ts";
import type { Finding } from "../wire/mod.ts";
import { type Capture, type CaptureChannel, firstBytes } from "./capture.ts";
import type { Direction } from "./direction.ts";
import { CaptureError } from "./capture_error.ts";
import { withPath } from "./with_path.ts";
import { openDirectory } from "./directory.ts";
import type { SequentialRead } from "./drive.ts";
import { isPacketCapture, openPackets, type PacketOptions } from "./pcap/mod.ts";
import { PIPE_KEEP, readPipe } from "./pipe.ts";
import { FileSource } from "./file_source.ts";
import { readBytes, sourceAt } from "./source.ts";
import { type ChannelBytes, unwrap } from "./unwrap.ts";

/** How {@linkcode openCapture} opens. */
export interface OpenOptions {
  /** Where the stream begins in the file, bytes. If given, what the file is is not asked. */
  readonly offset?: number;
  /** Reads standard input; that of the process if absent. */
  readonly stdin?: SequentialRead;
  /** Which of a packet capture's migrations, from 1 on; must be given if there are several. */
  readonly migration?: number;
  /** Bytes of a pipe that are kept in memory at most; if absent 32 MiB, and 256 MiB of what was compressed. */
  readonly keep?: number;
}

/**
 * Opens a capture: a capture directory, a file with one channel, or standard input. A file's channel may be compressed,
 * or in a libvirt save image: that is found by its content, unless an offset says where the stream begins.
 *
 * @param spec Path of a directory or file, or `-` for standard input.
 * @param options Where in the file the stream begins.
 * @returns The capture, to be closed in the end.
 * @throws {CaptureError} With a hint, if there is nothing to read, or something else than a stream.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
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
  return closing((closes) => {
    const bytes = readPipe(read, options.offset, options.keep ?? PIPE_KEEP);
    return single({ kind: "stdin", name: "-", label: "stdin" }, bytes, options, closes);
  });
}

function openFile(path: string, isPipe: boolean, options: OpenOptions): Capture {
  const label = path.split(/[\\/]/).at(-1) ?? path;
  const what = { kind: "file", name: path, label } as const;
  return closing((closes) => {
    if (isPipe) {
      const file = withPath(path, () => Deno.openSync(path));
      closes(file);
      const read = (into: Uint8Array): number | null => withPath(path, () => file.readSync(into));
      return single(what, readPipe(read, options.offset, options.keep), options, closes);
    }
    const container = new FileSource(path);
    closes(container);
    if (container.size === 0) throw new CaptureError("is-empty", `Cannot read ${path}: it is empty`);
    const offset = options.offset ?? 0;
    const bytes = {
      source: sourceAt(container, offset, path),
      ...(offset === 0 ? {} : { container: { source: container, offset } }),
    };
    return single(what, bytes, options, closes);
  });
}

/** Receives what must be closed when the capture is. */
type Closes = (resource: { close(): void }) => void;

/** Makes a capture that closes its resources in the end, the last first; or now if it cannot be made. */
function closing(make: (closes: Closes) => Omit<Capture, "close">): Capture {
  const resources: { close(): void }[] = [];
  const close = (): void => {
    for (const resource of resources.splice(0).reverse()) resource.close();
  };
  try {
    return { ...make((resource) => resources.push(resource)), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A capture of one channel. */
function single(
  { kind, name, label }: { kind: "file" | "stdin"; name: string; label: string },
  stored: ChannelBytes,
  options: OpenOptions,
  closes: Closes,
): Omit<Capture, "close"> {
  const findings: Finding[] = [];
  const report = (finding: Finding): number => findings.push(finding);
  const { keep } = options;
  const { bytes, libvirt } = options.offset === undefined
    ? unwrap(stored, { name, label, report, closes, ...(keep === undefined ? {} : { keep }) })
    : { bytes: stored };
  const packets = options.offset === undefined ? packetsOf(bytes, { name, label, ...options }) : undefined;
  if (packets !== undefined) {
    return { ...packets, name: kind === "stdin" ? label : name, findings: [...findings, ...packets.findings] };
  }
  if (options.migration !== undefined) {
    throw new CaptureError("migration", `Cannot choose a migration of ${name}: it is no packet capture`);
  }
  const [, index, named] = /^channel-(\d{2,4})\.(s2d|d2s)$/.exec(label) ?? [];
  const channel: CaptureChannel = {
    label,
    index: Number(index ?? 0),
    direction: "s2d",
    isFile: kind === "file" && index === undefined,
    ...bytes,
  };
  const direction = (named as Direction | undefined) ?? directionOf(firstBytes(channel, IDENTIFY_USUAL_BYTES));
  return {
    name,
    kind,
    channels: [{ ...channel, direction }],
    ...(libvirt === undefined ? {} : { libvirt }),
    findings,
  };
}

/** The migration in a packet capture; undefined if it is none. */
function packetsOf({ source, pipe }: ChannelBytes, options: PacketOptions): Capture | undefined {
  const first = pipe?.head ?? (source === undefined ? new Uint8Array(0) : readBytes(source, 0, 4));
  if (!isPacketCapture(first)) return undefined;
  if (source !== undefined) return openPackets(source, options);
  throw new CaptureError(
    "too-large",
    `Cannot read ${options.name}: it is a packet capture that is too large to be kept in memory`,
    "give it as a file",
  );
}

/** Who sent a channel of which only the bytes are known. */
function directionOf(first: Uint8Array): Direction {
  const as = (direction: Direction): string => identifyChannel(first, { direction, ended: true }).role;
  return as("s2d") === "unknown" && as("d2s") !== "unknown" ? "d2s" : "s2d";
}
