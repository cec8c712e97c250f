import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type BaseRecord, layoutOf, RETURN_PATH_LAYOUTS } from "../../stream/mod.ts";
import { MULTIFD_LAYOUTS } from "../../stream/multifd_records.ts";
import { TLS_LAYOUTS } from "../../stream/tls.ts";
import { VFIO_LAYOUTS } from "../../stream/vfio_body.ts";
import { eachCapture, FEW_CAPTURES, linesOf, NO_CAPTURES } from "./captures_for_test.ts";
import { RECORD_KINDS, summariseRecord } from "./summaries.ts";

Deno.test("RECORD_KINDS has every kind that has a layout, and no other but what is not understood", () => {
  for (const layouts of [MULTIFD_LAYOUTS, RETURN_PATH_LAYOUTS, TLS_LAYOUTS, VFIO_LAYOUTS]) {
    for (const kind of Object.keys(layouts)) assert(RECORD_KINDS.includes(kind), kind);
  }
  const bare = RECORD_KINDS.filter((kind) => {
    const record = { kind, offset: 0, length: 0, blocks: [] } as BaseRecord;
    return layoutOf(record) === undefined;
  });
  assertEquals(bare, ["truncated", "opaque"]);
});

Deno.test({
  name: "summariseRecord() has something to say about every record of every capture",
  ignore: NO_CAPTURES,
  fn(): void {
    const kinds = new Set<string>();
    eachCapture((capture, name) => {
      for (const { record } of linesOf(capture)) {
        kinds.add(record.kind);
        assertNotEquals(summariseRecord(record), [], `${name}: ${record.kind} at ${record.offset}`);
      }
    });
    for (const kind of kinds) assert(RECORD_KINDS.includes(kind), kind);
    assert(FEW_CAPTURES || kinds.size > 35, `${kinds.size} kinds`);
  },
});

/** A record with those fields; which ones its kind has is what the tests are about. */
function record(kind: string, fields: object): BaseRecord {
  return { kind, offset: 0, length: 0, ...fields } as BaseRecord;
}

/** The values as words: `name=value`. */
function words(kind: string, fields: object): string {
  return summariseRecord(record(kind, fields))
    .map(({ name, value }) => name === undefined ? `${value}` : `${name}=${value}`).join(" ");
}

Deno.test("summariseRecord() tells commands by QEMU's names, with their values", () => {
  const cases: [object, string][] = [
    [{ command: 2, value: 66 }, "PING value=66"],
    [
      { command: 3, hostPageSizes: 0x1000n, targetPageSize: 4096 },
      "POSTCOPY_ADVISE hostPageSizes=4096 targetPageSize=4096",
    ],
    [
      { command: 6, block: "pc.ram", ranges: [{ start: 0n, length: 4096n }, { start: 8192n, length: 1n }] },
      "POSTCOPY_RAM_DISCARD block=pc.ram ranges=2 discarded=4097",
    ],
    [{ command: 7, blobLength: 12 }, "PACKAGED blob=12"],
    [{ command: 10, block: "pc.ram" }, "RECV_BITMAP block=pc.ram"],
    [{ command: 99, rawPayload: new Uint8Array(3) }, "command 99 payload=3 not of this command's shape"],
  ];
  for (const [fields, expected] of cases) assertEquals(words("command", fields), expected);
});

Deno.test("summariseRecord() names at most eight blocks of a list, and counts the others", () => {
  const blocks = Array.from({ length: 10 }, (_, i) => ({ block: `b${i}`, usedLength: 4096 }));
  const list = words("ram-block-list", { flags: 4, pageOffset: 40960, blocks });
  assertEquals(list.slice(0, 36), "total=40960 blocks=10 b0=4096 b1=409");
  assertEquals(list.slice(-10), "and 2 more");
});

Deno.test("summariseRecord() tells what no capture has", () => {
  const cases: [string, object, string][] = [
    ["configuration", {
      machine: "virt",
      subsections: [{ targetPageBits: 12 }, { capabilities: { names: [{ name: "mapped-ram" }] } }, {
        uuid: Uint8Array.fromHex("00112233445566778899aabbccddeeff"),
      }],
    }, "machine=virt targetPageBits=12 capability=mapped-ram uuid=00112233-4455-6677-8899-aabbccddeeff"],
    ["section-part", { sectionId: 9 }, "id=9 never announced"],
    ["htab-header", { header: 24 }, "log2Bytes=24"],
    ["htab-header", { header: 0 }, "chunks follow"],
    ["htab-header", { header: 0xffffffff }, "no hash table"],
    ["htab-chunk", { index: 0, validCount: 0, invalidCount: 0 }, "index=0 valid=0 invalid=0 end"],
    ["htab-chunk", { index: 7, validCount: 2, invalidCount: 0 }, "index=7 valid=2 invalid=0"],
    ["s390-storage-attributes", { word: 0x1002n, count: 5n }, "MORE address=4096 pages=5"],
    ["s390-skeys", { word: 1n }, "EOS address=0"],
    ["todclock", { present: 0 }, "no clock"],
    ["todclock", { present: 1, high: 2, low: 3n }, "high=2 low=3"],
    ["block-migration", { word: 0x204n | 1n << 10n }, "PROGRESS percent=3"],
    ["block-migration", { word: 0x401n, device: "disk0" }, "DEVICE_BLOCK device=disk0 sector=2"],
    [
      "ram-zero",
      { block: "pc.ram", pageOffset: 0, pageSize: 4096, count: 1, fill: 7 },
      "block=pc.ram pages=1 0x0..0x1000 fill=7",
    ],
    [
      "ram-compress-page",
      { block: "pc.ram", pageOffset: 4096, pageSize: 4096, compressedLength: 99 },
      "block=pc.ram pages=1 0x1000..0x2000 compressed=99",
    ],
    ["multifd-device-state", {
      flags: 0x40,
      idstr: "d/vfio\0x",
      instanceId: 0,
      idx: 3,
      vfioFlags: 1,
      nextPacketSize: 20,
    }, "DEVICE_STATE idstr=d/vfio instance=0 idx=3 data=8 CONFIG"],
    [
      "multifd-device-state",
      { flags: 0x40, idstr: "d", instanceId: 0, nextPacketSize: 2 },
      "DEVICE_STATE idstr=d instance=0 data=2 too short for VFIO's header",
    ],
    ["rp-shut", { value: 1 }, "SHUT value=1 the destination failed"],
    ["rp-req-pages", { start: 4096n, requestLength: 4096 }, "REQ_PAGES start=4096 requested=4096"],
    ["rp-bitmap-end", { mark: 1n }, "mark=1 not the end mark"],
    ["rp-switchover-ack", {}, "SWITCHOVER_ACK"],
    ["rp-unknown", { type: 99, data: new Uint8Array(2) }, "type=99 data=2 not a known message"],
    [
      "tls-record",
      { contentType: 21, version: 0x303, payload: { offset: 5, length: 2 } },
      "alert version=0x303 content=2",
    ],
    ["truncated", { expected: "command", missing: 3 }, "expected=command missing=3 at least"],
    ["opaque", { reason: "COLO messages" }, "COLO messages"],
    ["no such kind", {}, ""],
  ];
  for (const [kind, fields, expected] of cases) assertEquals(words(kind, fields), expected);
});
