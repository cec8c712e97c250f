import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Figure, regressions, type Row, rowLines, speedOf, speedTable } from "./rows.ts";

function figure(name: string, median: number, spread = 0): Figure {
  return { name, median, low: median * (1 - spread), high: median * (1 + spread) };
}

function row(reference: number, checkout: number, change: Partial<Row> = {}, spread = 0): Row {
  const figures = { reference: figure("cat", reference, spread), checkout: figure("migwire", checkout, spread) };
  return { what: "read", unit: "s", ...figures, ...change };
}

Deno.test("speedOf() is above 1 for what is faster than its reference", () => {
  const seconds = row(2, 1);
  assertEquals(speedOf(seconds, seconds.checkout), 2);
  const rate = row(100, 50, { unit: "MB/s" });
  assertEquals(speedOf(rate, rate.checkout), 0.5);
  assertEquals(speedOf(rate, undefined), undefined);
  const { reference: _reference, ...alone } = rate;
  assertEquals(speedOf(alone, alone.checkout), undefined);
});

Deno.test("regressions() tells what is slower against its reference by more than the runs scatter", () => {
  const before = [row(1, 1)];
  // The whole machine is slower: that is none.
  assertEquals(regressions([row(3, 3)], before), []);
  assertEquals(regressions([row(1, 1.1)], before), []);
  const [found] = regressions([row(1, 1.25)], before);
  assertEquals([found?.what, found?.which, found?.before, found?.now], ["read", "checkout", 1, 0.8]);
  // Runs that scatter by 20 % show nothing of 20 %.
  assertEquals(regressions([row(1, 1.25, {}, 0.2)], before), []);
  assertEquals(regressions([row(1, 5, {}, 3)], before).length, 1);
  assertEquals(regressions([row(1, 9, { what: "new" })], before), []);
});

Deno.test("speedTable() and rowLines() show medians, ratios and what was not measured", () => {
  const rows = [
    row(0.2, 0.1, { installed: figure("installed", 0.08) }),
    { what: "packets", unit: "MB/s" as const, checkout: figure("migwire", 1538.2), missing: "tshark is not installed" },
    { what: "nothing", unit: "s" as const, missing: "no socat" },
  ];
  assertEquals(
    speedTable({ rows }),
    `| what    | reference    | migwire, checkout | installed    |
| ------- | ------------ | ----------------- | ------------ |
| read    | cat 0.200 s  | 0.100 s, 2.0      | 0.080 s, 2.5 |
| packets | not measured | 1538 MB/s         |              |
`,
  );
  const lines = rowLines({ rows }).join("\n");
  assertStringIncludes(lines, "2.0 times the speed of cat");
  assertStringIncludes(
    lines,
    "packets\n  migwire                 1538 MB/s (1538 MB/s to 1538 MB/s)\n  tshark is not installed",
  );
});
