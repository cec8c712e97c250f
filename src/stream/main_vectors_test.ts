import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { type AnyRecord, fieldsOf, ofKind, readMain, readWhole } from "../../testing/main_channel.ts";
import { BLOCK, blockList, bytesOf, page, RAM_EOS, ramStream, stream, zeroPage } from "../../testing/main_stream.ts";
import { MAIN_VECTORS, mainVector } from "../../testing/main_vectors.ts";
import {
  command,
  configuration,
  decodeDeviceBody,
  decodeXbzrle,
  encodeDeviceBody,
  type FieldDescription,
  identifyChannel,
  mappedRamHeader,
  ramBlockEntry,
} from "../../mod.ts";
import { MainGrammar } from "./main.ts";
import { MigrationState } from "./migration_state.ts";
import { PreemptGrammar } from "./preempt.ts";

/** Vectors that another test file uses: return path, libvirt, multifd, TLS. */
const ELSEWHERE = ["19.5", "19.7"];

const used = new Set<string>();

/** A vector, which is noted as used. */
function vector(section: string, title: string): Uint8Array {
  const bytes = mainVector(section, title);
  used.add(bytes.toHex());
  return bytes;
}

/** The elements in `bytes`, as a stream goes on that knows section 2 as `ram` with one block, and section 3. */
function elements(bytes: Uint8Array): AnyRecord[] {
  const state = new MigrationState();
  state.learnPageSize(4096, "option");
  state.announce({ sectionId: 2, idstr: "ram", instanceId: 0, versionId: 4 }, true);
  state.announce({ sectionId: 3, idstr: "dirty-bitmap", instanceId: 0, versionId: 1 }, true);
  state.returnPath = true;
  state.postcopy = "advise";
  const { records, findings } = readWhole(new MainGrammar({ resume: state }), bytes);
  assertEquals(findings.map(({ code }) => code), ["truncated"], "only EOF is missing");
  return records.slice(0, -1);
}

/** The records of a RAM body with `body` and EOS, which follows one zero page of `pc.ram`. */
function ramRecords(body: Uint8Array): AnyRecord[] {
  const bytes = ramStream(0x1e0000).part(2, [zeroPage(0, BLOCK), RAM_EOS]).part(2, [body, RAM_EOS]).eof().bytes();
  const { records, findings } = readMain(bytes);
  assertEquals(findings, []);
  const from = records.findLastIndex(({ kind }) => kind === "section-part") + 1;
  return records.slice(from, records.findLastIndex(({ kind }) => kind === "ram-eos"));
}

/** The records of the body of a section. */
function bodyRecords(idstr: string, version: number, body: Uint8Array, part = false): AnyRecord[] {
  const bytes = part
    ? stream().start(2, "ram", 4, [blockList({}), RAM_EOS]).start(9, idstr, version, [0, 0, 0, 26]).part(9, body).eof()
    : stream().start(2, "ram", 4, [blockList({}), RAM_EOS]).start(9, idstr, version, body).eof();
  const { records, findings } = readMain(bytes.bytes());
  assertEquals(findings, []);
  const from = records.findLastIndex(({ kind }) => kind.startsWith("section-s") || kind === "section-part") + 1;
  return records.slice(from, records.findLastIndex(({ kind }) => kind === "section-footer"));
}

Deno.test("§19.1: header and configuration, alone and with each subsection", () => {
  const header = vector("19.1", "Header + CONFIGURATION");
  const records = readMain(header).records;
  assertEquals(records.map(({ kind, length }) => [kind, length]), [
    ["file-header", 8],
    ["configuration", 15],
    ["truncated", 0],
  ]);
  assertEquals(fieldsOf(records[0]), { magic: 0x5145564d, version: 3 });
  assertEquals(fieldsOf(records[1]), { type: 7, nameLength: 10, machine: "pc-q35-9.2", subsections: [] });

  const mapped = vector("19.1", "Subsection configuration/capabilities");
  const bits = vector("19.1", "Subsection configuration/target-page-bits");
  const [, both] = readMain(concat([header, bits, mapped])).records;
  assertEquals(both?.subsections, [
    { marker: 5, name: "configuration/target-page-bits", version: 1, targetPageBits: 12 },
    {
      marker: 5,
      name: "configuration/capabilities",
      version: 1,
      capabilities: { count: 1, names: [{ name: "mapped-ram" }] },
    },
  ]);
  const body = concat([header.subarray(8), mapped]);
  assertEquals(configuration.encode(configuration.decode(body)), body);
});

Deno.test("§19.2: each command", () => {
  const cases: [title: string, fields: { [field: string]: unknown }][] = [
    ["OPEN_RETURN_PATH", { command: 1, payloadLength: 0 }],
    ["PING 1", { command: 2, payloadLength: 4, value: 1 }],
    ["POSTCOPY_ADVISE, 4 KiB", { command: 3, payloadLength: 16, hostPageSizes: 0x1000n, targetPageSize: 4096 }],
    ["POSTCOPY_ADVISE, bitmaps", { command: 3, payloadLength: 0 }],
    ["SWITCHOVER_START", { command: 11, payloadLength: 0 }],
    ["POSTCOPY_RESUME", { command: 9, payloadLength: 0 }],
    ["RECV_BITMAP", { command: 10, payloadLength: 7, block: "pc.ram" }],
    ["RAM_DISCARD", {
      command: 6,
      payloadLength: 25,
      version: 0,
      block: "pc.ram",
      nul: 0,
      ranges: [{ start: 0x3000n, length: 0x2000n }],
    }],
  ];
  for (const [title, fields] of cases) {
    const bytes = vector("19.2", title);
    assertEquals(command.decode(bytes), { type: 8, ...fields } as never, title);
    assertEquals(command.encode(command.decode(bytes)), bytes, title);
  }
});

Deno.test("§19.2: a package holds LISTEN, two PINGs and RUN", () => {
  const records = elements(vector("19.2", "PACKAGED"));
  assertEquals(records.map((record) => [record["command"], record["blobLength"] ?? record["value"], record.length]), [
    [7, 28, 9],
    [4, undefined, 5],
    [2, 3, 9],
    [2, 0x42, 9],
    [5, undefined, 5],
  ]);
});

Deno.test("§19.3: the START of `ram` with two blocks, and with a MULTIFD_FLUSH at its end", () => {
  const plain = vector("19.3", "START, section id 2");
  const flush = vector("19.3", "The same list with multifd");
  for (
    const [bytes, marks] of [[plain, ["ram-eos"]], [
      concat([plain.subarray(0, plain.length - 13), flush]),
      ["ram-multifd-flush", "ram-eos"],
    ]] as const
  ) {
    const records = elements(bytes);
    assertEquals(records.map(({ kind }) => kind), ["section-start", "ram-block-list", ...marks, "section-footer"]);
    assertEquals(fieldsOf(records[0]), { type: 1, sectionId: 2, idstr: "ram", instanceId: 0, versionId: 4 });
    assertEquals(fieldsOf(records[1]), {
      pageOffset: 0x200000,
      flags: 4,
      blocks: [{ block: "pc.ram", usedLength: 0x1e0000 }, { block: "pc.bios", usedLength: 0x20000 }],
    });
    assertEquals(fieldsOf(records.at(-1)), { marker: 0x7e, sectionId: 2 });
  }
});

Deno.test("§19.3: block entries with a page-size word and with an address", () => {
  const huge = vector("19.3", "Block entry with a 2 MiB");
  const withSizes = ramBlockEntry({ addresses: false, mapped: false, hostPageSizes: 0x201000n });
  assertEquals(withSizes.decode(huge), { block: "m0", usedLength: 0x40000000, hostPageSize: 0x200000 });
  assertEquals(withSizes.encode(withSizes.decode(huge)), huge);

  const shared = vector("19.3", "Block entry with x-ignore-shared");
  const withAddress = ramBlockEntry({ addresses: true, mapped: false, hostPageSizes: 0n });
  assertEquals(withAddress.decode(shared), { block: "pc.ram", usedLength: 0x8000000, address: 0 });
  assertEquals(withAddress.encode(withAddress.decode(shared)), shared);
});

Deno.test("§19.3: ZERO pages, the second with CONTINUE, are one run", () => {
  const [run, ...others] = ramRecords(vector("19.3", "ZERO at 0x5000"));
  assertEquals(fieldsOf(run), { block: "pc.ram", flags: 2, pageOffset: 0x5000, pageSize: 4096, count: 2, fill: 0 });
  assertEquals(others, []);
});

Deno.test("§19.3: a PAGE with CONTINUE belongs to the block of a section before", () => {
  const header = vector("19.3", "PAGE header at 0x7000");
  const [run] = ramRecords(concat([header, new Uint8Array(4096).fill(1)]));
  assertEquals(fieldsOf(run), { block: "pc.ram", flags: 0x28, pageOffset: 0x7000, pageSize: 4096, count: 1 });
  assertEquals(page(0x7000).subarray(0, 8), header);
});

Deno.test("§19.3: an XBZRLE record and its runs", () => {
  const bytes = vector("19.3", "XBZRLE record");
  const [record] = ramRecords(bytes);
  assertEquals([record?.kind, record?.encodedLength, record?.pageOffset, record?.encoding], [
    "ram-xbzrle",
    16,
    0x8000,
    1,
  ]);
  const page = new Uint8Array(4096);
  for (const { at, bytes: changed } of decodeXbzrle(bytes.subarray(11), 4096)) page.set(changed, at);
  const expected = new Uint8Array(4096);
  expected.set([0xff], 0);
  expected.set([0xaa, 0xbb, 0xcc], 10);
  expected.set([1], 313);
  expected.set([0x7f], 4095);
  assertEquals(page, expected);
});

Deno.test("§19.3: an END with nothing but EOS", () => {
  assertEquals(elements(vector("19.3", "END with nothing")).map(({ kind }) => kind), [
    "section-end",
    "ram-eos",
    "section-footer",
  ]);
});

Deno.test("§19.4: dirty bitmaps, whose names hold on from the START to the END", () => {
  const records = elements(concat([vector("19.4", "START"), vector("19.4", "END")]));
  const [start, eos, bits, complete, last] = ofKind(records, "dirty-bitmap");
  assertEquals(fieldsOf(start), {
    flagBytes: [0x1c],
    flags: 0x1c,
    node: "disk0",
    bitmap: "b0",
    granularity: 65536,
    bitmapFlags: 3,
    currentNode: "disk0",
    currentBitmap: "b0",
  });
  assertEquals([eos?.flags, complete?.flags, last?.flags], [1, 0x20, 1]);
  assertEquals([bits?.firstSector, bits?.sectorCount, bits?.bufferLength, bits?.payload?.length], [0n, 2048, 32n, 32]);
  assertEquals([bits?.currentNode, bits?.currentBitmap], ["disk0", "b0"]);
});

Deno.test("§19.6: a mapped-ram block entry at file offset 0x200", () => {
  const bytes = vector("19.6", "Entry at file offset 0x200");
  const entry = ramBlockEntry({ addresses: false, mapped: true, hostPageSizes: 0n });
  const mapped = { version: 1, pageSize: 4096, bitmapOffset: 0x22b, pagesOffset: 0x100000 };
  assertEquals(entry.decode(bytes), { block: "pc.ram", usedLength: 0x8000000, mapped });
  assertEquals(entry.encode(entry.decode(bytes)), bytes);
  assertEquals(mappedRamHeader.encode(mapped), bytes.subarray(15));
});

Deno.test("§19.8: a CPR channel is named, not read", () => {
  assertEquals(identifyChannel(vector("19.8", "CPR state header"), { direction: "s2d", ended: true }).role, "cpr");
});

Deno.test("§19.8: the first record of a preempt channel", () => {
  const state = new MigrationState();
  state.learnPageSize(4096, "option");
  const bytes = concat([vector("19.8", "First preempt record"), new Uint8Array(4096)]);
  const { records, findings } = readWhole(new PreemptGrammar(state), bytes);
  assertEquals(findings, []);
  assertEquals(records.map(fieldsOf), [{ block: "pc.ram", flags: 8, pageOffset: 0, pageSize: 4096, count: 1 }]);
});

Deno.test("§19.9: the complete small stream", () => {
  const elements = vector("19.9", "A complete small stream");
  const text = vector("19.9", "Text of the description");
  const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  assertEquals(sha256(elements), "fb58ce22d33f59853bfac8438644f7d8b9cf24a74b87238d6ea9a069e4f7224f");
  const bytes = bytesOf(elements, [6, 0, 0, 4, 0x92], text);
  assertEquals(sha256(bytes), "a2dc32df5322d62f2a05336abcc58f82907f73403cc8a8349a28ca31cb12636b");

  const grammar = new MainGrammar();
  const { records, findings } = readWhole(grammar, bytes);
  assertEquals(findings, []);
  assertEquals(grammar.ending, "complete");
  assertEquals(records.map(({ kind, offset, length }) => [kind, offset, length]), [
    ["file-header", 0, 8],
    ["configuration", 8, 15],
    ["section-start", 0x17, 17],
    ["ram-block-list", 0x28, 23],
    ["ram-eos", 0x3f, 8],
    ["section-footer", 0x47, 5],
    ["section-part", 0x4c, 5],
    ["ram-zero", 0x51, 16],
    ["ram-eos", 0x61, 8],
    ["section-footer", 0x69, 5],
    ["section-end", 0x6e, 5],
    ["ram-zero", 0x73, 9],
    ["ram-eos", 0x7c, 8],
    ["section-footer", 0x84, 5],
    ["section-full", 0x89, 19],
    ["device-state", 0x9c, 24],
    ["section-footer", 0xb4, 5],
    ["section-full", 0xb9, 24],
    ["device-state", 0xd1, 40],
    ["section-footer", 0xf9, 5],
    ["section-full", 0xfe, 25],
    ["device-state", 0x117, 104],
    ["section-footer", 0x17f, 5],
    ["eof", 0x184, 1],
    ["vm-description", 0x185, 1175],
  ]);
  assertEquals(ofKind(records, "ram-zero").map(({ block, pageOffset }) => [block, pageOffset]), [
    ["pc.ram", 0],
    ["pc.ram", 0x1000],
  ]);
  const { description } = grammar.state;
  const device = ofKind(records, "device-state")[1];
  const known = description?.devices[1];
  const payload = device?.payload;
  if (payload === undefined || known === undefined) throw new Error("no cpu_common");
  const state = bytes.subarray(payload.offset, payload.offset + payload.length);
  const body = decodeDeviceBody(state, known);
  assertEquals(body.findings, []);
  assertEquals(body.children.map(({ name }) => name), ["halted", "interrupt_request", "cpu_common/crash_occurred"]);
  assertEquals(encodeDeviceBody(body), state);
  // With the description known beforehand nothing is guessed.
  const again = readMain(bytes, description === undefined ? {} : { description });
  assertEquals(ofKind(again.records, "device-state").map(({ extent }) => extent), [
    "described",
    "described",
    "described",
  ]);
});

Deno.test("§19.10: fields of device bodies", () => {
  const field = (type: string, size: number, more: Partial<FieldDescription> = {}): FieldDescription => ({
    name: "f",
    type,
    size,
    inline: [],
    ...more,
  });
  const inner = (name: string, ...fields: FieldDescription[]): FieldDescription["inline"][number] => ({
    vmsdName: name,
    version: 1,
    fields,
    subsections: [],
  });
  const number = inner("n", field("uint32", 4));
  const small = inner("s", field("uint16", 2));
  const pointers = [field("uint32", 4), field("nullptr", 1), field("uint32", 4)];
  const marked = [1, 0, 1].flatMap((there) => [field("ptr-marker", 1), ...(there ? [field("uint32", 4)] : [])]);
  const cases: [title: string, fields: FieldDescription[]][] = [
    ["vmstate qtailq", [field("qtailq", 11, { inline: [number, number] })]],
    ["vmstate gtree", [field("gtree", 27, { inline: [small, small] })]],
    ["vmstate bitmap", [field("bitmap", 16)]],
    ["vmstate timer", [field("timer", 8)]],
    ["Pointer array", pointers],
    ["The same as an auto-alloc", marked],
  ];
  for (const [title, fields] of cases) {
    const bytes = vector("19.10", title);
    const body = decodeDeviceBody(bytes, inner("v", ...fields));
    assertEquals(body.findings, [], title);
    assertEquals(body.children.every(({ type }) => type !== "rest"), true, title);
    assertEquals(encodeDeviceBody(body), bytes, title);
  }
});

Deno.test("§19.10: a compressed page", () => {
  const bytes = vector("19.10", "COMPRESS_PAGE");
  const [record] = ramRecords(bytes);
  assertEquals([record?.kind, record?.pageOffset, record?.compressedLength, record?.payload?.length], [
    "ram-compress-page",
    0x3000,
    42,
    42,
  ]);
  assertEquals(new Uint8Array(inflateSync(bytes.subarray(12))), new Uint8Array(4096).fill(0x41));
});

Deno.test("§19.10: bodies of `spapr/htab`", () => {
  assertEquals(bodyRecords("spapr/htab", 1, vector("19.10", "spapr/htab START")).map(fieldsOf), [{ header: 26 }]);
  const chunks = bodyRecords("spapr/htab", 1, vector("19.10", "spapr/htab PART"), true);
  assertEquals(
    chunks.map(({ kind, header, index, validCount, invalidCount, payload }) =>
      kind === "htab-header" ? [header] : [index, validCount, invalidCount, payload?.length]
    ),
    [[0], [3, 1, 2, 16], [0, 0, 0, 0]],
  );
});

Deno.test("§19.10: bodies of s390 sections", () => {
  const attributes = bodyRecords("s390-storage_attributes", 0, vector("19.10", "s390-storage_attributes END"));
  assertEquals(attributes.map(({ word, count }) => [word, count]), [
    [0x10002n, 3n],
    [8n, undefined],
    [1n, undefined],
  ]);
  const keys = bodyRecords("s390-skeys", 1, vector("19.10", "s390-skeys"));
  assertEquals(keys.map(({ word, count }) => [word, count]), [[2n, 2n], [1n, undefined]]);
  const clock = bodyRecords("todclock", 1, vector("19.10", "todclock"));
  assertEquals(clock.map(fieldsOf), [{ present: 1, high: 0, low: 0x0123456789abcdefn }]);
});

Deno.test("§19.10: a body of `block`", () => {
  const records = bodyRecords("block", 1, vector("19.10", "block body"));
  assertEquals(records.map(({ word, device, length }) => [word, device, length]), [
    [50n << 9n | 4n, undefined, 8],
    [2048n << 9n | 9n, "hd0", 12],
    [2n, undefined, 8],
  ]);
});

Deno.test("every vector of §19 is used, here or in the tests of its channel", () => {
  const missing = MAIN_VECTORS.filter(({ section, hex }) => !ELSEWHERE.includes(section) && !used.has(hex));
  assertEquals(missing.map(({ title }) => title), []);
});
