import { assertEquals } from "@std/assert";
import type { Finding } from "../wire/mod.ts";
import { ChannelParser } from "./channel_parser.ts";
import { OpaqueGrammar } from "./opaque.ts";

Deno.test("OpaqueGrammar makes one record of a channel, however its bytes come", () => {
  const findings: Finding[] = [];
  const parser = new ChannelParser(new OpaqueGrammar("no known magic"), { report: (f) => findings.push(f) });
  assertEquals(parser.push(Uint8Array.of(1)), []);
  assertEquals(parser.push(Uint8Array.of(2, 3)), []);
  assertEquals(parser.skip(97), []);
  assertEquals<unknown>(parser.end(), [
    { kind: "opaque", offset: 0, length: 100, reason: "no known magic", payload: { offset: 0, length: 100 } },
  ]);
  assertEquals(findings.map((f) => [f.severity, f.code, f.offset]), [["warning", "not-understood", 0]]);
});

Deno.test("OpaqueGrammar makes no record of no bytes", () => {
  assertEquals(new ChannelParser(new OpaqueGrammar("empty")).end(), []);
});
