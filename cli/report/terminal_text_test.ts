import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import type { Capture } from "../../src/capture/mod.ts";
import { timelineReport } from "../../src/report/timeline/mod.ts";
import { hostileCapture } from "../../testing/hostile_capture.ts";
import { configPacket, packet, startedStream } from "../../testing/load_bytes.ts";
import { smallStream } from "../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";
import { memoryIo, type MemoryIoOptions } from "../memory_io.ts";
import { unstyled } from "../style.ts";
import { terminalLines } from "./terminal_text.ts";

/** A device over two channels, the second buffer first. */
function deviceCapture(withTimes = true): Capture {
  const main = startedStream().end(5, VFIO_TAG.end).full(5, DEVICE, 1, VFIO_TAG.end).eof().bytes();
  const channels = [
    multifdChannel(0, packet(0, new Uint8Array(1000)), configPacket(2)),
    multifdChannel(1, packet(1, new Uint8Array(1000))),
  ];
  const events = [
    ...[0, 1, 2].map((ch) => ({ t: ch, ch, ev: "open" })),
    ...[1, 2].map((ch) => ({ t: 10, ch, dir: "s2d", off: 0, len: 64 })),
    { t: 1e6, ch: 0, dir: "s2d", off: 0, len: main.length },
    { t: 2e6, ch: 2, dir: "s2d", off: 64, len: (channels[1]?.length ?? 0) - 64 },
    { t: 9e6, ch: 1, dir: "s2d", off: 64, len: (channels[0]?.length ?? 0) - 64 },
    { t: 9.5e6, ch: 1, dir: "s2d", off: channels[0]?.length ?? 0, ev: "reset" },
  ];
  return memoryCapture([{ bytes: main }, ...channels.map((bytes) => ({ bytes }))], withTimes ? events : undefined);
}

const EXPECT = { qemu: "10.1", multifdTransfer: "on", maxQueuedSize: 1 << 20 } as const;

async function lines(capture: Capture, options: MemoryIoOptions = {}): Promise<string[]> {
  return terminalLines(await timelineReport(capture, { expect: EXPECT }), memoryIo(options));
}

Deno.test("terminalLines() draws lanes of channels and devices", async (t) => {
  await t.assertSnapshot((await lines(deviceCapture(), { columns: 90 })).join("\n"));
});

Deno.test("terminalLines() draws the order where there are no times", async (t) => {
  await t.assertSnapshot((await lines(deviceCapture(false), { columns: 90 })).join("\n"));
});

Deno.test("terminalLines() are as wide as the window, within reason", async () => {
  for (const [columns, most] of [[80, 80], [120, 120], [10, 48], [1000, 240], [undefined, 100]] as const) {
    const shown = await lines(deviceCapture(), columns === undefined ? {} : { columns });
    const widest = Math.max(...shown.map((line) => unicodeWidth(line)));
    assert(widest <= most && widest > most - 14, `${columns}: ${widest}`);
  }
});

Deno.test("terminalLines() are ASCII on a dumb terminal, and where the locale is not UTF-8", async () => {
  const ascii = /^[\x20-\x7e]*$/;
  for (const env of [{ TERM: "dumb" }, { LANG: "C" }, { LC_ALL: "POSIX", LANG: "en_US.UTF-8" }]) {
    for (const line of await lines(deviceCapture(), { env })) assertMatch(line, ascii);
  }
  for (const env of [{}, { LANG: "de_DE.UTF-8" }, { LC_ALL: "", LC_CTYPE: "C.utf8", LANG: "C" }]) {
    assert((await lines(deviceCapture(), { env })).some((line) => !ascii.test(line)), JSON.stringify(env));
  }
});

Deno.test("terminalLines() colour only where it is wanted, and say the same without", async () => {
  const plain = await lines(deviceCapture(), { columns: 100 });
  const coloured = await lines(deviceCapture(), { columns: 100, isTerminal: true });
  assert(plain.every((line) => !line.includes("\x1b")));
  assert(coloured.some((line) => line.includes("\x1b[31m")));
  assertEquals(coloured.map(unstyled), plain);
  assertEquals(await lines(deviceCapture(), { columns: 100, isTerminal: true, env: { NO_COLOR: "1" } }), plain);
});

Deno.test("terminalLines() of a hostile capture and of many channels send nothing to the terminal but text", async () => {
  const shown = (await lines(hostileCapture())).join("\n");
  assertStringIncludes(shown, "not loaded");
  assert(!/(?!\n)\p{C}/u.test(shown));
  const crowd = await lines(memoryCapture([
    { bytes: smallStream().bytes() },
    ...Array.from({ length: 60 }, (_, id) => ({ bytes: multifdChannel(id) })),
  ]));
  assert(crowd.includes("… and 21 more channels"));
});

Deno.test("terminalLines() draws a device of the main channel as it comes, and postcopy", async () => {
  const main = startedStream().part(5, [vfioData(5000), VFIO_TAG.end]).command(5).eof();
  const events = [
    { t: 0, ch: 0, ev: "open" },
    { t: 1e6, ch: 0, dir: "s2d", off: 0, len: 200 },
    { t: 2e6, ch: 0, dir: "s2d", off: 200, len: main.length - 200 },
  ];
  const report = await timelineReport(memoryCapture([{ bytes: main.bytes() }], events));
  const shown = terminalLines(report, memoryIo({ columns: 80 })).join("\n");
  assertMatch(shown, /arriving +█ +4\.9 KiB/);
  assert(!shown.includes("queued bytes"));
});

Deno.test("terminalLines() draws the switchover by itself where it is short", async () => {
  const bytes = smallStream().bytes();
  const stop = bytes.length - 400;
  const events = [
    { t: 1e6, ch: 0, dir: "s2d", off: 0, len: 8 },
    { t: 2e6, ch: 0, dir: "s2d", off: 8, len: stop - 8 },
    { t: 2e6 + 500, ch: 0, dir: "s2d", off: stop, len: bytes.length - stop },
    { t: 9e6, ch: 0, dir: "s2d", off: bytes.length, ev: "end" },
  ];
  const shown = (await lines(memoryCapture([{ bytes }], events))).join("\n");
  assertStringIncludes(shown, "The switchover, enlarged");
});
