import { assertEquals, assertThrows } from "@std/assert";
import {
  ascii,
  be,
  BLOCK,
  bytesOf,
  counted,
  page,
  ramStream,
  smallStream,
  word,
  zeroPage,
} from "../../testing/main_stream.ts";
import { type Finding, WireError } from "../wire/mod.ts";
import type { Capture, CaptureChannel } from "./capture.ts";
import type { Direction } from "./direction.ts";
import { readDescription } from "./description.ts";
import { identifyChannels, readCapture } from "./reading.ts";
import { type ByteSource, MemorySource } from "./source.ts";

/** A capture in memory: the channels of one connection each. */
function captureOf(...channels: [bytes: Uint8Array, direction?: Direction, index?: number][]): Capture {
  return {
    name: "made up",
    kind: "directory",
    findings: [],
    channels: channels.map(([bytes, direction = "s2d", index], i): CaptureChannel => ({
      label: `${i}`,
      index: index ?? i,
      direction,
      isFile: false,
      source: new MemorySource(bytes),
    })),
    close: () => {},
  };
}

const main = smallStream().bytes();
const recovery = bytesOf(8, be(10, 2), be(7, 2), counted(BLOCK), 8, be(9, 2), be(0, 2));
const hello = bytesOf(0x16, 3, 1, be(4, 2), 1, 0, 0, 0);
const answer = bytesOf(0x16, 3, 3, be(4, 2), 2, 0, 0, 0);

Deno.test("channels are read in an order in which each knows what it needs, and have different labels", () => {
  const multifd = (id: number): Uint8Array =>
    bytesOf(be(0x11223344, 4), be(1, 4), new Uint8Array(16), id, new Uint8Array(39));
  const capture = captureOf(
    [multifd(1)],
    [multifd(0)],
    [hello],
    [answer, "d2s", 2],
    [main],
    [answer, "d2s", 2],
    [main],
    [
      recovery,
    ],
  );
  assertEquals(identifyChannels(capture).map(({ label, channel }) => [label, channel.label]), [
    ["main", "4"],
    ["main (connection 6)", "6"],
    ["recovery", "7"],
    ["multifd 0", "1"],
    ["multifd 1", "0"],
    ["TLS", "2"],
    ["TLS (connection 2)", "3"],
    ["TLS (connection 2, d2s)", "5"],
  ]);
});

/** Reads and gives page sizes and findings. */
function read(
  capture: Capture,
  options: { pageSize?: number; strict?: boolean; qemu?: string },
): { sizes: unknown[]; findings: Finding[] } {
  const sizes: unknown[] = [];
  const findings: Finding[] = [];
  readCapture(capture, (record) => {
    if ("pageSize" in record) sizes.push(record.pageSize);
  }, { ...options, report: (finding) => findings.push(finding) });
  return { sizes, findings };
}

Deno.test("the page size that the user says holds for a preempt channel of its own", () => {
  const preempt = bytesOf(page(0, BLOCK, 0, 16384), zeroPage(0x4000));
  assertEquals(read(captureOf([preempt]), { pageSize: 16384 }).sizes, [16384, 16384]);
});

Deno.test("an interrupted connection is cut, which is no error where a recovery goes on", () => {
  const cut = ramStream().raw(2, be(2, 4), word(0x08), ascii("x")).bytes().subarray(0, -4);
  const findings = read(captureOf([cut], [bytesOf(recovery, 0)]), { strict: true }).findings;
  assertEquals(findings.map(({ channel, severity, code }) => [channel, severity, code]), [[
    "main",
    "warning",
    "truncated",
  ]]);
  assertThrows(() => read(captureOf([cut]), { strict: true }), WireError, "the channel ends");
});

Deno.test("findings are in the words of the QEMU that is named, also those that are thrown", () => {
  const capture = captureOf([ramStream().raw(0x30).bytes()]);
  const words = (options: { qemu?: string }): unknown => read(capture, options).findings[0]?.qemu;
  assertEquals(words({}), "Unknown section type 48");
  assertEquals(words({ qemu: "10.0.2" }), "Unknown savevm section type 48");
  const thrown = assertThrows(() => read(capture, { strict: true, qemu: "7.2" }), WireError);
  assertEquals(thrown.finding.qemu, "Unknown savevm section type 48");
});

Deno.test("packets of multifd channels are judged by the rules of the QEMU that is named", () => {
  const init = bytesOf(be(0x11223344, 4), be(1, 4), new Uint8Array(56));
  const capture = captureOf([main], [bytesOf(init, be(0x11223345, 4), new Uint8Array(8))]);
  const words = (options: { qemu?: string }): unknown => read(capture, options).findings[0]?.qemu;
  assertEquals(words({}), "multifd: received packet magic 11223345, expected 11223344");
  assertEquals(words({ qemu: "7.2" }), "load of migration failed: Input/output error");
});

Deno.test("what does not carry a migration is one record that is not understood", () => {
  const kinds: string[] = [];
  const reading = readCapture(captureOf([bytesOf(0x1f, 0x8b, 8, 0)]), ({ kind }) => kinds.push(kind));
  assertEquals([kinds, reading.ending], [["opaque"], undefined]);
});

Deno.test("readDescription() finds a description that is longer than what is read first", () => {
  const text = JSON.stringify({ page_size: 8192, devices: [], padding: "x".repeat(200_000) });
  const bytes = ramStream().eof().description(text).bytes();
  assertEquals(readDescription(new MemorySource(bytes))?.pageSize, 8192);
});

Deno.test("readDescription() finds none in a channel that ends with another record, or shrinks", () => {
  assertEquals(readDescription(new MemorySource(ramStream().eof().bytes())), undefined);
  const shrunk: ByteSource = { size: 100, readAt: () => 0, close: () => {} };
  assertEquals(readDescription(shrunk), undefined);
});
