import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { GrowingAxis, largest, sum } from "./growing_axis.ts";

Deno.test("GrowingAxis makes its bins wider when something happens behind its end", () => {
  const axis = new GrowingAxis("time", 100, 140, 4);
  const [sums, peaks] = [axis.bins(sum), axis.bins(largest)];
  for (const at of [100, 110, 139, 140]) {
    const bin = axis.reach(at) ?? -1;
    sums.put(bin, 1);
    peaks.put(bin, at);
  }
  assertEquals([axis.axis, sums.list(4), peaks.list(4)], [
    { unit: "time", start: 100, width: 10, bins: 4 },
    [1, 1, 0, 2],
    [100, 110, 0, 140],
  ]);
  sums.put(axis.reach(200) ?? -1, 5);
  assertEquals(axis.axis, { unit: "time", start: 100, width: 40, bins: 3 });
  assertEquals([sums.list(3), peaks.list(3)], [[4, 0, 5], [140, 0, 0]]);
});

Deno.test("GrowingAxis has nothing before its start", () => {
  const axis = new GrowingAxis("time", 100, 140, 4);
  const bins = axis.bins(sum);
  assertEquals(axis.reach(99), undefined);
  axis.spread(0, 50, bins);
  axis.cover(0, 50, 7, bins);
  assertEquals(bins.list(4), [0, 0, 0, 0]);
  axis.spread(0, 105, bins);
  axis.cover(0, 125, 7, axis.bins(largest));
  assertEquals(bins.list(4), [5, 0, 0, 0]);
});

Deno.test("GrowingAxis keeps all of a span, wherever it begins and however it grows", () => {
  const spans = fc.array(fc.tuple(fc.nat(5000), fc.nat(5000)), { maxLength: 20 });
  fc.assert(fc.property(spans, fc.integer({ min: 1, max: 300 }), (pairs, end) => {
    const axis = new GrowingAxis("time", 0, end, 8);
    const [lengths, peaks] = [axis.bins(sum), axis.bins(largest)];
    let total = 0;
    let most = 0;
    for (const [a, b] of pairs) {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      axis.spread(from, to, lengths);
      axis.cover(from, to, to, peaks);
      total += to - from;
      most = Math.max(most, to);
    }
    const { bins } = axis.axis;
    assertEquals(lengths.list(bins).reduce((x, y) => x + y, 0), total);
    assertEquals(Math.max(0, ...peaks.list(8)), most);
  }));
});

Deno.test("GrowingAxis has an even number of bins, at least one of which is used", () => {
  const axis = new GrowingAxis("bytes", 0, 0, 3);
  assertEquals([axis.count, axis.axis], [4, { unit: "bytes", start: 0, width: 1, bins: 1 }]);
});
