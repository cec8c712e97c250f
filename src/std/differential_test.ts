/**
 * Holds the stand-ins to the real packages: `deno-std` is `@std/*` as JavaScript on npm. It is untyped, so what is the
 * same here is behaviour; that the types agree is shown by `deno task test:jsr`, where JSR is reachable. Its `unicodeWidth`
 * cannot be loaded (a data file is missing), so that one is held to a table in `cli/mod_test.ts`.
 *
 * @module
 */
import * as realAssert from "deno-std/assert/mod.js";
import * as realBytes from "deno-std/bytes/mod.js";
import { parseArgs as realParseArgs } from "deno-std/cli/parse_args.js";
import { TextLineStream as RealTextLineStream } from "deno-std/streams/text_line_stream.js";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import * as ourAssert from "./assert/mod.ts";
import * as ourBytes from "./bytes/mod.ts";
import { parseArgs, type ParseOptions } from "./cli/mod.ts";
import { TextLineStream } from "./streams/mod.ts";

const { assertEquals } = ourAssert;

/** What a call came to, with the name of the error but not its text, which may differ. */
function outcome(call: () => unknown): unknown {
  try {
    return { returned: call() };
  } catch (error) {
    return { thrown: error instanceof Error ? error.name : error };
  }
}

class Page {
  constructor(size: number) {
    this.size = size;
  }
  size: number;
}
class SubPage extends Page {}

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;
const cyclicTwin: Record<string, unknown> = {};
cyclicTwin["self"] = cyclicTwin;
const sameError = new Error("same");

/** Values of every kind; each is compared with each. */
const VALUES: unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  NaN,
  1n,
  "",
  "1",
  "a",
  Symbol.for("a"),
  Symbol.for("b"),
  Page,
  (): number => 1,
  {},
  [],
  Object.create(null),
  { a: 1 },
  { a: 1, b: undefined },
  { b: undefined, a: 1 },
  { a: undefined },
  { b: undefined },
  { a: 0 },
  { a: -0 },
  { a: { b: [1, { c: NaN }] } },
  { a: { b: [1, { c: NaN }] } },
  { a: { b: [1, { c: 1 }] } },
  { [Symbol.for("a")]: 1 },
  { [Symbol.for("a")]: 2 },
  { 0: 1 },
  [1],
  [1, 2],
  [2, 1],
  [undefined],
  // deno-lint-ignore no-sparse-arrays -- a hole is not an `undefined`
  [, 1],
  [undefined, 1],
  Object.assign([1], { x: 1 }),
  new Page(1),
  new Page(1),
  new Page(2),
  new SubPage(1),
  { size: 1 },
  Object.assign(Object.create(null), { size: 1 }),
  Object.defineProperty({}, "hidden", { value: 1 }),
  new Date(1),
  new Date(1),
  new Date(NaN),
  Object.assign(new Date(1), { x: 1 }),
  /a/,
  /a/g,
  /b/,
  new URL("http://a/b"),
  new URL("http://a/b"),
  new URL("http://a/c"),
  new Map(),
  new Map([[1, 2], [3, 4]]),
  new Map([[3, 4], [1, 2]]),
  new Map([[1, undefined]]),
  new Map([[2, undefined]]),
  new Map([[{ a: 1 }, { b: 1 }]]),
  new Map([[{ a: 1 }, { b: 1 }]]),
  new Map([[{ a: 1 }, { b: 2 }]]),
  new Set(),
  new Set([1, 2]),
  new Set([2, 1]),
  new Set([1, 3]),
  new Set([{ a: 1 }, [1]]),
  new Set([[1], { a: 1 }]),
  new Uint8Array([1, 2]),
  new Uint8Array([0, 1, 2]).subarray(1),
  new Uint8Array([1, 3]),
  new Uint8Array([1]),
  new Int8Array([1, 2]),
  Buffer.from([1, 2]),
  new Uint16Array([0x201]),
  new Float64Array([0, NaN]),
  new Float64Array([-0, NaN]),
  new Float64Array([0, 1]),
  new Uint8Array([1, 2]).buffer,
  new Uint8Array([1, 3]).buffer,
  new DataView(new ArrayBuffer(1)),
  new DataView(new ArrayBuffer(2)),
  sameError,
  new Error("same"),
  new Error("other"),
  new TypeError("same"),
  new String("a"),
  new String("b"),
  new WeakRef({ a: 1 }),
  new WeakRef({ a: 1 }),
  new WeakRef({ a: 2 }),
  new WeakMap(),
  new WeakSet(),
  cyclic,
  cyclicTwin,
];

/** Assertions of two values. */
const OF_TWO = [
  "assertEquals",
  "assertNotEquals",
  "assertStrictEquals",
  "assertGreater",
  "assertGreaterOrEqual",
  "assertLess",
  "assertLessOrEqual",
] as const;

for (const name of OF_TWO) {
  Deno.test(`${name}() passes and fails as the real one, on values of every kind`, () => {
    const ours = ourAssert[name] as (actual: unknown, expected: unknown) => void;
    const real = realAssert[name] as typeof ours;
    for (const [row, actual] of VALUES.entries()) {
      for (const [column, expected] of VALUES.entries()) {
        assertEquals(
          outcome(() => ours(actual, expected)),
          outcome(() => real(actual, expected)),
          `value ${row} against value ${column}`,
        );
      }
    }
  });
}

Deno.test("assertEquals() passes and fails as the real one, on any two values and on copies", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  const same = (actual: unknown, expected: unknown): void =>
    assertEquals(
      outcome(() => ourAssert.assertEquals(actual, expected)),
      outcome(() => realAssert.assertEquals(actual, expected)),
    );
  fc.assert(fc.property(anything, anything, same));
  fc.assert(fc.property(fc.clone(anything, 2), ([actual, expected]) => same(actual, expected)));
});

Deno.test("assertions of one value pass and fail as the real ones", () => {
  for (const value of VALUES) {
    for (const name of ["assert", "assertExists"] as const) {
      const ours = ourAssert[name] as (value: unknown) => void;
      assertEquals(outcome(() => ours(value)), outcome(() => realAssert[name](value)));
    }
    for (const type of [Object, Error, TypeError, Page, Map, Uint8Array]) {
      assertEquals(
        outcome(() => ourAssert.assertInstanceOf(value, type)),
        outcome(() => realAssert.assertInstanceOf(value, type)),
      );
    }
  }
});

Deno.test("assertions of text pass and fail as the real ones", () => {
  for (const text of ["", "a", "ab", "a\nb", "B"]) {
    for (const pattern of [/a/, /^b/m, /^$/, /b/i]) {
      assertEquals(
        outcome(() => ourAssert.assertMatch(text, pattern)),
        outcome(() => realAssert.assertMatch(text, pattern)),
      );
    }
    for (const part of ["", "a", "b"]) {
      assertEquals(
        outcome(() => ourAssert.assertStringIncludes(text, part)),
        outcome(() => realAssert.assertStringIncludes(text, part)),
      );
    }
  }
});

const THROWN = [new Error("a b"), new TypeError("a b"), new RangeError(""), "text", undefined, null];
const WANTED: unknown[][] = [[], ["why"], [Error], [TypeError], [Error, "a"], [Error, "z"], [TypeError, "", "why"]];

Deno.test("assertThrows() and assertRejects() pass and fail as the real ones", async () => {
  const ourThrows = ourAssert.assertThrows as (...args: unknown[]) => unknown;
  const ourRejects = ourAssert.assertRejects as (...args: unknown[]) => Promise<unknown>;
  const settled = (call: () => Promise<unknown>): Promise<unknown> =>
    call().then((returned) => ({ returned }), (error) => ({ thrown: error.name }));
  for (const wanted of WANTED) {
    const functions = [
      () => 1,
      ...THROWN.map((thrown) => (): never => {
        throw thrown;
      }),
    ];
    for (const fn of functions) {
      assertEquals(outcome(() => ourThrows(fn, ...wanted)), outcome(() => realAssert.assertThrows(fn, ...wanted)));
    }
    const promises = [...functions, () => Promise.resolve(), ...THROWN.map((thrown) => () => Promise.reject(thrown))];
    for (const fn of promises) {
      assertEquals(
        await settled(() => ourRejects(fn, ...wanted)),
        await settled(() => realAssert.assertRejects(fn, ...wanted)),
      );
    }
  }
});

Deno.test("fail() and unreachable() throw as the real ones", () => {
  assertEquals(outcome(() => ourAssert.fail("x")), outcome(() => realAssert.fail("x")));
  assertEquals(outcome(() => ourAssert.unreachable("x")), outcome(() => realAssert.unreachable("x")));
});

/** Few values, so that one array often occurs in another. */
const bytes = fc.uint8Array({ max: 2, maxLength: 12 });

Deno.test("bytes functions give what the real ones give", () => {
  fc.assert(
    fc.property(fc.array(bytes), bytes, bytes, fc.integer({ min: -15, max: 15 }), (list, a, b, at) => {
      assertEquals(ourBytes.concat(list), realBytes.concat(list));
      for (const name of ["equals", "startsWith", "endsWith"] as const) {
        assertEquals(ourBytes[name](a, b), realBytes[name](a, b), name);
        assertEquals(ourBytes[name](a, a.slice(0, at)), realBytes[name](a, a.slice(0, at)), name);
      }
      const [ours, real] = [b.slice(), b.slice()];
      assertEquals([ourBytes.copy(a, ours, at), ours], [realBytes.copy(a, real, at), real]);
      const needle = b.subarray(0, 3);
      assertEquals(ourBytes.indexOfNeedle(a, needle, at), realBytes.indexOfNeedle(a, needle, at));
    }),
    { numRuns: 2000 },
  );
});

/** Sets of options, between them with every option of `parseArgs` that the stand-in has. */
const OPTIONS: ParseOptions[] = [
  {},
  { boolean: ["json", "v"], string: ["out", "_"], collect: ["out"], alias: { json: "j", out: ["o", "output"] } },
  { boolean: ["json"], negatable: ["json"], default: { json: true, out: "d", x: 1 }, string: "out" },
  { boolean: true, string: ["out"], "--": true },
  { stopEarly: true, boolean: ["json", "v"], collect: ["v", "x"], alias: { v: "x" } },
  { string: ["out", "o"], default: { o: "" }, alias: { x: "v" }, stopEarly: true, "--": true },
];

/** What a command line may be made of, between the well-formed and the odd. */
const WORDS = [
  ...["--json", "--json=false", "--json=no", "--no-json", "--no-out", "--out", "--out=", "--out=5", "--output=a=b"],
  ...["--x", "--x=1e3", "--x=0x1f", "--x=-", "--", "--=5", "---a", "-", "-j", "-v", "-jv", "-vo", "-o", "-o5", "-o=a"],
  ...[
    "-x-5",
    "-x=",
    "-a-",
    "-a/b",
    "-5",
    "-x",
    "true",
    "false",
    "5",
    "0x10",
    "-1.5",
    "1e1000",
    ".5",
    "",
    "dump",
    "a b",
  ],
  ...["--__proto__=1", "--constructor"],
];

Deno.test("parseArgs() gives what the real one gives, and calls unknown as it does", () => {
  const parseBoth = (argv: string[], options: ParseOptions): void => {
    assertEquals(parseArgs(argv, options), realParseArgs(argv, options));
    for (const answer of [true, false]) {
      const told: { ours: unknown[]; real: unknown[] } = { ours: [], real: [] };
      const tell = (list: unknown[]) => (...args: unknown[]) => (list.push(args), answer);
      assertEquals(
        parseArgs(argv, { ...options, unknown: tell(told.ours) }),
        realParseArgs(argv, { ...options, unknown: tell(told.real) }),
      );
      assertEquals(told.ours, told.real);
    }
  };
  for (const options of OPTIONS) {
    parseBoth([], options);
    for (const word of WORDS) {
      for (const next of WORDS) parseBoth([word, next], options);
    }
  }
  const argv = fc.array(fc.constantFrom(...WORDS), { maxLength: 8 });
  fc.assert(fc.property(argv, fc.constantFrom(...OPTIONS), parseBoth), { numRuns: 2000 });
});

Deno.test("parseArgs() gives what the real one gives for any letters, but for dots", () => {
  const word = fc.string({ unit: fc.constantFrom(..."--==abo5 /é"), maxLength: 6 });
  const options: ParseOptions = { boolean: ["a"], string: ["o"], alias: { b: "bb" } };
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (argv) => {
      assertEquals(parseArgs(argv, options), realParseArgs(argv, options), JSON.stringify(argv));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("TextLineStream gives what the real one gives", async () => {
  const chunks = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n") }));
  await fc.assert(fc.asyncProperty(chunks, fc.boolean(), async (list, allowCR) => {
    const read = (stream: TransformStream<string, string>): Promise<string[]> =>
      Array.fromAsync(ReadableStream.from(list).pipeThrough(stream));
    assertEquals(await read(new TextLineStream({ allowCR })), await read(new RealTextLineStream({ allowCR })));
  }));
});
