import { assertEquals } from "@std/assert";
import { type Capture, readCapture } from "../../capture/mod.ts";
import { configPacket, packet, padded, rawPacket, startedStream } from "../../../testing/load_bytes.ts";
import { MainStream, page, RAM_EOS, ramStream, smallStream, stream, zeroPage } from "../../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../../testing/memory_capture.ts";
import { contentKind } from "./content_kind.ts";
import { DisorderTally } from "./disorder.ts";
import { LastStateTally } from "./last_state.ts";
import { PhaseTally } from "./phases.ts";
import { timelineReport } from "./report.ts";

function mainCapture(main: MainStream): Capture {
  return memoryCapture([{ bytes: main.bytes() }]);
}

function phasesOf(main: MainStream): PhaseTally {
  const tally = new PhaseTally();
  readCapture(mainCapture(main), (record, channel) => tally.add(record, channel));
  return tally;
}

Deno.test("PhaseTally finds the phases, and where the guest was stopped", () => {
  const main = ramStream();
  const setup = main.length;
  main.part(2, [page(0, "pc.ram"), RAM_EOS]);
  const running = main.length;
  main.command(11);
  const started = main.length;
  main.end(2, RAM_EOS).eof();
  const { phases, downtime, eof, isStopped } = phasesOf(main);
  assertEquals(phases.map(({ name, from, to }) => [name, from.offset, to.offset]), [
    ["setup", 0, setup],
    ["iteration", setup, running],
    ["switchover", running, main.length],
    ["end", main.length, main.length],
  ]);
  assertEquals([downtime?.from, downtime?.place.offset], ["switchover-start", started]);
  assertEquals([eof?.offset, isStopped], [main.length, true]);
});

Deno.test("PhaseTally takes the last iterable section for the stop where there is no SWITCHOVER_START", () => {
  const main = ramStream().part(2, [zeroPage(0, "pc.ram"), RAM_EOS]);
  const stop = main.length;
  main.end(2, RAM_EOS);
  const { downtime } = phasesOf(main);
  assertEquals([downtime?.from, downtime?.place.offset], ["last-iterable", stop]);
  assertEquals(phasesOf(ramStream()).downtime, undefined);
});

Deno.test("PhaseTally tells postcopy from the switchover before it", () => {
  const main = ramStream().part(2, [zeroPage(0, "pc.ram"), RAM_EOS]);
  const stop = main.length;
  main.packaged(new MainStream().command(4).command(5));
  const run = main.length;
  main.part(2, [page(0, "pc.ram"), RAM_EOS]).eof();
  const { phases } = phasesOf(main);
  assertEquals(phases.map(({ name, from }) => [name, from.offset]), [
    ["setup", 0],
    ["iteration", phases[0]?.to.offset ?? 0],
    ["iteration", run],
    ["switchover", stop],
    ["postcopy", run],
    ["end", main.length],
  ]);
});

Deno.test("PhaseTally does not take a device that is set up early for the stop", () => {
  const main = stream().full(1, "timer", 2, new Uint8Array(24)).start(2, "ram", 4, RAM_EOS).part(2, RAM_EOS);
  assertEquals(phasesOf(main).isStopped, false);
});

function endsOf(capture: Capture, isStopped = true): LastStateTally["ends"] {
  const tally = new LastStateTally();
  readCapture(capture, (record, channel) => tally.add(record, channel, isStopped));
  return tally.ends;
}

Deno.test("LastStateTally finds the end of VFIO state on each channel, and before all else that of other devices", () => {
  const main = startedStream().end(5, [vfioData(8), VFIO_TAG.end]).full(0, "timer", 2, new Uint8Array(24)).eof();
  const foreign = rawPacket(new Uint8Array(20), { idstr: padded("timer") });
  const capture = memoryCapture([
    { bytes: main.bytes() },
    { bytes: multifdChannel(0, packet(0, new Uint8Array(8)), foreign) },
    { bytes: multifdChannel(1, configPacket(1)) },
  ]);
  assertEquals(endsOf(capture).map(({ idstr, channel }) => [idstr, channel]), [
    [DEVICE, "main"],
    [DEVICE, "multifd 0"],
    [DEVICE, "multifd 1"],
  ]);
  // What came on the main channel while the guest ran is not the end of anything.
  assertEquals(endsOf(capture, false).map(({ channel }) => channel), ["multifd 0", "multifd 1"]);
  assertEquals(endsOf(mainCapture(smallStream())).map(({ idstr, isVfio }) => [idstr, isVfio]), [["timer", false]]);
});

Deno.test("DisorderTally counts buffers of VFIO devices only, and no more devices than there can be", () => {
  const tally = new DisorderTally();
  const packets = [
    packet(1, [0]),
    packet(0, [0]),
    packet(5, [0]),
    rawPacket(new Uint8Array(4)),
    rawPacket(new Uint8Array(20), { idstr: padded("timer") }),
    ...Array.from({ length: 300 }, (_, i) => packet(0, [0], { idstr: padded(`${i}/vfio`) })),
  ];
  const capture = memoryCapture([{ bytes: multifdChannel(0, packets) }]);
  readCapture(capture, (record, channel) => tally.add(record, channel));
  const histograms = tally.histograms(undefined);
  assertEquals(histograms.length, 256);
  assertEquals(histograms[0], {
    idstr: DEVICE,
    instanceId: 0,
    order: "channels",
    ranges: [
      { from: 0, to: 0, buffers: 1 },
      { from: 1, to: 1, buffers: 1 },
      { from: 2, to: 3, buffers: 1 },
    ],
  });
});

Deno.test("timelineReport() keeps no more devices than there can be", async () => {
  const packets = Array.from({ length: 300 }, (_, i) => packet(0, [0], { idstr: padded(`${i}/vfio`) }));
  const capture = memoryCapture([{ bytes: startedStream().bytes() }, { bytes: multifdChannel(0, packets) }], []);
  const { views: [whole] } = await timelineReport(capture);
  const arrived = whole?.devices.filter(({ arrivedBuffers }) => arrivedBuffers.some((value) => value > 0));
  assertEquals(arrived?.length, 256);
});

Deno.test("contentKind() takes a cut record for what it would have been, and TLS for what it is", () => {
  const record = { kind: "truncated", offset: 0, length: 1 };
  assertEquals(contentKind(record, "main"), "unread");
  assertEquals(
    contentKind({ ...record, cut: { kind: "ram-page", offset: 0, length: 1 } } as typeof record, "main"),
    "ram",
  );
  assertEquals(contentKind({ ...record, kind: "tls-handshake" }, "tls"), "unread");
  const ram = { ...record, kind: "multifd-ram", normalPages: 0, zeroPages: 0 };
  assertEquals([ram, { ...ram, zeroPages: 1 }, { ...ram, normalPages: 1 }].map((one) => contentKind(one, "multifd")), [
    "sync",
    "zero",
    "ram",
  ]);
});
