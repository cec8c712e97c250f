import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import { assertSpyCalls, spy } from "./mock.ts";

Deno.test("spy() remembers arguments, results and errors", () => {
  const half = spy((n: number): number => {
    if (n % 2 > 0) throw new RangeError("odd");
    return n / 2;
  });
  assertEquals(half(4), 2);
  const error = assertThrows(() => half(3), RangeError);
  assertEquals(half.calls, [{ args: [4], returned: 2 }, { args: [3], error }]);
});

Deno.test("assertSpyCalls() fails on too many and too few calls", () => {
  const nothing = spy();
  assertEquals(nothing(1, "a"), undefined);
  assertSpyCalls(nothing, 1);
  assertThrows(() => assertSpyCalls(nothing, 0), AssertionError, "more than expected");
  assertThrows(() => assertSpyCalls(nothing, 2), AssertionError, "not called as much");
});
