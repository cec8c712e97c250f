import { assertEquals } from "@std/assert";
import { decodeDeviceBody, type FieldDescription } from "../../src/wire/mod.ts";
import { type Compared, compareState } from "./compare_state.ts";
import type { Analysed } from "./script.ts";

function field(name: string, type: string, size: number, more: Partial<FieldDescription> = {}): FieldDescription {
  return { name, type, size, inline: [], ...more };
}

const FIELDS = [
  field("count", "int32", 4),
  field("on", "bool", 1),
  field("row", "uint8", 1, { arrayLen: 3 }),
  field("one", "uint16", 2, { arrayLen: 1 }),
  field("unused", "unused_buffer", 2),
  field("map", "bitmap", 8),
  field("inner", "struct", 1, {
    struct: { vmsdName: "i", version: 1, fields: [field("x", "uint8", 1)], subsections: [] },
  }),
];
const BYTES = Uint8Array.fromHex("fffffffb" + "01" + "010203" + "0007" + "abcd" + "00000000000000ff" + "2a");

/** As the script has them. */
const THEIRS: { readonly [name: string]: Analysed } = {
  count: "0xfffffffb (-5)",
  on: true,
  row: ["0x01", "0x02", "0x03"],
  one: "0x0007",
  unused: "ab cd",
  map: "00 00 00 00 00 00 00 ff",
  inner: { x: "0x2a" },
};

function differences(theirs: { readonly [name: string]: Analysed }): string[] {
  const body = decodeDeviceBody(BYTES, { vmsdName: "d", version: 1, fields: FIELDS, subsections: [] });
  const compared: Compared = { values: 0, differences: [] };
  compareState(theirs, body.children, BYTES, "d", compared);
  return compared.differences;
}

Deno.test("compareState() finds the same values in other words the same", () => {
  assertEquals(differences(THEIRS), []);
});

Deno.test("compareState() finds each value that is another, missing, or too many", () => {
  const others: [string, Analysed, string][] = [
    ["count", "0xfffffffb (-6)", "d.count"],
    ["count", "0xfffffffb", "d.count"],
    ["on", false, "d.on"],
    ["row", ["0x01", "0x02", "0x04"], "d.row[2]"],
    ["row", ["0x01", "0x02"], "d.row"],
    ["one", "0x0008", "d.one"],
    ["unused", "ab ce", "d.unused"],
    ["map", "00", "d.map"],
    ["inner", { x: "0x2b" }, "d.inner.x"],
    ["inner", { x: "0x2a", y: "0x00" }, "d.inner.y"],
    ["more", "0x00", "d.more"],
  ];
  for (const [name, value, where] of others) {
    const found = differences({ ...THEIRS, [name]: value });
    assertEquals(found.map((text) => text.split(":")[0]), [where], name);
  }
  const { on: _, ...fewer } = THEIRS;
  assertEquals(differences(fewer), ["d.on: the script does not have it"]);
});
