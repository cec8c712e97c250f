/** Lanes of captures and of made-up channels, and what is in them, for tests. @module */

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { createHash } from "node:crypto";
import { type Capture, type CaptureChannel, MemorySource, readCapture } from "../../capture/mod.ts";
import { ChannelParser, MultifdGrammar } from "../../stream/mod.ts";
import { deviceStateHeader, type Finding, multifdBlockName, multifdInit } from "../../wire/mod.ts";
import { LaneCollector } from "../collect_lane.ts";
import type { Item } from "../item.ts";
import type { Lane } from "../lane.ts";
import { itemBytes, laneParts } from "./mod.ts";
import { RamPackets } from "./ram_packet.ts";

const packets4K = new RamPackets(4096);

/** The multifd channels of a capture; its other channels; what was found wrong with those. */
export function lanesOf(
  capture: Capture,
  reserialise = false,
): { lanes: Lane[]; others: CaptureChannel[]; codes: Set<string> } {
  const collectors = new Map<CaptureChannel, LaneCollector>();
  const codes = new Set<string>();
  readCapture(capture, (record, { channel, identity }) => {
    if (identity.role !== "multifd") return;
    const { source } = channel;
    if (source === undefined) throw new TypeError("the capture's channels must be seekable");
    const known = collectors.get(channel) ?? new LaneCollector({ source, connection: channel.index, reserialise });
    collectors.set(channel, known);
    known.add(record);
  }, { report: ({ code, channel }) => channel.startsWith("multifd") && codes.add(code) });
  const lanes = [...collectors.values()].map((collector) => collector.finish());
  return { lanes, others: capture.channels.filter((channel) => !collectors.has(channel)), codes };
}

/** All bytes that a lane sends. */
export function laneBytes(lane: Lane): Uint8Array<ArrayBuffer> {
  return concat([...laneParts(lane)].map(itemBytes));
}

/** A capture with other multifd channels. */
export function withLanes(capture: Capture, others: readonly CaptureChannel[], lanes: readonly Lane[]): Capture {
  const { events: _events, ...rest } = capture;
  const added = lanes.map((lane, i): CaptureChannel => ({
    label: `lane ${lane.id}`,
    index: 1000 + i,
    direction: "s2d",
    isFile: false,
    source: new MemorySource(laneBytes(lane)),
  }));
  return { ...rest, channels: [...others, ...added], close: (): void => {} };
}

/** What reading a lane's bytes gives: the lane, its id in the initial packet, and what was found wrong. */
export function readBack(lane: Lane): { lane: Lane; id: number; uuid: string; findings: Finding[] } {
  const bytes = laneBytes(lane);
  const findings: Finding[] = [];
  const parser = new ChannelParser(new MultifdGrammar({ pageSize: 4096 }), {
    report: (finding) => findings.push(finding),
  });
  const collector = new LaneCollector({ source: new MemorySource(bytes), connection: 0 });
  for (const record of [...parser.push(bytes), ...parser.end()]) collector.add(record);
  const { id, uuid } = multifdInit().decode(bytes.subarray(0, 64));
  return { lane: collector.finish(), id, uuid: uuid.toHex(), findings };
}

/** A packet's identity: the same for what carries the same. The payload counts unless it is compressed. */
export function identityOf(item: Item): string {
  const bytes = itemBytes(item);
  if (item.kind !== "multifd-ram") return createHash("sha256").update(bytes).digest("hex");
  const header = packets4K.header(item);
  const flags = header.flags & 0x3e;
  const payload = (flags & 6) !== 0
    ? ""
    : createHash("sha256").update(bytes.subarray(packets4K.headerLength)).digest("hex");
  const { packetNum, normalPages, zeroPages, pageOffsets } = header;
  return `${packetNum} ${multifdBlockName(header)} ${normalPages}+${zeroPages} ${pageOffsets} ${flags} ${payload}`;
}

/** All packets with something in them, in the order of a schedule that takes channels by their ids, by intervals. */
export function packetsByInterval(lanes: readonly Lane[]): { lane: number; item: Item }[][] {
  const intervals: { lane: number; item: Item }[][] = [];
  for (const { id, intervals: own } of [...lanes].sort((a, b) => a.id - b.id)) {
    for (const [k, { packets, sync }] of own.entries()) {
      const all = sync?.kind === "multifd-ram" ? [...packets, sync] : packets;
      const known = intervals[k] ??= [];
      known.push(...all.filter(hasSomething).map((item) => ({ lane: id, item })));
    }
  }
  return intervals;
}

/** For each page of an interval that several packets write, these, with the lane of each. */
export function repeatedPages(
  packets: readonly { lane: number; item: Item }[],
): Map<string, { lane: number; identity: string }[]> {
  const writers = new Map<string, { lane: number; item: Item }[]>();
  for (const packet of packets) {
    if (packet.item.kind !== "multifd-ram") continue;
    const header = packets4K.header(packet.item);
    for (const offset of new Set(header.pageOffsets)) {
      const key = `${multifdBlockName(header)} ${offset}`;
      writers.set(key, [...writers.get(key) ?? [], packet]);
    }
  }
  const repeated = [...writers].filter(([, all]) => all.length > 1);
  return new Map(
    repeated.map(([key, all]) => [key, all.map(({ lane, item }) => ({ lane, identity: identityOf(item) }))]),
  );
}

/** Device packets: section, number. */
export function devicePacketsOf(lane: Lane): string[] {
  return [...laneParts(lane)].filter(({ kind }) => kind === "multifd-device-state").map((item) => {
    const bytes = itemBytes(item);
    const idx = new DataView(bytes.buffer).getUint32(280);
    return `${deviceStateHeader().decode(bytes.subarray(0, 276)).idstr} ${idx}`;
  });
}

function hasSomething(item: Item): boolean {
  if (item.kind !== "multifd-ram") return true;
  return packets4K.header(item).pageOffsets.length > 0;
}

function identities(lanes: readonly Lane[]): string[][] {
  return packetsByInterval(lanes).map((packets) => packets.map(({ item }) => identityOf(item)).sort());
}

/** What was dealt is what there was, and keeps the rules; findings of `codes` were there before. */
export function assertDealt(
  lanes: readonly Lane[],
  original: readonly Lane[],
  codes: ReadonlySet<string> = new Set(),
): void {
  const read = lanes.map(readBack);
  for (const { findings } of read) assertEquals(findings.filter(({ code }) => !codes.has(code)), []);
  assertEquals(read.map(({ id }) => id), [...lanes.keys()]);
  const uuids = new Set([...original.map(readBack), ...read].map(({ uuid }) => uuid));
  assertEquals(uuids.size, 1);

  const again = read.map(({ lane }) => lane);
  assertEquals(identities(again), identities(original));
  const rounds = Math.min(...original.map(({ intervals }) => intervals.filter(({ sync }) => sync).length));
  for (const { intervals } of again) {
    assert(intervals.slice(0, rounds).every(({ sync }) => sync?.kind === "multifd-sync"));
  }
  // Whoever recorded device packets there keeps them there.
  assertEquals(devicePacketsBeforeSync(again), devicePacketsBeforeSync(original));
  const originals = packetsByInterval(original).map(repeatedPages);
  // Behind a SYNC that not all channels have, nothing is dealt.
  for (const [k, packets] of packetsByInterval(again).slice(0, rounds + 1).entries()) {
    for (const [page, writers] of repeatedPages(packets)) {
      assertEquals(new Set(writers.map(({ lane }) => lane)).size, 1, `${page} is on several lanes`);
      const before = originals[k]?.get(page)?.map(({ identity }) => identity);
      assertEquals(writers.map(({ identity }) => identity), before, page);
    }
  }
}

function devicePacketsBeforeSync(lanes: readonly Lane[]): number {
  return packetsByInterval(lanes)[0]?.filter(({ item: { kind } }) => kind === "multifd-device-state").length ?? 0;
}
