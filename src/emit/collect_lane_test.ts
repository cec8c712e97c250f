import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { captureBytes, multifdChannels } from "../../testing/multifd_captures.ts";
import { devicePacket, multifdChannel } from "../../testing/memory_capture.ts";
import { haveCaptures } from "../../testing/real_captures.ts";
import { MemorySource, readChannel } from "../capture/mod.ts";
import { type BaseRecord, ChannelParser, MultifdGrammar } from "../stream/mod.ts";
import { MULTIFD_FLAG, multifdRamHeader } from "../wire/mod.ts";
import { collectLane } from "./collect_lane.ts";
import { itemBytes, laneParts } from "./deal/mod.ts";
import type { Lane } from "./lane.ts";

function laneOf(bytes: Uint8Array, reserialise = false): Lane {
  const source = new MemorySource(bytes);
  const records: BaseRecord[] = [];
  readChannel(source, new ChannelParser(new MultifdGrammar({ pageSize: 4096 })), (record) => records.push(record));
  return collectLane(records, { source, connection: 3, reserialise });
}

function bytesOfLane(lane: Lane): Uint8Array {
  return concat([...laneParts(lane)].map(itemBytes));
}

function ramPacket(flags: number, pageOffsets: readonly number[]): Uint8Array {
  const header = multifdRamHeader(4096).encode({
    magic: 0x11223344,
    version: 1,
    flags,
    pagesAlloc: 128,
    normalPages: pageOffsets.length,
    nextPacketSize: pageOffsets.length * 4096,
    packetNum: 0n,
    zeroPages: 0,
    ramblock: pageOffsets.length === 0 ? "" : "pc.ram",
    pageSize: 4096,
    pageOffsets: [...pageOffsets],
  });
  return concat([header, new Uint8Array(pageOffsets.length * 4096).fill(7)]);
}

const kinds = ({ intervals }: Lane): unknown =>
  intervals.map(({ packets, sync }) => [...packets.map(({ kind }) => kind), `sync: ${sync?.kind}`]);

Deno.test("collectLane() cuts a channel at its SYNC packets", () => {
  const sync = ramPacket(MULTIFD_FLAG.SYNC, []);
  const lane = laneOf(multifdChannel(5, sync, ramPacket(0, [0]), devicePacket(0, 9), sync, devicePacket(1, 9)));
  assertEquals(lane.id, 5);
  assertEquals([lane.init.kind, lane.init.connection, lane.init.length], ["multifd-init", 3, 64]);
  assertEquals(kinds(lane), [
    ["sync: multifd-sync"],
    ["multifd-ram", "multifd-device-state", "sync: multifd-sync"],
    ["multifd-device-state", "sync: undefined"],
  ]);
});

Deno.test("collectLane() takes a packet with pages and SYNC for the SYNC", () => {
  const lane = laneOf(multifdChannel(0, ramPacket(0, [0]), ramPacket(MULTIFD_FLAG.SYNC, [4096]), ramPacket(0, [])));
  assertEquals(kinds(lane), [["multifd-ram", "sync: multifd-ram"], ["multifd-ram", "sync: undefined"]]);
});

Deno.test("collectLane() carries what is cut off and what is not understood", () => {
  const packet = ramPacket(0, [0]);
  const cut = laneOf(concat([multifdChannel(0, ramPacket(MULTIFD_FLAG.SYNC, [])), packet.subarray(0, 2000)]));
  assertEquals(kinds(cut), [["sync: multifd-sync"], ["truncated", "sync: undefined"]]);
  const odd = multifdChannel(0, packet, new Uint8Array(5000).fill(9));
  assertEquals(kinds(laneOf(odd)), [["multifd-ram", "opaque", "sync: undefined"]]);
  assertEquals(bytesOfLane(laneOf(odd)), odd);
});

Deno.test("collectLane() makes a lane without id of a channel that ends in its initial packet", () => {
  const lane = laneOf(multifdChannel(0).subarray(0, 30));
  assertEquals([lane.id, lane.init.kind, lane.intervals], [-1, "truncated", [{ packets: [] }]]);
  const options = { source: new MemorySource(new Uint8Array(0)), connection: 0 };
  assertThrows(() => collectLane([], options), TypeError, "without any record");
});

Deno.test({
  name: "collectLane() keeps every byte of the recorded channels, also when they are made of the fields again",
  ignore: !haveCaptures(),
  fn(): void {
    for (const channel of multifdChannels()) {
      const bytes = captureBytes(channel);
      for (const reserialise of [false, true]) {
        const lane = laneOf(bytes, reserialise);
        assertEquals(bytesOfLane(lane).toHex() === bytes.toHex(), true, `${channel.capture}/${channel.file}`);
      }
    }
  },
});
