import { assert, assertEquals } from "@std/assert";
import { type AnyRecord, readMain, rewritten } from "../../testing/main_channel.ts";
import { EXAMPLES } from "../../testing/main_examples.ts";
import { BLOCK, RAM_EOS, ramStream, zeroPage } from "../../testing/main_stream.ts";
import type { Annotation } from "../wire/mod.ts";
import { layoutOf } from "./layout_of.ts";
import { serialise } from "./serialise.ts";

/** The first page of a run: its other pages have headers of their own. */
function firstOf(record: AnyRecord): AnyRecord {
  return record.kind === "ram-page" || record.kind === "ram-zero" ? { ...record, count: 1 } : record;
}

/** The bytes before a record's payload: what its layout writes. */
function headOf(record: AnyRecord): Uint8Array {
  const [head] = [...serialise(firstOf(record))];
  return head instanceof Uint8Array ? head : new Uint8Array(0);
}

/** Offsets and lengths of the fields, without headings. */
const places = (annotations: readonly Annotation[]): [number, number][] =>
  annotations.filter(({ length }) => length > 0).map(({ offset, length }) => [offset, length]);

for (const [name, bytes] of Object.entries(EXAMPLES)) {
  Deno.test(`the annotated view of each record has all bytes of its fields: ${name}`, () => {
    for (const record of readMain(bytes).records as AnyRecord[]) {
      if (record.kind === "opaque") continue;
      const layout = layoutOf(record);
      assert(layout !== undefined, record.kind);
      const head = headOf(record);
      let at = record.offset;
      for (const [offset, length] of places(layout.annotate(head, record.offset))) {
        assertEquals(offset, at, `${record.kind} at ${record.offset}`);
        at += length;
      }
      assertEquals(at, record.offset + head.length, `${record.kind} at ${record.offset}`);
    }
  });
}

Deno.test("fields are annotated with their path and what they mean", () => {
  const records = readMain(EXAMPLES["postcopy with a package"] ?? new Uint8Array(0)).records;
  const list = records.find(({ kind }) => kind === "ram-block-list");
  assert(list !== undefined);
  const annotations = layoutOf(list)?.annotate(headOf(list), list.offset) ?? [];
  assertEquals(annotations.map(({ field, value, meaning }) => [field, value, meaning]), [
    ["word", "0x600000 | 0x4", "total bytes | MEM_SIZE"],
    ["blocks[0].block", '"pc.ram"', undefined],
    ["blocks[0].usedLength", "4194304 (0x400000)", undefined],
    ["blocks[0].hostPageSize", "2097152 (0x200000)", undefined],
    ["blocks[1].block", '"b"', undefined],
    ["blocks[1].usedLength", "2097152 (0x200000)", undefined],
  ]);
});

Deno.test("a long run of zero pages is written in pieces", () => {
  const pages = Array.from({ length: 10_000 }, (_, i) => zeroPage(i * 0x1000, i === 0 ? BLOCK : undefined));
  const bytes = ramStream(10_000 * 0x1000).part(2, [pages, RAM_EOS]).eof().bytes();
  const { records } = readMain(bytes);
  const run = records.find(({ kind }) => kind === "ram-zero");
  assertEquals(run?.["count"], 10_000);
  assert(run !== undefined && [...serialise(run)].length > 2);
  assertEquals(rewritten(records, bytes), bytes);
});
