/** Two captures that are compared. The first part is options, the second says how B differs from A. @module */

import { type Capture, CaptureError, readBytes, readCapture } from "../../../src/capture/mod.ts";
import { RamLimitError } from "../../../src/load/mod.ts";
import { diffCaptures, type DiffReport } from "../../../src/report/diff/mod.ts";
import { mirroredDifference } from "../../../src/report/diff/mirror_for_test.ts";
import { showDiff } from "../../../cli/diff.ts";
import type { DeviceStateRecord, MultifdDeviceStateRecord } from "../../../src/stream/mod.ts";
import { upToNul, VFIO_DEVICE_STATE_CONFIG_STATE } from "../../../src/wire/mod.ts";
import { equals } from "@std/bytes";
import { InvariantError, type Target } from "../guided/target.ts";
import { memoryCapture, VFIO_TAG } from "../../memory_capture.ts";
import { page, RAM_EOS, ramStream } from "../../main_stream.ts";
import { joinParts, splitParts } from "../parts.ts";
import type { Piece } from "../seed.ts";
import { channelPieces, channelsOf, shown } from "./captures.ts";

/** What the bits of the first option say. */
const [RAM, TRAFFIC, JSON_TEXT] = [1, 2, 4];

/** RAM that a machine may have here. */
const RAM_LIMIT = 1024 * 1024;

/** Bytes of a change: which channel, where, what bits. */
const CHANGE = 4;

/** Changes that are made. */
const MOST_CHANGES = 8;

/** Of what B is compared, and what is not: a pattern that an option chooses. */
const PATTERNS: readonly { readonly only?: readonly string[]; readonly ignore?: readonly string[] }[] = [
  {},
  {},
  { only: ["devices.*"] },
  { ignore: ["*[?].*", "configuration"] },
];

/** The channels with some bits changed. */
function changed(channels: readonly Uint8Array[], changes: Uint8Array): Uint8Array[] {
  const copies = channels.map((bytes) => bytes.slice());
  for (let at = 0; at + CHANGE <= Math.min(changes.length, MOST_CHANGES * CHANGE); at += CHANGE) {
    const [channel = 0, high = 0, low = 0, bits = 0] = changes.subarray(at, at + CHANGE);
    const bytes = copies[channel % Math.max(1, copies.length)];
    const offset = (high << 8 | low) % Math.max(1, bytes?.length ?? 0);
    if (bytes !== undefined && bytes.length > 0) bytes[offset] = (bytes[offset] ?? 0) ^ bits;
  }
  return copies;
}

/** The captures of an input: channels of both, or of A alone, and then B's are A's with changes. */
function captures(input: Uint8Array): { a: Uint8Array[]; b: Uint8Array[]; options: Uint8Array } {
  const [options = input, changes = input, ...channels] = splitParts(input, 3);
  const count = (options[1] ?? 0) % 8;
  const a = count === 0 ? channels : channels.slice(0, count);
  return { a, b: count === 0 ? changed(a, changes) : channels.slice(count), options };
}

/** Compares, and lets what is documented be thrown. */
async function compare(a: Capture, b: Capture, options: Uint8Array): Promise<DiffReport | string> {
  const [flags = 0, _count, pattern = 0] = options;
  try {
    return await diffCaptures(a, b, {
      ram: (flags & RAM) !== 0,
      ramLimit: RAM_LIMIT,
      traffic: (flags & TRAFFIC) !== 0,
      ...PATTERNS[pattern % PATTERNS.length],
    });
  } catch (error) {
    if (!(error instanceof CaptureError || error instanceof RamLimitError)) throw error;
    return error.name;
  }
}

/** What a report says of itself holds. */
function consistent({ same, found, differences }: DiffReport): void {
  const { added, removed, changed } = found;
  if (same !== (added + removed + changed === 0)) throw new InvariantError("it is the same, and is not");
  const names = new Set<string>();
  for (const { path, kind, name, a, b, type, size } of differences) {
    if (names.has(JSON.stringify(path))) throw new InvariantError(`${name} differs twice`);
    names.add(JSON.stringify(path));
    if (kind !== "changed" || size !== undefined) continue;
    const [left, right] = [a, b].map((value) => JSON.stringify(value));
    const isTold = left !== right || type?.a !== type?.b;
    if (!isTold) throw new InvariantError(`${name} is ${left} on both sides`);
  }
  const counts = Map.groupBy(differences, ({ kind }) => kind);
  for (const kind of ["added", "removed", "changed"] as const) {
    if ((counts.get(kind)?.length ?? 0) !== found[kind]) throw new InvariantError(`not ${found[kind]} are ${kind}`);
  }
}

/** Whoever compares the other way round finds the same. */
function mirror(there: DiffReport, back: DiffReport): void {
  const sorted = (list: DiffReport["differences"]): string[] => list.map((one) => JSON.stringify(one)).sort();
  const [expected, found] = [sorted(there.differences), sorted(back.differences.map(mirroredDifference))];
  const at = expected.findIndex((line, i) => line !== found[i]);
  if (at >= 0 || expected.length !== found.length) {
    throw new InvariantError(`the other way round there is ${found[at]} instead of ${expected[at]}`);
  }
  const notes = (report: DiffReport): string[] => report.notCompared.map(({ name }) => name).sort();
  if (JSON.stringify(notes(there)) !== JSON.stringify(notes(back)) || there.unread.length !== back.unread.length) {
    throw new InvariantError("the other way round something else cannot be compared");
  }
}

/** The state of all devices: bodies by their section, and what came in packets, by index. */
function statesOf(capture: Capture): Map<string, string> {
  const bodies = new Map<string, string>();
  const packets = new Map<string, Map<number, string>>();
  readCapture(capture, (record, { channel: { source } }) => {
    if (source === undefined) return;
    if (record.kind === "device-state") {
      const { idstr, instanceId, payload: { offset, length } } = record as DeviceStateRecord;
      const key = JSON.stringify([idstr, instanceId]);
      bodies.set(key, `${bodies.get(key) ?? ""} ${readBytes(source, offset, length).toHex()}`);
    } else if (record.kind === "multifd-device-state") {
      const { idstr, instanceId, idx, vfioFlags = 0, payload } = record as MultifdDeviceStateRecord;
      if (idx === undefined || payload === undefined || (vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0) return;
      const key = JSON.stringify([upToNul(idstr), instanceId, "packets"]);
      const own = packets.get(key) ?? new Map<number, string>();
      packets.set(key, own);
      // Of several with one index the first counts.
      if (!own.has(idx)) own.set(idx, readBytes(source, payload.offset, payload.length).toHex());
    }
  });
  for (const [key, own] of packets) {
    bodies.set(key, [...own].sort(([a], [b]) => a - b).map(([, hex]) => hex).join(""));
  }
  return bodies;
}

/** A device of which a byte differs is found, unless it is said what was not compared. */
function nothingMissed(report: DiffReport, left: Capture, right: Capture): void {
  const { same, a, b, unread, notCompared } = report;
  if (!same || !a.complete || !b.complete || unread.length > 0 || notCompared.length > 0) return;
  const [states, others] = [statesOf(left), statesOf(right)];
  for (const name of new Set([...states.keys(), ...others.keys()])) {
    if (others.get(name) !== states.get(name)) throw new InvariantError(`${name} differs, and nothing is found`);
  }
}

/** What differs. */
export const DIFF: Target = {
  name: "diff",
  weight: 4,
  holds:
    "what is the same in every byte does not differ, a device of which a byte differs does; the other way round the same " +
    "differs; each difference is one, and stands once; only RamLimitError and CaptureError are thrown; what is printed is printable",
  // Both are read twice, in both orders, and with RAM as often again.
  steps: { constant: 200_000, perByte: 1_000 },
  bytes: { constant: 60_000_000, perByte: 6_000 },
  async run(input): Promise<void> {
    const { a, b, options } = captures(input);
    const [left, right] = [a, b].map((channels) => memoryCapture(channelsOf(channels)));
    if (left === undefined || right === undefined) return;
    const there = await compare(left, right, options);
    const back = await compare(right, left, options);
    if (typeof there === "string" || typeof back === "string") {
      if (there !== back) throw new InvariantError(`${there} and ${back} are not the same`);
      return;
    }
    consistent(there);
    mirror(there, back);
    if (options[2] === 0) nothingMissed(there, left, right);
    const isSame = a.length === b.length && a.every((bytes, i) => equals(bytes, b[i] ?? new Uint8Array(0)));
    if (isSame && !there.same) throw new InvariantError(`${there.differences[0]?.name} differs from itself`);
    shown((io) => showDiff(there, { json: ((options[0] ?? 0) & JSON_TEXT) !== 0 }, io));
  },
  parts: 3,
  pieces: (part, index): Piece[] =>
    index === 1
      ? Array.from({ length: Math.floor(part.length / CHANGE) }, (_, i) => ({
        bytes: part.subarray(CHANGE * i, CHANGE * (i + 1)),
        fields: [{ offset: 1, length: 2 }, { offset: 3, length: 1 }],
      }))
      : channelPieces(part, index),
  grown(times): Uint8Array {
    const device = "0000:00:05.0/vfio";
    const main = ramStream(0x10_0000).start(7, device, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
    for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram"), RAM_EOS]);
    main.command(11).end(2, RAM_EOS).end(7, VFIO_TAG.end).full(7, device, 1, VFIO_TAG.end);
    for (let i = 0; i < 4 * times; i++) main.full(8 + i, `device${i}`, 1, new Uint8Array(40));
    return joinParts([Uint8Array.of(RAM | TRAFFIC, 0, 0, 0), Uint8Array.of(0, 0, 200, 1), main.eof().bytes()]);
  },
};
