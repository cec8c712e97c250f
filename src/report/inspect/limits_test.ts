/** What is counted must not grow with a stream that names ever new things. */

import { assertEquals } from "@std/assert";
import { MemorySource, type ReadChannel } from "../../capture/mod.ts";
import type { CommandRecord, LongSectionRecord, MultifdDeviceStateRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import { DeviceTallies } from "./device.ts";
import { SectionTally } from "./sections.ts";

const CHANNEL: ReadChannel = {
  label: "multifd 0",
  identity: { role: "multifd", reason: "", needed: 0 },
  channel: { label: "", index: 0, direction: "s2d", isFile: false, source: new MemorySource(new Uint8Array(0)) },
  multifdId: 0,
};

function packet(idx: number, idstr: string): MultifdDeviceStateRecord {
  return {
    kind: "multifd-device-state",
    offset: 0,
    length: 289,
    magic: 0,
    version: 1,
    flags: 0,
    idstr,
    instanceId: 0,
    nextPacketSize: 13,
    idx,
    vfioFlags: 0,
  };
}

Deno.test("SectionTally keeps the first sections and commands", () => {
  const tally = new SectionTally();
  for (let sectionId = 0; sectionId < 10_010; sectionId++) {
    const section: LongSectionRecord = {
      kind: "section-full",
      offset: 0,
      length: 20,
      type: 4,
      sectionId,
      idstr: "x",
      instanceId: 0,
      versionId: 1,
    };
    tally.add(section);
    const ping: CommandRecord = {
      kind: "command",
      offset: 0,
      length: 9,
      type: 8,
      command: MIG_CMD.PING,
      payloadLength: 4,
      value: sectionId,
    };
    tally.add(ping);
  }
  const { sections, commands } = tally.summary();
  assertEquals([sections.length, commands.length], [10_000, 10_000]);
});

Deno.test("DeviceTallies keeps the first devices", () => {
  const tallies = new DeviceTallies();
  for (let number = 0; number < 5000; number++) tallies.add(packet(0, `${number}/vfio`), CHANNEL);
  assertEquals(tallies.summary(undefined).length, 4096);
});

Deno.test("DeviceTallies counts more buffers than it keeps the order of", () => {
  const tallies = new DeviceTallies();
  const number = 2 ** 18 + 1;
  for (let idx = number; idx > 0; idx--) tallies.add(packet(idx, "0/vfio"), CHANNEL);
  const [device] = tallies.summary(undefined);
  assertEquals([device?.buffers, device?.stopCopyBytes], [number, number]);
  assertEquals([device?.multifd?.order, device?.multifd?.missingIndex], ["none", null]);
});
