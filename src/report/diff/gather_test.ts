/** What is kept must not grow with a stream that names ever new things. */

import { assertEquals } from "@std/assert";
import { MemorySource, type ReadChannel } from "../../capture/mod.ts";
import type { BaseRecord, ChannelRole } from "../../stream/mod.ts";
import { CaptureGatherer } from "./gather.ts";
import { EXTENT_LIMIT, GATHER_LIMIT } from "./gathered.ts";

function channelOf(role: ChannelRole): ReadChannel {
  return {
    label: role,
    identity: { role, reason: "", needed: 0 },
    channel: { label: "", index: 0, direction: "s2d", isFile: false, source: new MemorySource(new Uint8Array(0)) },
  };
}

/** What was left out after the records of `make` for 0, 1, 2, … */
function leftOut(
  count: number,
  role: ChannelRole,
  make: (i: number) => readonly object[],
): [CaptureGatherer, string[]] {
  const gatherer = new CaptureGatherer();
  const channel = channelOf(role);
  for (let i = 0; i < count; i++) {
    for (const record of make(i)) gatherer.add({ offset: i, length: 1, ...record } as BaseRecord, channel);
  }
  return [gatherer, gatherer.gathered.leftOut.map(({ what }) => what)];
}

const section = (idstr: string, instanceId = 0): object => ({ kind: "section-full", idstr, instanceId, versionId: 1 });
const MANY = GATHER_LIMIT + 2;

Deno.test("of ever new sections, blocks, commands and bitmaps so many are kept as real streams have", () => {
  const payload = { offset: 0, length: 1 };
  const cases: [string[], (i: number) => readonly object[], keyof CaptureGatherer["gathered"]][] = [
    [["sections"], (i) => [section(`s${i}`)], "sections"],
    [["RAM blocks"], (i) => [{ kind: "ram-mapped-block", block: `b${i}`, usedLength: 1 }], "blocks"],
    [["commands"], (i) => [{ kind: "command", command: i }], "commands"],
    [["dirty bitmaps"], (i) => [{ kind: "dirty-bitmap", currentNode: "n", currentBitmap: `${i}` }], "bitmaps"],
    [["VFIO devices", "sections"], (i) => [section(`${i}/vfio`), { kind: "vfio-data", payload }], "vfio"],
  ];
  for (const [expected, make, kept] of cases) {
    const [gatherer, what] = leftOut(MANY, "main", make);
    assertEquals(what.sort(), expected, kept);
    assertEquals((gatherer.gathered[kept] as Map<unknown, unknown>).size, GATHER_LIMIT, kept);
  }
});

Deno.test("of ever new bodies of one section, and values of PINGs, so many are kept", () => {
  const payload = { offset: 0, length: 1 };
  const [, what] = leftOut(MANY, "main", () => [section("dev"), { kind: "device-state", payload }]);
  assertEquals(what, ["sections"]);
  const [gatherer] = leftOut(MANY, "main", (i) => [{ kind: "command", command: 2, value: i }]);
  assertEquals(gatherer.gathered.commands.get(2)?.pings.size, GATHER_LIMIT);
});

Deno.test("of ever new buffers and bits so many are kept as a quarter of a TiB has", () => {
  const payload = { offset: 0, length: 1 };
  const packet = (idx: number): object => ({
    kind: "multifd-device-state",
    idstr: "x/vfio",
    instanceId: 0,
    idx,
    vfioFlags: 0,
    payload,
  });
  const [gatherer, what] = leftOut(EXTENT_LIMIT + 1, "multifd", (i) => [packet(i)]);
  assertEquals([what, gatherer.gathered.vfio.get("0 x/vfio")?.buffers.size], [["device state"], EXTENT_LIMIT]);
  const bitmap = { kind: "dirty-bitmap", currentNode: "n", currentBitmap: "b", sectorCount: 1 };
  const [, bits] = leftOut(EXTENT_LIMIT + 1, "main", (i) => [{ ...bitmap, firstSector: BigInt(i) }]);
  assertEquals(bits, ["bits"]);
});

Deno.test("packets and parts that belong to nothing are passed over; state that does is told", () => {
  const payload = { offset: 0, length: 1 };
  const [gatherer, what] = leftOut(1, "main", () => [
    { kind: "device-state", payload },
    { kind: "section-part", sectionId: 9 },
    { kind: "dirty-bitmap" },
    { kind: "vfio-data", payload },
    { kind: "section-part", sectionId: 9, idstr: "x", instanceId: 0 },
  ]);
  assertEquals([what, gatherer.gathered.sections.size], [["state"], 0]);
  const [devices] = leftOut(1, "multifd", () => [
    { kind: "multifd-device-state", idstr: "x/vfio", instanceId: 0 },
    { kind: "multifd-device-state", idstr: "x/vfio", instanceId: 0, idx: 1, vfioFlags: 1, payload },
  ]);
  assertEquals(devices.gathered.vfio.get("0 x/vfio")?.config, undefined);
  // A config that is none.
  const [broken] = leftOut(1, "multifd", () => [{
    kind: "multifd-device-state",
    idstr: "x/vfio",
    instanceId: 0,
    idx: 1,
    vfioFlags: 1,
    payload,
    configData: new Uint8Array(3),
  }]);
  assertEquals(broken.gathered.vfio.get("0 x/vfio")?.config, undefined);
});
