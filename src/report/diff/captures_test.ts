/** Real captures, compared with themselves, with changed copies of themselves, and with each other. */

import { assert, assertEquals } from "@std/assert";
import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { randomNumbers } from "../../../testing/random.ts";
import { type Capture, openCapture, readBytes, readCapture, readDescription } from "../../capture/mod.ts";
import type { BaseRecord, DeviceStateRecord } from "../../stream/mod.ts";
import { type BodyNode, decodeDeviceBody, type DeviceDescription } from "../../wire/mod.ts";
import { diffCaptures, type DiffOptions } from "./diff.ts";
import { mirroredDifference } from "./mirror_for_test.ts";
import type { DiffReport } from "./model.ts";
import { type Patch, patched } from "./patched_for_test.ts";
import type { PathStep } from "./path.ts";

const [shared] = CORPUS_FOLDERS;
const NAMES = shared?.captures ?? [];
/** With no captures there is nothing to compare. */
const ignore = NAMES.length === 0;

function open(name: string, entry = ""): Capture {
  return openCapture(decodeURIComponent(new URL(`${name}/${entry}`, shared?.url).pathname));
}

async function diff(a: string | Capture, b: string | Capture, options: DiffOptions = {}): Promise<DiffReport> {
  const [left, right] = [a, b].map((one) => typeof one === "string" ? open(one) : one);
  try {
    return left === undefined || right === undefined ? undefined as never : await diffCaptures(left, right, options);
  } finally {
    left?.close();
    right?.close();
  }
}

Deno.test({
  name: "no capture differs from itself, contents of RAM and traffic included",
  ignore,
  async fn(): Promise<void> {
    for (const name of NAMES) {
      const { same, differences, found } = await diff(name, name, { ram: true, traffic: true });
      assertEquals([same, differences, found], [true, [], { added: 0, removed: 0, changed: 0, leftOut: 0 }], name);
    }
  },
});

const PAIRS: readonly (readonly [string, string])[] = [
  ["plain-precopy", "plain-return-path"],
  ["plain-7.2", "plain-10.0-to-7.2"],
  ["plain-precopy", "plain-cut"],
  ["plain-many-devices", "plain-aarch64-virt"],
  ["plain-multifd-2", "plain-tls"],
  ["vfio-multifd-2", "vfio-main"],
  ["vfio-multifd-2", "vfio-two-devices"],
  ["vfio-multifd-4-big", "vfio-cut"],
];

Deno.test({
  name: "captures differ in the same things the other way round",
  ignore,
  async fn(): Promise<void> {
    for (const [a, b] of PAIRS) {
      const options = { traffic: true, ram: a === "plain-precopy" };
      const [there, back] = [await diff(a, b, options), await diff(b, a, options)];
      const sorted = (list: DiffReport["differences"]): string[] => list.map((one) => JSON.stringify(one)).sort();
      assertEquals(sorted(back.differences.map(mirroredDifference)), sorted(there.differences), `${a} ${b}`);
      assertEquals([back.found.added, back.found.removed], [there.found.removed, there.found.added]);
      assertEquals(back.notCompared.length, there.notCompared.length);
      assert(!there.same);
    }
  },
});

/** A described field of a device, and the byte of it that is to be changed. */
interface Field {
  readonly path: readonly PathStep[];
  readonly patch: Patch;
  readonly type: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** A field of each device of a capture, chosen by `seed`, of those whose value is all that the byte decides. */
function chosenFields(capture: Capture, seed: number): Field[] {
  const below = randomNumbers(seed);
  const main = capture.channels[0];
  const source = main?.source;
  assert(main !== undefined && source !== undefined);
  const devices = readDescription(source)?.devices ?? [];
  const found: Field[] = [];
  readCapture(capture, (record: BaseRecord) => {
    if (record.kind !== "device-state") return;
    const { idstr, instanceId, ordinal, offset, length } = record as DeviceStateRecord;
    const own = devices.filter(({ name, instanceId: instance }) => name === idstr && instance === instanceId);
    const description = own[ordinal];
    if (description === undefined || length === 0) return;
    const bytes = readBytes(source, offset, length);
    for (let tries = 0; tries < 20; tries++) {
      const at = below(length);
      const bits = 1 << below(8);
      const field = fieldAt(bytes, description, at, bits);
      if (field === undefined) continue;
      const patch = { channel: main.label, offset: offset + at, bits };
      found.push({ ...field, path: ["devices", idstr, instanceId, ...field.path], patch });
      return;
    }
  });
  return found;
}

function fieldAt(
  bytes: Uint8Array,
  description: DeviceDescription,
  at: number,
  bits: number,
): Omit<Field, "patch"> | undefined {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ bits;
  const [left, right] = [decodeDeviceBody(bytes, description), decodeDeviceBody(changed, description)];
  // Bytes that decide how the rest is read are no field's value.
  if (right.findings.length > 0 || left.findings.length > 0) return undefined;
  const [one, other] = [leafAt(left.children, at, []), leafAt(right.children, at, [])];
  if (one === undefined || other === undefined) return undefined;
  const { node, path } = one;
  if (/^(nullptr|ptr-marker|cstr8|capability)$/.test(node.type) || node.type !== other.node.type) return undefined;
  if (JSON.stringify(path) !== JSON.stringify(other.path)) return undefined;
  if (!Array.isArray(node.value) || !Array.isArray(other.node.value)) {
    return { path, type: node.type, before: node.value, after: other.node.value };
  }
  const index = Math.floor((at - node.offset) / (node.length / node.value.length));
  return { path: [...path, index], type: node.type, before: node.value[index], after: other.node.value[index] };
}

function leafAt(
  nodes: readonly BodyNode[],
  at: number,
  path: readonly PathStep[],
): { node: BodyNode; path: readonly PathStep[] } | undefined {
  const node = nodes.find(({ offset, length }) => at >= offset && at < offset + length);
  if (node === undefined) return undefined;
  const number = /^\[(\d+)\]$/.exec(node.name)?.[1];
  const inner = [...path, number === undefined ? node.name : Number(number)];
  return node.children === undefined ? { node, path: inner } : leafAt(node.children, at, inner);
}

const CHANGED = [
  "plain-precopy",
  "plain-7.2",
  "plain-11.1",
  "plain-many-devices",
  "plain-aarch64-virt",
  "plain-microvm",
  "plain-exec-file",
  "plain-dirty-bitmaps",
  "vfio-multifd-2",
  "vfio-main",
];

Deno.test({
  name: "with one byte of a field changed exactly that field differs, by name and value",
  ignore,
  async fn(): Promise<void> {
    let tried = 0;
    for (const name of CHANGED) {
      for (const seed of [1, 2, 3]) {
        const capture = open(name);
        const fields = chosenFields(capture, seed);
        capture.close();
        const one = fields[randomNumbers(seed)(fields.length)];
        assert(one !== undefined, name);
        // One alone, then one of each device together.
        for (const group of [[one], fields]) {
          const report = await diff(name, patched(open(name), group.map(({ patch }) => patch)));
          assertFields(report, group, `${name} ${seed}`);
          tried += group.length;
        }
      }
    }
    assert(tried > 500, `${tried}`);
  },
});

function assertFields(report: DiffReport, fields: readonly Field[], name: string): void {
  let expected = 0;
  for (const { path, type, before, after, patch } of fields) {
    const own = report.differences.filter((one) => path.every((step, i) => one.path[i] === step));
    const [first] = own;
    const label = `${name}: ${JSON.stringify(path)} at ${patch.offset}`;
    assert(first?.kind === "changed", label);
    expected += own.length;
    // A pointer in a config space can lead to other capabilities.
    if (type === "pci config") continue;
    assertEquals(own.length, 1, label);
    assertEquals(first.path, path, label);
    if (before instanceof Uint8Array) {
      const [range] = first.ranges ?? [];
      assertEquals([first.ranges?.length, range?.length], [1, 1], label);
      assertEquals(Number.parseInt(range?.a ?? "", 16) ^ Number.parseInt(range?.b ?? "", 16), patch.bits, label);
    } else {assertEquals([jsonNumber(first.a), jsonNumber(first.b)], [
        BigInt(before as number),
        BigInt(after as number),
      ], label);}
  }
  assertEquals(report.differences.length, expected, name);
}

function jsonNumber(value: unknown): bigint {
  const text = String(typeof value === "boolean" ? Number(value) : value);
  return text.startsWith("-0x") ? -BigInt(text.slice(1)) : BigInt(text);
}

Deno.test({
  name: "the main channel's file is the same as its directory",
  ignore,
  async fn(): Promise<void> {
    const { same, differences } = await diff("plain-precopy", open("plain-precopy", "channel-00.s2d"), { ram: true });
    assertEquals([same, differences], [true, []]);
  },
});

Deno.test({
  name: "a changed byte of a VFIO buffer, of a config, or of a page is found, with its place",
  ignore,
  async fn(): Promise<void> {
    const named = async (name: string, patch: Patch, options: DiffOptions = {}): Promise<string[]> => {
      const { differences } = await diff(name, patched(open(name), [patch]), options);
      return differences.map((one) => `${one.name} ${one.ranges?.[0]?.offset ?? ""} ${one.where.a?.channel}`);
    };
    const capture = open("vfio-multifd-2");
    const packets: { channel: string; label: string; idx: number; payload: number; config: boolean }[] = [];
    readCapture(capture, (record, { channel, label }) => {
      if (record.kind !== "multifd-device-state") return;
      const { idx = 0, payload, vfioFlags = 0 } = record as BaseRecord & { idx?: number; vfioFlags?: number };
      packets.push({ channel: channel.label, label, idx, payload: payload?.offset ?? 0, config: vfioFlags === 1 });
    });
    capture.close();
    const buffer = packets.find(({ idx }) => idx === 3);
    const config = packets.find((packet) => packet.config);
    assert(buffer !== undefined && config !== undefined);
    const device = "devices.0000:00:05.0/vfio[0]";
    assertEquals(await named("vfio-multifd-2", { channel: buffer.channel, offset: buffer.payload + 9, bits: 4 }), [
      `${device}.state ${3 * 65536 + 9} ${buffer.label}`,
      `${device}.buffers[3] 9 ${buffer.label}`,
    ]);
    // Behind the tag and the version, the vendor.
    assertEquals(await named("vfio-multifd-2", { channel: config.channel, offset: config.payload + 12, bits: 1 }), [
      `${device}.config.space.vendor  ${config.label}`,
    ]);
  },
});

Deno.test({
  name: "a changed page is found with --ram only",
  ignore,
  async fn(): Promise<void> {
    const capture = open("plain-return-path");
    let page: { block: string; at: number; pageOffset: number; label: string } | undefined;
    readCapture(capture, (record, { channel: { label } }) => {
      if (record.kind !== "ram-page" || page !== undefined) return;
      const { block, pageOffset, offset, length } = record as BaseRecord & {
        block: string;
        pageOffset: number;
        count: number;
      };
      page = { block, pageOffset, at: offset + length - 1, label };
    });
    capture.close();
    assert(page !== undefined);
    const patch = { channel: page.label, offset: page.at, bits: 1 };
    const changed = (): Capture => patched(open("plain-return-path"), [patch]);
    assert((await diff("plain-return-path", changed())).same);
    const { differences: [found, ...others] } = await diff("plain-return-path", changed(), { ram: true });
    assertEquals([found?.name, found?.ranges?.length, others], [`ram.blocks.${page.block}.contents`, 1, []]);
    assertEquals(found?.ranges?.[0]?.length, 4096);
  },
});
