import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareNodes, type Found } from "./compare.ts";
import { type DiffNode, groupNode, plainNode, valueNode } from "./node.ts";
import { mirrored } from "./mirror_for_test.ts";
import { Span } from "./span.ts";

const PLACE = { channel: "main", offset: 10 };

function compare(a: DiffNode, b: DiffNode): Found[] {
  return [...compareNodes({ a, b }, ["x"])];
}

/** What is found, in short. */
function brief(found: readonly Found[]): unknown[] {
  return found.map((one) =>
    one.kind === "not-compared" ? [one.kind, one.path, one.missing] : [one.kind, one.name, one.a ?? "-", one.b ?? "-"]
  );
}

function row(values: readonly (number | bigint)[], itemBytes = 4): DiffNode {
  return { step: "row", place: PLACE, leaf: { kind: "row", values, type: "uint32", itemBytes } };
}

function bytes(step: string, value: Uint8Array): DiffNode {
  const span = new Span([{ bytes: value, place: PLACE }]);
  return { step, place: PLACE, leaf: { kind: "bytes", span, type: "buffer" } };
}

Deno.test("compareNodes() names what is changed, added and removed", () => {
  const a = plainNode("x", { same: 1, changed: 1, gone: { deep: [1, 2] }, text: "a" });
  const b = plainNode("x", { same: 1, changed: 2, text: "b", come: true });
  assertEquals(brief(compare(a, b)), [
    ["changed", "x.changed", 1, 2],
    ["removed", "x.gone", { fields: 2 }, "-"],
    ["changed", "x.text", "a", "b"],
    ["added", "x.come", "-", true],
  ]);
});

Deno.test("compareNodes() goes through rows element by element, and says where each stands", () => {
  const found = compare(row([1, 2, 3]), row([1, 5, 3, 4]));
  assertEquals(brief(found), [["changed", "x[1]", 2, 5], ["added", "x[3]", "-", 4]]);
  const [first] = found;
  assertEquals(first?.kind === "changed" ? first.where : undefined, {
    a: { channel: "main", offset: 14 },
    b: { channel: "main", offset: 14 },
  });
});

Deno.test("compareNodes() calls a field that takes other bytes changed, though its number is the same", () => {
  const leaf = (value: number | bigint, size: number, type: string): DiffNode => ({
    step: "x",
    leaf: { kind: "value", value, bytes: size, type, meaning: () => type === "timer" ? "not armed" : undefined },
  });
  const [found] = compare(leaf(5, 4, "uint32"), leaf(5n, 8, "timer"));
  assertEquals(found, {
    path: ["x"],
    name: "x",
    kind: "changed",
    a: 5,
    b: 5,
    meaning: { b: "not armed" },
    type: { a: "uint32", b: "timer" },
    size: { a: 4, b: 8 },
    where: {},
  });
  assertEquals(compare(leaf(5, 8, "int64"), leaf(5n, 8, "uint64")), []);
  assertEquals(compare(valueNode("x", true), valueNode("x", 1)), []);
  assertEquals(brief(compare(row([1], 4), row([1], 8))), [["changed", "x[0]", 1, 1]]);
});

Deno.test("compareNodes() writes large numbers so that none is lost", () => {
  const large = 2n ** 63n;
  assertEquals(brief(compare(valueNode("x", large), valueNode("x", large + 1n))), [
    ["changed", "x", "0x8000000000000000", "0x8000000000000001"],
  ]);
  assertEquals(brief(compare(valueNode("x", -large), valueNode("x", null))), [
    ["changed", "x", "-0x8000000000000000", "-"],
  ]);
});

Deno.test("compareNodes() pairs the second of a name with the second", () => {
  const a = groupNode("x", [valueNode("f", 1), valueNode("f", 2), {
    ...groupNode("dev", [valueNode("v", 1)]),
    instance: 3,
  }]);
  const b = groupNode("x", [valueNode("f", 1), valueNode("f", 3), {
    ...groupNode("dev", [valueNode("v", 2)]),
    instance: 3,
  }]);
  assertEquals(brief(compare(a, b)), [["changed", "x.f#2", 2, 3], ["changed", "x.dev[3].v", 1, 2]]);
});

Deno.test("compareNodes() does not call missing what a side was not read far enough to have", () => {
  const a = groupNode("x", [valueNode("f", 1), valueNode("g", 1)]);
  const b = { ...groupNode("x", [valueNode("f", 2)]), partial: true };
  assertEquals(brief(compare(a, b)), [["changed", "x.f", 1, 2], ["not-compared", ["x", "g"], "b"]]);
});

Deno.test("compareNodes() compares what is of another sort by its size", () => {
  const digest = "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a";
  assertEquals(brief(compare(bytes("x", Uint8Array.of(1)), groupNode("x", [valueNode("a", 1), row([1, 2])]))), [
    ["changed", "x", { bytes: 1, sha256: digest }, { fields: 3 }],
  ]);
  assertEquals(brief(compare(row([1, 2]), valueNode("x", 1))), [["changed", "x", { fields: 2 }, 1]]);
  const config: DiffNode = { step: "x", leaf: { kind: "pci-config", bytes: Uint8Array.of(1) } };
  const [found] = compare(config, valueNode("x", 1));
  assertEquals(found?.kind === "changed" && found.type, { a: "pci config" });
});

Deno.test("compareNodes() says where bytes differ", () => {
  const [found] = compare(bytes("x", Uint8Array.of(1, 2, 3)), bytes("x", Uint8Array.of(1, 9)));
  assertEquals(found?.kind === "changed" && [found.ranges, found.where, found.type], [
    [{ offset: 1, length: 2, a: "0203", b: "09" }],
    { a: { channel: "main", offset: 11 }, b: { channel: "main", offset: 11 } },
    { a: "buffer", b: "buffer" },
  ]);
});

const leaves = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((value) => valueNode("", value)),
  fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 }).map((values) => row(values)),
  fc.uint8Array({ max: 2, maxLength: 6 }).map((value) => bytes("", value)),
  fc.uint8Array({ max: 20, minLength: 64, maxLength: 80 }).map((value): DiffNode => ({
    step: "",
    leaf: { kind: "pci-config", bytes: value },
  })),
);

const { tree } = fc.letrec<{ tree: DiffNode }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaves,
    fc.tuple(fc.array(fc.tuple(fc.constantFrom("a", "b", 1), tie("tree")), { maxLength: 4 }), fc.boolean()).map(
      ([parts, partial]): DiffNode => ({
        ...groupNode("", parts.map(([step, part]) => ({ ...part, step }))),
        partial,
      }),
    ),
  ),
}));

Deno.test("compareNodes() finds the same the other way round, and nothing between a tree and itself", () => {
  fc.assert(fc.property(tree, tree, (a, b) => {
    const there = compare(a, b);
    const back = compare(b, a);
    const sorted = (found: readonly Found[]): string[] => found.map((one) => JSON.stringify(one)).sort();
    assertEquals(sorted(back.map(mirrored)), sorted(there));
    assertEquals(compare(a, a), []);
  }));
});
