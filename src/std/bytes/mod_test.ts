import { assert, assertEquals } from "@std/assert";
import { concat, copy, endsWith, equals, indexOfNeedle, startsWith } from "./mod.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

Deno.test("concat() copies, also none", () => {
  const part = bytes(1, 2);
  const whole = concat([part, bytes(), bytes(3)]);
  part[0] = 9;
  assertEquals(whole, new Uint8Array([1, 2, 3]));
  assertEquals(concat([]), new Uint8Array());
});

Deno.test("copy() copies what fits, within the target", () => {
  const target = bytes(0, 0, 0);
  assertEquals([copy(bytes(1, 2), target, 2), target], [1, bytes(0, 0, 1)]);
  assertEquals([copy(bytes(5), target, -1), target], [1, bytes(5, 0, 1)]);
  assertEquals([copy(bytes(7), target, 9), target], [0, bytes(5, 0, 1)]);
});

Deno.test("equals(), startsWith() and endsWith() look at views, not at the buffers behind them", () => {
  const view = bytes(0, 1, 2, 0).subarray(1, 3);
  assert(equals(view, bytes(1, 2)));
  assert(startsWith(view, bytes(1)) && !startsWith(view, bytes(1, 2, 0)));
  assert(endsWith(view, bytes(2)) && !endsWith(view, bytes(0, 1, 2)));
});

Deno.test("indexOfNeedle() searches views from any start", () => {
  const source = bytes(9, 1, 2, 1, 2).subarray(1);
  assertEquals(indexOfNeedle(source, bytes(1, 2)), 0);
  assertEquals(indexOfNeedle(source, bytes(1, 2), 1), 2);
  assertEquals(indexOfNeedle(source, bytes(1, 2), -2), 2);
  assertEquals(indexOfNeedle(source, bytes(9)), -1);
  assertEquals(indexOfNeedle(source, bytes(1), 4), -1);
});
