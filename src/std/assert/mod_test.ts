import {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "./mod.ts";

/** The message of the failed assertion. */
function failure(fn: () => unknown): string {
  return assertThrows(fn, AssertionError).message;
}

Deno.test("every assertion fails with an AssertionError that says what was expected", () => {
  const cases: [() => void, string][] = [
    [() => assert(0, "zero"), "zero"],
    [() => assertNotEquals([1], [1], "same"), "Expected values not to be equal: same"],
    [() => assertStrictEquals({}, {}), "same structure but are not the same"],
    [() => assertStrictEquals(1, 2, "count"), "Values are not strictly equal: count"],
    [() => assertExists(null), 'Expected actual: "null" to not be null or undefined.'],
    [() => assertInstanceOf([], Map), 'instance of "Map" but was "Array".'],
    [() => assertInstanceOf(null, Map, "why"), 'instance of "Map" but was null: why'],
    [() => assertMatch("a", /b/), 'Expected actual: "a" to match: "/b/".'],
    [() => assertStringIncludes("a", "b", "x"), 'Expected actual: "a" to contain: "b": x'],
    [() => assertGreater(1, 1), "Expect 1 > 1"],
    [() => assertGreaterOrEqual(1, 2), "Expect 1 >= 2"],
    [() => assertLess(1n, 1n), "Expect 1n < 1n"],
    [() => assertLessOrEqual("b", "a"), "Expect 'b' <= 'a'"],
    [() => fail("here"), "Failed assertion: here"],
    [() => unreachable("there"), "Unreachable: there"],
  ];
  for (const [fn, part] of cases) assertStringIncludes(failure(fn), part);
});

Deno.test("assertEquals() shows what differs, and little else", () => {
  const many = Array.from({ length: 1000 }, (_, index) => index);
  const message = failure(() => assertEquals(many, many.with(500, -1), "list"));
  assertStringIncludes(message, "Values are not equal: list");
  assertStringIncludes(message, "-     500,\n+     -1,\n");
  assertLess(message.split("\n").length, 15);
});

Deno.test("assertEquals() names the first byte that differs, and stays short", () => {
  const message = failure(() => assertEquals(new Uint8Array(4096).fill(1, 16), new Uint8Array(4096)));
  assertStringIncludes(message, "first difference at 0x10; lengths 4096 and 4096");
  assertStringIncludes(message, "more lines");
  assertLess(message.length, 10_000);
  const prefix = failure(() => assertEquals(new Uint8Array(2), new Uint8Array(3)));
  assertStringIncludes(prefix, "first difference at 0x2; lengths 2 and 3");
});

Deno.test("assertions narrow types", () => {
  const value = [1, "a"][0] as string | number | undefined;
  assertExists(value);
  const exists: string | number = value;
  assert(typeof exists === "number");
  const asserted: number = exists;
  assertStrictEquals<1>(asserted, 1);
  const strict: 1 = asserted;
  const thing: unknown = new Map([[strict, 1]]);
  assertInstanceOf(thing, Map);
  assertEquals(thing.get(1), 1);
});

/** Something thrown that is no error. */
const noError: unknown = "text";

const boom = (): never => {
  throw new RangeError("too long");
};

Deno.test("assertThrows() returns what was thrown", () => {
  const error: RangeError = assertThrows(boom, RangeError, "long");
  assertEquals(error.message, "too long");
  assertEquals(
    assertThrows(() => {
      throw noError;
    }, "any will do"),
    "text",
  );
});

Deno.test("assertThrows() fails on another class, another message, no error, nothing thrown", () => {
  const cases: [() => unknown, string][] = [
    [() => assertThrows(boom, TypeError), 'to throw "TypeError", but it was "RangeError": too long'],
    [() => assertThrows(boom, RangeError, "short", "x"), "to include 'short', but got 'too long': x"],
    [() => assertThrows(() => {}), "Expected function to throw."],
    [() => assertThrows(() => {}, Error, "", "why"), "Expected function to throw: why"],
    [() => assertThrows(() => Promise.reject, "why"), "Expected function to throw: why"],
    [
      () =>
        assertThrows(() => {
          throw noError;
        }, Error),
      "A non-Error object was thrown.",
    ],
  ];
  for (const [fn, part] of cases) assertStringIncludes(failure(fn), part);
  const outer = assertThrows(() => assertThrows(boom, TypeError), AssertionError);
  assertInstanceOf(outer.cause, RangeError);
});

Deno.test("assertRejects() returns what was rejected", async () => {
  const error: RangeError = await assertRejects(() => Promise.reject(new RangeError("x")), RangeError);
  assertEquals(error.message, "x");
  assertEquals(await assertRejects(() => Promise.reject("text"), "any will do"), "text");
});

Deno.test("assertRejects() fails on another class, a fulfilled promise, none, and a plain throw", async () => {
  const cases: [() => PromiseLike<unknown>, string][] = [
    [() => Promise.reject(new RangeError("x")), 'to reject "TypeError", but it was "RangeError": x'],
    [() => Promise.reject("text"), "A non-Error object was rejected."],
    [() => Promise.resolve(), "Expected function to reject."],
    [() => undefined as unknown as Promise<void>, "Function does not return a promise."],
    [boom, "Function throws when expected to reject."],
  ];
  for (const [fn, part] of cases) {
    const error = await assertRejects(() => assertRejects(fn, TypeError), AssertionError);
    assertStringIncludes(error.message, part);
  }
});
