import { assertEquals, assertThrows } from "@std/assert";
import { Incomplete } from "../bytes/mod.ts";
import { Decoder } from "./decoder.ts";
import { WireError } from "./finding.ts";
import { configuration, fileHeader } from "./main_header.ts";

const PREFIX = new TextEncoder().encode("configuration/").toHex();

function text(value: string): string {
  return new TextEncoder().encode(value).toHex();
}

/** A subsection of the configuration; the name's length is that of the name. */
function subsection(name: string, version: string, rest = ""): string {
  return `05${(14 + name.length).toString(16)}${PREFIX}${text(name)}${version}${rest}`;
}

/** What is found wrong with a configuration that has this subsection. */
function codes(sub: string): string[] {
  const found: string[] = [];
  configuration.decode(Uint8Array.fromHex(`0700000002${text("pc")}${sub}`), ({ code }) => found.push(code));
  return found;
}

Deno.test("fileHeader refuses another magic and other versions, in QEMU's words", () => {
  const says = (hex: string): unknown =>
    assertThrows(() => fileHeader.decode(Uint8Array.fromHex(hex)), WireError).finding.qemu;
  assertEquals(says("5145564e00000003"), "Not a migration stream, magic: 5145564e != 5145564d");
  assertEquals(says("5145564d00000002"), "SaveVM v2 format is obsolete and no longer supported");
  assertEquals(says("5145564d00000010"), "Unsupported migration stream version, file version 10 != 3");
});

Deno.test("configuration takes pages of 2^10 to 2^16 bytes", () => {
  const bits = (hex: string): string[] => codes(subsection("target-page-bits", "00000001", hex));
  assertEquals([bits("0000000a"), bits("00000010")], [[], []]);
  assertEquals([bits("00000009"), bits("00000011")], [["page-bits"], ["page-bits"]]);
});

Deno.test("configuration compares the low 8 bits of a subsection's version, as QEMU does", () => {
  const version = (hex: string): string[] => codes(subsection("target-page-bits", hex, "0000000c"));
  assertEquals([version("00000000"), version("00000001"), version("00000101")], [[], [], []]);
  assertEquals([version("00000002"), version("000000ff")], [["subsection-version"], ["subsection-version"]]);
});

Deno.test("configuration takes a machine name of 255 bytes, and none longer", () => {
  const name = (length: number): string =>
    configuration.decode(
      Uint8Array.fromHex(`07${length.toString(16).padStart(8, "0")}${"61".repeat(length)}00`),
    ).machine;
  assertEquals(name(255).length, 255);
  assertEquals(assertThrows(() => name(256), WireError).code, "machine-name");
});

Deno.test("configuration knows its capabilities, and warns of others", () => {
  const names = (...all: string[]): string[] =>
    codes(subsection(
      "capabilities",
      "00000001",
      all.length.toString(16).padStart(8, "0") +
        all.map((name) => name.length.toString(16).padStart(2, "0") + text(name)).join(""),
    ));
  assertEquals(names("x-ignore-shared", "mapped-ram"), []);
  assertEquals(names("multifd"), ["capability"]);
  const many = (count: number): string[] => names(...Array.from({ length: count }, () => "mapped-ram"));
  assertEquals(many(255), []);
  assertEquals(assertThrows(() => many(256), WireError).code, "capability-count");
});

Deno.test("configuration refuses a subsection that nobody knows, in QEMU's words", () => {
  const error = assertThrows(() => codes(subsection("other", "00000001")), WireError);
  assertEquals([error.code, error.finding.qemu], [
    "subsection",
    "VM subsection 'other' in 'configuration' does not exist",
  ]);
});

Deno.test("configuration takes 05 for a subsection only with the right prefix", () => {
  const machine = `0700000002${text("pc")}`;
  const rest = (hex: string): number => {
    const decoder = new Decoder(Uint8Array.fromHex(machine + hex), 0, { ended: true });
    configuration.read(decoder);
    return decoder.available;
  };
  assertEquals(rest("051e" + PREFIX.slice(0, -2) + "2e" + "0000"), 18);
  assertEquals(rest("041e" + PREFIX), 16);
  assertEquals(rest(""), 0);
});

Deno.test("configuration asks for what tells whether a subsection follows", () => {
  const machine = `0700000002${text("pc")}`;
  const missing = (hex: string): number => {
    try {
      configuration.read(new Decoder(Uint8Array.fromHex(machine + hex)));
      return 0;
    } catch (error) {
      if (error instanceof Incomplete) return error.missing;
      throw error;
    }
  };
  assertEquals([missing(""), missing("05"), missing("051e63"), missing("04")], [1, 15, 13, 0]);
});

Deno.test("configuration shows how large the target's pages are", () => {
  const bytes = Uint8Array.fromHex(`0700000002${text("pc")}${subsection("target-page-bits", "00000001", "0000000c")}`);
  assertEquals(configuration.annotate(bytes).at(-1)?.meaning, "pages of 4096 bytes");
});
