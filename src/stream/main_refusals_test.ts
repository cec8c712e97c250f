import { assertEquals, assertThrows } from "@std/assert";
import { type AnyRecord, ofKind, readMain, readWhole } from "../../testing/main_channel.ts";
import { FAULTS, faultyBytes } from "../../testing/main_faults/mod.ts";
import { bytesOf, page, ramStream } from "../../testing/main_stream.ts";
import { WireError } from "../wire/mod.ts";
import { PreemptGrammar } from "./preempt.ts";

/** Kinds of the records from the first one that starts at `offset` or behind it. */
function kindsFrom(records: readonly AnyRecord[], offset: number): string {
  return records.filter((record) => record.offset >= offset).map(({ kind }) => kind).join(" ");
}

for (const fault of FAULTS) {
  const { name, before, code, severity = "error", field, qemu, at = 0, then } = fault;

  Deno.test(`${severity === "error" ? "refuses" : "warns of"} ${name}`, () => {
    const begin = before.length;
    const bytes = faultyBytes(fault);
    const { records, findings } = readMain(bytes);
    const expected = {
      severity,
      code,
      channel: "main",
      offset: begin + at,
      ...(field === undefined ? {} : { field }),
      ...(qemu === undefined ? {} : { qemu }),
    };
    const [first] = findings;
    const { message: _message, ...rest } = first ?? { message: "" };
    assertEquals(rest, expected);
    assertEquals(findings.filter((finding) => finding.code !== code), [], "only one thing is wrong");
    assertEquals(kindsFrom(records, begin), then);

    if (severity === "warning") {
      assertEquals(readMain(bytes, {}, true).findings, findings);
    } else {
      const error = assertThrows(() => readMain(bytes, {}, true), WireError);
      assertEquals(error.finding, first);
    }
  });
}

Deno.test("a preempt channel of its own takes any block, and refuses CONTINUE without one", () => {
  const { findings } = readWhole(new PreemptGrammar(), bytesOf(page(0, "pc.ram"), page(0x1000), page(0x2000)));
  assertEquals(findings, []);
  const { records, findings: refused } = readWhole(new PreemptGrammar(), page(0));
  assertEquals([refused[0]?.code, records.map(({ kind }) => kind)], ["no-block", ["opaque"]]);
});

Deno.test("a description that does not fit the device is told, and the footer found all the same", () => {
  const fields = [{ name: "x", type: "uint32", size: 4, inline: [] }];
  const description = {
    devices: [{ name: "gizmo", instanceId: 0, vmsdName: "gizmo", version: 1, fields, subsections: [] }],
  };
  const bytes = ramStream().full(9, "gizmo", 1, new Uint8Array(7)).eof().bytes();
  const { records, findings } = readMain(bytes, { description });
  assertEquals(findings.map(({ code, severity }) => [code, severity]), [["description-mismatch", "warning"]]);
  assertEquals(ofKind(records, "device-state").map(({ extent, length }) => [extent, length]), [["guessed", 7]]);
});

/** Files whose findings are made here, in this table or in the tests named beside the codes. */
const FILES = [
  ...["main_header", "section", "command", "ram", "dirty_bitmap", "s390", "block_migration", "spapr_htab"]
    .map((name) => `../wire/${name}.ts`),
  ...[
    "main",
    "ram_body",
    "mapped_blocks",
    "open_coded_bodies",
    "device_body",
    "global_state",
    "section_bodies",
    "postcopy_commands",
    "channel_parser",
  ]
    .map((name) => `./${name}.ts`),
];

Deno.test({
  name: "every code of a finding of the main channel is in the table",
  ignore: Deno.permissions.querySync({ name: "read", path: new URL("./", import.meta.url) }).state !== "granted",
  fn(): void {
    const codes = FILES.flatMap((file) =>
      [...Deno.readTextFileSync(new URL(file, import.meta.url)).matchAll(/\bcode: "([a-z-]+)"/g)].map(([, code]) =>
        code
      )
    );
    const tested = new Set([...FAULTS.map(({ code }) => code), "description-mismatch"]);
    assertEquals([...new Set(codes)].filter((code) => !tested.has(code ?? "")), []);
  },
});
