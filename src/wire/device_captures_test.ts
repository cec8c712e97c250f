/**
 * Device bodies of real QEMUs: every section that a VM description describes must come apart without a rest, and as
 * QEMU's own trace says.
 */

import { gunzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { decodeText } from "../bytes/mod.ts";
import type { BodyNode, DeviceBody } from "./body_node.ts";
import { builtInDescriptions } from "./built_in_descriptions.ts";
import { decodeDeviceBody, encodeDeviceBody, measureDeviceBody } from "./device_body.ts";
import { annotateDeviceBody } from "./device_body_view.ts";
import { findVmDescription } from "./find_vm_description.ts";
import { findSectionEnd, type ResyncContext } from "./resync.ts";
import { type DeviceDescription, parseVmDescription } from "./vm_description.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

const ignore = !haveCaptures();

/** Captures whose main channel ends with a VM description. */
const DESCRIBED = [
  "plain-10.0-to-7.2",
  "plain-11.1",
  "plain-7.2",
  "plain-aarch64-virt",
  "plain-background-snapshot",
  "plain-channel-count-fewer",
  "plain-channel-count-silent",
  "plain-dirty-bitmaps",
  "plain-exec-file",
  "plain-ignore-shared",
  "plain-many-devices",
  "plain-mapped-ram",
  "plain-mapped-ram-multifd",
  "plain-microvm",
  "plain-multifd-11.1",
  "plain-multifd-2",
  "plain-multifd-4",
  "plain-multifd-7.2",
  "plain-multifd-zlib",
  "plain-multifd-zstd",
  "plain-pcap",
  "plain-pcap-snaplen",
  "plain-precopy",
  "plain-return-path",
  "plain-xbzrle",
  "vfio-config-after-iter",
  "vfio-from-newer",
  "vfio-limit-fails",
  "vfio-load-fails-exits",
  "vfio-main",
  "vfio-mismatch-source-off",
  "vfio-mismatch-source-on",
  "vfio-multifd-2",
  "vfio-multifd-4-big",
  "vfio-multifd-newer",
  "vfio-multifd-no-device",
  "vfio-precopy",
  "vfio-switchover-ack",
  "vfio-switchover-ack-multifd",
  "vfio-two-devices",
];

/** Captures that have device sections but no description. */
const UNDESCRIBED = ["plain-no-vmdesc", "plain-postcopy", "plain-postcopy-preempt", "plain-postcopy-recover"];

/** What is not described further, in all captures together. Buffers are not among them: bytes are what they hold. */
const OPAQUE_TYPES = ["msix state", "pci config", "scsi-requests", "virtio"];

function mainChannel(capture: string): Uint8Array {
  const folder = new URL(`${capture}/`, CAPTURES);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
  const name = names.find((name) => name === "channel-00.s2d") ?? names.find((name) => name.startsWith("file."));
  const bytes = Deno.readFileSync(new URL(name ?? "channel-00.s2d", folder));
  return name?.endsWith(".gz") ? new Uint8Array(gunzipSync(bytes)) : bytes;
}

interface Full {
  /** Offset of the body. */
  readonly start: number;
  readonly id: number;
  readonly idstr: string;
  readonly instanceId: number;
  readonly versionId: number;
}

/** Reads the header of a SECTION_FULL, if there is one. */
function fullHeader(channel: Uint8Array, at: number): Full | undefined {
  if (channel[at] !== 0x04) return undefined;
  const view = new DataView(channel.buffer, channel.byteOffset, channel.byteLength);
  const end = at + 6 + (channel[at + 5] ?? 0);
  return {
    start: end + 8,
    id: view.getUint32(at + 1),
    idstr: decodeText(channel.subarray(at + 6, end)),
    instanceId: view.getUint32(end),
    versionId: view.getUint32(end + 4),
  };
}

/** The first SECTION_FULL of that name and instance 0, which is behind all the pages of these captures. */
function firstFull(channel: Uint8Array, idstr: string): number {
  const needle = [idstr.length, ...new TextEncoder().encode(idstr), 0, 0, 0, 0, 0, 0];
  for (let at = channel.indexOf(0x04); at >= 0; at = channel.indexOf(0x04, at + 1)) {
    if (needle.every((byte, i) => channel[at + 5 + i] === byte)) return at;
  }
  throw new Error(`no section ${idstr}`);
}

function footerAt(channel: Uint8Array, at: number, id: number): boolean | undefined {
  if (at + 5 > channel.length) return undefined;
  const view = new DataView(channel.buffer, channel.byteOffset, channel.byteLength);
  return channel[at] === 0x7e && view.getUint32(at + 1) === id;
}

interface Section extends Full {
  readonly bytes: Uint8Array;
  readonly body: DeviceBody;
  readonly description: DeviceDescription;
  readonly channel: Uint8Array;
  readonly known: ResyncContext;
}

/** All described sections of a capture, one behind the other up to the description. */
function sectionsOf(capture: string): Section[] {
  const channel = mainChannel(capture);
  const place = findVmDescription(channel, 0, channel.length);
  assert(place !== undefined && "offset" in place, "a description");
  const description = parseVmDescription(decodeText(channel.subarray(place.offset + 5)), (finding) => {
    throw new Error(finding.message);
  });
  assert(description !== undefined);
  const sections: Section[] = [];
  const names = new Map<number, string>();
  let at = firstFull(channel, description.devices[0]?.name ?? "");
  for (const device of description.devices) {
    const header = fullHeader(channel, at);
    assert(header !== undefined, `a section at ${at}`);
    assertEquals([header.idstr, header.instanceId], [device.name, device.instanceId]);
    const window = channel.subarray(header.start);
    const end = measureDeviceBody(window, device, (end) => footerAt(window, end, header.id));
    assert(end !== undefined && "end" in end, `${device.name} ends`);
    const bytes = window.subarray(0, end.end);
    const known = { footers: true, names: new Map(names), iterable: new Set<number>() };
    const body = decodeDeviceBody(bytes, device);
    sections.push({ ...header, bytes, body, description: device, channel, known });
    names.set(header.id, header.idstr);
    at = header.start + end.end + 5;
  }
  // EOF, then the description
  assertEquals([channel[at], at + 1], [0, place.offset]);
  return sections;
}

function* leaves(nodes: readonly BodyNode[]): Generator<BodyNode> {
  for (const node of nodes) {
    if (node.children === undefined) yield node;
    else yield* leaves(node.children);
  }
}

for (const capture of DESCRIBED) {
  Deno.test({
    name: `decodeDeviceBody() names every byte of every device section of ${capture}`,
    ignore,
    fn(): void {
      for (const { bytes, body, idstr, versionId, description } of sectionsOf(capture)) {
        assertEquals(body.findings, [], idstr);
        if (description.version !== undefined) assertEquals(body.version, versionId, idstr);
        let at = 0;
        for (const leaf of leaves(body.children)) {
          assertEquals(leaf.offset, at, `${idstr} ${leaf.name}`);
          assert(leaf.name !== "" && leaf.type !== "rest" && leaf.length > 0, `${idstr} ${leaf.name}`);
          const { value } = leaf;
          if (value instanceof Uint8Array && !leaf.type.endsWith("buffer")) {
            assert(OPAQUE_TYPES.includes(leaf.type), `${idstr} ${leaf.name} ${leaf.type}`);
          }
          at += leaf.length;
        }
        assertEquals(at, bytes.length, idstr);
        assertEquals(encodeDeviceBody(body), bytes, idstr);
        const annotated = annotateDeviceBody(body, 100);
        assertEquals(annotated.reduce((sum, { length }) => sum + length, 0), bytes.length);
      }
    },
  });

  Deno.test({
    name: `findSectionEnd() finds the end of every device section of ${capture} without its description`,
    ignore,
    fn(): void {
      for (const { channel, start, id, idstr, bytes, known } of sectionsOf(capture)) {
        assertEquals(findSectionEnd(channel, start, id, known, true), { end: start + bytes.length }, idstr);
      }
    },
  });
}

for (const capture of ["plain-7.2", "plain-11.1", "plain-aarch64-virt", "plain-many-devices", "vfio-multifd-2"]) {
  Deno.test({
    name: `findSectionEnd() finds the device sections of ${capture} when their footers are taken away`,
    ignore,
    fn(): void {
      const sections = sectionsOf(capture);
      for (const [i, { bytes, id, idstr, known }] of sections.entries()) {
        const next = sections[i + 1];
        // The header of the next section, and as much of its body as there is; or EOF and the beginning of a description.
        const follows = next === undefined
          ? Uint8Array.of(0, 6, 0, 0, 0, 2, 0x7b, 0x7d)
          : next.channel.subarray(next.start - 14 - next.idstr.length, next.start + next.bytes.length);
        const stream = new Uint8Array([...bytes, ...follows]);
        const end = findSectionEnd(stream, 0, id, { ...known, footers: false }, true);
        assertEquals(end, { end: bytes.length }, idstr);
      }
    },
  });
}

for (const capture of UNDESCRIBED) {
  Deno.test({
    name: `findSectionEnd() walks over the device sections of ${capture}, as many as QEMU loaded`,
    ignore,
    fn(): void {
      const channel = mainChannel(capture);
      const names = new Map<number, string>();
      const iterable = new Set([2]);
      const found: string[] = [];
      let at = firstFull(channel, "timer");
      for (let header = fullHeader(channel, at); header !== undefined; header = fullHeader(channel, at)) {
        const { start, id, idstr, instanceId, versionId } = header;
        const end = findSectionEnd(channel, start, id, { footers: true, names, iterable }, true);
        assert(end !== undefined && "end" in end, idstr);
        const window = channel.subarray(start);
        const builtIn = builtInDescriptions(idstr, versionId).map((description) =>
          measureDeviceBody(window, description, (end) => footerAt(window, end, id))
        );
        const measured = builtIn.find((end) => end !== undefined);
        if (builtIn.length > 0) assertEquals(measured, { end: end.end - start }, idstr);
        names.set(id, idstr);
        found.push(`${id}(${idstr}) ${instanceId} ${versionId}`);
        at = end.end + 5;
      }
      const loaded = trace(capture).map((line) => line.match(/qemu_loadvm_state_section_startfull (.*)/)?.[1]);
      assertEquals(found, loaded.filter((line) => line !== undefined && !/\((ram|dirty-bitmap)\)/.test(line)));
    },
  });
}

/** QEMU's trace of the destination, without times: what the thread that loads the sections says. */
function trace(capture: string): string[] {
  const text = Deno.readTextFileSync(new URL(`${capture}/oracle/destination.trace`, CAPTURES));
  const lines = text.split("\n");
  const thread = lines.find((line) => line.includes("qemu_loadvm_state_section_startfull"))?.match(/^\d+@/)?.[0] ?? "";
  return lines.filter((line) => line.startsWith(thread)).map((line) => line.replace(/^\S+?:(?=[a-z_]+ )/, "").trim());
}

/** One `vmstate_load_state` of the trace, and what was loaded inside it. */
interface Loaded {
  readonly vmsd: string;
  /** Those that exist; how many elements they have is not in every trace. */
  readonly fields: { readonly name: string; elements: number | undefined; readonly inner: Loaded[] }[];
  readonly subsections: Loaded[];
}

/** The vmstate bodies that the destination loaded, one for each section. */
function loadedBodies(capture: string): { idstr: string; body: Loaded | undefined }[] {
  const sections: { idstr: string; body: Loaded | undefined }[] = [];
  const open: { loaded: Loaded; inSubsections: boolean }[] = [];
  for (const line of trace(capture)) {
    const [event, rest = ""] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
    const top = open.at(-1);
    if (event === "qemu_loadvm_state_section_startfull") {
      sections.push({ idstr: rest.match(/\((.*)\)/)?.[1] ?? "", body: undefined });
    } else if (event === "vmstate_load_state") {
      const loaded: Loaded = { vmsd: rest, fields: [], subsections: [] };
      const section = sections.at(-1);
      if (top === undefined && section !== undefined) section.body ??= loaded;
      if (top?.inSubsections) top.loaded.subsections.push(loaded);
      else top?.loaded.fields.at(-1)?.inner.push(loaded);
      open.push({ loaded, inSubsections: false });
    } else if (event === "vmstate_load_state_field" && rest.endsWith(" exists=1")) {
      const name = rest.slice((top?.loaded.vmsd.replace(/ v\d+$/, "").length ?? 0) + 1, -" exists=1".length);
      top?.loaded.fields.push({ name, elements: undefined, inner: [] });
    } else if (event === "vmstate_n_elems") {
      const field = top?.loaded.fields.at(-1);
      if (field !== undefined && rest.startsWith(`${field.name}: `)) {
        field.elements = Number(rest.slice(field.name.length + 2));
      }
    } else if (event === "vmstate_subsection_load" && top !== undefined) {
      top.inSubsections = true;
    } else if (event === "vmstate_load_state_end") {
      open.pop();
    }
  }
  return sections;
}

/** Fields of one name get an ordinal in the description. */
function isNamed(node: BodyNode, name: string | undefined): boolean {
  return node.name === name || node.name.replace(/\[\d+\]$/, "") === name;
}

/** Compares a vmsd's nodes with what QEMU says it loaded there. Returns the number of fields compared. */
function compare(nodes: readonly BodyNode[], loaded: Loaded, where: string): number {
  let compared = 0;
  const isSubsection = (node: BodyNode): boolean => node.type === "subsection";
  const fields = nodes.filter((node) => !isSubsection(node));
  // An array without elements has no bytes.
  const expected = loaded.fields.filter((field) => field.elements !== 0);
  let next = 0;
  for (const node of fields) {
    // Where the trace does not tell, a field that is not described has no elements.
    while (next < expected.length && !isNamed(node, expected[next]?.name) && expected[next]?.elements === undefined) {
      next++;
    }
    const field = expected[next++];
    const inside = `${where}.${node.name}`;
    assert(field !== undefined && isNamed(node, field.name), `${inside}, loaded: ${field?.name}`);
    const elements = node.type === "array" ? node.children ?? [] : [node];
    const { value } = node;
    const count = Array.isArray(value) && node.type !== "pci irq state" ? value.length : elements.length;
    if (field.elements !== undefined) assertEquals(count, field.elements, inside);
    compared++;
    // What a device loads with code of its own can use vmstate inside; the description does not say.
    const structures = elements.filter((element) => element.vmsdName !== undefined);
    for (const [j, element] of structures.entries()) compared += compareVmsd(element, field.inner[j], inside);
    if (structures.length > 0) assertEquals(structures.length, field.inner.length, inside);
  }
  const left = expected.slice(next).filter((field) => field.elements !== undefined || field.inner.length > 0);
  assertEquals(left.map(({ name }) => name), [], where);
  const subsections = nodes.filter(isSubsection);
  assertEquals(subsections.length, loaded.subsections.length, where);
  for (const [i, node] of subsections.entries()) {
    const [type, name, version, ...inner] = node.children ?? [];
    assertEquals([type?.value, name?.value], [5, node.name]);
    const body = { ...node, version: Number(version?.value), children: inner };
    compared += compareVmsd(body, loaded.subsections[i], `${where}/${node.name}`);
  }
  return compared;
}

function compareVmsd(
  node: Pick<BodyNode, "vmsdName" | "version" | "children">,
  loaded: Loaded | undefined,
  where: string,
): number {
  assertEquals(`${node.vmsdName} v${node.version}`, loaded?.vmsd, where);
  assert(loaded !== undefined);
  return compare(node.children ?? [], loaded, where);
}

for (const capture of ["plain-precopy", "vfio-multifd-2", "vfio-main"]) {
  Deno.test({
    name: `decodeDeviceBody() gives the fields of ${capture} that QEMU's trace says it loaded, in its order`,
    ignore,
    fn(): void {
      const loaded = loadedBodies(capture);
      let compared = 0;
      for (const { idstr, body } of sectionsOf(capture)) {
        const found = loaded.findIndex((section) => section.idstr === idstr);
        assert(found >= 0, idstr);
        // Each is used once: cpu sections of several processors have one name.
        const [section] = loaded.splice(found, 1);
        if (section?.body === undefined) assertEquals(body.vmsdName, undefined, idstr);
        else compared += compareVmsd(body, section.body, idstr);
      }
      assert(compared > 500, `${compared} fields`);
    },
  });
}
