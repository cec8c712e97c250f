import { assert, assertEquals } from "@std/assert";
import dump10 from "../../../testdata/compat/qemu-10.0.json" with { type: "json" };
import dump7 from "../../../testdata/compat/qemu-7.2.json" with { type: "json" };
import checker from "../../../testdata/compat/static-checker.json" with { type: "json" };
import { parseVmstateDump, type VmstateDump } from "../../wire/mod.ts";
import { compatDumps } from "./compat_dumps.ts";

const dumps = { "7.2": parseVmstateDump(JSON.stringify(dump7)), "10.0": parseVmstateDump(JSON.stringify(dump10)) };

Deno.test("compatDumps() finds all that QEMU's vmstate-static-checker.py finds", () => {
  const pairs: ["7.2" | "10.0", "7.2" | "10.0"][] = [["10.0", "7.2"], ["7.2", "10.0"]];
  for (const [source, target] of pairs) {
    const { problems, ok } = compatDumps(dumps[source], dumps[target]);
    const ours = problems.map(({ code, type, vmsd = null, field = null }) => JSON.stringify([code, type, vmsd, field]));
    const theirs = checker[`excerpt ${source} ${target}` as "excerpt 7.2 10.0"];
    assert(theirs.length > 3 && !ok);
    assertEquals(theirs.map((line) => JSON.stringify(line)).filter((line) => !ours.includes(line)), []);
  }
});

Deno.test("compatDumps() finds nothing between a dump and itself", () => {
  const { problems, ok, found, source, target } = compatDumps(dumps["10.0"], dumps["10.0"]);
  assertEquals([problems, ok, found], [[], true, { errors: 0, warnings: 0 }]);
  assertEquals(source, { machine: "pc-q35-10.0", types: 26 });
  assertEquals(target, {
    machine: "pc-q35-10.0",
    knowsMachine: null,
    version: "10.0",
    versionFrom: "machine",
    types: 26,
  });
});

interface Field {
  field: string;
  size?: number;
  version?: number;
  num?: number;
  inside?: object;
}

function vmsd(name: string, fields?: Field[], extra: object = {}): object {
  const all = fields?.map(({ field, size = 4, version = 0, num, inside }) => ({
    field,
    size,
    version_id: version,
    field_exists: false,
    ...(num === undefined ? {} : { num }),
    ...(inside === undefined ? {} : { Description: inside }),
  }));
  return { name, version_id: 1, minimum_version_id: 1, ...(all === undefined ? {} : { Fields: all }), ...extra };
}

function dump(types: { [name: string]: object | undefined }): VmstateDump {
  const entries = Object.entries(types).map(([name, description]) => {
    const own = description === undefined ? {} : { Description: description };
    return [name, { Name: name, version_id: 1, minimum_version_id: 1, ...own }];
  });
  return parseVmstateDump(JSON.stringify(Object.fromEntries(entries)));
}

function compare(source: object | undefined, target: object | undefined, name = "d"): (string | undefined)[][] {
  const { problems } = compatDumps(dump({ [name]: source }), dump({ [name]: target }));
  return problems.map(({ code, vmsd, field }) => [code, vmsd, field]);
}

Deno.test("compatDumps() compares versions of layouts and fields", () => {
  assertEquals(compare(vmsd("d", [], { version_id: 3 }), vmsd("d", [])), [["version-new", "d", undefined]]);
  assertEquals(compare(vmsd("d", []), vmsd("d", [], { version_id: 4, minimum_version_id: 2 })), [
    ["version-old", "d", undefined],
  ]);
  assertEquals(compare(vmsd("d", [{ field: "a", version: 2 }]), vmsd("d", [{ field: "a" }])), [[
    "version-new",
    "d",
    "a",
  ]]);
});

Deno.test("compatDumps() compares fields in their order, up to the first that is another", () => {
  const [a, b] = [{ field: "a" }, { field: "b" }];
  assertEquals(compare(vmsd("d", [a, b]), vmsd("d", [a])), [["field-missing", "d", "b"]]);
  assertEquals(compare(vmsd("d", [a, b]), vmsd("d", [b, a])), [["field-different", "d", "a"]]);
  assertEquals(compare(vmsd("d", [a]), vmsd("d", [{ field: "a", size: 8 }])), [["field-resized", "d", "a"]]);
  assertEquals(compare(vmsd("d", [{ field: "a", num: 2 }]), vmsd("d", [{ field: "a", num: 3 }])), [
    ["field-resized", "d", "a"],
  ]);
  const inside = { field: "s", inside: vmsd("s", [a]) };
  assertEquals(compare(vmsd("d", [inside]), vmsd("d", [{ field: "s" }])), [["field-undescribed", "d", "s"]]);
});

Deno.test("compatDumps() sees through structures that one side has, through new names and unused bytes", () => {
  const [a, b, c] = [{ field: "a" }, { field: "b" }, { field: "c" }];
  const inside = { field: "s", inside: vmsd("s", [a, b]) };
  assertEquals(compare(vmsd("d", [a, b, c]), vmsd("d", [inside, c])), []);
  assertEquals(compare(vmsd("d", [inside, c]), vmsd("d", [a, b, c])), []);
  assertEquals(compare(vmsd("e1000", [{ field: "dev" }]), vmsd("e1000", [{ field: "parent_obj" }])), []);
  const unused = { field: "unused", size: 8 };
  assertEquals(compare(vmsd("d", [unused, c]), vmsd("d", [a, b, c])), []);
  assertEquals(compare(vmsd("d", [a, b, c]), vmsd("d", [unused, c])), []);
  assertEquals(compare(vmsd("d", [{ field: "unused" }, c]), vmsd("d", [a, c])), []);
  const odd = { field: "unused", size: 6 };
  assertEquals(compare(vmsd("d", [a, b, c]), vmsd("d", [odd, c])), [["unused-mismatch", "d", "b"]]);
  assertEquals(compare(vmsd("d", [odd, c]), vmsd("d", [a, b, c])), [["unused-mismatch", "d", "b"]]);
  assertEquals(compare(vmsd("d", [a]), vmsd("d", [unused, c])), [["unused-mismatch", "d", "a"]]);
});

Deno.test("compatDumps() compares types, layouts and their entries", () => {
  const sub = vmsd("d/x", []);
  assertEquals(compare(vmsd("d", []), undefined), [["entry-missing", undefined, "Description"]]);
  assertEquals(compare(undefined, vmsd("d", [])), []);
  assertEquals(compare(vmsd("d", []), vmsd("other", [])), [["vmsd-name", "d", undefined]]);
  assertEquals(compare(vmsd("d", []), vmsd("d")), [["entry-missing", "d", "Fields"]]);
  assertEquals(compare(vmsd("d", [], { Subsections: [sub] }), vmsd("d", [])), [
    ["entry-missing", "d", "Subsections"],
    ["subsection-unknown", "d", "d/x"],
  ]);
  const other = { Subsections: [vmsd("d/y", [])] };
  assertEquals(compare(vmsd("d", [], { Subsections: [sub] }), vmsd("d", [], other)), [
    ["subsection-unknown", "d", "d/x"],
  ]);
  const renamed = compatDumps(dump({ "ICH9 LPC": vmsd("l", []) }), dump({ "ICH9-LPC": vmsd("l", []) }));
  assertEquals(renamed.problems, []);
  const gone = compatDumps(dump({ a: vmsd("a", []) }), dump({ b: vmsd("b", []) }));
  assertEquals(gone.problems.map(({ code, type }) => [code, type]), [["type-missing", "a"]]);
});
