import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Capture, CaptureError, openCapture } from "../../capture/mod.ts";
import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { configPacket, packet, startedStream } from "../../../testing/load_bytes.ts";
import { ascii, RAM_EOS, ramStream, smallStream, zeroPage } from "../../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG } from "../../../testing/memory_capture.ts";
import { inspectCapture } from "../inspect/mod.ts";
import { loadReport } from "../load/mod.ts";
import type { TimelineReport } from "./model.ts";
import { timelineReport } from "./report.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

type Named = readonly [name: string, report: TimelineReport];

let made: Promise<Named[]> | undefined;

/** The reports of all captures, made once for all tests. */
function reports(): Promise<Named[]> {
  const make = async (
    name: string,
  ): Promise<Named> => [name, await withCapture(name, (capture) => timelineReport(capture))];
  return made ??= Array.fromAsync(CAPTURES, make);
}

async function withCapture<T>(name: string, use: (capture: Capture) => Promise<T>): Promise<T> {
  const capture = openCapture(decodeURIComponent(new URL(name, shared?.url).pathname));
  try {
    return await use(capture);
  } finally {
    capture.close();
  }
}

async function withEach(test: (report: TimelineReport, name: string) => void | Promise<void>): Promise<void> {
  for (const [name, report] of await reports()) await test(report, name);
}

const ignore = CAPTURES.length === 0;

Deno.test({
  name: "timelineReport() puts every byte of every capture into a bin of its channel, and tells each its kind",
  ignore,
  fn: () =>
    withEach(({ inspected, views: [whole], carried }, name) => {
      for (const [i, { label, bytes }] of inspected.channels.entries()) {
        const lane = whole?.lanes[i];
        assertEquals(lane?.label, label, name);
        assertEquals(sum(Object.values(lane?.kinds ?? {}).flat()), bytes, `${name} ${label}`);
        assertEquals(sum(Object.values(carried[i]?.kinds ?? {})), bytes, `${name} ${label}`);
        for (const list of Object.values(lane?.kinds ?? {})) assertEquals(list.length, whole?.axis.bins, name);
      }
    }),
});

Deno.test({
  name: "timelineReport() says what inspect and load say, for every capture",
  ignore,
  fn: () =>
    withEach(async (report, name) => {
      const { inspected, load, headline } = report;
      await withCapture(name, async (capture) => {
        assertEquals(inspected, inspectCapture(capture), name);
        assertEquals(load, load === null ? null : await loadReport(capture), name);
      });
      assertEquals(headline.bytes, sum(inspected.channels.map(({ bytes }) => bytes)), name);
      assertEquals(
        headline.deviceBytes,
        sum(inspected.devices.map(({ precopyBytes, stopCopyBytes }) => precopyBytes + stopCopyBytes)),
        name,
      );
      const { switchover } = inspected;
      if (switchover === null) assert(headline.downtime?.from !== "switchover-start", name);
      else {
        assertEquals(
          [headline.downtime?.from, headline.downtime?.start],
          ["switchover-start", switchover.startTime],
          name,
        );
      }
      if (switchover !== null && switchover.nanoseconds !== null) {
        assertEquals(headline.downtime?.nanoseconds, switchover.nanoseconds, name);
        assertEquals(headline.downtime?.end, switchover.lastDevicePacketTime, name);
        assertEquals(headline.last?.isVfio, true, name);
      }
    }),
});

Deno.test({
  name: "timelineReport() has the peaks of each device's queue in its lanes, in every view, for every capture",
  ignore,
  fn: () =>
    withEach(({ load, views }, name) => {
      for (const { idstr, queue, maxQueued } of load?.devices ?? []) {
        if (queue === null) continue;
        for (const view of views) {
          const lane = view.devices.find((device) => device.idstr === idstr);
          assertEquals(Math.max(...lane?.queuedBytes ?? []), queue.peakBytes, `${name} ${view.name}`);
          assertEquals(Math.max(...lane?.queuedBuffers ?? []), queue.peakBuffers, `${name} ${view.name}`);
          assertEquals(lane?.limit, maxQueued, name);
        }
      }
    }),
});

Deno.test({
  name: "timelineReport() has all state of each device among what arrived, for every capture with times",
  ignore,
  fn: () =>
    withEach(({ inspected, timed, views: [whole] }, name) => {
      for (const { idstr, precopyRecords, buffers, precopyBytes, stopCopyBytes } of timed ? inspected.devices : []) {
        const lane = whole?.devices.find((device) => device.idstr === idstr);
        const [count, bytes] = [sum(lane?.arrivedBuffers ?? []), sum(lane?.arrivedBytes ?? [])];
        // The config may be one more.
        assert([0, 1].includes(count - precopyRecords - buffers), `${name}: ${count}`);
        assert(
          bytes >= precopyBytes + stopCopyBytes && bytes < precopyBytes + stopCopyBytes + 8192,
          `${name}: ${bytes}`,
        );
      }
    }),
});

Deno.test({
  name: "timelineReport() counts the same disorder as inspect, for every capture",
  ignore,
  fn: () =>
    withEach(({ inspected, disorder }, name) => {
      const devices = inspected.devices.filter(({ multifd }) => multifd !== undefined);
      assertEquals(disorder.map(({ idstr }) => idstr), devices.map(({ idstr }) => idstr), name);
      for (const [i, { multifd }] of devices.entries()) {
        const { order, ranges = [] } = disorder[i] ?? {};
        assertEquals(order, multifd?.order, name);
        const last = ranges.findLast(({ buffers }) => buffers > 0);
        const distance = multifd?.outOfOrderDistance ?? 0;
        assert((last?.from ?? 0) <= distance && distance <= (last?.to ?? 0), name);
        assertEquals(sum(ranges.slice(1).map(({ buffers }) => buffers)), multifd?.outOfOrderBuffers, name);
      }
    }),
});

Deno.test({
  name: "timelineReport() shows each problem of check with bytes, where it has a place in a channel",
  ignore,
  fn: () =>
    withEach(({ inspected, places, checked }, name) => {
      assertEquals(places.map(({ problem }) => problem), checked.problems.slice(0, places.length), name);
      const labels = inspected.channels.filter(({ bytes }) => bytes > 0).map(({ label }) => label);
      for (const { problem, record, fields, raw } of places) {
        if (!labels.includes(problem.channel)) continue;
        assert(record !== null, `${name} ${problem.code}`);
        assert(fields.length > 0 || raw !== null, `${name} ${problem.code}`);
      }
    }),
});

Deno.test("timelineReport() of a plain stream has the order of its bytes, and says that there are no times", async () => {
  const { timed, views, phases, headline } = await timelineReport(memoryCapture([{ bytes: smallStream().bytes() }]));
  assertEquals(timed, false);
  assertEquals(views.map(({ name, axis }) => [name, axis.unit]), [["whole", "bytes"]]);
  assertEquals(phases.map(({ name }) => name), ["setup", "iteration", "switchover", "end"]);
  assertEquals(phases.map(({ from }) => from.time), [null, null, null, null]);
  assertEquals(headline.downtime, { from: "last-iterable", start: null, end: null, nanoseconds: null });
  assertEquals(headline.last, { idstr: "timer", instanceId: 0, channel: "main", isVfio: false });
});

/** What its destination is. */
const EXPECT = { qemu: "10.0", multifdTransfer: "on" } as const;

/** Bytes of the packet that a multifd channel begins with. */
const INIT_LENGTH = 64;

/** A migration of one device over two multifd channels, whose first buffer comes last. */
function disordered(withTimes: boolean): Capture {
  const main = startedStream().end(5, VFIO_TAG.end).full(5, DEVICE, 1, VFIO_TAG.end).eof().bytes();
  const late = multifdChannel(0, packet(0, new Uint8Array(1000)), configPacket(3));
  const early = multifdChannel(1, packet(1, new Uint8Array(1000)), packet(2, new Uint8Array(1000)));
  const events = [
    ...[0, 1, 2].map((ch) => ({ t: ch, ch, ev: "open" })),
    ...[1, 2].map((ch) => ({ t: 10, ch, dir: "s2d", off: 0, len: INIT_LENGTH })),
    { t: 1000, ch: 0, dir: "s2d", off: 0, len: main.length },
    { t: 2000, ch: 2, dir: "s2d", off: INIT_LENGTH, len: early.length - INIT_LENGTH },
    { t: 9000, ch: 1, dir: "s2d", off: INIT_LENGTH, len: late.length - INIT_LENGTH },
    { t: 9500, ch: 1, dir: "s2d", off: late.length, ev: "reset", error: "broken" },
  ];
  return memoryCapture([{ bytes: main }, { bytes: late }, { bytes: early }], withTimes ? events : undefined);
}

Deno.test("timelineReport() shows what a device waits for, and what waits for it", async () => {
  const { views: [whole], headline, disorder } = await timelineReport(disordered(true), { expect: EXPECT });
  const [device] = whole?.devices ?? [];
  assertEquals(sum(device?.starving ?? []), 8000);
  assertEquals(Math.max(...device?.queuedBuffers ?? []), 3);
  assertEquals(sum(device?.arrivedBuffers ?? []), 4);
  assertEquals(sum(device?.loadedBuffers ?? []), 4);
  assertEquals(headline.last, { idstr: DEVICE, instanceId: 0, channel: "multifd 0", isVfio: true });
  assertEquals(headline.downtime?.nanoseconds, 8000);
  assertEquals(disorder[0]?.ranges.map(({ from, to, buffers }) => [from, to, buffers]), [[0, 0, 2], [1, 1, 1], [
    2,
    3,
    1,
  ]]);
  assertEquals(whole?.lanes.map(({ reset, closed }) => [reset, closed]), [[false, null], [true, 9500], [false, null]]);
});

Deno.test("timelineReport() counts the steps of the load where no times were recorded", async () => {
  const { views: [whole], headline, timed } = await timelineReport(disordered(false), { expect: EXPECT });
  const [device] = whole?.devices ?? [];
  assertEquals([timed, whole?.axis.unit, device?.axis.unit], [false, "bytes", "steps"]);
  assertEquals(sum(device?.arrivedBuffers ?? []), 4);
  // Two channels end, and nothing tells which came last.
  assertEquals(headline.last, null);
});

Deno.test("timelineReport() follows a slow device beyond the end of the recording", async () => {
  const { views: [whole] } = await timelineReport(disordered(true), { expect: EXPECT, deviceRate: 1e8 });
  const [device] = whole?.devices ?? [];
  assert(sum(device?.loading ?? []) >= 30_000, String(sum(device?.loading ?? [])));
  assert((whole?.axis.width ?? 0) * (whole?.axis.bins ?? 0) > 30_000);
  assertEquals(sum(Object.values(whole?.lanes[0]?.kinds ?? {}).flat()), disordered(true).channels[0]?.source?.size);
});

Deno.test("timelineReport() enlarges a switchover that is a small part of the whole", async () => {
  const bytes = smallStream().bytes();
  const stop = bytes.length - 400;
  const events = [
    { t: 0, ch: 0, ev: "open" },
    { t: 10, ch: 0, dir: "s2d", off: 0, len: 8 },
    { t: 1e6, ch: 0, dir: "s2d", off: 8, len: stop - 8 },
    { t: 1e6 + 500, ch: 0, dir: "s2d", off: stop, len: bytes.length - stop },
    { t: 9e6, ch: 0, dir: "s2d", off: bytes.length, ev: "end" },
  ];
  const { views, headline } = await timelineReport(memoryCapture([{ bytes }], events));
  assertEquals(views.map(({ name }) => name), ["whole", "switchover"]);
  assertEquals(headline.downtime?.nanoseconds, 500);
  const [axis, lanes] = [views[1]?.axis, views[1]?.lanes];
  assert(axis !== undefined && axis.start >= 1e6 - 100 && axis.width * axis.bins < 2000, JSON.stringify(axis));
  const shown = sum(Object.values(lanes?.[0]?.kinds ?? {}).flat());
  assert(shown > 0 && shown < bytes.length, String(shown));
});

Deno.test("timelineReport() keeps as many RAM iterations as can be seen, however many there are", async () => {
  const stream = ramStream();
  for (let i = 0; i < 1000; i++) stream.part(2, [zeroPage(0, "pc.ram"), RAM_EOS]);
  const { phases } = await timelineReport(memoryCapture([{ bytes: stream.bytes() }]));
  const iterations = phases.filter(({ name }) => name === "iteration");
  assert(iterations.length <= 128 && iterations.length > 60, String(iterations.length));
  assertEquals(sum(iterations.map(({ sections = 0 }) => sections)), 1000);
  assertEquals(iterations[1]?.number, 1 + (iterations[0]?.sections ?? 0));
});

Deno.test("timelineReport() has fewer bins where there are many lanes", async () => {
  const channels = [
    { bytes: smallStream().bytes() },
    ...Array.from({ length: 200 }, (_, id) => ({ bytes: multifdChannel(id) })),
  ];
  const { views } = await timelineReport(memoryCapture(channels));
  assertEquals(views[0]?.axis.bins, 60);
});

Deno.test("timelineReport() of what is no stream, and of nothing, is a report all the same", async () => {
  for (const bytes of [ascii("no stream at all"), new Uint8Array(0)]) {
    const { views, headline, phases } = await timelineReport(memoryCapture([{ bytes }]));
    assertEquals([headline.bytes, headline.downtime, headline.last, phases], [bytes.length, null, null, []]);
    assertEquals(sum(Object.values(views[0]?.lanes[0]?.kinds ?? {}).flat()), bytes.length);
  }
  const { views, headline } = await timelineReport(memoryCapture([]));
  assertEquals([views[0]?.lanes, headline.bytes], [[], 0]);
  const silent = await timelineReport(memoryCapture([{ bytes: ascii("x") }], []));
  assertEquals(sum(Object.values(silent.views[0]?.lanes[0]?.kinds ?? {}).flat()), 1);
});

Deno.test("timelineReport() says why a capture cannot be loaded, and draws it", async () => {
  const capture = {
    ...memoryCapture([{ bytes: smallStream().bytes() }]),
    manifest: { payload: false },
  } as unknown as Capture;
  const { load, notLoaded, headline } = await timelineReport(capture);
  assertEquals([load, headline.limits], [null, "unknown"]);
  assert(notLoaded?.includes("recorded without payload"), String(notLoaded));
});

Deno.test("timelineReport() refuses a pipe that was not kept", async () => {
  const { channels: [channel], ...rest } = memoryCapture([{ bytes: smallStream().bytes() }]);
  if (channel === undefined) throw new Error("no channel");
  const { source: _source, ...bare } = channel;
  const piped: Capture = { ...rest, channels: [{ ...bare, pipe: { head: new Uint8Array(0), read: () => 0 } }] };
  const error = await assertRejects(() => timelineReport(piped), CaptureError);
  assertEquals(error.code, "too-large");
});
