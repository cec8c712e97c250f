import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Finding } from "../wire/mod.ts";
import { ChannelParser } from "./channel_parser.ts";
import type { BaseRecord, TruncatedRecord } from "./record.ts";
import { TLS_CONTENT, TLS_LAYOUTS, TlsGrammar, type TlsRecord } from "./tls.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

function inspect(input: Uint8Array, piece: number = input.length): { records: BaseRecord[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const parser = new ChannelParser(new TlsGrammar(), { report: (finding) => findings.push(finding) });
  const records: BaseRecord[] = [];
  for (let at = 0; at < input.length; at += piece) records.push(...parser.push(input.slice(at, at + piece)));
  records.push(...parser.end());
  return { records, findings };
}

function serialise(records: readonly BaseRecord[], input: Uint8Array): Uint8Array {
  return Uint8Array.from(records.flatMap((record) => {
    const { offset = record.offset, length = record.length } = record.payload ?? {};
    const header = TLS_LAYOUTS[record.kind]?.encode(record as never) ?? [];
    return [...header, ...input.subarray(offset, offset + length)];
  }));
}

Deno.test("TlsGrammar reads the first bytes of main-channel.md §19.7 as the beginning of a ClientHello", () => {
  const { records, findings } = inspect(Uint8Array.fromHex("16030102000100" + "01fc0303"));
  const [cut] = records as TruncatedRecord[];
  const hello = cut?.cut as TlsRecord;
  assertEquals([hello.contentType, hello.version, hello.payload?.length], [TLS_CONTENT.HANDSHAKE, 0x301, 512]);
  assertEquals(findings.map((finding) => finding.code), ["encrypted", "truncated"]);
});

Deno.test("TlsGrammar takes an alert at the start for a refused handshake", () => {
  const { findings } = inspect(Uint8Array.fromHex("15030100020246"));
  assertEquals(findings.map((finding) => [finding.severity, finding.code]), [["error", "tls-refused"]]);
});

Deno.test("TlsGrammar gives up where no TLS record can be", () => {
  for (const bad of ["5145564d00", "17040300ff", "170305000a", "170303ffff"]) {
    const { records, findings } = inspect(Uint8Array.fromHex("140303000101" + "1703030001" + "55" + bad));
    assertEquals(records.map((record) => record.kind), ["tls-record", "tls-record", "opaque"], bad);
    assertEquals(findings.at(-1)?.code, "tls-record");
  }
});

Deno.test("TlsGrammar gives the same records for pieces of any size", () => {
  const record = fc.tuple(fc.integer({ min: 20, max: 24 }), fc.uint8Array({ maxLength: 20 })).map(([type, content]) =>
    Uint8Array.of(type, 3, 3, 0, content.length, ...content)
  );
  fc.assert(fc.property(fc.array(record), fc.integer({ min: 1, max: 40 }), (parts, piece) => {
    const input = Uint8Array.from(parts.flatMap((part) => [...part]));
    const whole = inspect(input);
    assertEquals(whole.records.length, parts.length);
    assertEquals(serialise(whole.records, input), input);
    assertEquals(inspect(input, piece), whole);
  }));
});

Deno.test({
  name: "the channels of real encrypted migrations tile into TLS records and are written back",
  ignore: !haveCaptures(),
  fn(): void {
    let channels = 0;
    for (const capture of ["plain-tls", "plain-multifd-tls"]) {
      const folder = new URL(`${capture}/`, CAPTURES);
      for (const { name } of Deno.readDirSync(folder)) {
        if (!name.startsWith("channel-")) continue;
        const input = Deno.readFileSync(new URL(name, folder));
        const { records, findings } = inspect(input);
        assert(records.every((record) => record.kind === "tls-record"), `${capture}/${name}`);
        assertEquals(records.reduce((at, record) => at + record.length, 0), input.length);
        assertEquals(serialise(records, input), input);
        assertEquals(findings.map((finding) => finding.code), ["encrypted"]);
        channels++;
      }
    }
    assertEquals(channels, 8);
  },
});
