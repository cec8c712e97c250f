import { assert, assertEquals, assertThrows } from "@std/assert";
import { findPlaces, parses } from "./find_places.ts";

/** What each place becomes: `original → change`. */
function changesOf(text: string): string[] {
  return findPlaces(text).flatMap(({ original, changes }) => changes.map(({ shown }) => `${original} → ${shown}`));
}

/** The texts with one change each. */
function mutantsOf(text: string): string[] {
  return findPlaces(text).flatMap(({ start, end, changes }) =>
    changes.map((change) => text.slice(0, start) + change.text + text.slice(end))
  );
}

Deno.test("findPlaces() finds operators with their line and column", () => {
  const places = findPlaces("const a = 1;\nconst b = a\n  <= c;\n");
  assertEquals(places.map(({ operator, line, column }) => [operator, line, column]), [["comparison", 3, 3]]);
});

Deno.test("findPlaces() moves a comparison's boundary and turns it round", () => {
  assertEquals(changesOf("f(a < b);"), ["a < b → a <= b", "a < b → a >= b"]);
  assertEquals(changesOf("f(a >= b);"), ["a >= b → a > b", "a >= b → a < b"]);
  assertEquals(changesOf("f(a === b);"), ["a === b → a !== b"]);
});

Deno.test("findPlaces() takes numbers one up and down where an operator works on them, and nowhere else", () => {
  assertEquals(changesOf("f(a << 8, 3, [4]);"), ["a << 8 → a >> 8", "8 → 9", "8 → 7"]);
  assertEquals(changesOf("f(a & 0xffn);"), ["a & 0xffn → a | 0xffn", "0xffn → 256n", "0xffn → 254n"]);
  assertEquals(changesOf("a += 0;"), ["a += 0 → a -= 0", "0 → 1"]);
  assertEquals(changesOf("f(a / 0.5);"), ["a / 0.5 → a * 0.5"]);
});

Deno.test("findPlaces() takes what stands in front of an operand away", () => {
  assertEquals(changesOf("f(!a, -b, ~c, +d);"), ["!a → a", "-b → b", "~c → c", "+d → -d"]);
  assertEquals(changesOf("f(typeof a, void b, await c);"), []);
});

Deno.test("findPlaces() counts down what is counted up, before and behind", () => {
  assertEquals(changesOf("a++; --b;"), ["a++ → a--", "--b → ++b"]);
});

Deno.test("findPlaces() fixes conditions, and stops loops but makes none endless", () => {
  assertEquals(changesOf("if (a) b();"), ["a → true", "a → false"]);
  assertEquals(changesOf("f(a ? b : c);"), ["a → true", "a → false"]);
  assertEquals(changesOf("while (a) b();"), ["a → false"]);
  assertEquals(changesOf("for (;;) b();"), []);
  assertEquals(changesOf("while (true) b();"), ["true → false"]);
});

Deno.test("findPlaces() leaves joined texts alone", () => {
  assertEquals(changesOf('f("a" + b, a + `${b}`, a + "b" + c);'), []);
  assertEquals(changesOf('a += "b";'), []);
});

Deno.test("findPlaces() looks into what a text is filled with", () => {
  assertEquals(changesOf("f(`${a - b} - ${c}`);"), ["a - b → a + b"]);
});

Deno.test("findPlaces() finds nothing in types", () => {
  const text = `
    import { type A, b } from "./a-b.ts";
    export type C = 1 | 2 & 3 | -1 | true | (A extends B ? 1 : 2);
    interface D { e: true | false; f(a: number | 1): boolean }
    function g<T extends A | B = 1>(a: T | -1, c?: false): a is T & D { return h<true>(a as 1 | 2); }
    declare const i: true;
    class J implements K<1 | 2> { readonly l?: A | undefined; declare m: true }
  `;
  assertEquals(changesOf(text), []);
});

Deno.test("findPlaces() finds what types stand around", () => {
  assertEquals(changesOf("f((a + b) as number, (c < d) satisfies boolean, (!e)!);"), [
    "a + b → a - b",
    "c < d → c <= d",
    "c < d → c >= d",
    "!e → e",
  ]);
});

Deno.test("findPlaces() finds nothing in texts, patterns, comments and names", () => {
  assertEquals(
    changesOf('f("a + b", /a+b|c/, { "a-b": 1 }); // a + b\n/* !a && true */ /** a < b */\nlet falsey;'),
    [],
  );
});

Deno.test("findPlaces() takes the operator of the whole, not one of a comment or of a part in parentheses", () => {
  assertEquals(changesOf("f((a - b) /* - */ - c);"), ["a - b → a + b", "(a - b) /* - */ - c → (a - b) /* - */ + c"]);
});

Deno.test("findPlaces() keeps what belongs together when an operator with another precedence is put there", () => {
  assertEquals(mutantsOf("f(a & b ^ c);"), ["f(((a) | (b)) ^ c);", "f(((a & b) & (c)));"]);
});

Deno.test("findPlaces() gives changes after which the text is a module still", () => {
  const text = `
    const a = b ?? c ?? ((d || e) && f);
    for (let i = 0, j = 10; i < j; i++, j -= 2) if (!g[i] || (-i) ** 0) h ??= i >>> 0 === 1 ? true : false;
    const k = (l: number): boolean => l % 2 !== 0 && (l & 0x20) !== 0;
    do { m ||= n; } while (o-- > 0);
    class P { readonly q = !r; static s = 1n << 63n; }
  `;
  const mutants = mutantsOf(text);
  assert(mutants.length > 30);
  assertEquals(mutants.filter((mutant) => !parses(mutant)), []);
  assertEquals(mutants.filter((mutant) => mutant === text), []);
  assertEquals(new Set(mutants).size, mutants.length);
});

Deno.test("findPlaces() refuses what is no module", () => {
  assertEquals(parses("const a = ;"), false);
  assertThrows(() => findPlaces("const a = ;"), SyntaxError);
});
