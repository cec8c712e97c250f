/** What cutting, mutating and fuzzing has brought to light; each case is as small as it can be. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { CaptureError, MemorySource, openPackets } from "../src/capture/mod.ts";
import { ramPacket } from "../src/emit/deal/made_lanes_for_test.ts";
import { diffCaptures } from "../src/report/diff/mod.ts";
import { exportCapture } from "../src/report/export/mod.ts";
import { loadReport } from "../src/report/load/mod.ts";
import { timelineReport } from "../src/report/timeline/mod.ts";
import { MainGrammar } from "../src/stream/mod.ts";
import type { TruncatedRecord } from "../src/stream/record.ts";
import { parseChannel } from "./channels.ts";
import { startedStream } from "./load_bytes.ts";
import {
  be,
  blockList,
  bytesOf,
  MainStream,
  page,
  pageBits,
  RAM_EOS,
  smallStream,
  stream,
  subsection,
} from "./main_stream.ts";
import { DEVICE, devicePacket, memoryCapture, multifdChannel } from "./memory_capture.ts";
import { conversation, framesOf, pcapFile, SOURCE, TARGET } from "./packet_file.ts";
import { workTime } from "./work_time.ts";

Deno.test("a cut in a built-in device body is not taken for a footer that stands at the end", () => {
  // timer has 24 bytes; its own eighth to twelfth look like the footer of section 0.
  const body = concat([new Uint8Array(7).fill(1), Uint8Array.of(0x7e), new Uint8Array(16)]);
  const stream = new MainStream().header().full(0, "timer", 2, body).bytes();
  const start = stream.length - 5 - body.length;
  // The cut leaves the footer alone, or with what could be the byte of EOF.
  for (const kept of [12, 13]) {
    const { records } = parseChannel(new MainGrammar(), stream.subarray(0, start + kept));
    const last = records.at(-1) as TruncatedRecord;
    assertEquals([last.kind, last.offset, last.missing], ["truncated", start, body.length - kept]);
  }
});

Deno.test("a page that was cut does not settle the page size by trial", () => {
  const start = new MainStream().header("none-1.0").start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), RAM_EOS]);
  const bytes = start.part(2, [page(0, "pc.ram", 0xaa, 1024), page(1024, undefined, 0xaa, 1024), RAM_EOS]).bytes();
  const grammar = new MainGrammar();
  parseChannel(grammar, bytes.subarray(0, bytes.length - 1500));
  assertEquals(grammar.state.pageSize, undefined);
});

/** A packet capture in which the source sends `bytes`, and 20 bytes `at` bytes behind the start. */
function withGap(bytes: Uint8Array, at: number): Uint8Array {
  const packets = conversation(bytes).slice(0, -2);
  return pcapFile(framesOf([...packets, { from: SOURCE, to: TARGET, sequence: 1000 + at, data: new Uint8Array(20) }]));
}

Deno.test("the zeros of a gap that is larger than all that was captured are not read", () => {
  const start = new MainStream().header().bytes();
  const far = 60 * 1024 * 1024;
  const file = new MemorySource(withGap(start, far));
  const before = workTime();
  const capture = openPackets(file, { name: "x", label: "x" });
  assertEquals(capture.channels.map(({ source }) => source?.size), [start.length]);
  // Zeros of so many bytes take longer.
  assertEquals(workTime() - before < 1000, true);
});

Deno.test("a file that is shorter than the magic number of a packet capture is refused in words", () => {
  for (const length of [0, 1, 3, 4, 11]) {
    const file = new MemorySource(new Uint8Array(length));
    assertThrows(() => openPackets(file, { name: "x", label: "x" }), CaptureError, "Cannot find a migration in x");
  }
});

Deno.test("a list of capabilities without end takes no memory", () => {
  const list = subsection("configuration/capabilities", be(0xbe00_0001, 4));
  const head = new MainStream().header("pc", list).bytes();
  const grammar = new MainGrammar();
  const { records, findings } = parseChannel(grammar, concat([head, new Uint8Array(1000)]));
  assertEquals(records.map(({ kind }) => kind), ["file-header", "opaque"]);
  assertEquals(findings.map(({ code }) => code), ["capability-count"]);
});

Deno.test("a configuration with subsections without end is no record that grows", () => {
  const subsections = Array.from({ length: 17 }, () => pageBits(12));
  const { records } = parseChannel(new MainGrammar(), new MainStream().header("pc", ...subsections).bytes());
  assertEquals(records.map(({ kind }) => kind), ["file-header", "configuration", "opaque"]);
});

/** What `export` says of the pages of a packet with `zeroPages` zero pages and 128 places, the first of them `offsets`. */
async function pageRows(zeroPages: number, ...offsets: readonly bigint[]): Promise<unknown[]> {
  const counts = [be(128, 4), be(0, 4), be(0, 4), be(0, 8), be(zeroPages, 4), new Uint8Array(28 + 256)];
  const places = [...offsets.map((offset) => be(offset, 8)), new Uint8Array(8 * (128 - offsets.length))];
  const packet = bytesOf(be(0x11223344, 4), be(1, 4), be(1, 4), counts, places);
  const capture = memoryCapture([{ bytes: smallStream().bytes() }, { bytes: multifdChannel(0, packet) }]);
  const rows: unknown[] = [];
  await exportCapture(capture, "x", (table, { channel, start, pages }) => {
    if (table === "ram_pages" && channel === "multifd 0") rows.push([start, pages]);
  });
  return rows;
}

Deno.test("a multifd packet that claims more pages than it has places for makes no row of each", async () => {
  // Each place says page 0, so that no two are neighbours.
  assertEquals(await pageRows(0xffff_fffe), new Array(128).fill([0, 1]));
});

Deno.test("the table of pages has an offset beyond 2^53 as it is", async () => {
  const offset = 0xfff0_0000_0000_1001n;
  assertEquals(await pageRows(3, offset, offset + 0x1000n, offset + 0x2001n), [[offset, 2], [offset + 0x2001n, 1]]);
});

Deno.test("the lanes of a device from which nothing came in the recorded time have as many bins as their axis", async () => {
  const bytes = startedStream().eof().bytes();
  const events = [{ t: 0, ch: 0, ev: "open" }, { t: 1e6, ch: 0, dir: "s2d", off: 0, len: bytes.length }];
  const channels = [{ bytes }, { bytes: multifdChannel(0) }];
  const { views: [view] } = await timelineReport(memoryCapture(channels, events));
  const [device] = view?.devices ?? [];
  assertEquals([device?.mode, device?.arrivedBytes.length], ["main", view?.axis.bins]);
  assertEquals(device?.arrivedBuffers.length, view?.axis.bins);
});

Deno.test("a field whose name looks like that of a second one hides none from diff", async () => {
  const fields = ["a", "b", "a", "a#2"].map((name) => ({ name, type: "uint8", size: 1 }));
  const device = { name: "x", instance_id: 0, vmsd_name: "x", version: 1, fields };
  const capture = (...body: readonly number[]): ReturnType<typeof memoryCapture> => {
    const main = stream().full(3, "x", 1, Uint8Array.from(body)).eof().description({
      page_size: 4096,
      devices: [device],
    });
    return memoryCapture([{ bytes: main.bytes() }]);
  };
  const brief = async (...body: readonly number[]): Promise<unknown[]> => {
    const { differences } = await diffCaptures(capture(1, 2, 3, 4), capture(...body));
    return differences.map(({ name, a, b }) => [name, a, b]);
  };
  assertEquals(await brief(1, 2, 9, 4), [["devices.x[0].a#2", 3, 9]]);
  assertEquals(await brief(1, 2, 3, 9), [["devices.x[0].a#2#2", 4, 9]]);
});

Deno.test("a device that only one capture has, in packets without a section, differs", async () => {
  const of = (...packets: readonly Uint8Array[]): ReturnType<typeof memoryCapture> =>
    memoryCapture([{ bytes: smallStream().bytes() }, { bytes: multifdChannel(0, packets) }]);
  const [one, none] = [of(devicePacket(0, 20)), of()];
  const brief = async (...captures: readonly [typeof one, typeof one]): Promise<unknown[]> =>
    (await diffCaptures(...captures)).differences.map(({ kind, path }) => [kind, ...path]);
  assertEquals(await brief(one, none), [["removed", "devices", DEVICE, 0]]);
  assertEquals(await brief(none, one), [["added", "devices", DEVICE, 0]]);
  assertEquals(await brief(one, one), []);
});

Deno.test("load says what is wrong where every packet with pages names several methods of compression", async () => {
  const [main, packets] = [smallStream().bytes(), [ramPacket({ normal: [0], flags: 0x06 })]];
  const capture = memoryCapture([{ bytes: main }, { bytes: multifdChannel(0, packets) }]);
  const { destination, verdict } = await loadReport(capture);
  assertEquals([destination.compression, verdict.kind, verdict.code], ["none", "error", "compression"]);
  assertEquals(verdict.qemu, "multifd 0: flags received 6 flags expected 0");
});
