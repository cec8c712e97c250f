import type { Finding, FindingDraft } from "../wire/mod.ts";
import { nodeCrypto } from "./builtin.ts";
import type { Capture, CaptureChannel } from "./capture.ts";
import type { Direction } from "./direction.ts";
import { CaptureError } from "./capture_error.ts";
import { withPath } from "./with_path.ts";
import { EventFile } from "./events.ts";
import { fileOffset } from "./file_offset.ts";
import { gunzip } from "./gunzip.ts";
import { type CaptureFile, type CaptureManifest, readManifest } from "./manifest.ts";
import { IDENTIFY_USUAL_BYTES, identifyChannel } from "../stream/mod.ts";
import { FileSource } from "./file_source.ts";
import { type ByteSource, MemorySource, readBytes, sourceAt } from "./source.ts";
import { isCaptureFile } from "./write_directory.ts";

const CHANNEL_NAME = /^channel-(\d{2,4})\.(s2d|d2s)$/;
const FILE_NAME = /^file\.[\w.-]+$/;

/** A manifest is some kilobytes; a larger one is not read. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;

/** A file larger than this is not hashed when opened: that would take longer than most that is done with it. */
const HASH_LIMIT = 256 * 1024 * 1024;

/**
 * Opens a capture directory (format `migwire-capture/1`).
 *
 * @param path The directory.
 * @throws {CaptureError} If it cannot be read, is of an unknown format, or holds no channel.
 */
export function openDirectory(path: string): Capture {
  const opened: ByteSource[] = [];
  const close = (): void => opened.forEach((source) => source.close());
  const open = (name: string): ByteSource => {
    const source = new FileSource(`${path}/${name}`);
    opened.push(source);
    return source;
  };
  try {
    return load(path, open, close);
  } catch (error) {
    close();
    throw error;
  }
}

function load(path: string, open: (name: string) => ByteSource, close: () => void): Capture {
  const entries = withPath(path, () => Array.from(Deno.readDirSync(path)));
  // A link may lead anywhere, and a pipe or device may never end: a capture is read from its own directory alone.
  const names = entries.filter(({ isFile }) => isFile).map(({ name }) => name).sort();
  const findings: Finding[] = entries.filter(({ name, isFile }) => !isFile && isCaptureFile(name)).map(({ name }) =>
    notRead(name)
  );
  const directory = path.split(/[\\/]/).findLast((part) => part !== "") ?? path;

  let manifest: CaptureManifest | undefined;
  if (names.includes("capture.json")) {
    const text = new TextDecoder().decode(readBytes(open("capture.json"), 0, MANIFEST_LIMIT));
    manifest = readManifest(text, directory, (finding) => findings.push(finding));
  } else {
    findings.push(noted("capture.json", { code: "no-manifest", message: "there is no capture.json" }));
  }

  const uriOffset = fileOffset(manifest?.source?.uri ?? "");
  const files = names.flatMap((name) => file(name, open, uriOffset));
  const channels = [...names.flatMap((name) => connection(name, open)), ...files]
    .sort((a, b) => a.index - b.index || (a.direction < b.direction ? 1 : -1));
  if (channels.length === 0) {
    if (manifest === undefined) {
      throw new CaptureError(
        "no-channels",
        `Cannot read ${path} as a capture: it has no capture.json, no channel-NN.s2d and no file.*`,
        "give the directory of one capture, or a file",
      );
    }
    findings.push(noted("capture.json", { code: "no-channels", message: "there is no channel: nothing was sent" }));
  }
  for (const channel of channels) {
    if (channel.isFile) findings.push(...compare(channel, manifest?.file));
  }
  findings.push(...silent(channels));

  return {
    name: manifest?.name ?? directory,
    kind: "directory",
    ...(manifest === undefined ? {} : { manifest }),
    channels,
    ...(names.includes("events.jsonl") ? { events: new EventFile(open("events.jsonl")) } : {}),
    findings,
    close,
  };
}

/** What has a name of the format, and is no file. */
function notRead(name: string): Finding {
  const message = `${name} is not a file of this directory, and is not read`;
  return { ...noted(name, { code: "no-file", message }), severity: "error" };
}

/** A finding about a file of the directory. */
function noted(channel: string, draft: Omit<FindingDraft, "severity">): Finding {
  return { offset: 0, ...draft, severity: "warning", channel };
}

function connection(name: string, open: (name: string) => ByteSource): CaptureChannel[] {
  const match = CHANNEL_NAME.exec(name);
  if (match === null) return [];
  return [{
    label: name,
    index: Number(match[1]),
    direction: match[2] as Direction,
    isFile: false,
    source: open(name),
  }];
}

/** What a source wrote with `file:` or `exec:` to a file: the stream begins at `offset`, if it is there. */
function file(name: string, open: (name: string) => ByteSource, offset: number): CaptureChannel[] {
  if (!FILE_NAME.test(name)) return [];
  const stored = open(name);
  const whole = name.endsWith(".gz") ? new MemorySource(gunzip(stored, name)) : stored;
  const channel = { label: name, index: 0, direction: "s2d", isFile: true } as const;
  const isMain = offset > 0 && identifyChannel(readBytes(whole, offset, IDENTIFY_USUAL_BYTES)).role === "main";
  if (!isMain) return [{ ...channel, source: whole }];
  return [{ ...channel, source: sourceAt(whole, offset, name), container: { source: whole, offset } }];
}

/** Holds a file to the size and hash that the manifest gives. */
function compare({ label, source: part, container }: CaptureChannel, file: CaptureFile | undefined): Finding[] {
  const source = container?.source ?? part;
  if (source === undefined || file === undefined || file.name !== label) return [];
  if (file.bytes !== undefined && file.bytes !== source.size) {
    const message = `${label} holds ${source.size} bytes, capture.json says ${file.bytes}`;
    return [noted(label, { code: "file-differs", field: "file.bytes", message })];
  }
  if (file.sha256 === undefined || source.size > HASH_LIMIT || sha256(source) === file.sha256) return [];
  const message = `${label} does not have the SHA-256 that capture.json says: it was changed`;
  return [noted(label, { code: "file-differs", field: "file.sha256", message })];
}

function sha256(source: ByteSource): string {
  const hash = nodeCrypto().createHash("sha256");
  const buffer = new Uint8Array(1024 * 1024);
  for (let at = 0; at < source.size;) {
    const count = source.readAt(at, buffer);
    if (count === 0) break;
    hash.update(buffer.subarray(0, count));
    at += count;
  }
  return hash.digest("hex");
}

/** Connections between others on which nothing was sent: there is no file of them, or it was lost. */
function silent(channels: readonly CaptureChannel[]): Finding[] {
  const there = new Set(channels.map((channel) => channel.index));
  const findings: Finding[] = [];
  for (let index = 0; index < Math.max(...there, 0); index++) {
    if (there.has(index)) continue;
    const name = `channel-${String(index).padStart(2, "0")}`;
    findings.push(noted(name, { code: "silent-channel", message: `${name} has no file: nothing was sent on it` }));
  }
  return findings;
}
