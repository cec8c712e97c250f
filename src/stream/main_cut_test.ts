import { assertEquals } from "@std/assert";
import { parseChannel } from "../../testing/channels.ts";
import { ofKind, readMain } from "../../testing/main_channel.ts";
import {
  be,
  BLOCK,
  blockList,
  bytesOf,
  counted,
  MainStream,
  page,
  type Piece,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  word,
  zeroPage,
} from "../../testing/main_stream.ts";
import { parseVmDescription } from "../wire/mod.ts";
import { MainGrammar } from "./main.ts";

const INPUT_OUTPUT_ERROR = "load of migration failed: Input/output error";
const NO_ADDRESS = "Getting RAM address failed";

const SETUP = word(0xffffffffef100003n);
const DATA = word(0xffffffffef100004n);
const END = word(0xffffffffef100001n);

/** Header of a START of `ram`: its type, and what stands behind the id. */
const RAM_START = 1;
const RAM_HEADER: Piece = [counted("ram"), be(0, 4), be(4, 4)];

/** A stream in the body of a VFIO device. */
function inVfio(...body: readonly Piece[]): MainStream {
  return ramStream().raw(1, be(3, 4), counted("0000:00:05.0/vfio"), be(0, 4), be(1, 4), body);
}

/** A stream in a body of `ram`. */
function inRam(...body: readonly Piece[]): MainStream {
  return ramStream().raw(2, be(2, 4), body);
}

/** A stream that ends in the setup of `ram`, with phases of postcopy before it. */
function inPostcopy(): MainStream {
  return ramStream().command(3).command(4).raw(2, be(2, 4));
}

/** Where streams end, and what QEMU says. */
const CUTS: readonly [where: string, stream: MainStream, qemu: string | undefined][] = [
  ["in the magic", new MainStream().raw(0x51, 0x45, 0x56), "waits for ever for the first four bytes"],
  [
    "in the version",
    new MainStream().raw(be(0x5145564d, 4), 0, 0),
    "Unsupported migration stream version, file version 0 != 3",
  ],
  [
    "before the configuration",
    new MainStream().raw(be(0x5145564d, 4), be(3, 4)),
    "Configuration section missing, 0 != 7",
  ],
  [
    "in the configuration",
    new MainStream().raw(be(0x5145564d, 4), be(3, 4), 7, 0),
    "Failed to load configuration state: stream error: -5",
  ],
  ["before an element", stream(), "Failed to load section ID: stream error: -5"],
  ["in a section's id", stream().raw(1, 0, 0, 1), "Unable to read ID string for section 256"],
  ["in a section's name", stream().raw(4, be(7, 4), 3, 0x61), "Unable to read ID string for section 7"],
  ["behind a section's name", stream().raw(4, be(7, 4), counted("a")), "Failed to read instance/version ID: -5"],
  ["in a short header", ramStream().raw(2, 0, 0), "Failed to read section ID: -5"],
  ["in a command", ramStream().raw(8, 0), INPUT_OUTPUT_ERROR],
  ["before a footer", inRam(RAM_EOS), "check_section_footer: Read section footer failed: -5"],
  [
    "in a footer",
    inRam(RAM_EOS, 0x7e, 0, 0),
    "Mismatched section id in footer for ram - read 0x0 expected 0x2",
  ],
  [
    "in a footer of section 0",
    stream().raw(RAM_START, be(0, 4), RAM_HEADER, blockList({ a: 0x1000 }), RAM_EOS, 0x7e, 0),
    "Failed to load section ID: stream error: -5",
  ],
  ["before a page", inRam(), NO_ADDRESS],
  ["in a page's address", inRam(zeroPage(0, BLOCK), 0, 0, 0), NO_ADDRESS],
  ["in a page", inRam(page(0, BLOCK).subarray(0, 100)), INPUT_OUTPUT_ERROR],
  ["before a page of postcopy", inPostcopy(), INPUT_OUTPUT_ERROR],
  [
    "in the list of blocks",
    stream().raw(RAM_START, be(2, 4), RAM_HEADER, blockList({ a: 0x1000 }).subarray(0, 12)),
    undefined,
  ],
  [
    "in a device",
    ramStream().raw(4, be(9, 4), counted("0000:00:01.0/gizmo"), be(0, 4), be(1, 4), 1, 2, 3),
    "Failed to load gizmo state: stream error: -5",
  ],
  ["before the first tag of a VFIO device", inVfio(), "NAME: Unknown tag 0x0"],
  ["in the first tag of a VFIO device", inVfio(be(0xffff, 2)), "NAME: Unknown tag 0xffff000000000000"],
  ["behind data of a VFIO device", inVfio(DATA, word(1), 7), INPUT_OUTPUT_ERROR],
  ["in data of a VFIO device", inVfio(DATA, word(9), 7), INPUT_OUTPUT_ERROR],
  ["in the size of data of a VFIO device", inVfio(DATA, 0), INPUT_OUTPUT_ERROR],
  ["behind the setup state of a VFIO device", inVfio(SETUP), "NAME: SETUP STATE: EOS not found 0x0"],
  [
    "in the VM description",
    ramStream().eof().raw(6, be(100, 4), 0x7b),
    "does not mind: all that it needs has been loaded",
  ],
];

for (const [where, cut, qemu] of CUTS) {
  Deno.test(`a main channel that ends ${where} is cut, in QEMU's words`, () => {
    const { findings } = readMain(cut.bytes());
    assertEquals(findings.map(({ code, severity }) => [code, severity]), [["truncated", "error"]]);
    assertEquals(findings[0]?.qemu, qemu);
  });
}

Deno.test("zero pages that are filled are an error for a destination that looks at them, from 8.2 on", () => {
  const bytes = ramStream().end(2, [zeroPage(0, BLOCK, 7), RAM_EOS]).eof().bytes();
  const told = (qemu?: string): unknown[] =>
    readMain(bytes, qemu === undefined ? {} : { qemu }).findings.map((finding) => [finding.severity, finding.qemu]);
  assertEquals(told("7.2.22"), [["warning", "fills the page with it"]]);
  for (const qemu of ["8.2", undefined]) assertEquals(told(qemu), [["error", "Found a zero page with value 7"]]);
});

/** `smallStream()` with one byte of the timer's footer changed, and what it is described by. */
function damagedFooter(at: number, byte: number): Parameters<typeof readMain> {
  const bytes = smallStream().bytes();
  const { records } = readMain(bytes);
  const footer = ofKind(records, "section-footer").at(-1)?.offset ?? 0;
  const text = ofKind(records, "vm-description")[0]?.payload;
  const description = parseVmDescription(
    new TextDecoder().decode(bytes.subarray(text?.offset, (text?.offset ?? 0) + (text?.length ?? 0))),
    () => {},
  );
  bytes[footer + at] = byte;
  return [bytes, description === undefined ? {} : { description }];
}

Deno.test("another id in a described device's footer is told, and reading goes on", () => {
  const { records, findings } = readMain(...damagedFooter(4, 0x4d));
  assertEquals(findings.map(({ code, qemu }) => [code, qemu]), [
    ["footer-mismatch", "Mismatched section id in footer for timer - read 0x4d expected 0x0"],
  ]);
  assertEquals(ofKind(records, "device-state").map(({ length, extent }) => [length, extent]), [[24, "described"]]);
  assertEquals(records.slice(-2).map(({ kind }) => kind), ["eof", "vm-description"]);
});

Deno.test("a damaged footer of a device is told the same however the input is cut into pieces", () => {
  const [bytes, options] = damagedFooter(4, 0x4d);
  const whole = parseChannel(new MainGrammar(options), bytes, []);
  for (const piece of [1, 7, 100]) {
    const pieces = new Array<number>(bytes.length).fill(piece);
    assertEquals(parseChannel(new MainGrammar(options), bytes, pieces), whole);
  }
});

Deno.test("a described device without a footer is told", () => {
  const { findings } = readMain(...damagedFooter(0, 0x7d));
  assertEquals(findings.map(({ code, qemu }) => [code, qemu]), [
    ["footer-missing", "Missing section footer for timer"],
  ]);
});

Deno.test("bytes behind a described device that are no footer are searched where nothing plausible follows", () => {
  const [bytes, options] = damagedFooter(4, 0x4d);
  const { findings } = readMain(bytesOf(bytes.subarray(0, bytes.lastIndexOf(0x4d) + 1), END), options ?? {});
  assertEquals(findings.map(({ code }) => code), ["truncated"]);
});
