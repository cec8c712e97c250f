import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FindingDraft } from "./finding.ts";
import { parseVmDescription, type VmDescription } from "./vm_description.ts";

fc.configureGlobal({ seed: 19 });

function parse(text: string): { description: VmDescription | undefined; findings: FindingDraft[] } {
  const findings: FindingDraft[] = [];
  return { description: parseVmDescription(text, (finding) => findings.push(finding)), findings };
}

const LEAF = '{"name": "a", "type": "uint8", "size": 1}';

Deno.test("parseVmDescription() reads fields, arrays, structures and subsections", () => {
  const { description, findings } = parse(
    '{"configuration": {"vmsd_name": "configuration", "version": 1, "fields": []}, "page_size": 4096, "devices": [' +
      '{"name": "0000:00:02.0/x", "instance_id": 3, "vmsd_name": "x", "version": 2, "fields": [' +
      '{"name": "n", "array_len": 4, "type": "uint16", "size": 2}, ' +
      '{"name": "s", "index": 0, "type": "struct", "struct": {"vmsd_name": "y", "version": 1, "fields": [' + LEAF +
      ']}, "size": 1}], "subsections": [{"vmsd_name": "x/z", "version": 7, "fields": [' + LEAF + "]}]}]}",
  );
  const leaf = { name: "a", type: "uint8", size: 1, inline: [] };
  assertEquals(findings, []);
  assertEquals(description, {
    pageSize: 4096,
    configuration: { vmsdName: "configuration", version: 1, fields: [], subsections: [] },
    devices: [{
      name: "0000:00:02.0/x",
      instanceId: 3,
      vmsdName: "x",
      version: 2,
      fields: [
        { name: "n", type: "uint16", size: 2, arrayLen: 4, inline: [] },
        {
          name: "s",
          type: "struct",
          size: 1,
          index: 0,
          struct: { vmsdName: "y", version: 1, fields: [leaf], subsections: [] },
          inline: [],
        },
      ],
      subsections: [{ vmsdName: "x/z", version: 7, fields: [leaf], subsections: [] }],
    }],
  });
});

Deno.test("parseVmDescription() keeps the elements of a list, whose keys are repeated", () => {
  const element = (name: string): string => `"vmsd_name": "${name}", "version": 1, "fields": [${LEAF}]`;
  const { description } = parse(
    `{"devices": [{"name": "d", "instance_id": 0, "fields": [{"name": "q", "type": "qtailq", ${element("e")}, ` +
      `"subsections": [], ${element("f")}, "size": 5}]}]}`,
  );
  assertEquals(description?.devices[0]?.fields[0]?.inline.map((vmsd) => vmsd.vmsdName), ["e", "f"]);
});

Deno.test("parseVmDescription() leaves a malformed device out, says where it is wrong, and reads the others", () => {
  const device = (field: string): string => `{"name": "d", "instance_id": 0, "fields": [${LEAF}, ${field}]}`;
  for (
    const [field, where, message] of [
      ['{"name": "b", "type": "uint8"}', "fields[1].size", "is not an integer"],
      ['{"name": "b", "type": "uint8", "size": -1}', "fields[1].size", "is -1, not a number of 32 bits"],
      ['{"name": "b", "type": "uint8", "size": 1e300}', "fields[1].size", "is not an integer"],
      ['{"name": 1, "type": "uint8", "size": 1}', "fields[1].name", "is not a string"],
      ['{"name": "b", "type": "struct", "struct": [], "size": 1}', "fields[1].struct", "is not an object"],
      [
        '{"name": "b", "type": "tmp", "vmsd_name": "t", "fields": {}, "size": 1}',
        "fields[1].fields",
        "is not an array",
      ],
      ["null", "fields[1]", "is not an object"],
    ] as const
  ) {
    const { description, findings } = parse(`{"devices": [${device(field)}, ${device(LEAF)}]}`);
    assertEquals(description?.devices.length, 1);
    assertEquals(findings.map((finding) => [finding.code, finding.field]), [["vm-description", `devices[0].${where}`]]);
    assertEquals(findings[0]?.message, `VM description is malformed: devices[0].${where} ${message}`);
  }
});

Deno.test("parseVmDescription() gives nothing but a finding for what is no description", () => {
  for (const text of ["", "{", "[]", "{}", '{"devices": 1}', '{"page_size": 4096, "devices": [}']) {
    const { description, findings } = parse(text);
    assertEquals(description, undefined, text);
    assertEquals(findings.length, 1, text);
  }
  assertEquals(parse('{"devices": [}').findings[0]?.offset, 13);
});

Deno.test("parseVmDescription() does not throw on any JSON", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => {
    parse(`{"devices": [${text}, {"name": "d", "instance_id": 0, "fields": ${text}}]}`);
    parse(text);
  }));
});

Deno.test("parseVmDescription() gives no page size and no configuration where the text has none", () => {
  assertEquals(Object.keys(parse('{"devices": []}').description ?? {}), ["devices"]);
});

Deno.test("parseVmDescription() takes numbers of 32 bits, and no larger or negative ones", () => {
  const pageSize = (text: string): unknown => {
    const { description, findings } = parse(`{"page_size": ${text}, "devices": []}`);
    return description?.pageSize ?? findings[0]?.message;
  };
  assertEquals([pageSize("0"), pageSize("4294967295")], [0, 4294967295]);
  const refused = (text: string): string =>
    `VM description is malformed: page_size is ${text}, not a number of 32 bits`;
  assertEquals([pageSize("-1"), pageSize("4294967296")], [refused("-1"), refused("4294967296")]);
});
