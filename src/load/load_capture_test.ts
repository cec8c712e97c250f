import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  CONFIG_BLOB,
  configPacket,
  loadBytes,
  packet,
  SECTION,
  startedStream,
  wholeStream,
} from "../../testing/load_bytes.ts";
import { be, bytesOf, type Piece } from "../../testing/main_stream.ts";
import { packet as ramPacket } from "./streams_for_test.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";
import { settingsOf } from "../../testing/destination_bench.ts";
import { DeviceRefusal, type DeviceSink } from "./sinks.ts";
import { loadCapture, type LoadEvent, type LoadOptions } from "./mod.ts";

const MIB = 1024 * 1024;

/** Buffers of 2.5 MiB that come in reverse order, so that all but the last wait. */
function bigPackets(count: number): Piece[] {
  const packets: Piece[] = [configPacket(count)];
  for (let idx = count - 1; idx >= 0; idx--) packets.push(packet(idx, new Uint8Array(2.5 * MIB).fill(idx)));
  return packets;
}

Deno.test("a slow sink is given one piece of at most 1 MiB at a time, out of one buffer", async () => {
  let held = 0;
  let most = 0;
  let bytes = 0;
  const buffers = new Set<ArrayBufferLike>();
  const sink: DeviceSink = {
    async write(piece): Promise<void> {
      held += piece.length;
      most = Math.max(most, held);
      buffers.add(piece.buffer);
      const [first] = piece;
      await new Promise((resolve) => setTimeout(resolve, 1));
      // Lent bytes do not change before the sink is done with them.
      assertEquals(piece[0], first);
      assertEquals(piece.at(-1), first);
      held -= piece.length;
      bytes += piece.length;
    },
  };
  const { verdict, devices } = await loadBytes(wholeStream(), [bigPackets(4)], {
    order: "round-robin",
    sink: () => sink,
  });
  assertEquals([verdict.kind, bytes, most, buffers.size], ["ok", 10 * MIB, MIB, 1]);
  assertEquals(devices[0]?.queue?.peakBytes, 10 * MIB + 292);
});

Deno.test("a sink that answers at once and one that answers later give the same result", async () => {
  const load = async (later: boolean): Promise<unknown> => {
    const events: LoadEvent[] = [];
    const sink: DeviceSink = {
      write: () => later ? new Promise<void>((resolve) => queueMicrotask(resolve)) : undefined,
      config: () => later ? Promise.resolve() : undefined,
    };
    const options = { sink: () => sink, onEvent: (event: LoadEvent) => events.push(event) };
    const result = await loadBytes(wholeStream(), [[packet(1, [2, 3]), packet(0, [1]), configPacket(2)]], options);
    return [result, events];
  };
  assertEquals(await load(true), await load(false));
});

Deno.test("a buffer is told as loading and as loaded once, however many pieces it takes", async () => {
  const events: string[] = [];
  await loadBytes(wholeStream(), [bigPackets(1)], { onEvent: ({ kind, idx }) => events.push(`${kind} ${idx ?? ""}`) });
  assertEquals(events.filter((event) => /^load/.test(event)), ["loading 0", "loaded 0"]);
});

/** Sinks that refuse at once, later, and the config. */
const REFUSALS: [title: string, sink: DeviceSink, qemu: string][] = [
  ["at once", {
    write(): void {
      throw new DeviceRefusal(5);
    },
  }, "NAME: writing state buffer 0 failed: 5"],
  ["later", {
    write: () => Promise.reject(new DeviceRefusal(28)),
  }, "NAME: writing state buffer 0 failed: 28"],
  [
    "the config",
    { write(): void {}, config: () => Promise.reject(new DeviceRefusal(22)) },
    "NAME: vfio_load_device_config_state() failed: -22",
  ],
];

for (const [title, sink, qemu] of REFUSALS) {
  Deno.test(`a sink that refuses ${title} fails the load in QEMU's words`, async () => {
    const { verdict, devices } = await loadBytes(wholeStream(), [[packet(0, [1]), configPacket(1)]], {
      sink: () => sink,
    });
    assertEquals([verdict.kind, verdict.qemu], ["error", qemu]);
    // What was refused is not counted as taken.
    assertEquals([devices[0]?.bytes, devices[0]?.configSha256], [title === "the config" ? 1 : 0, null]);
  });
}

Deno.test("sinks are closed once on every way out, also when one breaks", async () => {
  let closed = 0;
  const sink = (write: DeviceSink["write"]): DeviceSink => ({ write, close: () => void closed++ });
  const load = (write: DeviceSink["write"], main = wholeStream()): Promise<unknown> =>
    loadBytes(main, [[packet(0, [1]), configPacket(1)]], { sink: () => sink(write) });
  const closedBy = async (work: Promise<unknown>): Promise<number> => {
    closed = 0;
    await work;
    return closed;
  };
  assertEquals(await closedBy(load(() => {})), 1);
  assertEquals(await closedBy(load(() => Promise.reject(new DeviceRefusal(5)))), 1);
  assertEquals(await closedBy(load(() => {}, wholeStream().subarray(0, -1))), 1);
  const broken = (): void => {
    throw new TypeError("the sink is broken");
  };
  assertEquals(await closedBy(assertRejects(() => load(broken), TypeError)), 1);
});

Deno.test("an index costs what its buffer costs, however high it is", async () => {
  const before = Deno.memoryUsage().heapUsed;
  const { verdict, devices } = await loadBytes(wholeStream(), [[packet((1 << 20) - 1, [1]), packet(0xfffffffe, [1])]]);
  assertEquals([verdict.kind, verdict.code, devices[0]?.queue?.buffersQueued], ["would-abort", "allocation", 1]);
  assert(Deno.memoryUsage().heapUsed - before < 16 * MIB);
});

Deno.test("the same seed gives the same load, and any order the same state", async () => {
  const channels = [[packet(3, [4]), packet(0, [1])], [packet(1, [2]), packet(2, [3]), configPacket(4)]];
  const load = async (seed: number): Promise<[string[], string | undefined]> => {
    const events: string[] = [];
    const { devices } = await loadBytes(wholeStream(), channels, {
      order: "random",
      seed,
      onEvent: ({ kind, idx }) => events.push(`${kind} ${idx ?? ""}`),
    });
    return [events, devices[0]?.sha256];
  };
  assertEquals(await load(7), await load(7));
  const loads = await Promise.all([...Array(30).keys()].map(load));
  assertEquals(new Set(loads.map(([, sha256]) => sha256)).size, 1);
  assert(new Set(loads.map(([events]) => events.join())).size > 3);
});

Deno.test("a device whose config waited for CONFIG_LOAD_READY is told as gated, another is not", async () => {
  const main = startedStream().end(SECTION, VFIO_TAG.end).full(SECTION, DEVICE, 1, VFIO_TAG.configLoadReady).eof();
  const load = async (order: "canonical" | "round-robin"): Promise<unknown[]> => {
    const events: string[] = [];
    const { verdict, devices } = await loadBytes(main.bytes(), [[configPacket(0)]], {
      order,
      devices: { [DEVICE]: { gate: true } },
      onEvent: ({ kind }) => events.push(kind),
    });
    return [verdict.kind, devices.map(({ gated }) => gated), events.includes("gated")];
  };
  assertEquals(await load("round-robin"), ["ok", [true], true]);
  assertEquals(await load("canonical"), ["ok", [false], false]);
});

Deno.test("a device with a rate takes its time on the clock of the load, and all of its state", async () => {
  const times: [string, number][] = [];
  const { verdict, devices } = await loadBytes(
    wholeStream(),
    [[packet(0, new Uint8Array(10)), packet(1, new Uint8Array(20)), configPacket(2)]],
    {
      deviceRate: 1000,
      onEvent: ({ kind, idx, time }) => {
        if (kind === "loading" || kind === "loaded" || kind === "config") times.push([`${kind} ${idx}`, time]);
      },
    },
  );
  assertEquals([verdict.kind, devices[0]?.bytes], ["ok", 30]);
  assertEquals(times, [
    ["loading 0", 0],
    ["loaded 0", 1e7],
    ["loading 1", 1e7],
    ["loaded 1", 3e7],
    ["config 2", 3e7],
  ]);
});

Deno.test("what is known of the multifd channels is used to read them", async () => {
  const capture = memoryCapture([
    { bytes: wholeStream() },
    { bytes: multifdChannel(0, packet(0, [1]), configPacket(1)) },
  ]);
  const load = async (options: Partial<LoadOptions>): Promise<string> => {
    const { verdict } = await loadCapture(capture, { settings: settingsOf({ channels: 1 }), ...options });
    return `${verdict.kind} ${verdict.code}`;
  };
  assertEquals(await load({}), "ok ");
  const sections = [{ idstr: DEVICE, instanceId: 0, takesBuffers: false }];
  assertEquals(await load({ multifd: { sections } }), "error no-loader");
  assertEquals(await load({ multifd: { sections: [] } }), "error unknown-section");
});

Deno.test("a connection more than the destination takes is lost, with all that it carries", async () => {
  const incoming: (string | undefined)[] = [];
  const { verdict } = await loadBytes(wholeStream(), [[packet(0, [1])], [configPacket(1)]], {
    channels: 1,
    onEvent: ({ kind, channel }) => void (kind === "incoming" && incoming.push(channel)),
  });
  assertEquals([verdict.code, incoming], ["no-config", ["multifd 0"]]);
});

Deno.test("each state of a device is told once", async () => {
  const load = async (p2p: boolean): Promise<unknown[]> => {
    const states: unknown[] = [];
    await loadBytes(wholeStream(), [[packet(0, [1]), configPacket(1)]], {
      devices: { [DEVICE]: { p2p } },
      onEvent: ({ kind, state }) => void (kind === "state" && states.push(state)),
    });
    return states;
  };
  assertEquals(await load(true), ["RESUMING", "RUNNING_P2P", "RUNNING"]);
  assertEquals(await load(false), ["RESUMING", "RUNNING"]);
});

Deno.test("bytes of the main channel are counted, also in main mode with a device that takes its time", async () => {
  const main = startedStream().end(SECTION, [vfioData(10), vfioData(5), VFIO_TAG.end])
    .full(SECTION, DEVICE, 1, VFIO_TAG.end).eof().bytes();
  const { devices } = await loadBytes(main, [], { devices: { [DEVICE]: { multifdTransfer: false } }, deviceRate: 10 });
  assertEquals(devices.map(({ mode, mainBytes, bytes, queue }) => [mode, mainBytes, bytes, queue]), [
    ["main", 15, 15, null],
  ]);
});

Deno.test("a config of the main channel is given to the device as it was sent", async () => {
  const config = bytesOf(be(0xffffffffef100002n, 8), CONFIG_BLOB, VFIO_TAG.end);
  const main = startedStream().end(SECTION, [vfioData(3), VFIO_TAG.end]).full(SECTION, DEVICE, 1, config).eof().bytes();
  let taken = new Uint8Array(0);
  const sink: DeviceSink = { write: () => {}, config: (blob) => void (taken = blob.slice()) };
  const options = { devices: { [DEVICE]: { multifdTransfer: false } }, sink: () => sink };
  const { verdict, devices } = await loadBytes(main, [], options);
  assertEquals([verdict.kind, devices[0]?.configBytes], ["ok", CONFIG_BLOB.length]);
  assertEquals(taken, CONFIG_BLOB);
});

Deno.test("what is left behind a SYNC that nobody comes to is counted", async () => {
  const behind = [ramPacket.ram("pc.ram", [{ offset: 0 }]), ramPacket.sync(), packet(7, [1]), packet(8, [1])];
  const left = [ramPacket.sync(), ...behind];
  const { verdict } = await loadBytes(wholeStream(), [[configPacket(0)], left]);
  assertEquals([verdict.kind, verdict.code], ["lost-state", "sync-mode"]);
  assertStringIncludes(verdict.reason, "multifd channel 1 ");
  assertStringIncludes(verdict.reason, ": 1 RAM packets and 2 device-state packets behind it");
});

Deno.test("a connection that may go on is waited for where one that ended is an error", async () => {
  const load = async (main: Uint8Array, packets: Piece[], open: boolean): Promise<string> => {
    const { verdict } = await loadBytes(main, [packets], { open });
    return `${verdict.kind} ${verdict.code}`;
  };
  const cut = [packet(0, [1, 2, 3], { size: 100 })];
  assertEquals(await load(wholeStream(), cut, false), "error truncated");
  assertEquals(await load(wholeStream(), cut, true), "would-hang no-packets");
  const half = startedStream().bytes();
  assertEquals(await load(half, [], false), "error truncated-main");
  assertEquals(await load(half, [], true), "would-hang main-open");
  const bad = [packet(0, [1], { version: 1 })];
  assertEquals([await load(wholeStream(), bad, false), await load(wholeStream(), bad, true)], [
    "error version",
    "error version",
  ]);
});

Deno.test("a packet of 256 MiB that is cut is cut, one that says more makes QEMU abort", async () => {
  const load = async (size: number): Promise<string> =>
    (await loadBytes(wholeStream(), [[packet(0, [1], { size })]])).verdict.code;
  assertEquals([await load(268_435_456), await load(268_435_457)], ["truncated", "allocation"]);
});

Deno.test("an error in a packet is told with the name of its device", async () => {
  const options = { devices: { [DEVICE]: { name: "GPU" } } };
  const { verdict } = await loadBytes(wholeStream(), [[packet(0, [1], { version: 1 })]], options);
  assertEquals(verdict.qemu, "GPU: packet has unknown version 1");
});

Deno.test("an event says of a buffer its index, of one that comes also its bytes and its channel", async () => {
  const events: LoadEvent[] = [];
  const main = startedStream().end(SECTION, VFIO_TAG.end).full(SECTION, DEVICE, 1, VFIO_TAG.configLoadReady).eof();
  await loadBytes(main.bytes(), [[packet(0, [1, 2]), configPacket(1)]], {
    order: "round-robin",
    devices: { [DEVICE]: { gate: true } },
    onEvent: (event) => events.push(event),
  });
  const of = (kind: string): LoadEvent | undefined => events.find((event) => event.kind === kind);
  assertEquals(of("incoming"), { kind: "incoming", device: DEVICE, idx: 0, bytes: 2, channel: "multifd 0", time: 0 });
  assertEquals(of("loaded"), { kind: "loaded", device: DEVICE, idx: 0, time: 0 });
  assertEquals(Object.keys(of("loaded") ?? {}), ["kind", "device", "idx", "time"]);
  assertEquals(Object.keys(of("gated") ?? {}), ["kind", "device", "time"]);
});

Deno.test("a capture without times cannot be loaded in the order of its times", async () => {
  await assertRejects(
    () => loadBytes(wholeStream(), [], { order: "recorded" }),
    TypeError,
    "the capture has no events.jsonl",
  );
});

Deno.test("what stands in front of an error on its channel is loaded", async () => {
  const bad = packet(1, [1]);
  bad[0] = 0;
  const events: string[] = [];
  const { verdict } = await loadBytes(wholeStream(), [[packet(0, [1]), bad]], {
    onEvent: ({ kind, idx }) => events.push(`${kind} ${idx ?? ""}`),
  });
  assertEquals([verdict.code, events.includes("incoming 0"), events.includes("incoming 1")], ["magic", true, false]);
});

Deno.test("without a seed a random order is that of seed 0", async () => {
  const channels = [[packet(3, [4]), packet(0, [1])], [packet(1, [2]), packet(2, [3]), configPacket(4)]];
  const load = async (options: { seed?: number }): Promise<string[]> => {
    const events: string[] = [];
    const onEvent = ({ kind, idx }: LoadEvent): void => void events.push(`${kind} ${idx ?? ""}`);
    await loadBytes(wholeStream(), channels, { order: "random", onEvent, ...options });
    return events;
  };
  assertEquals(await load({}), await load({ seed: 0 }));
});
