/** What `withoutPayload()` keeps of real captures: all structures, and no memory. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Capture, CaptureError, MemorySource, openCapture, readBytes, readCapture } from "../capture/mod.ts";
import { type BaseRecord, pageContents, type RamPageRecord } from "../stream/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { withoutPayload } from "./without_payload.ts";

/** One of each kind of channel and of payload. */
const NAMES = [
  "plain-precopy",
  "plain-xbzrle",
  "plain-multifd-4",
  "plain-multifd-zstd",
  "plain-multifd-zlib",
  "plain-multifd-7.2",
  "plain-postcopy",
  "plain-postcopy-preempt",
  "plain-postcopy-recover",
  "plain-return-path",
  "plain-dirty-bitmaps",
  "plain-many-devices",
  "plain-cut",
  "plain-exec-file",
  "vfio-main",
  "vfio-multifd-4-big",
  "vfio-multifd-2",
  "vfio-cut",
  "vfio-two-devices",
] as const;

/** A name as 16 bytes, in hexadecimal. */
function name16(name: string): string {
  return new TextEncoder().encode(name.padEnd(16, "\0")).toHex();
}

/** All that a channel gives. */
function drained({ pipe }: Capture["channels"][number], at: number): Uint8Array {
  const parts: number[] = [];
  const bytes: Uint8Array[] = [];
  for (let size = 1;; size = size * 3 % 70_001) {
    const into = new Uint8Array(size + at);
    const count = pipe?.read(into) ?? 0;
    if (count === 0) break;
    bytes.push(into.subarray(0, count));
    parts.push(count);
  }
  const all = new Uint8Array(parts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  for (const part of bytes) {
    all.set(part, filled);
    filled += part.length;
  }
  return all;
}

/** The capture, in memory. */
function kept(capture: Capture): Capture {
  const channels = capture.channels.map((channel) => {
    const { pipe, ...rest } = channel;
    const head = channel.index % 2 === 0 ? pipe?.head : undefined;
    const source = new MemorySource(drained(channel, channel.index));
    if (head !== undefined) assertEquals(readBytes(source, 0, head.length), head);
    return { ...rest, source };
  });
  return { ...capture, channels };
}

function recordsOf(capture: Capture): string[] {
  const records: string[] = [];
  readCapture(capture, (record, { label }) => {
    // Where a channel was cut inside of something, that is left out.
    if (record.kind === "truncated") return;
    records.push(`${label} ${JSON.stringify(record, (_, value) => typeof value === "bigint" ? `${value}` : value)}`);
  });
  return records;
}

/** Memory, as pieces of 16 bytes at each place where a page or buffer may be looked for; none that says nothing. */
function memoryOf(capture: Capture): Set<string> {
  const pieces = new Set<string>();
  readCapture(capture, (record, { channel }) => {
    for (const { offset, length } of memoryRanges(record)) {
      const bytes = channel.source === undefined ? new Uint8Array(0) : readBytes(channel.source, offset, length);
      for (let at = 0; at + 16 <= bytes.length; at += 16) {
        const piece = bytes.subarray(at, at + 16);
        if (piece.subarray(8).some((byte) => byte !== 0) && new Set(piece).size >= 8) pieces.add(piece.toHex());
      }
    }
  });
  return pieces;
}

function memoryRanges(record: BaseRecord): { readonly offset: number; readonly length: number }[] {
  if (record.kind === "ram-page") {
    const run = record as RamPageRecord;
    return Array.from({ length: run.count }, (_, i) => pageContents(run, i));
  }
  const isConfig = "vfioFlags" in record && (Number(record.vfioFlags) & 1) !== 0;
  const isPayload = /^(multifd-|ram-|vfio-data)/.test(record.kind) && record.kind !== "ram-xbzrle";
  return record.payload === undefined || isConfig || !isPayload ? [] : [record.payload];
}

for (const name of NAMES) {
  Deno.test({
    name: `withoutPayload() keeps the structures of ${name}, and no 16 bytes of memory`,
    ignore: !haveCaptures(),
    fn(): void {
      const original = openCapture(new URL(name, CAPTURES).pathname);
      const left: unknown[] = [];
      const made = kept(withoutPayload(original, (part) => left.push(part)));
      try {
        assertEquals(left, []);
        assertEquals(recordsOf(made), recordsOf(original));
        const memory = memoryOf(original);
        // A capture that failed at once, or whose pages are differences, has none.
        assert(memory.size > 10 || name === "plain-dirty-bitmaps", `${memory.size}`);
        const structures = new Set<string>();
        for (const { source } of made.channels) {
          const bytes = source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size);
          let zeros = 0;
          for (let at = 0; at + 16 <= bytes.length; at++) {
            zeros = bytes[at + 15] === 0 ? zeros + 1 : 0;
            if (zeros > 8) continue;
            const piece = bytes.subarray(at, at + 16).toHex();
            if (memory.has(piece)) structures.add(piece);
          }
        }
        // The name of a RAM block stands in the guest's memory too, in the firmware's table of files.
        structures.delete(name16("acpi/tables"));
        assertEquals([...structures], []);
        assertEquals(made.manifest?.payload, false);
        assertEquals(JSON.stringify(made.manifest).includes("ha256"), false);
        assertEquals(made.manifest?.other, {});
        const [then, now] = [checkCapture(original), checkCapture(made)];
        const codes = ({ problems }: typeof then): string[] =>
          problems.map(({ code, channel }) => `${channel} ${code}`);
        assertEquals(codes(now), codes(then));
      } finally {
        original.close();
      }
    },
  });
}

Deno.test("withoutPayload() keeps nothing of what it does not understand, and says so", () => {
  const tls = Uint8Array.of(22, 3, 1, 0, 5, 1, 2, 3, 4, 5);
  const main = Uint8Array.fromHex("5145564d0000000399aabbccddeeff");
  const left: [string, number][] = [];
  const blank = withoutPayload(
    memoryCapture([{ bytes: main }, { bytes: tls }]),
    ({ channel, offset }) => left.push([channel, offset]),
  );
  assertEquals(blank.channels.map((channel) => drained(channel, 1).toHex()), ["5145564d00000003", ""]);
  assertEquals(left.map(([, offset]) => offset), [8, 0]);
  assertEquals(left[0]?.[0], "main");
});

Deno.test("withoutPayload() refuses a pipe", () => {
  const capture = memoryCapture([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
  const channels = capture.channels.map(({ source: _source, ...channel }) => channel);
  const error = assertThrows(() => withoutPayload({ ...capture, channels }, () => {}), CaptureError);
  assertEquals(error.code, "no-form");
});
