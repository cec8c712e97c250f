/** What cutting and mutating real channels has brought to light; each case is as small as it can be. @module */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { MainGrammar } from "../src/stream/mod.ts";
import type { TruncatedRecord } from "../src/stream/record.ts";
import { parseChannel } from "./channels.ts";
import { blockList, MainStream, page, RAM_EOS } from "./main_stream.ts";

Deno.test("a cut in a built-in device body is not taken for a footer that stands at the end", () => {
  // timer has 24 bytes; its own eighth to twelfth look like the footer of section 0.
  const body = concat([new Uint8Array(7).fill(1), Uint8Array.of(0x7e), new Uint8Array(16)]);
  const stream = new MainStream().header().full(0, "timer", 2, body).bytes();
  const start = stream.length - 5 - body.length;
  // The cut leaves the footer alone, or with what could be the byte of EOF.
  for (const kept of [12, 13]) {
    const { records } = parseChannel(new MainGrammar(), stream.subarray(0, start + kept));
    const last = records.at(-1) as TruncatedRecord;
    assertEquals([last.kind, last.offset, last.missing], ["truncated", start, body.length - kept]);
  }
});

Deno.test("a page that was cut does not settle the page size by trial", () => {
  const start = new MainStream().header("none-1.0").start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), RAM_EOS]);
  const bytes = start.part(2, [page(0, "pc.ram", 0xaa, 1024), page(1024, undefined, 0xaa, 1024), RAM_EOS]).bytes();
  const grammar = new MainGrammar();
  parseChannel(grammar, bytes.subarray(0, bytes.length - 1500));
  assertEquals(grammar.state.pageSize, undefined);
});
