import { assertEquals } from "@std/assert";
import type { DumpedField, DumpedVmsd, FieldDescription, VmsdDescription } from "../../wire/mod.ts";
import { compareBody, type Difference, isFatal } from "./compare_body.ts";

/** A field of the stream: a number, or a structure if `inside` is given. */
function field(name: string, size = 4, extra: Partial<FieldDescription> = {}): FieldDescription {
  return { name, size, type: `uint${8 * size}`, inline: [], ...extra };
}

function body(...fields: FieldDescription[]): VmsdDescription {
  return { vmsdName: "d", version: 1, fields, subsections: [] };
}

/** A field of the other QEMU. */
function read(name: string, size = 4, extra: Partial<DumpedField> = {}): DumpedField {
  return { name, size, version: 0, conditional: false, ...extra };
}

function vmsd(...fields: DumpedField[]): DumpedVmsd {
  return { name: "d", version: 1, minimumVersion: 1, fields };
}

function struct(name: string, inside: VmsdDescription, extra: Partial<FieldDescription> = {}): FieldDescription {
  const size = inside.fields.reduce((sum, one) => sum + one.size * (one.arrayLen ?? 1), 0);
  return { name, size, type: "struct", inline: [], struct: inside, ...extra };
}

function differences(stream: VmsdDescription, target: DumpedVmsd, version = 1): (string | undefined)[][] {
  return compareBody(stream, target, version).differences.map(tell);
}

function tell({ kind, path, other, stream, target }: Difference): (string | undefined)[] {
  return [kind, path, ...[other, stream, target].filter((one) => one !== undefined).map(String)];
}

Deno.test("compareBody() finds no difference between what is the same", () => {
  const { differences: found, fields } = compareBody(body(field("a"), field("b", 1)), vmsd(read("a"), read("b", 1)), 1);
  assertEquals([found, fields], [[], 2]);
});

Deno.test("compareBody() finds fields that are added, missing, resized and renamed", () => {
  const target = vmsd(read("a"), read("b"), read("c"));
  assertEquals(differences(body(field("a"), field("b"), field("x", 8), field("c")), target), [[
    "field-added",
    "x",
    "8",
  ]]);
  assertEquals(differences(body(field("a"), field("c")), target), [["field-missing", "b", "4"]]);
  assertEquals(differences(body(field("a"), field("b", 2), field("c")), target), [["field-resized", "b", "2", "4"]]);
  assertEquals(differences(body(field("a"), field("other"), field("c")), target), [["field-renamed", "other", "b"]]);
});

Deno.test("compareBody() tells fields that are read as others, where as many bytes are read", () => {
  const stream = body(field("a"), field("x", 2), field("y", 2), field("z"));
  assertEquals(differences(stream, vmsd(read("a"), read("b"), read("z"))), [["fields-moved", "x, y", "b", "4", "4"]]);
  // What may be there, and is not, can have taken what follows.
  const shifted = body(field("a"), field("lun", 1), field("state", 1), field("z"));
  const optional = vmsd(read("a"), read("cmd", 1, { conditional: true }), read("lun", 1), read("z"));
  assertEquals(differences(shifted, optional), [["fields-moved", "state", "cmd", "1", "1"]]);
});

Deno.test("compareBody() takes the likelier name where a field has another", () => {
  const stream = body(field("cmd", 1), field("lun", 1));
  const target = vmsd(read("old_cmd", 1, { conditional: true }), read("lun", 1), read("state", 1));
  assertEquals(differences(stream, target), [["field-missing", "state", "1"], ["field-renamed", "cmd", "old_cmd"]]);
});

Deno.test("compareBody() does not miss what is conditional, of a later version, empty or a check", () => {
  const check = read("a must be below 5", 0, { conditional: true, count: 0 });
  const target = vmsd(
    read("a"),
    check,
    read("sometimes", 8, { conditional: true }),
    read("later", 4, { version: 2 }),
    read("none", 4, { count: 0 }),
    read("list", 24, { vmsd: { name: "element", version: 1, minimumVersion: 1, fields: [read("value")] } }),
  );
  assertEquals(differences(body(field("a")), target), []);
  assertEquals(differences(body(field("a")), target, 2), [["field-missing", "later", "4"]]);
});

Deno.test("compareBody() opens structures: where they begin does not show on the wire", () => {
  const inner: DumpedVmsd = { name: "inner", version: 1, minimumVersion: 1, fields: [read("b"), read("c")] };
  const target = vmsd(read("a"), read("inner", 100, { vmsd: inner }), read("d"));
  const flat = body(field("a"), field("b"), field("c"), field("d"));
  const nested = body(field("a"), struct("inner", body(field("b"), field("c"))), field("d"));
  assertEquals(differences(flat, target), []);
  assertEquals(differences(nested, target), []);
  assertEquals(differences(nested, vmsd(read("a"), read("b"), read("c"), read("d"))), []);
  // As QEMU describes a structure of an explicit version, or a helper's.
  const inline = body(
    field("a"),
    field("inner", 8, { type: "tmp", inline: [body(field("b"), field("c"))] }),
    field("d"),
  );
  assertEquals(differences(inline, target), []);
  // A structure of the other QEMU is read in its own version, whatever the stream's is.
  const newer = { ...inner, version: 2, fields: [read("b"), read("c"), read("new", 4, { version: 2 })] };
  const found = differences(nested, vmsd(read("a"), read("inner", 100, { vmsd: newer }), read("d")));
  assertEquals(found, [["field-missing", "inner.new", "4"]]);
});

Deno.test("compareBody() compares elements of arrays and lists, once for each layout", () => {
  const element: DumpedVmsd = { name: "element", version: 1, minimumVersion: 1, fields: [read("x"), read("y")] };
  const target = vmsd(read("n"), read("items", 32, { vmsd: element }));
  const good = body(field("x"), field("y"));
  const bad = body(field("x"), field("y"), field("z"));
  assertEquals(differences(body(field("n"), struct("items", good, { arrayLen: 3 })), target), []);
  assertEquals(differences(body(field("n"), struct("items", bad, { arrayLen: 3 })), target), [
    ["field-added", "items[].z", "4"],
  ]);
  const single = body(field("n"), struct("items", bad, { index: 0 }), struct("items", bad, { index: 1 }));
  assertEquals(differences(single, target), [["field-added", "items[].z", "4"]]);
  const list = field("items", 17, { type: "qtailq", inline: [good, good] });
  assertEquals(differences(body(field("n"), list), target), []);
  const nulls = body(field("n"), { ...field("items", 1, { arrayLen: 2 }), type: "nullptr" });
  assertEquals(differences(nulls, target), []);
});

Deno.test("compareBody() knows arrays of a fixed length", () => {
  const target = vmsd(read("a", 1, { count: 16 }));
  assertEquals(differences(body(field("a", 1, { arrayLen: 16 })), target), []);
  assertEquals(differences(body(field("a", 1, { arrayLen: 8 })), target), [["field-resized", "a", "8", "16"]]);
  // An array of one is no array in a description.
  const one: DumpedVmsd = { name: "one", version: 1, minimumVersion: 1, fields: [read("x")] };
  assertEquals(differences(body(struct("s", body(field("x")))), vmsd(read("s", 4, { count: 1, vmsd: one }))), []);
});

Deno.test("compareBody() compares sizes only where a dump tells those on the wire", () => {
  const timer = { ...field("t", 8), type: "timer" };
  assertEquals(differences(body(timer), vmsd(read("t", 48))), []);
  const buffer = { ...field("b", 16), type: "buffer" };
  assertEquals(differences(body(buffer), vmsd(read("b", 0))), []);
  assertEquals(differences(body(buffer), vmsd(read("b", 16))), []);
  assertEquals(differences(body(buffer), vmsd(read("b", 8))), [["field-resized", "b", "16", "8"]]);
  assertEquals(differences(body(field("p", 4, { arrayLen: 2 })), vmsd(read("p", 8))), []);
  assertEquals(differences(body(field("a[1]", 4)), vmsd(read("a"))), []);
});

Deno.test("compareBody() lets unused bytes stand for fields that were there", () => {
  const unused = (size: number): FieldDescription => ({ ...field("unused", size), type: "unused_buffer" });
  assertEquals(differences(body(unused(8), field("z")), vmsd(read("a"), read("b"), read("z"))), []);
  assertEquals(differences(body(field("a"), field("b"), field("z")), vmsd(read("unused", 8), read("z"))), []);
  // Five elements of one byte: of how many the dump does not say.
  assertEquals(differences(body(unused(5), field("z")), vmsd(read("bits", 1), read("z"))), [
    ["field-renamed", "unused", "bits"],
  ]);
});

Deno.test("compareBody() judges subsections by name and version, wherever they belong", () => {
  const known: DumpedVmsd = { name: "d/known", version: 2, minimumVersion: 2, fields: [read("x")] };
  const target = { ...vmsd(read("a")), subsections: [known] };
  const withSubsection = (vmsdName: string, version?: number, ...fields: FieldDescription[]): VmsdDescription => ({
    ...body(field("a")),
    subsections: [{ vmsdName, ...(version === undefined ? {} : { version }), fields, subsections: [] }],
  });
  assertEquals(differences(withSubsection("d/known", 2, field("x")), target), []);
  assertEquals(differences(withSubsection("d/known", undefined, field("x")), target), []);
  assertEquals(differences(withSubsection("d/other", 1), target), [["subsection-unknown", "d/other"]]);
  assertEquals(differences(withSubsection("d/known", 3), target), [["version-new", "d/known", "3", "2"]]);
  assertEquals(differences(withSubsection("d/known", 1), target), [["version-old", "d/known", "1", "2"]]);
  assertEquals(differences(withSubsection("d/known", 2, field("x"), field("y")), target), [
    ["field-added", "d/known: y", "4"],
  ]);
  const inner = { name: "inner", version: 1, minimumVersion: 1, fields: [], subsections: [known] };
  assertEquals(
    differences(withSubsection("d/known", 2, field("x")), vmsd(read("a"), read("i", 8, { vmsd: inner }))),
    [],
  );
});

Deno.test("compareBody() keeps the first differences, and gives up on what is too much", () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ ...field(`x${i}`, 3), type: "odd" }));
  assertEquals(compareBody(body(...many), vmsd(), 1).differences.length, 32);
  const huge = Array.from({ length: 1100 }, (_, i) => field(`x${i}`));
  const [difference] = compareBody(body(...huge), vmsd(...huge.map(({ name }) => read(name))), 1).differences;
  assertEquals(difference?.kind, "not-compared");
  assertEquals(difference !== undefined && isFatal(difference), false);
});
