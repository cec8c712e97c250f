import { assert, assertEquals, assertThrows } from "./mod.ts";
import { equal } from "./equal.ts";
import { workTime } from "../../../testing/work_time.ts";

Deno.test("equal() compares boxed primitives and the lengths of sparse arrays", () => {
  assert(!equal(new Number(1), new Number(2)));
  assert(equal(new String("a"), new String("a")));
  // deno-lint-ignore no-sparse-arrays -- the hole is the subject
  assert(!equal([1, ,], [1]));
});

Deno.test("equal() looks into weak references and views of any kind", () => {
  const target = { page: 1 };
  assert(equal(new WeakRef(target), new WeakRef({ page: 1 })));
  assert(!equal(new DataView(new ArrayBuffer(1)), new DataView(new ArrayBuffer(2))));
  assert(equal(new Uint8Array([9, 1]).subarray(1), new Uint8Array([1])));
  assert(equal(new Float64Array([0, NaN]), new Float64Array([-0, NaN])));
});

Deno.test("equal() finds a partner for each member of a set, once", () => {
  const twice = new Set([{ a: 1 }, { a: 1 }]);
  const both = new Set([{ a: 1 }, { a: 2 }]);
  assertEquals([equal(twice, both), equal(both, twice)], [false, false]);
});

Deno.test("equal() cannot see into weak collections", () => {
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError, "WeakMap");
});

Deno.test("equal() is quick on a capture's worth of bytes", () => {
  const bytes = new Uint8Array(32 * 2 ** 20);
  const start = workTime();
  assert(equal(bytes, bytes.slice()));
  // Byte by byte in a callback it takes seconds.
  assert(workTime() - start < 1000);
});
