import { assertEquals, assertThrows } from "@std/assert";
import dump from "../../testdata/compat/qemu-10.0.json" with { type: "json" };
import { parseVmstateDump, VmstateDumpError } from "./vmstate_dump.ts";

const field = { field: "f", version_id: 0, field_exists: false, size: 4 };
const vmsd = { name: "d", version_id: 1, minimum_version_id: 1 };
const type = (description: unknown): object => ({
  d: { Name: "d", version_id: 1, minimum_version_id: 1, Description: description },
});

Deno.test("parseVmstateDump() reads what QEMU writes", () => {
  const { machine, types } = parseVmstateDump(JSON.stringify(dump));
  assertEquals([machine, types.size], ["pc-q35-10.0", Object.keys(dump).length - 1]);
  const nvme = types.get("nvme");
  assertEquals(nvme, {
    name: "nvme",
    version: 0,
    minimumVersion: 0,
    vmsd: { name: "nvme", version: 0, minimumVersion: 0 },
  });
  const i8259 = types.get("kvm-i8259")?.vmsd;
  assertEquals(i8259?.subsections?.map(({ name }) => name), ["i8259/ltim"]);
  assertEquals(i8259?.fields?.[0], { name: "last_irr", version: 0, conditional: false, size: 1 });
  const arrays = types.get("e1000e")?.vmsd?.fields?.filter(({ count }) => count !== undefined) ?? [];
  assertEquals(arrays.length > 0, true);
});

Deno.test("parseVmstateDump() reads a dump without a machine, types without a layout", () => {
  const text = JSON.stringify({ d: { Name: "d", version_id: 1, minimum_version_id: 1 } });
  const { machine, types } = parseVmstateDump(text);
  assertEquals([machine, types.get("d")?.vmsd], [undefined, undefined]);
});

Deno.test("parseVmstateDump() says what is no dump, and where", () => {
  let deep: object = vmsd;
  for (let i = 0; i < 60; i++) deep = { ...vmsd, Fields: [{ ...field, Description: deep }] };
  const cases: [unknown, string][] = [
    [undefined, "it is not JSON"],
    [[], "the dump is not an object"],
    [{}, "it has no device type"],
    [{ vmschkmachine: { Name: "pc" } }, "it has no device type"],
    [{ vmschkmachine: {} }, "vmschkmachine.Name is not a string"],
    [{ d: 1 }, "d is not an object"],
    [{ d: { version_id: "1" } }, "d.version_id is not an integer"],
    [type({ ...vmsd, name: null }), "d.Description.name is not a string"],
    [type({ ...vmsd, Fields: {} }), "d.Description.Fields is not an array"],
    [type({ ...vmsd, Fields: [field, { ...field, size: 1.5 }] }), "d.Description.Fields[1].size is not an integer"],
    [type({ ...vmsd, Fields: [{ ...field, field_exists: 1 }] }), "Fields[0].field_exists is neither true nor false"],
    [type({ ...vmsd, Subsections: [{}] }), "d.Description.Subsections[0].name is not a string"],
    [type(deep), "is nested deeper than anything QEMU writes"],
  ];
  for (const [value, message] of cases) {
    assertThrows(() => parseVmstateDump(JSON.stringify(value) ?? "{"), VmstateDumpError, message);
  }
});

Deno.test("parseVmstateDump() takes structures 50 deep, be they fields or subsections, and no deeper", () => {
  const nested = (levels: number, wrap: (inner: object) => object): string => {
    let description: object = vmsd;
    for (let i = 0; i < levels; i++) description = { ...vmsd, ...wrap(description) };
    return JSON.stringify(type(description));
  };
  const kinds: ((inner: object) => object)[] = [
    (inner) => ({ Fields: [{ ...field, Description: inner }] }),
    (inner) => ({ Subsections: [inner] }),
  ];
  for (const wrap of kinds) {
    assertEquals(parseVmstateDump(nested(50, wrap)).types.size, 1);
    assertThrows(() => parseVmstateDump(nested(51, wrap)), VmstateDumpError, "nested deeper than anything");
  }
});

Deno.test("parseVmstateDump() gives no machine where the dump has none, and one reason where it is none", () => {
  const text = JSON.stringify({ d: { Name: "d", version_id: 1, minimum_version_id: 1 } });
  assertEquals("machine" in parseVmstateDump(text), false);
  const { message } = assertThrows(() => parseVmstateDump("[]"), VmstateDumpError);
  assertEquals(message, "Cannot read the dump: the dump is not an object. QEMU writes one with -dump-vmstate FILE");
});
