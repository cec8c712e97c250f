import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readLoadTrace, type TraceEvent } from "../../testing/load_trace.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { type Capture, expectationsOf, identifyChannels, openCapture, readCapture } from "../capture/mod.ts";
import type { MultifdDeviceStateRecord } from "../stream/mod.ts";
import { upToNul } from "../wire/mod.ts";
import {
  type DestinationSettings,
  destinationSettings,
  DeviceLoader,
  DeviceRefusal,
  type DeviceSettings,
  loadCapture,
  type LoadEvent,
  type LoadOptions,
  type LoadResult,
} from "./mod.ts";

const ignore = !haveCaptures();
const NAMES = ignore ? [] : [...Deno.readDirSync(CAPTURES)]
  .filter(({ name, isDirectory }) => isDirectory && name.startsWith("vfio-"))
  .map(({ name }) => name).sort();

/** Captures whose channels carry device state. */
const MULTIFD = NAMES.filter((name) => traceOf(name).some(({ kind }) => kind === "incoming"));

function fileOf(capture: string, path: string): string {
  return Deno.readTextFileSync(new URL(`${capture}/${path}`, CAPTURES));
}

function traceOf(capture: string): TraceEvent[] {
  return readLoadTrace(fileOf(capture, "oracle/destination.trace"));
}

function withCapture<T>(name: string, use: (capture: Capture) => T): T {
  const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
  const close = (): void => capture.close();
  const result = use(capture);
  if (result instanceof Promise) return result.finally(close) as T;
  close();
  return result;
}

/** The destination that was recorded. */
function settingsOf(capture: Capture): DestinationSettings {
  const multifdChannels = identifyChannels(capture).filter(({ identity }) => identity.role === "multifd").length;
  const facts = { arm: false, multifdChannels, compression: "none" as const, devices: [] };
  return destinationSettings(expectationsOf(capture.manifest), facts);
}

/** What the driver did in the lab, where it did not take everything. */
const SINKS: { readonly [capture: string]: LoadOptions["sink"] & object } = {
  // It took the first of its buffers, and answered to the second with EIO.
  "vfio-load-fails-exits": () => {
    let writes = 0;
    return {
      write(): void {
        if (++writes === 2) throw new DeviceRefusal(5);
      },
    };
  },
};

interface Loaded {
  readonly result: LoadResult;
  readonly events: readonly LoadEvent[];
}

/** Loads a capture as it was recorded. */
function load(name: string, options: Partial<LoadOptions> = {}): Promise<Loaded> {
  return withCapture(name, async (capture) => {
    const events: LoadEvent[] = [];
    const sink = SINKS[name];
    const result = await loadCapture(capture, {
      settings: settingsOf(capture),
      open: ["active", "setup"].includes(capture.manifest?.outcome?.destination ?? ""),
      onEvent: (event) => events.push(event),
      ...(sink === undefined ? {} : { sink }),
      ...options,
    });
    return { result, events };
  });
}

/** Device packets of a capture, channel by channel. */
function packetsOf(name: string): MultifdDeviceStateRecord[][] {
  return withCapture(name, (capture) => {
    const channels = new Map<string, MultifdDeviceStateRecord[]>();
    readCapture(capture, (record, { label }) => {
      if (record.kind !== "multifd-device-state") return;
      const list = channels.get(label) ?? [];
      channels.set(label, list);
      list.push(record as MultifdDeviceStateRecord);
    });
    return [...channels.values()];
  });
}

/** A device of a capture: name of its section, and how the destination was to load it. */
function devicesOf(name: string): [idstr: string, settings: DeviceSettings][] {
  return withCapture(name, (capture) => {
    const settings = settingsOf(capture);
    return (capture.manifest?.devices ?? []).flatMap(({ idstr = "" }) => {
      const device = settings.device(idstr, 0);
      return device === undefined ? [] : [[idstr, device] as [string, DeviceSettings]];
    });
  });
}

/** Without what comes several times in a row: QEMU's wake-ups melt into one when they come close together. */
function distinct(indices: readonly number[]): number[] {
  return indices.filter((idx, i) => idx !== indices[i - 1]);
}

/**
 * QEMU tells of a packet, then waits for the queue's lock. Where the load thread starves at a packet that was told of, it
 * has looked before that was in the queue: the trace does not say when it was.
 */
function isRace(trace: readonly TraceEvent[], idx: number): boolean {
  const place = (kind: TraceEvent["kind"], of: number): number =>
    trace.findIndex((event) => event.kind === kind && event.idx === of);
  return place("incoming", idx) >= 0 && place("incoming", idx) < place("starved", idx);
}

function indices(events: readonly TraceEvent[], kind: TraceEvent["kind"]): number[] {
  return events.flatMap((event) => event.kind === kind && event.idx !== undefined ? event.idx : []);
}

Deno.test({ name: "there are captures of devices that are loaded from multifd channels", ignore }, () => {
  assert(MULTIFD.length >= 10, `${MULTIFD.length} captures`);
});

for (const name of MULTIFD) {
  Deno.test(`${name}: buffers come in the order that QEMU saw on each channel`, async () => {
    const trace = traceOf(name);
    const { events } = await load(name);
    for (const [idstr, { name: device }] of devicesOf(name)) {
      const ofDevice = trace.filter((event) => event.device === device);
      let found = 0;
      for (const channel of packetsOf(name)) {
        const order = channel.filter((record) => upToNul(record.idstr) === idstr).map(({ idx }) => idx);
        const seen = indices(ofDevice, "incoming").filter((idx) => order.includes(idx));
        // Between channels the order is a race. A destination that failed, or was cut off, did not see all.
        assertEquals(seen, order.slice(0, seen.length));
        const fed = events.filter(({ kind, device }) => kind === "incoming" && device === idstr)
          .flatMap(({ idx }) => idx !== undefined && order.includes(idx) ? idx : []);
        assertEquals(fed, order.slice(0, fed.length));
        found += seen.length;
      }
      assertEquals(found, indices(ofDevice, "incoming").length);
    }
  });
}

/** Feeds the loader exactly what QEMU's threads were seen to do, the device's pace included; gives what it did. */
function replay(name: string, idstr: string, settings: DeviceSettings): { log: TraceEvent[]; verdict: string } {
  const log: TraceEvent[] = [];
  const device = settings.name;
  const packets = new Map(
    packetsOf(name).flat().filter((record) => upToNul(record.idstr) === idstr).map((r) => [r.idx, r] as const),
  );
  let left = 0;
  const loader = new DeviceLoader<undefined>(settings, {
    write: (idx, _data, from, length) => {
      left = length - from;
      log.push({ kind: "load-start", device, idx });
    },
    loadConfig: () => log.push({ kind: "config-start", device }),
    starved: (idx) => log.push({ kind: "starved", device, idx }),
    loaded: (idx) => log.push({ kind: "load-end", device, idx }),
  });
  let refusal: string | undefined;
  for (const { kind, idx } of traceOf(name).filter((event) => event.device === device)) {
    if (kind === "thread-start") loader.start();
    else if (kind === "ready") loader.ready();
    else if (kind === "config-end") loader.configLoaded();
    else if (kind === "load-end") loader.written(left);
    else if (kind === "thread-end" && loader.state === "writing") loader.writeFailed(5);
    else if (kind === "incoming") {
      const packet = packets.get(idx);
      assert(packet !== undefined && idx !== undefined);
      const { nextPacketSize, vfioFlags = 0 } = packet;
      const verdict = loader.packet({ idx, length: nextPacketSize - 12, config: vfioFlags === 1, data: undefined });
      refusal ??= verdict?.qemu;
    }
  }
  return { log, verdict: refusal ?? loader.verdict(true).qemu ?? loader.verdict(true).kind };
}

for (const name of MULTIFD) {
  Deno.test(`${name}: fed with what QEMU saw, the loader loads and starves as QEMU did`, () => {
    for (const [idstr, settings] of devicesOf(name).filter(([, { multifdTransfer }]) => multifdTransfer)) {
      const trace = traceOf(name).filter(({ device }) => device === settings.name);
      const { log, verdict } = replay(name, idstr, settings);
      for (const kind of ["load-start", "load-end"] as const) assertEquals(indices(log, kind), indices(trace, kind));
      const starved = distinct(indices(trace, "starved")).filter((idx) => !isRace(trace, idx));
      assertEquals(distinct(indices(log, "starved")).filter((idx) => !isRace(trace, idx)), starved);
      const configs = (events: readonly TraceEvent[]): number =>
        events.filter(({ kind }) => kind === "config-start").length;
      assertEquals(configs(log), configs(trace));
      const { outcome } = JSON.parse(fileOf(name, "capture.json"));
      if (outcome.destination === "completed") assertEquals(verdict, "ok");
      else if (/queuing|writing/.test(outcome.error)) assertEquals(verdict, outcome.error);
    }
  });
}

for (const name of NAMES) {
  Deno.test(`${name}: the load comes to what QEMU came to, and the devices have what the source's gave out`, async () => {
    const { result: { verdict, devices } } = await load(name);
    const { outcome, devices: recorded } = JSON.parse(fileOf(name, "capture.json"));
    if (outcome.destination === "completed") {
      assertEquals(verdict.kind, "ok");
      assertEquals(
        devices.map(({ idstr, bytes, sha256 }) => ({ idstr, stateSha256: sha256, stateBytes: bytes })),
        recorded,
      );
      return;
    }
    if (outcome.destination === "active") {
      assertEquals([verdict.kind, verdict.code], ["would-hang", "main-open"]);
      return;
    }
    assertEquals(verdict.kind, "error");
    // Which buffer is the first too many is a race; the test above has the one of the recording.
    const exact = (text: string): string => text.replace(/buffer \d+ would/, "buffer N would");
    const told = `${outcome.error}\n${fileOf(name, "oracle/destination.stderr")}`;
    assertStringIncludes(exact(told), exact(verdict.qemu ?? "nothing"));
  });

  Deno.test(`${name}: the devices change their states as QEMU's did`, async () => {
    const { events } = await load(name);
    for (const [idstr, { name: device }] of devicesOf(name)) {
      const states = events.flatMap((event) =>
        event.kind === "state" && event.device === idstr ? event.state ?? [] : []
      );
      const seen = traceOf(name).flatMap((event) => event.device === device ? event.state ?? [] : []);
      // What comes behind belongs to a guest that ran, or to the end of the process.
      assertEquals(seen.slice(0, states.length), states);
    }
  });
}
