import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Finding, WireError } from "../wire/mod.ts";
import { ChannelParser, type ParserOptions } from "./channel_parser.ts";
import type { BaseRecord, TruncatedRecord } from "./record.ts";
import { RETURN_PATH_LAYOUTS, ReturnPathGrammar, type ReturnPathRecord } from "./return_path.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

/** Messages of main-channel.md §19.5, in an order that QEMU could send them in. */
const MESSAGES = [
  "0002 0004 00000001", // PONG 1
  "0003 0013 0000000000005000 00001000 06 70632e72616d", // REQ_PAGES_ID pc.ram 0x5000, 4096
  "0004 000c 0000000000009000 00001000", // REQ_PAGES 0x9000, 4096
  "0007 0000", // SWITCHOVER_ACK
  "0005 0007 06 70632e72616d 0000000000000010 03000000000000002000000000000000 0123456789abcdef", // RECV_BITMAP
  "0006 0004 00000001", // RESUME_ACK
  "0001 0004 00000000", // SHUT 0
];

function bytes(...hexBytes: string[]): Uint8Array {
  return Uint8Array.fromHex(hexBytes.join("").replaceAll(" ", ""));
}

function parse(input: Uint8Array, options: ParserOptions & { piece?: number } = {}): BaseRecord[] {
  const parser = new ChannelParser(new ReturnPathGrammar(), { channel: "return path", ...options });
  const records: BaseRecord[] = [];
  const piece = options.piece ?? (input.length || 1);
  for (let at = 0; at < input.length; at += piece) records.push(...parser.push(input.slice(at, at + piece)));
  return [...records, ...parser.end()];
}

/** The findings of a whole channel, and its records. */
function inspect(input: Uint8Array): { records: BaseRecord[]; findings: Finding[] } {
  const findings: Finding[] = [];
  return { records: parse(input, { report: (finding) => findings.push(finding) }), findings };
}

function assertTiles(records: readonly BaseRecord[], input: Uint8Array): void {
  let at = 0;
  for (const record of records) {
    assertEquals(record.offset, at, `gap before ${record.kind}`);
    at += record.length;
    if (record.payload !== undefined) assertEquals(record.payload.offset + record.payload.length, at);
  }
  assertEquals(at, input.length);
}

/** The bytes of records, made from their fields; payloads and what was not understood come from the input. */
function serialise(records: readonly BaseRecord[], input: Uint8Array): Uint8Array {
  return Uint8Array.from(records.flatMap((record) => {
    const layout = RETURN_PATH_LAYOUTS[record.kind];
    if (layout === undefined) return [...input.subarray(record.offset, record.offset + record.length)];
    const { offset = 0, length = 0 } = record.payload ?? {};
    return [...layout.encode(record as never), ...input.subarray(offset, offset + length)];
  }));
}

Deno.test("ReturnPathGrammar reads every message of main-channel.md §19.5", () => {
  const input = bytes(...MESSAGES);
  const { records, findings } = inspect(input);
  assertEquals(records.map(({ kind, offset, length }) => [kind, offset, length]), [
    ["rp-pong", 0, 8],
    ["rp-req-pages-id", 8, 23],
    ["rp-req-pages", 31, 16],
    ["rp-switchover-ack", 47, 4],
    ["rp-recv-bitmap", 51, 11],
    ["rp-bitmap", 62, 24],
    ["rp-bitmap-end", 86, 8],
    ["rp-resume-ack", 94, 8],
    ["rp-shut", 102, 8],
  ]);
  assertEquals(records[5]?.payload, { offset: 70, length: 16 });
  assertEquals(findings, []);
  assertEquals(serialise(records, input), input);
});

Deno.test("ReturnPathGrammar reads V76: acknowledgement, PONG 1, SHUT 0", () => {
  const records = parse(bytes("0007000000020004000000010001000400000000")) as ReturnPathRecord[];
  assertEquals(records.map((r) => [r.kind, "value" in r ? r.value : undefined]), [
    ["rp-switchover-ack", undefined],
    ["rp-pong", 1],
    ["rp-shut", 0],
  ]);
});

Deno.test("ReturnPathGrammar reads V77: SHUT 1 is the destination's failure", () => {
  const { records, findings } = inspect(bytes("0001000400000001"));
  assertEquals(records.map((r) => r.kind), ["rp-shut"]);
  assertEquals(findings.map((f) => [f.code, f.channel, f.offset, f.qemu]), [
    ["destination-failed", "return path", 4, "Sibling indicated error 1"],
  ]);
  assertThrows(() => parse(bytes("0001000400000001"), { strict: true }), WireError);
});

Deno.test("ReturnPathGrammar gives the same records for pieces of any size", () => {
  const input = bytes(...MESSAGES);
  const whole = parse(input);
  for (let piece = 1; piece < 30; piece++) assertEquals(parse(input, { piece }), whole);
});

Deno.test("ReturnPathGrammar keeps unknown messages as they are and goes on behind them", () => {
  const { records, findings } = inspect(bytes("0009 0003 aabbcc", "0002 0006 000000010000", "0007 0000"));
  assertEquals(records.map((r) => r.kind), ["rp-unknown", "rp-unknown", "rp-switchover-ack"]);
  assertEquals((records[0] as ReturnPathRecord & { data: Uint8Array }).data, bytes("aabbcc"));
  assertEquals(findings.map((f) => [f.code, f.qemu]), [
    ["rp-type", "Received invalid message 0x0009 length 0x0003"],
    ["rp-length", "Received 'PONG' message (0x0002) withincorrect length 6 expecting 4"],
  ]);
});

Deno.test("ReturnPathGrammar misses the block of a REQ_PAGES before any REQ_PAGES_ID", () => {
  const { findings } = inspect(bytes(MESSAGES[2] ?? ""));
  assertEquals(findings.map((f) => f.qemu), ["MIG_RP_MSG_REQ_PAGES has no previous block"]);
});

Deno.test("ReturnPathGrammar warns once of messages after SHUT", () => {
  const { findings } = inspect(bytes("0001 0004 00000000", "0007 0000", "0007 0000"));
  assertEquals(findings.map((f) => [f.severity, f.code, f.offset]), [["warning", "rp-after-shut", 8]]);
});

Deno.test("ReturnPathGrammar gives up where a bitmap does not end with the mark", () => {
  const input = bytes("0005 0003 02 7063", "0000000000000008", "ffffffffffffffff", "0123456789abcdee", "0007 0000");
  const { records, findings } = inspect(input);
  assertEquals(records.map((r) => r.kind), ["rp-recv-bitmap", "rp-bitmap", "opaque"]);
  assertEquals(findings.map((f) => [f.code, f.offset, f.qemu]), [
    ["rp-end-mark", 23, "ramblock 'pc' end mark incorrect: 0x123456789abcdee"],
  ]);
  assertTiles(records, input);
});

Deno.test("ReturnPathGrammar may end between messages, not before the bitmap that was announced", () => {
  assertEquals(inspect(bytes(MESSAGES[0] ?? "")).findings, []);
  const [, cut] = inspect(bytes("0005 0003 02 7063")).records as TruncatedRecord[];
  assertEquals([cut?.kind, cut?.length, cut?.missing], ["truncated", 0, 8]);
  const inside = parse(bytes("0005 0003 02 7063", "0000000000000008", "ffff")).at(-1) as TruncatedRecord;
  assertEquals([inside.expected, inside.missing, inside.length], ["payload of rp-bitmap", 6, 10]);
});

Deno.test("ReturnPathGrammar tiles any bytes and writes them back", () => {
  const message = fc.constantFrom(...MESSAGES).map((text) => bytes(text));
  const loose = fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 30 })).map(([type, body]) =>
    Uint8Array.of(0, type, 0, body.length, ...body)
  );
  const pieces = fc.array(fc.oneof(message, loose, fc.uint8Array({ maxLength: 6 })), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 50 }), (parts, piece) => {
      const input = Uint8Array.from(parts.flatMap((part) => [...part]));
      const records = parse(input);
      assertTiles(records, input);
      assertEquals(serialise(records, input), input);
      assertEquals(parse(input, { piece }), records);
    }),
    { numRuns: 500 },
  );
});

/** What QEMU's source says about the messages that it read, one entry each, by its trace. */
function traced(capture: string): string[] {
  const trace = Deno.readTextFileSync(new URL(`${capture}/oracle/source.trace`, CAPTURES));
  const said = /source_return_path_thread_(pong|shut|switchover_acked|resume_ack) ?(\S*)/g;
  return Array.from(trace.matchAll(said), ([, what, value]) => `${what} ${Number(value)}`);
}

/** The same by the records. */
function told(records: readonly ReturnPathRecord[]): string[] {
  return records.flatMap((record) => {
    switch (record.kind) {
      case "rp-pong":
        return `pong ${record.value}`;
      case "rp-shut":
        return `shut ${record.value}`;
      case "rp-switchover-ack":
        return "switchover_acked 0";
      case "rp-resume-ack":
        return `resume_ack ${record.value}`;
      default:
        return [];
    }
  });
}

Deno.test({
  name: "the return paths of real migrations tile, are written back, and hold what QEMU's source read",
  ignore: !haveCaptures(),
  fn(): void {
    let channels = 0;
    for (const { name } of Deno.readDirSync(CAPTURES)) {
      const folder = new URL(`${name}/`, CAPTURES);
      if (name.endsWith(".md") || name.includes("tls")) continue;
      const files = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((file) => file.endsWith(".d2s"));
      if (files.length === 0) continue;
      const all: ReturnPathRecord[] = [];
      for (const file of files.sort()) {
        const input = Deno.readFileSync(new URL(file, folder));
        const { records, findings } = inspect(input);
        assertTiles(records, input);
        assertEquals(serialise(records, input), input, name);
        assertEquals(parse(input, { piece: 3 }), records);
        assertEquals(findings.filter((finding) => finding.code !== "destination-failed"), [], name);
        assert(records.every((record) => record.kind.startsWith("rp-") && record.kind !== "rp-unknown"), name);
        all.push(...records as ReturnPathRecord[]);
        channels++;
      }
      const read = traced(name);
      assertEquals(told(all).slice(0, read.length), read, name);
      // A source that was cancelled does not read what the destination says last.
      if (name !== "vfio-cancelled") assertEquals(told(all).length, read.length, name);
    }
    assert(channels >= 15, `only ${channels} channels`);
  },
});

Deno.test({
  name: "the return path of a recovered postcopy holds a bitmap for each RAM block",
  ignore: !haveCaptures(),
  fn(): void {
    const records = parse(Deno.readFileSync(new URL("plain-postcopy-recover/channel-01.d2s", CAPTURES)));
    assertEquals((records as ReturnPathRecord[]).flatMap((r) => r.kind === "rp-recv-bitmap" ? r.block : []), [
      "microvm.ram",
      "/rom@etc/acpi/tables",
      "pc.bios",
      "/rom@etc/table-loader",
      "/rom@etc/acpi/rsdp",
    ]);
    assertEquals(records.filter((r) => r.kind === "rp-bitmap").map((r) => r.payload?.length), [256, 8, 8, 8, 8]);
  },
});
