import { assertEquals, assertThrows } from "@std/assert";
import { countRuntime } from "./accounting.ts";
import { compared, installHooks, start, stop, WorkLimitError } from "./counters.ts";
import { instrument } from "./instrument.ts";

type Fuzzed = (...args: readonly unknown[]) => unknown;

/** The text of a function, instrumented. */
function made(body: string): Fuzzed {
  installHooks();
  const { text } = instrument(`globalThis.fuzzed = function (a, b) { ${body} };`);
  // The prelude is a statement: a function may begin with it.
  new Function(text)();
  return (globalThis as unknown as { fuzzed: Fuzzed }).fuzzed;
}

const PROGRAMS: readonly string[] = [
  "if (a) return 1; else return 2",
  "if (a) if (b) return 1; else return 2; return 3",
  "return a ? b ? 1 : 2 : 3",
  "return a && b || !a && (b ?? 7)",
  "let n = 0; for (let i = 0; i < 5; i++) if (i === a) continue; else n += i; return n",
  "let n = 0; while (n < 9) n++; do n--; while (n > 3); return n",
  "outer: for (const x of [1, 2]) for (const y of [1, 2]) { if (x === y) continue outer; return [x, y]; }",
  "switch (a) { case 1: case 2: return 'low'; case 3: b = 1; default: return b }",
  "try { throw a } catch (error) { return error === a } finally { b = 1 }",
  "const f = (x) => ({ x }), g = async () => 1, h = (x) => x !== b; return [f(a), h(a), typeof g()]",
  "class A { #x = a; is(y) { return this.#x === y } static of = () => new A() } return A.of().is(a)",
  "return (a & 1) === (b | 0) ? 'same' : (a, b) !== 3",
  "function* g() { yield a === 1 ? 1 : 2; } return [...g()]",
  "return new Uint8Array(new ArrayBuffer(a ? 4 : 8), 2).length + new Array(3).length",
];

Deno.test("instrumented code does the same", () => {
  for (const program of PROGRAMS) {
    const fuzzed = made(program);
    const plain = new Function("a", "b", program);
    for (const a of [0, 1, 3]) {
      for (const b of [0, 3, undefined]) assertEquals(fuzzed(a, b), plain(a, b), program);
    }
  }
});

const ALL = { steps: 1e6, bytes: 1e6 };

Deno.test("each way through the code has its own edges, and steps are the same each time", () => {
  const fuzzed = made("for (let i = 0; i < a; i++) if (i === 2) return 1; return 2");
  const edges = (a: number): { edges: number[]; steps: number } => {
    start(ALL);
    fuzzed(a);
    const { edges, steps } = stop();
    return { edges: [...edges], steps };
  };
  assertEquals(edges(2), edges(2));
  assertEquals(edges(1).edges.length < edges(3).edges.length, true);
  assertEquals(edges(2).steps, edges(1).steps + 2);
});

Deno.test("what is compared in vain is remembered", () => {
  const fuzzed = made("return a === 0x5145564d || a !== b");
  start(ALL, true);
  fuzzed(7, 7);
  assertEquals(compared(), [[7, 0x5145564d]]);
  stop();
});

Deno.test("literals are found", () => {
  assertEquals(instrument("x = 'text' + 0x5145 + 1n").literals.toSorted(), [1n, 20805, "text"]);
});

Deno.test("a loop without end is stopped", () => {
  const fuzzed = made("while (true);");
  start({ steps: 1000, bytes: 0 });
  assertThrows(() => fuzzed(), WorkLimitError, "takes more than 1000 steps");
  assertEquals(stop().steps, 1001);
});

Deno.test("what the runtime makes is counted, and stopped", () => {
  const sliced = made("return new Uint8Array(1000).slice(0, a)");
  const repeated = made("return 'x'.repeat(a)");
  const undo = countRuntime();
  try {
    start(ALL);
    sliced(10);
    assertEquals(stop().bytes, 1010);
    start({ steps: 1000, bytes: 5000 });
    assertThrows(() => repeated(6000), WorkLimitError, "more than 5000 bytes");
    stop();
  } finally {
    undo();
  }
});
