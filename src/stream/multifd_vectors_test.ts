import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { assertTiles, parseChannel, type Parsed, serialise } from "../../testing/channels.ts";
import { vectorBytes, VECTORS } from "../../testing/vectors.ts";
import { type MultifdContext, WireError } from "../wire/mod.ts";
import { MultifdGrammar, type MultifdOptions } from "./multifd.ts";
import {
  MULTIFD_LAYOUTS,
  type MultifdDeviceStateRecord,
  type MultifdInitRecord,
  type MultifdRamRecord,
  type MultifdRecord,
} from "./multifd_records.ts";

/** What the test vectors take the destination to be. */
const DESTINATION: MultifdContext = {
  uuid: "00112233-4455-6677-8899-aabbccddeeff",
  channels: 2,
  compression: "none",
  blocks: new Map([["pc.ram", 0x10_0000]]),
  sections: [
    { idstr: "ram", instanceId: 0, takesBuffers: false },
    { idstr: "0000:00:02.0/vfio", instanceId: 0, takesBuffers: true },
  ],
};

/** What a vector is to give in lax parsing: record kinds and finding codes, in order. */
interface Expectation {
  readonly kinds: readonly string[];
  readonly codes?: readonly string[];
  readonly context?: MultifdContext;
  readonly pageSize?: number;
}

const init = ["multifd-init"];
const sync = ["multifd-sync"];
const ram = ["multifd-ram"];
const device = ["multifd-device-state"];
const truncated = ["truncated"];
const opaque = ["opaque"];
const old: MultifdContext = { ...DESTINATION, qemu: "7.2" };
const zlib: MultifdContext = { ...DESTINATION, compression: "zlib" };
const qpl: MultifdContext = { ...DESTINATION, compression: "qpl" };
const uadk: MultifdContext = { ...DESTINATION, compression: "uadk" };

const EXPECTED: Readonly<Record<string, Expectation>> = {
  V01: { kinds: init },
  V02: { kinds: init, codes: ["reserved", "reserved"] },
  V03: { kinds: opaque, codes: ["magic"] },
  V04: { kinds: opaque, codes: ["version"] },
  V05: { kinds: init, codes: ["uuid"] },
  V06: { kinds: init, codes: ["channel-id"] },
  V07: { kinds: init, codes: ["channel-id"] },
  V08: { kinds: truncated, codes: ["truncated"] },
  V09: { kinds: sync },
  V10: { kinds: sync },
  V11: { kinds: ram },
  V12: { kinds: ram },
  V13: { kinds: ram },
  V14: { kinds: ram, context: old },
  V15: { kinds: [...ram, ...ram, ...sync], context: old },
  V16: { kinds: opaque, codes: ["magic"] },
  V17: { kinds: opaque, codes: ["version"] },
  V18: { kinds: ram, codes: ["pages"] },
  V19: { kinds: truncated, codes: ["normal", "block", "truncated"] },
  V20: { kinds: truncated, codes: ["zero", "block", "truncated"] },
  V21: { kinds: ram, codes: ["block"] },
  V22: { kinds: ram, codes: ["offset"] },
  V23: { kinds: ram },
  V24: { kinds: ram, codes: ["block"] },
  V25: { kinds: ram, codes: ["compression"] },
  V26: { kinds: ram, codes: ["flags"] },
  V27: { kinds: sync, codes: ["flags"] },
  V28: { kinds: ram, codes: ["length"] },
  V29: { kinds: truncated, codes: ["truncated"] },
  V30: { kinds: truncated, codes: ["truncated"] },
  V31: { kinds: sync, pageSize: 65536 },
  V32: { kinds: [...ram, ...ram], context: zlib },
  V33: { kinds: ram, context: zlib },
  // No payload follows, so the five bytes that are there all the same are taken for the next header.
  V34: { kinds: [...ram, ...opaque], codes: ["codec-empty", "magic"], context: zlib },
  V35: { kinds: truncated, codes: ["codec-size", "truncated"], context: zlib },
  V36: { kinds: ram, context: zlib },
  V37: { kinds: ram, context: qpl },
  V38: { kinds: ram, context: qpl },
  V39: { kinds: truncated, codes: ["truncated"], context: qpl },
  V40: { kinds: ram, context: uadk },
  V41: { kinds: device },
  V42: { kinds: device },
  V43: { kinds: device, codes: ["empty-buffer"] },
  V44: { kinds: device, codes: ["short"] },
  V45: { kinds: device, codes: ["empty"] },
  V46: { kinds: device, codes: ["version"] },
  V47: { kinds: device, codes: ["idx"] },
  V48: { kinds: [...device, ...device] },
  V49: { kinds: device, codes: ["flags"] },
  V50: { kinds: device, codes: ["sync-device-state"] },
  V51: { kinds: device, codes: ["flags"] },
  V52: { kinds: device, codes: ["unknown-section"] },
  V53: { kinds: device, codes: ["no-loader"] },
  V54: { kinds: device, codes: ["idstr"] },
  V55: { kinds: truncated, codes: ["truncated"] },
  V56: { kinds: device },
  V57: { kinds: device },
  V58: { kinds: [...device, ...device] },
};

/** Vectors whose error is found by the codec or by the engine, or comes from the end of input. */
const ELSEWHERE = new Set(["V08", "V29", "V30", "V36", "V38", "V39", "V48", "V55", "V56", "V57", "V58"]);

const INIT_LENGTH = 64;

/** A vector as a channel: packets get the initial packet of V01 before them. */
function channelOf(id: string): Uint8Array {
  return id <= "V08" ? vectorBytes(id) : concat([vectorBytes("V01"), vectorBytes(id)]);
}

function optionsOf(id: string): MultifdOptions {
  const { pageSize = 4096, context = DESTINATION } = EXPECTED[id] ?? {};
  return { pageSize, context };
}

function parseVector(id: string, options = optionsOf(id), pieces: Iterable<number> = []): Parsed<MultifdRecord> {
  const { records, findings } = parseChannel<MultifdRecord>(new MultifdGrammar(options), channelOf(id), pieces);
  return { records: id <= "V08" ? records : records.slice(1), findings };
}

function oneByOne(id: string): number[] {
  return channelOf(id).values().map(() => 1).toArray();
}

for (const { id, title, result } of VECTORS.filter((vector) => vector.id in EXPECTED)) {
  const { kinds, codes = [] } = EXPECTED[id] ?? { kinds: [] };

  Deno.test(`MultifdGrammar reads ${id}, ${title}`, () => {
    const { records, findings } = parseVector(id);
    assertEquals(records.map(({ kind }) => kind), [...kinds]);
    assertEquals(findings.map(({ code }) => code), [...codes]);
    if (ELSEWHERE.has(id)) return;
    const [, code, qemu] = /error\(([a-z-]+)\)(?:: `([^`]+)`)?/.exec(result) ?? [];
    const error = findings.find(({ severity }) => severity === "error");
    assertEquals(error?.code, code);
    if (qemu !== undefined) assertEquals(error?.qemu, qemu);
    const warns = findings.some(({ severity }) => severity === "warning");
    assertEquals(warns, result.includes("warn"));
  });

  Deno.test(`MultifdGrammar reads ${id} byte by byte as all at once, and it is written back as it was`, () => {
    const bytes = channelOf(id);
    const whole = parseChannel<MultifdRecord>(new MultifdGrammar(optionsOf(id)), bytes);
    const pieces = parseChannel<MultifdRecord>(new MultifdGrammar(optionsOf(id)), bytes, oneByOne(id));
    assertEquals(pieces, whole);
    assertTiles(whole.records, bytes.length);
    assertEquals(serialise(whole.records, MULTIFD_LAYOUTS, bytes), bytes);
  });

  const [firstError] = codes.filter((code) => result.includes(`error(${code})`));
  if (firstError !== undefined) {
    Deno.test(`MultifdGrammar throws ${firstError} at ${id} in strict mode`, () => {
      const grammar = new MultifdGrammar(optionsOf(id));
      const error = assertThrows(() => parseChannel(grammar, channelOf(id), [], { strict: true }), WireError);
      assertEquals(error.code, firstError);
    });
  }
}

Deno.test("MultifdGrammar gives the fields of the initial packets V01 and V02", () => {
  const [plain] = parseVector("V01").records as MultifdInitRecord[];
  assertEquals(plain, {
    kind: "multifd-init",
    offset: 0,
    length: 64,
    magic: 0x11223344,
    version: 1,
    uuid: Uint8Array.fromHex("00112233445566778899aabbccddeeff"),
    id: 0,
  });
  const [odd] = parseVector("V02").records as MultifdInitRecord[];
  assertEquals([odd?.id, odd?.unused1?.toHex(), odd?.unused2?.length], [1, "01020304050607", 32]);
});

Deno.test("MultifdGrammar says it in the words of QEMU 11.1 for V06 and V07", () => {
  const context = { ...DESTINATION, qemu: "11.1" };
  for (const [id, channel] of [["V06", 3], ["V07", 2]] as const) {
    const { findings } = parseVector(id, { context });
    assertEquals(findings[0]?.qemu, `multifd: received channel id ${channel} exceeds channel count 2`);
  }
});

Deno.test("MultifdGrammar says it in the words of QEMU 7.2 for V16, V17, V18 and V19", () => {
  const text = (id: string): string | undefined => parseVector(id, { pageSize: 4096, context: old }).findings[0]?.qemu;
  assertEquals(text("V16"), "multifd: received packet magic 44332211 and expected magic 11223344");
  assertEquals(text("V17"), "multifd: received packet version 2 and expected version 1");
  assertEquals(text("V18"), "multifd: received packet with size 129 and expected a size of 128");
  assertEquals(text("V19"), "multifd: received packet with 5 pages and expected maximum pages are 4");
});

Deno.test("MultifdGrammar gives number and room of the SYNC packets V09 and V10", () => {
  const fields = (id: string): unknown[] => {
    const [packet] = parseVector(id).records as MultifdRamRecord[];
    return [packet?.packetNum, packet?.pagesAlloc, packet?.payload];
  };
  assertEquals(fields("V09"), [5n, 0, undefined]);
  assertEquals(fields("V10"), [6n, 128, undefined]);
});

Deno.test("MultifdGrammar gives block, offsets and payload of V11, V12 and V13", () => {
  const fields = (id: string): unknown[] => {
    const [packet] = parseVector(id).records as MultifdRamRecord[];
    return [packet?.ramblock, packet?.normalPages, packet?.pageOffsets, packet?.payload];
  };
  const offset = INIT_LENGTH + 1344;
  assertEquals(fields("V11"), ["pc.ram", 2, [0x1000, 0x5000], { offset, length: 8192 }]);
  assertEquals(fields("V12"), ["pc.ram", 1, [0x2000, 0x3000, 0x4000], { offset, length: 4096 }]);
  assertEquals(fields("V13"), ["pc.ram", 0, [0, 0x1000, 0x2000], undefined]);
});

Deno.test("MultifdGrammar warns of what only old QEMUs send in V14 and V15, if the destination is newer", () => {
  const codes = (id: string): string[] =>
    parseVector(id, { pageSize: 4096, context: DESTINATION }).findings.map(({ severity, code }) =>
      `${severity} ${code}`
    );
  assertEquals(codes("V14"), ["warning sync-pages"]);
  assertEquals(codes("V15"), ["warning sync-pages", "warning stale-offset", "warning stale-offset"]);
});

Deno.test("MultifdGrammar keeps the stale offset of V15 and does not take its stale length for a payload", () => {
  const [data, rest, sync] = parseVector("V15").records as MultifdRamRecord[];
  assertEquals([data?.length, rest?.length, sync?.length], [5440, 1344, 1344]);
  assertEquals([rest?.nextPacketSize, rest?.pageOffsets], [4096, []]);
  assertEquals(rest?.unusedOffsets?.subarray(0, 8).toHex(), "0000000000001000");
});

Deno.test("MultifdGrammar looks V24 up by 255 bytes", () => {
  assertEquals(parseVector("V24").findings[0]?.qemu, `multifd: unknown ram block ${"r".repeat(255)}`);
});

Deno.test("MultifdGrammar knows QEMU's words for a channel that ends as V29", () => {
  const grammar = new MultifdGrammar(optionsOf("V29"));
  parseChannel(grammar, channelOf("V29"));
  const none = new Uint8Array(0);
  assertEquals(grammar.qemuAtCut(none, 12), "multifd: unexpected EOF after packet header");
  assertEquals(grammar.qemuAtCut(none, 700), undefined);
  assertEquals(new MultifdGrammar().qemuAtCut(none, 12), undefined);
});

Deno.test("MultifdGrammar finds the page size of V31 by itself", () => {
  const grammar = new MultifdGrammar();
  const { records } = parseChannel(grammar, channelOf("V31"));
  assertEquals([records.at(-1)?.kind, records.at(-1)?.length, grammar.pageSize], ["multifd-sync", 384, 65536]);
});

Deno.test("MultifdGrammar gives idx and flags, and the data of a config, of V41, V42 and V56", () => {
  const fields = (id: string): unknown[] => {
    const [packet] = parseVector(id).records as MultifdDeviceStateRecord[];
    return [packet?.vfioVersion, packet?.idx, packet?.vfioFlags, packet?.payload?.length, packet?.configData?.length];
  };
  assertEquals(fields("V41"), [0, 0, 0, 8, undefined]);
  assertEquals(fields("V42"), [0, 1, 1, 292, 292]);
  assertEquals(fields("V56"), [0, 0, 1, 0, 0]);
  assertEquals(fields("V44"), [undefined, undefined, undefined, 11, undefined]);
});

Deno.test("MultifdGrammar keeps the end tag of V57 for whoever reads the config", () => {
  const [packet] = parseVector("V57").records as MultifdDeviceStateRecord[];
  assertEquals(packet?.configData?.subarray(-8).toHex(), "ffffffffef100003");
});

Deno.test("MultifdGrammar tells which packet was cut in V55", () => {
  const { records } = parseVector("V55");
  const [last] = records as unknown as { missing: number; cut: MultifdDeviceStateRecord }[];
  assertEquals([last?.missing, last?.cut.idx, last?.cut.nextPacketSize], [3, 0, 20]);
});
