import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import fc from "fast-check";
import { assertTiles } from "../../../testing/channels.ts";
import { type BaseRecord, type RamPageRecord, type RamZeroRecord, serialise } from "../../stream/mod.ts";
import { expandPages, payloadOf } from "./pages.ts";

/** Any run that a parser can give. */
const runs: fc.Arbitrary<RamPageRecord | RamZeroRecord> = fc.record({
  zero: fc.boolean(),
  named: fc.boolean(),
  count: fc.integer({ min: 1, max: 50 }),
  pageSize: fc.constantFrom(1024, 4096, 65536),
  first: fc.nat(1e9),
  offset: fc.nat(1e12),
}).map(({ zero, named, count, pageSize, first, offset }) => {
  const block = "pc.ram";
  const nameBytes = named ? 1 + block.length : 0;
  const shared = { offset, block, pageOffset: first * pageSize, pageSize, count };
  const flags = (zero ? 0x02 : 0x08) | (named ? 0 : 0x20);
  return zero
    ? { kind: "ram-zero", ...shared, flags, length: nameBytes + 9 * count, fill: 0 }
    : { kind: "ram-page", ...shared, flags, length: nameBytes + (8 + pageSize) * count };
});

/** A record as it is written, with a mark where its payload stands. */
function written(record: BaseRecord): string {
  const parts = [...serialise(record)].map((part) =>
    part instanceof Uint8Array ? part : new TextEncoder().encode(`<${part.offset}+${part.length}>`)
  );
  return concat(parts).toHex();
}

Deno.test("expandPages() gives pages that tile the run, and are written as it is", () => {
  fc.assert(fc.property(runs, (run) => {
    const pages = [...expandPages(run)];
    assertEquals(pages.length, run.count);
    assertTiles(pages.map((page) => ({ ...page, offset: page.offset - run.offset })), run.length);
    assertEquals(pages.map(written).join(""), written(run));
  }));
});

Deno.test("expandPages() leaves out exactly the pages outside of a range", () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: -9, max: 300_000 }), fc.integer({ min: 1, max: 300_000 }), (run, at, n) => {
      const [from, to] = [run.offset + at, run.offset + at + n];
      const overlapping = [...expandPages(run)].filter((page) => page.offset < to && page.offset + page.length > from);
      // One page alone is a record like any other, which is handed through.
      if (run.count > 1) assertEquals([...expandPages(run, from, to)], overlapping);
    }),
  );
});

Deno.test("expandPages() takes no step for pages before the range", () => {
  const count = 2 ** 40;
  const run: RamPageRecord = {
    kind: "ram-page",
    offset: 0,
    length: count * 4104,
    block: "pc.ram",
    flags: 0x28,
    pageOffset: 0,
    pageSize: 4096,
    count,
  };
  const [page] = expandPages(run, run.length - 1);
  assertEquals(page?.offset, run.length - 4104);
});

Deno.test("payloadOf() gives a page's contents, and what else a record carries", () => {
  const shared = { kind: "ram-page", block: "b", pageOffset: 0, pageSize: 4096, count: 1 } as const;
  const page: RamPageRecord = { ...shared, offset: 10, length: 4106, flags: 8 };
  assertEquals(payloadOf(page), { offset: 20, length: 4096 });
  const payload = { offset: 5, length: 7 };
  assertEquals(payloadOf({ kind: "vm-description", offset: 0, length: 12, payload }), payload);
  assertEquals(payloadOf({ kind: "eof", offset: 0, length: 1 }), undefined);
});
