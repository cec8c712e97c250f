import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { assertTiles, parseChannel, serialise } from "../../testing/channels.ts";
import { vectorBytes } from "../../testing/vectors.ts";
import {
  deviceStateHeader,
  MULTIFD_FLAG,
  MULTIFD_PAGE_SIZES,
  multifdInit,
  multifdRamHeader,
  WireError,
} from "../wire/mod.ts";
import { ChannelParser } from "./channel_parser.ts";
import { MultifdGrammar } from "./multifd.ts";
import {
  MULTIFD_LAYOUTS,
  type MultifdDeviceStateRecord,
  type MultifdRamRecord,
  type MultifdRecord,
} from "./multifd_records.ts";

const INIT = multifdInit().encode({ magic: 0x11223344, version: 1, uuid: new Uint8Array(16), id: 1 });

/** A RAM packet: `normal` pages with content, `payload` of them unless given. */
function ramPacket(pageSize: number, normal: number, changes: Partial<MultifdRamRecord> = {}): Uint8Array {
  const header = multifdRamHeader(pageSize).encode({
    magic: 0x11223344,
    version: 1,
    flags: 0,
    pagesAlloc: 524288 / pageSize,
    normalPages: normal,
    nextPacketSize: normal * pageSize,
    packetNum: 0n,
    zeroPages: 0,
    ramblock: "ram",
    pageSize,
    pageOffsets: Array.from({ length: normal }, (_, i) => i * pageSize),
    ...changes,
  });
  const compressed = (changes.flags ?? 0) !== 0 && normal > 0;
  return concat([header, new Uint8Array(compressed ? changes.nextPacketSize ?? 0 : normal * pageSize).fill(0xab)]);
}

function syncPacket(pageSize: number): Uint8Array {
  return ramPacket(pageSize, 0, { flags: MULTIFD_FLAG.SYNC });
}

/** A device-state packet with VFIO's header, `flags` in it, and `length` bytes of data. */
function devicePacket(flags: number, length: number): Uint8Array {
  const header = deviceStateHeader().encode({
    magic: 0x11223344,
    version: 1,
    flags: MULTIFD_FLAG.DEVICE_STATE,
    idstr: "0000:00:05.0/vfio",
    instanceId: 0,
    nextPacketSize: 12 + length,
  });
  return concat([header, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, flags), new Uint8Array(length).fill(0xcd)]);
}

Deno.test("MultifdGrammar finds the page size from the first RAM packet, whatever it is", () => {
  for (const pageSize of MULTIFD_PAGE_SIZES) {
    const first = [
      syncPacket(pageSize),
      ramPacket(pageSize, 3),
      ramPacket(pageSize, 524288 / pageSize),
      ramPacket(pageSize, 0, { zeroPages: 2, pageOffsets: [0, pageSize] }),
      ramPacket(pageSize, 2, { flags: MULTIFD_FLAG.ZSTD, nextPacketSize: 777 }),
    ];
    for (const packet of first) {
      for (const tail of [[], [syncPacket(pageSize)], [devicePacket(0, 5)]]) {
        const bytes = concat([INIT, packet, ...tail]);
        const grammar = new MultifdGrammar();
        const { records } = parseChannel<MultifdRecord>(grammar, bytes, [64, 300, 1, 500]);
        assertEquals(grammar.pageSize, pageSize);
        assertEquals(records.length, 2 + tail.length);
        assertTiles(records, bytes.length);
        assertEquals(serialise(records, MULTIFD_LAYOUTS, bytes), bytes);
      }
    }
  }
});

Deno.test("MultifdGrammar leaves the page size open on a channel without RAM packets", () => {
  const grammar = new MultifdGrammar();
  const { records, findings } = parseChannel(grammar, concat([INIT, devicePacket(0, 5)]));
  assertEquals([records.length, findings.length, grammar.pageSize, grammar.channelId], [2, 0, undefined, 1]);
});

Deno.test("MultifdGrammar takes the likeliest page size that is not refuted when the first packet is cut", () => {
  const sizeOf = (bytes: Uint8Array): number | undefined => {
    const grammar = new MultifdGrammar();
    parseChannel(grammar, concat([INIT, bytes]));
    return grammar.pageSize;
  };
  assertEquals(sizeOf(ramPacket(4096, 4).subarray(0, 9000)), 4096);
  assertEquals(sizeOf(ramPacket(8192, 4).subarray(0, 9000)), 8192);
  assertEquals(sizeOf(ramPacket(8192, 4, { pagesAlloc: 5 }).subarray(0, 9000)), 4096);
  // So many pages fit into a packet of no size but this one.
  assertEquals(sizeOf(ramPacket(1024, 300).subarray(0, 9000)), 1024);
  assertEquals(sizeOf(ramPacket(4096, 4, { normalPages: 0xffffff }).subarray(0, 9000)), 4096);
});

Deno.test("MultifdGrammar does not wait for more than a packet to find the page size", () => {
  const parser = new ChannelParser(new MultifdGrammar());
  const hostile = ramPacket(4096, 1, { flags: MULTIFD_FLAG.ZLIB, nextPacketSize: 0 }).slice(0, 1344);
  hostile.set([0xff, 0xff, 0xff, 0xff], 20);
  parser.push(INIT);
  parser.push(hostile);
  assertEquals(parser.skippable, 0xffffffff);
});

Deno.test("MultifdGrammar lets pages and device data be skipped unseen", () => {
  const parser = new ChannelParser(new MultifdGrammar({ pageSize: 4096 }));
  parser.push(INIT);
  assertEquals(parser.push(ramPacket(4096, 100).subarray(0, 1344)), []);
  assertEquals(parser.skippable, 409600);
  const [packet] = parser.skip(409600) as MultifdRamRecord[];
  assertEquals(packet?.payload, { offset: 64 + 1344, length: 409600 });
  assertEquals(parser.push(devicePacket(0, 1 << 20).subarray(0, 288)), []);
  assertEquals(parser.skippable, 1 << 20);
  assertEquals(parser.skip(1 << 20).length, 1);
  assertEquals(parser.end(), []);
});

Deno.test("MultifdGrammar keeps config data up to 1 MiB and lets longer ones pass", () => {
  const configOf = (length: number): number | undefined => {
    const bytes = concat([INIT, devicePacket(1, length)]);
    const { records } = parseChannel<MultifdDeviceStateRecord>(new MultifdGrammar(), bytes, [64, 100, 300, 7000]);
    assertEquals(records[1]?.payload?.length, length);
    return records[1]?.configData?.length;
  };
  assertEquals(configOf(300), 300);
  assertEquals(configOf(1 << 20), 1 << 20);
  assertEquals(configOf((1 << 20) + 1), undefined);
});

Deno.test("MultifdGrammar tells what it knows of a config that was cut", () => {
  const bytes = concat([INIT, devicePacket(1, 300).subarray(0, 400)]);
  const { records, findings } = parseChannel(new MultifdGrammar(), bytes, [64, 280, 1]);
  const [, last] = records as unknown as { kind: string; missing: number; cut: MultifdDeviceStateRecord }[];
  assertEquals([last?.kind, last?.missing, last?.cut.idx, last?.cut.configData], ["truncated", 188, 4, undefined]);
  assertEquals(findings.map(({ code }) => code), ["truncated"]);
});

Deno.test("MultifdGrammar takes a channel for cut that ends before its initial packet is whole", () => {
  for (const length of [0, 1, 63]) {
    const { records } = parseChannel(new MultifdGrammar(), INIT.subarray(0, length));
    assertEquals(records.map((record) => [record.kind, record.length]), [["truncated", length]]);
  }
  assertEquals(parseChannel(new MultifdGrammar(), INIT).records.length, 1);
});

Deno.test("MultifdGrammar says where it was when it met a bad magic, and keeps the rest as opaque", () => {
  const bytes = concat([INIT, syncPacket(4096), vectorBytes("V16")]);
  const grammar = new MultifdGrammar({ pageSize: 4096 });
  const { records, findings } = parseChannel(grammar, bytes, [], { channel: "multifd 1" });
  assertEquals(records.map(({ kind }) => kind), ["multifd-init", "multifd-sync", "opaque"]);
  assertEquals(findings.map(({ channel, offset, field }) => [channel, offset, field]), [["multifd 1", 1408, "magic"]]);
  const strict = new ChannelParser(new MultifdGrammar({ pageSize: 4096 }), { strict: true });
  assertEquals(assertThrows(() => strict.push(bytes), WireError).offset, 1408);
});

Deno.test("MULTIFD_LAYOUTS annotate headers of any page size and of device state, with or without payload", () => {
  const fields = (kind: string, bytes: Uint8Array): string[] =>
    MULTIFD_LAYOUTS[kind]?.annotate(bytes, 64).map(({ field }) => field) ?? [];
  for (const pageSize of MULTIFD_PAGE_SIZES) {
    const names = fields("multifd-ram", ramPacket(pageSize, 2));
    assertEquals(names, fields("multifd-ram", ramPacket(pageSize, 2).subarray(0, 320 + 8 * 524288 / pageSize)));
    assertEquals(names.at(-1), "unusedOffsets");
  }
  assertThrows(() => fields("multifd-ram", new Uint8Array(1000)), RangeError, "1000 bytes fit no page size");
  const device = fields("multifd-device-state", devicePacket(0, 9));
  assertEquals(device.slice(-4), ["nextPacketSize", "vfio.version", "vfio.idx", "vfio.flags"]);
  assertEquals(fields("multifd-device-state", vectorBytes("V44")).at(-1), "nextPacketSize");
});

Deno.test("MultifdGrammar tiles any bytes, and writes back what it read, however they are cut", () => {
  const packets = fc.constantFrom(
    syncPacket(4096),
    ramPacket(4096, 1),
    ramPacket(4096, 0, { nextPacketSize: 77 }),
    devicePacket(0, 40),
    devicePacket(1, 40),
    vectorBytes("V50"),
    vectorBytes("V20"),
  );
  const change = fc.record({ at: fc.nat(20_000), value: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(
      fc.array(packets, { maxLength: 4 }),
      fc.array(change, { maxLength: 6 }),
      fc.nat(20_000),
      fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 10 }),
      (parts, changes, length, pieces) => {
        const bytes = concat([INIT, ...parts]);
        for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
        const cut = bytes.subarray(0, length);
        const whole = parseChannel<MultifdRecord>(new MultifdGrammar(), cut);
        assertTiles(whole.records, cut.length);
        assertEquals(serialise(whole.records, MULTIFD_LAYOUTS, cut), new Uint8Array(cut));
        assertEquals(parseChannel(new MultifdGrammar(), cut, pieces), whole);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("MultifdGrammar does not take a page size that no packet has, but reads what does not depend on it", () => {
  const bytes = concat([INIT, devicePacket(0, 5), ramPacket(4096, 1)]);
  for (const pageSize of [0, 256, 512, 3000, 1048576]) {
    const { records, findings } = parseChannel(new MultifdGrammar({ pageSize }), bytes);
    assertEquals(records.map(({ kind }) => kind as string), ["multifd-init", "multifd-device-state", "opaque"]);
    assertEquals(findings.map(({ code, offset, message }) => [code, offset, message]), [
      ["page-size", bytes.length - ramPacket(4096, 1).length, `no multifd packet has pages of ${pageSize} bytes`],
    ]);
    const parser = new ChannelParser(new MultifdGrammar({ pageSize }), { strict: true });
    assertThrows(() => parser.push(bytes), WireError, "no multifd packet has pages");
  }
});
