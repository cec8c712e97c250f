import { assertEquals, assertThrows } from "@std/assert";
import { type Finding, WireError } from "../wire/mod.ts";
import { ChannelParser } from "./channel_parser.ts";
import type { ChannelReader, Grammar } from "./channel_reader.ts";
import type { BaseRecord, TruncatedRecord } from "./record.ts";
import { VFIO_LAYOUTS, VfioBody, type VfioConfigRecord } from "./vfio_body.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

/** Bytes in the notation of test-vectors.md: `{00*260}` is 260 zero bytes. */
function expand(text: string): Uint8Array<ArrayBuffer> {
  const hex = text.replace(/\{(..)\*(\d+)\}/g, (_, byte: string, count: string) => byte.repeat(Number(count)));
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

/** A channel that consists of one body. */
class OneBody implements Grammar {
  readonly #body = new VfioBody();
  /** The body has ended. */
  complete = false;

  get expecting(): string {
    return this.#body.expecting;
  }

  step(reader: ChannelReader): void {
    if (this.complete) throw new Error("the body goes on behind its end");
    this.complete = this.#body.step(reader);
  }
}

interface Outcome {
  records: BaseRecord[];
  findings: Finding[];
  ended: boolean;
}

/** Parses a body in pieces of `piece` bytes, and checks that the records tile it. */
function parse(bytes: Uint8Array, piece = bytes.length): Outcome {
  const findings: Finding[] = [];
  const grammar = new OneBody();
  const parser = new ChannelParser(grammar, { channel: "main", report: (finding) => findings.push(finding) });
  const records: BaseRecord[] = [];
  for (let at = 0; at < bytes.length; at += piece) records.push(...parser.push(bytes.subarray(at, at + piece)));
  records.push(...parser.end());
  let at = 0;
  for (const record of records) {
    assertEquals(record.offset, at, `gap before ${record.kind}`);
    at += record.length;
  }
  assertEquals(at, bytes.length);
  return { records, findings, ended: grammar.complete };
}

/** The bytes that a record stands for, made from its fields and its payload. */
function serialise(record: BaseRecord, all: Uint8Array): number[] {
  const head = VFIO_LAYOUTS[record.kind]?.encode(record as never) ?? [];
  const { offset = 0, length = 0 } = record.payload ?? {};
  return [...head, ...all.subarray(offset, offset + length)];
}

/** Bytes that the annotated view of a record tells of, and its payload. */
function annotatedLength({ kind, offset, length, payload }: BaseRecord, all: Uint8Array): number {
  const view = VFIO_LAYOUTS[kind]?.annotate(all.subarray(offset, offset + length), offset) ?? [];
  return view.reduce((sum, field) => sum + field.length, payload?.length ?? 0);
}

const CONVENTIONAL = "ffffffffef100002 00000002b3151e100604000000000002 {00*260}";
const END = "ffffffffef100001";

const VECTORS: readonly (readonly [vector: string, what: string, hex: string, kinds: string[], codes: string[]])[] = [
  ["V59", "setup", `ffffffffef100003 ${END}`, ["vfio-setup-state", "vfio-end-of-state"], []],
  [
    "V61",
    "data and an end",
    `ffffffffef1000040000000000000004 deadbeef ${END}`,
    ["vfio-data", "vfio-end-of-state"],
    [],
  ],
  [
    "V62",
    "data and initial data sent",
    "ffffffffef1000040000000000000001 7f ffffffffef100005",
    ["vfio-data", "vfio-init-data-sent"],
    [],
  ],
  ["V63", "nothing but an end", END, ["vfio-end-of-state"], []],
  [
    "V64",
    "an empty record",
    `ffffffffef1000040000000000000002 6162 ffffffffef1000040000000000000000 ${END}`,
    ["vfio-data", "vfio-data", "vfio-end-of-state"],
    ["empty-record"],
  ],
  ["V65", "load ready", "ffffffffef100006", ["vfio-config-load-ready"], []],
  ["V69", "a config", `${CONVENTIONAL} ${END}`, ["vfio-config", "vfio-end-of-state"], []],
  [
    "V71",
    "a config with display",
    `${CONVENTIONAL} 05195646494f5043494465766963652f5646494f446973706c617900000001 000000007fe00000 34325258
     00000000 00000400 00000300 00001000 ${END}`,
    ["vfio-config", "vfio-end-of-state"],
    [],
  ],
  [
    "V72",
    "a config of PCI version 3",
    `ffffffffef10000200000003b3151e100604000000000002 {00*260} ${END}`,
    ["vfio-config", "vfio-end-of-state"],
    ["pci-version"],
  ],
  [
    "V73",
    "a config with a pin of 2",
    `ffffffffef10000200000002b3151e100604000000000002 {00*251} 020000000000000000 ${END}`,
    ["vfio-config", "vfio-end-of-state"],
    ["irq"],
  ],
];

for (const [vector, what, hex, kinds, codes] of VECTORS) {
  Deno.test(`VfioBody reads ${what} (${vector}), in pieces of any size`, () => {
    const bytes = expand(hex);
    for (const piece of [bytes.length, 1, 7, 8, 100]) {
      const { records, findings, ended } = parse(bytes, piece);
      assertEquals(records.map(({ kind }) => kind), kinds);
      assertEquals(findings.map(({ code }) => code), codes);
      assertEquals(ended, true);
      assertEquals(records.flatMap((record) => serialise(record, bytes)), [...bytes]);
      for (const record of records) assertEquals(annotatedLength(record, bytes), record.length);
    }
  });
}

Deno.test("VfioBody reads a config with an MSI-X table of 9 vectors (V70)", () => {
  const bytes = expand(`ffffffffef10000200000002b3151e100604100000000002 {00*40} 40000000000000000000000011000880
    {00*4044} 0000e0fe00000000 20400000 00000000 {00*130} ${END}`);
  const { records, ended } = parse(bytes, 500);
  assertEquals(records.map(({ kind, length }) => [kind, length]), [["vfio-config", 4270], ["vfio-end-of-state", 8]]);
  const [first] = (records[0] as VfioConfigRecord).config.msixTable;
  assertEquals(first, { addressLow: 0xfee00000, addressHigh: 0, data: 0x4020, vectorControl: 0 });
  assertEquals(ended, true);
});

for (
  const [vector, what, hex, code, offset, qemu] of [
    [
      "V60",
      "a setup without its end",
      "ffffffffef100003ffffffffef100004",
      "setup-eos",
      8,
      "NAME: SETUP STATE: EOS not found 0xffffffffef100004",
    ],
    ["V66", "a tag that is none", "ffffffffef100007", "unknown-tag", 0, "NAME: Unknown tag 0xffffffffef100007"],
    [
      "V57 on the main channel",
      "a config with a wrong end",
      // On a channel only the bytes of a longer config tell that this one is not the beginning of it.
      `${CONVENTIONAL} ffffffffef100003 {7e*4000}`,
      "config-end",
      284,
      "NAME: Failed loading device config space, end flag incorrect 0xffffffffef100003",
    ],
  ] as const
) {
  Deno.test(`VfioBody gives up at ${what} (${vector})`, () => {
    const bytes = expand(hex);
    const { records, findings, ended } = parse(bytes, 50);
    assertEquals(findings.map((f) => [f.severity, f.code, f.offset, f.qemu]), [["error", code, offset, qemu]]);
    assertEquals(records.at(-1)?.kind, "opaque");
    assertEquals(records.at(-1)?.offset, offset);
    assertEquals(ended, false);
    const strict = new ChannelParser(new OneBody(), { strict: true });
    assertEquals(assertThrows(() => strict.push(bytes), WireError).code, code);
  });
}

Deno.test("VfioBody waits for a tag where the channel ends before one (V67)", () => {
  const { records, findings, ended } = parse(new Uint8Array(0));
  const nothing: TruncatedRecord = { kind: "truncated", offset: 0, length: 0, expected: "VFIO tag", missing: 8 };
  assertEquals(records, [nothing]);
  assertEquals(findings.map(({ code }) => code), ["truncated"]);
  assertEquals(ended, false);
});

Deno.test("VfioBody reports data that is cut (V68)", () => {
  const { records, findings } = parse(expand("ffffffffef1000040000000000000010616263"));
  assertEquals(records.map(({ kind, length }) => [kind, length]), [["truncated", 19]]);
  assertEquals(findings.map(({ code }) => code), ["truncated"]);
});

Deno.test("VfioBody reports a body that is cut between its records", () => {
  for (const hex of ["ffffffffef1000040000000000000001ff", "ffffffffef100003"]) {
    const { records, findings, ended } = parse(expand(hex));
    assertEquals([records.at(-1)?.kind, records.at(-1)?.length], ["truncated", 0]);
    assertEquals(findings.map(({ code }) => code), ["truncated"]);
    assertEquals(ended, false);
  }
});

Deno.test("VfioBody reports a config that is cut anywhere, and guesses nothing", () => {
  const bytes = expand(`${CONVENTIONAL} ${END}`);
  for (let length = 8; length < 292; length++) {
    const { records, findings } = parse(bytes.subarray(0, length));
    assertEquals(records.map(({ kind }) => kind), ["truncated"], `at ${length}`);
    assertEquals(findings.map(({ code }) => code), ["truncated"]);
  }
});

/** Where the bodies of the device's sections stand in the capture vfio-main: found by searching for the tags. */
const BODIES = [
  { section: "START", offset: 225, length: 16, kinds: ["vfio-setup-state", "vfio-end-of-state"] },
  { section: "END", offset: 402620, length: 16 + 300120 + 8, kinds: ["vfio-data", "vfio-end-of-state"] },
  { section: "FULL", offset: 735116, length: 8 + 4116 + 8, kinds: ["vfio-config", "vfio-end-of-state"] },
];

Deno.test({
  name: "VfioBody reads the three sections of the capture vfio-main",
  ignore: !haveCaptures(),
  fn(): void {
    const channel = Deno.readFileSync(new URL("vfio-main/channel-00.s2d", CAPTURES));
    for (const { section, offset, length, kinds } of BODIES) {
      const bytes = channel.subarray(offset, offset + length);
      const { records, findings, ended } = parse(bytes, 5000);
      assertEquals(records.map(({ kind }) => kind), kinds, section);
      assertEquals(findings, []);
      assertEquals(ended, true);
      assertEquals(new Uint8Array(records.flatMap((record) => serialise(record, bytes))), bytes);
    }
  },
});
