import type { Finding } from "../../wire/mod.ts";
import type { Capture, CaptureChannel } from "../capture.ts";
import type { Direction } from "../direction.ts";
import { CaptureError } from "../capture_error.ts";
import { type ByteSource, OffsetSource } from "../source.ts";
import { count, fileFindings, gapFindings, warning } from "./findings.ts";
import { findMigrations, type Link, type Migration, type Side } from "./migrations.ts";
import { PacketEvents, type TimedStream } from "./packet_events.ts";
import { findReadable } from "./readable.ts";
import { type Scan, scan } from "./scan.ts";
import { StreamSource } from "./stream_source.ts";
import { addressOf, describeEndpoint } from "./tcp_segment.ts";
import type { AssembledStream } from "./tcp_stream.ts";

/** How {@linkcode openPackets} opens. */
export interface PacketOptions {
  /** What the capture is called, for people: the path, or `-`. */
  readonly name: string;
  /** What the file is called in findings. */
  readonly label: string;
  /** Which of the file's migrations; 1 is the first. Must be said if there are several. */
  readonly migration?: number;
  /** Gives back the file. */
  readonly close?: () => void;
}

/** Migrations that are listed. */
const LISTED = 40;

/**
 * Opens a packet capture (pcap or pcapng): finds the migration in it and puts its TCP streams together. The file is read
 * once; of its data only the places are kept.
 *
 * @param file The file; {@linkcode isPacketCapture} says whether it is one.
 * @throws {CaptureError} `no-channels` if no connection begins like one of a migration, `several-migrations` with their
 * list as hint if it must be said which, `migration` if there is none of that number.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { CaptureError, MemorySource } from "@migwire/migwire/capture";
 * import { openPackets } from "./open_packets.ts";
 *
 * const empty = Uint8Array.fromHex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001".replaceAll(" ", ""));
 * assertThrows(() => openPackets(new MemorySource(empty), { name: "x.pcap", label: "x.pcap" }), CaptureError);
 * ```
 */
export function openPackets(file: ByteSource, options: PacketOptions): Capture {
  const scanned = scan(file);
  const migrations = findMigrations(scanned.connections.candidates(), file);
  const { links, ignored } = choose(migrations, scanned, options);
  const parts = links.flatMap((link, index) => [
    partOf(link, link.source, { index, direction: "s2d" }, file),
    partOf(link, link.target, { index, direction: "d2s" }, file),
  ]);
  const whole: Capture = {
    name: options.name,
    kind: "packets",
    channels: parts.filter(({ bytes }) => bytes.size > 0).map(({ channel }) => channel),
    findings: [],
    close: options.close ?? ((): void => {}),
  };
  return withGaps(whole, parts, [
    ...fileFindings(options.label, scanned, ignored),
    ...silent(parts),
  ]);
}

/** A direction of a connection of the migration. */
interface Part {
  readonly channel: CaptureChannel;
  readonly link: Link;
  readonly side: Side;
  readonly bytes: AssembledStream;
}

function partOf(
  link: Link,
  side: Side,
  { index, direction }: { index: number; direction: Direction },
  file: ByteSource,
): Part {
  const peer = side === link.source ? link.target : link.source;
  const label = `${describeEndpoint(side.stream.from)} > ${describeEndpoint(peer.stream.from)}`;
  const source = new StreamSource(side.bytes, file);
  return { channel: { label, index, direction, isFile: false, source }, link, side, bytes: side.bytes };
}

/** Connections on which nothing was sent. */
function silent(parts: readonly Part[]): Finding[] {
  return [...Map.groupBy(parts, ({ link }) => link).values()]
    .filter((sides) => sides.every(({ bytes }) => bytes.size === 0))
    .flatMap(([first]) => {
      if (first === undefined) return [];
      const { label } = first.channel;
      return [warning(label, "silent-channel", `nothing was sent on the connection ${label}`)];
    });
}

/** Ends each channel where it cannot be read any more, and says what is lost. */
function withGaps(whole: Capture, parts: readonly Part[], findings: readonly Finding[]): Capture {
  const gapped = new Map<CaptureChannel, AssembledStream>();
  for (const { channel, bytes } of parts) {
    if (bytes.gaps().next().done !== true) gapped.set(channel, bytes);
  }
  const readable = gapped.size === 0 ? new Map<CaptureChannel, number>() : findReadable(whole, gapped);
  const sizeOf = ({ channel, bytes }: Part): number => readable.get(channel) ?? bytes.size;
  const present = parts.filter(({ bytes }) => bytes.size > 0);
  const timed = parts.map((part): TimedStream => {
    const { channel: { index, direction }, link: { opened }, side: { stream }, bytes } = part;
    const size = sizeOf(part);
    const closed = size === bytes.size ? stream.closed : undefined;
    return { channel: index, direction, opened, bytes, size, closed };
  });
  return {
    ...whole,
    channels: present.map((part) => cut(part.channel, sizeOf(part))),
    events: new PacketEvents(timed),
    findings: [...findings, ...present.flatMap((part) => lost(part, readable.get(part.channel)))],
  };
}

function cut(channel: CaptureChannel, size: number): CaptureChannel {
  const { source } = channel;
  if (source === undefined || source.size === size) return channel;
  return { ...channel, source: new OffsetSource(source, 0, size) };
}

function lost({ channel: { label }, side: { stream }, bytes }: Part, readable: number | undefined): Finding[] {
  const findings = readable === undefined ? [] : [...gapFindings(label, bytes, readable)];
  if (stream.origin !== undefined) return findings;
  const message = "the beginning of the connection is not in the capture: bytes may be missing before the first";
  return [warning(label, "tcp-start", message), ...findings];
}

function choose(migrations: readonly Migration[], scanned: Scan, { name, migration }: PacketOptions): Migration {
  const [first, ...others] = migrations;
  if (first === undefined) throw noMigration(name, scanned);
  if (migration !== undefined) {
    const chosen = migrations[migration - 1];
    if (chosen !== undefined) return chosen;
    const message = `Cannot read migration ${migration} of ${name}: it has ${count(migrations.length, "migration")}`;
    throw new CaptureError("migration", message, listOf(migrations));
  }
  if (others.length === 0) return first;
  const message = `Cannot tell which migration of ${name} to read: it has ${migrations.length}`;
  throw new CaptureError("several-migrations", message, `choose one with --migration N:\n${listOf(migrations)}`);
}

function noMigration(name: string, { connections, frames, linkTypes }: Scan): CaptureError {
  const seen = count(connections.seen, "TCP connection");
  const message = `Cannot find a migration in ${name}: of ${seen} none begins like one`;
  if (connections.seen > 0) {
    const hint = "the capture must have begun before the migration, with whole packets: tcpdump -s 0";
    return new CaptureError("no-channels", message, hint);
  }
  const notRead = frames.fragment + frames["link-type"];
  if (notRead === 0) return new CaptureError("no-channels", message);
  const types = linkTypes.size === 0 ? "" : `, of link type ${[...linkTypes.keys()].slice(0, 8).join(", ")}`;
  return new CaptureError("no-channels", message, `${count(notRead, "frame")} could not be read${types}`);
}

/** A line for each migration. */
function listOf(migrations: readonly Migration[]): string {
  const [zero = 0] = migrations.map(({ links }) => links[0]?.opened ?? 0).sort((a, b) => a - b);
  const lines = migrations.slice(0, LISTED).map(({ links }, i) => {
    const [first] = links;
    if (first === undefined) return "";
    const from = addressOf(first.source.stream.from);
    const to = describeEndpoint(first.target.stream.from);
    const bytes = links.reduce((sum, { source }) => sum + source.bytes.size, 0);
    const seconds = ((first.opened - zero) / 1e9).toFixed(3);
    return `  ${i + 1}: ${from} to ${to}, ${count(links.length, "connection")}, ${
      count(bytes, "byte")
    }, at ${seconds} s`;
  });
  const left = migrations.length - lines.length;
  return [...lines, ...(left > 0 ? [`  and ${left} more`] : [])].join("\n");
}
