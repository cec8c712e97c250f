import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Decoder } from "./decoder.ts";
import { type Finding, WireError } from "./finding.ts";
import {
  readVfioPacketHeader,
  vfioConfigLoadReady,
  vfioData,
  vfioEndOfState,
  vfioInitDataSent,
  type VfioPacketHeader,
  vfioPacketHeader,
  vfioSetupState,
  vfioTagName,
} from "./vfio.ts";

function readHeader(hex: string): { header: VfioPacketHeader | undefined; findings: Finding[]; read: number } {
  const findings: Finding[] = [];
  const payload = Uint8Array.fromHex(hex);
  const decoder = new Decoder(payload, 276, { channel: "multifd 0", report: (finding) => findings.push(finding) });
  const header = readVfioPacketHeader(decoder, payload.length);
  return { header, findings, read: decoder.pos };
}

Deno.test("readVfioPacketHeader() reads the header of a data buffer (V41)", () => {
  const { header, findings, read } = readHeader("0000000000000000000000000001020304050607");
  assertEquals(header, { version: 0, idx: 0, flags: 0 });
  assertEquals(findings, []);
  assertEquals(read, 12);
});

Deno.test("readVfioPacketHeader() reads the header of a config buffer (V42)", () => {
  const { header, findings } = readHeader("000000000000000100000001ffffffffef100002");
  assertEquals(header, { version: 0, idx: 1, flags: 1 });
  assertEquals(findings, []);
});

Deno.test("readVfioPacketHeader() warns of an empty data buffer (V43)", () => {
  const { header, findings } = readHeader("000000000000000200000000");
  assertEquals(header?.idx, 2);
  assertEquals(findings.map(({ code, severity }) => [code, severity]), [["empty-buffer", "warning"]]);
});

Deno.test("readVfioPacketHeader() leaves an empty config buffer to whoever loads the config (V56)", () => {
  const { header, findings } = readHeader("000000000000000000000001");
  assertEquals(header?.flags, 1);
  assertEquals(findings, []);
});

Deno.test("readVfioPacketHeader() reads nothing of a payload that is too short (V44)", () => {
  const { header, findings, read } = readHeader("0000000000000000000000");
  assertEquals(header, undefined);
  assertEquals(read, 0);
  assertEquals(findings, [{
    severity: "error",
    code: "short",
    channel: "multifd 0",
    offset: 276,
    message: "the VFIO packet has 11 bytes, its header alone takes 12",
    qemu: "NAME: packet too short at 11 (min is 12)",
  }]);
});

for (
  const [vector, hex, code, field, qemu] of [
    ["V46", "00000001000000000000000078", "version", "version", "NAME: packet has unknown version 1"],
    ["V47", "00000000ffffffff0000000078", "idx", "idx", "NAME: packet index is invalid"],
  ] as const
) {
  Deno.test(`readVfioPacketHeader() reports a bad ${field} (${vector})`, () => {
    const { header, findings } = readHeader(hex);
    assertEquals(header === undefined, false);
    assertEquals(findings.map((f) => [f.severity, f.code, f.field, f.qemu]), [["error", code, field, qemu]]);
  });
}

Deno.test("readVfioPacketHeader() warns of flags that mean nothing (V49)", () => {
  const { header, findings } = readHeader("00000000000000000000000278");
  assertEquals(header?.flags, 2);
  assertEquals(findings.map(({ code, severity, offset }) => [code, severity, offset]), [["flags", "warning", 284]]);
});

Deno.test("readVfioPacketHeader() throws on a bad version in strict mode", () => {
  const decoder = new Decoder(Uint8Array.fromHex("000000010000000000000000"), 0, { strict: true });
  assertEquals(assertThrows(() => readVfioPacketHeader(decoder, 12), WireError).code, "version");
});

Deno.test("vfioPacketHeader gives back any 12 bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
    assertEquals(vfioPacketHeader.encode(vfioPacketHeader.decode(bytes)), new Uint8Array(bytes));
  }));
});

Deno.test("vfioPacketHeader names the config flag in its annotated view", () => {
  const view = vfioPacketHeader.annotate(Uint8Array.fromHex("000000000000000100000001"), 276);
  assertEquals(view.map(({ offset, field, meaning }) => [offset, field, meaning]), [
    [276, "version", undefined],
    [280, "idx", undefined],
    [284, "flags", "CONFIG_STATE"],
  ]);
});

Deno.test("each structure of a tag takes its own tag only", () => {
  const structures = [
    [vfioEndOfState, 1n],
    [vfioSetupState, 3n],
    [vfioInitDataSent, 5n],
    [vfioConfigLoadReady, 6n],
  ] as const;
  for (const [structure, number] of structures) {
    const tag = 0xffffffffef100000n + number;
    const bytes = structure.encode({ tag });
    assertEquals(structure.decode(bytes), { tag });
    const error = assertThrows(() => structure.decode(Uint8Array.fromHex("ffffffffef100007")), WireError);
    assertEquals([error.code, error.finding.qemu], ["unknown-tag", "NAME: Unknown tag 0xffffffffef100007"]);
  }
});

Deno.test("vfioData refuses a size that no file has", () => {
  const bytes = Uint8Array.fromHex("ffffffffef100004" + "ffffffffffffffff");
  assertEquals(assertThrows(() => vfioData.decode(bytes), WireError).code, "implausible");
});

Deno.test("vfioTagName() knows the six tags and no other", () => {
  const names = [0, 1, 2, 3, 4, 5, 6, 7].map((flag) => vfioTagName(0xffffffffef100000n + BigInt(flag)));
  assertEquals(names, [
    undefined,
    "VFIO_MIG_FLAG_END_OF_STATE",
    "VFIO_MIG_FLAG_DEV_CONFIG_STATE",
    "VFIO_MIG_FLAG_DEV_SETUP_STATE",
    "VFIO_MIG_FLAG_DEV_DATA_STATE",
    "VFIO_MIG_FLAG_DEV_INIT_DATA_SENT",
    "VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY",
    undefined,
  ]);
});

Deno.test("vfioPacketHeader shows no config flag where there is none, and names all bits that mean nothing", () => {
  const header = (flags: string): Uint8Array => Uint8Array.fromHex(`0000000000000001${flags}`);
  assertEquals(vfioPacketHeader.annotate(header("00000002")).at(-1)?.meaning, undefined);
  const messages: string[] = [];
  for (const flags of ["80000001", "00000002"]) {
    vfioPacketHeader.decode(header(flags), ({ message }) => messages.push(message));
  }
  assertEquals(messages, [
    "flags has bits 0x80000000 that mean nothing; QEMU ignores them",
    "flags has bits 0x2 that mean nothing; QEMU ignores them",
  ]);
});
