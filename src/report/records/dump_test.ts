import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { assertTiles } from "../../../testing/channels.ts";
import { readBytes } from "../../capture/mod.ts";
import type { BaseRecord } from "../../stream/mod.ts";
import { eachCapture, linesOf, NO_CAPTURES } from "./captures_for_test.ts";
import { type DumpField, dumpHeader } from "./dump.ts";

/** Fields with bytes: those without are headings. */
function leavesOf(fields: readonly DumpField[]): DumpField[] {
  return fields.filter(({ length }) => length > 0);
}

Deno.test({
  name: "dumpHeader() puts every byte of every header into exactly one field, as it is in the channel",
  ignore: NO_CAPTURES,
  fn(): void {
    eachCapture((capture, name) => {
      for (const { record, channel } of linesOf(capture, { pages: "single" })) {
        const where = `${name} ${channel.label} ${record.kind} at ${record.offset}`;
        const { fields, rest } = dumpHeader(record);
        const length = (rest?.offset ?? record.offset + record.length) - record.offset;
        assertEquals(length + (rest?.length ?? 0), record.length, where);
        const leaves = leavesOf(fields);
        assertTiles(
          leaves.map(({ field, offset, length }) => ({ kind: field, offset: offset - record.offset, length })),
          length,
        );
        for (const { length, bytes } of fields) assertEquals(bytes.length, length, where);
        const { source } = channel.channel;
        assert(source !== undefined);
        const inChannel = readBytes(source, record.offset, length);
        assert(concat(leaves.map(({ bytes }) => bytes)).toHex() === inChannel.toHex(), where);
      }
    });
  },
});

Deno.test("dumpHeader() shows the header of a record whose payload was cut", () => {
  const cut = {
    kind: "vm-description",
    offset: 10,
    length: 105,
    type: 6,
    textLength: 100,
    payload: { offset: 15, length: 100 },
  };
  const truncated = { kind: "truncated", offset: 10, length: 8, expected: "payload", missing: 97, cut } as BaseRecord;
  const { fields, rest } = dumpHeader(truncated);
  assertEquals(fields.map(({ field, offset }) => [field, offset]), [["type", 10], ["textLength", 11]]);
  assertEquals(rest, { offset: 15, length: 3 });
});

Deno.test("dumpHeader() leaves bytes that nobody understood as they are", () => {
  const opaque = { kind: "opaque", offset: 10, length: 8, reason: "x" } as BaseRecord;
  assertEquals(dumpHeader(opaque), { fields: [], rest: { offset: 10, length: 8 } });
  const truncated = { kind: "truncated", offset: 10, length: 0, expected: "command", missing: 1 } as BaseRecord;
  assertEquals(dumpHeader(truncated), { fields: [] });
});

Deno.test("dumpHeader() tells which pages of a multifd packet are zero", () => {
  const packet = {
    kind: "multifd-ram",
    offset: 0,
    length: 1344 + 4096,
    magic: 0x11223344,
    version: 1,
    flags: 0,
    pagesAlloc: 128,
    normalPages: 1,
    nextPacketSize: 4096,
    packetNum: 1n,
    zeroPages: 1,
    ramblock: "pc.ram",
    pageSize: 4096,
    pageOffsets: [0x2000, 0x5000],
    payload: { offset: 1344, length: 4096 },
  } as BaseRecord;
  const pages = dumpHeader(packet).fields.filter(({ field }) => field.startsWith("pageOffsets"));
  assertEquals(pages.map(({ field, value, meaning, bytes }) => [field, value, meaning, bytes.toHex()]), [
    ["pageOffsets[0]", "0x2000", "normal page", "0000000000002000"],
    ["pageOffsets[1]", "0x5000", "zero page", "0000000000005000"],
  ]);
});
