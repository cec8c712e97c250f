import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { randomNumbers } from "../../../testing/random.ts";
import { CAPTURES, haveCaptures } from "../../../testing/real_captures.ts";
import { openCapture, readBytes, readCapture } from "../../capture/mod.ts";
import type { BaseRecord, MultifdDeviceStateRecord } from "../../stream/mod.ts";
import { upToNul } from "../../wire/mod.ts";
import { Destination, type DestinationSettings, type LoadingDevice, NO_LIMITS, qemuProfile } from "./mod.ts";

const INTERLEAVINGS = 10_000;

const ignore = !haveCaptures();

/** Captures of up to a megabyte whose devices are loaded from multifd channels, and whether the gate is on. */
const NAMES: readonly [name: string, gate: boolean][] = [
  ["vfio-multifd-2", false],
  ["vfio-multifd-newer", false],
  ["vfio-config-after-iter", true],
  ["vfio-from-newer", false],
  ["vfio-switchover-ack-multifd", false],
  ["vfio-two-devices", false],
];

/** The records of a capture, channel by channel; the main one first. */
interface Parsed {
  readonly channels: readonly (readonly BaseRecord[])[];
  /** Bytes of each device: those of a record on the channel given. */
  read(channel: number, record: BaseRecord): Uint8Array;
  /** Digests of the devices' states, by the names of their sections. */
  readonly digests: { readonly [idstr: string]: string };
}

function parse(name: string): Parsed {
  const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
  const channels: BaseRecord[][] = [];
  const contents: Uint8Array[] = [];
  readCapture(capture, (record, { identity, multifdId = -1, channel: { source } }) => {
    const place = identity.role === "main" ? 0 : identity.role === "multifd" ? multifdId + 1 : undefined;
    if (place === undefined || source === undefined) return;
    // Pages on the main channel do not matter here.
    if (/^ram-(page|zero)/.test(record.kind)) return;
    (channels[place] ??= []).push(record);
    contents[place] ??= readBytes(source, 0, source.size);
  });
  const digests = Object.fromEntries(
    (capture.manifest?.devices ?? []).map(({ idstr = "", stateSha256 = "" }) => [idstr, stateSha256]),
  );
  capture.close();
  return {
    channels,
    digests,
    read: (channel, { payload }) =>
      contents[channel]?.subarray(payload?.offset ?? 0, (payload?.offset ?? 0) + (payload?.length ?? 0)) ??
        new Uint8Array(0),
  };
}

/** A buffer: where it stands. */
interface Place {
  readonly channel: number;
  readonly record: BaseRecord;
}

/** Feeds the channels in a random legal order that `seed` chooses; returns what each device was given, in order. */
function interleave(
  { channels }: Parsed,
  gate: boolean,
  seed: number,
  arrivals: Set<string>,
): Map<string, Place[]> {
  const random = randomNumbers(seed);
  const given = new Map<string, Place[]>();
  const incoming: number[] = [];
  const settings: DestinationSettings = {
    profile: qemuProfile("11.1"),
    multifd: true,
    channels: channels.length - 1,
    barriers: "flush",
    switchoverAck: true,
    needsAck: true,
    device: () => ({ name: "d", multifdTransfer: true, gate, limits: NO_LIMITS, precopy: true, p2p: true }),
  };
  const give = (device: LoadingDevice<Place>, place: Place): void => void given.get(device.idstr)?.push(place);
  const destination = new Destination<Place>(settings, {
    setUp: (device) => given.set(device.idstr, []),
    incoming: (_device, idx) => incoming.push(idx),
    write: (device, place, from, length) => {
      give(device, place);
      device.written(length - from);
    },
    loadConfig: (device, place) => {
      give(device, place);
      device.configLoaded();
    },
  });
  const next = channels.map(() => 0);
  for (let id = 0; id < settings.channels; id++) {
    destination.connect(id);
    next[id + 1] = 1;
  }
  const isReady = (channel: number): boolean =>
    (next[channel] ?? 0) < (channels[channel]?.length ?? 0) &&
    (channel === 0 ? destination.mainWait === undefined : !destination.channelWaits(channel - 1));
  for (;;) {
    const ready = channels.keys().filter(isReady).toArray();
    const channel = ready[random(ready.length)];
    if (channel === undefined) break;
    // Some of a channel at once, so that one gets far ahead of the others now and then.
    for (let count = 1 + random(random(8) + 1); count > 0 && isReady(channel); count--) {
      const record = channels[channel]?.[next[channel] ?? 0];
      next[channel] = (next[channel] ?? 0) + 1;
      if (record === undefined) break;
      if (channel === 0) destination.main(record, { channel, record });
      else destination.packet(channel - 1, record, { channel, record });
    }
  }
  assertEquals(destination.finish().kind, "ok");
  arrivals.add(incoming.join(","));
  return given;
}

/** Indices of buffers, and lengths of what came on the main channel. */
function orderOf(places: readonly Place[]): string {
  return places.map(({ channel, record }) =>
    channel === 0 ? `${record.length} bytes` : (record as MultifdDeviceStateRecord).idx
  ).join(",");
}

Deno.test({
  name: `${INTERLEAVINGS} interleavings of real captures give their devices the same bytes in the same order`,
  ignore,
  fn(): void {
    const arrivals = new Set<string>();
    for (const [name, gate] of NAMES) {
      const parsed = parse(name);
      const first = interleave(parsed, gate, 0, arrivals);
      for (const [idstr, places] of first) {
        const hash = createHash("sha256");
        // The config, which comes last, is not part of the digest.
        for (const { channel, record } of places.slice(0, -1)) hash.update(parsed.read(channel, record));
        assertEquals(hash.digest("hex"), parsed.digests[idstr]);
        const packets = parsed.channels.slice(1).flat().filter((record) =>
          record.kind === "multifd-device-state" && upToNul((record as MultifdDeviceStateRecord).idstr) === idstr
        );
        const indices = places.filter(({ channel }) => channel > 0);
        assertEquals(orderOf(indices), [...packets.keys()].join(","));
      }
      for (let seed = 1; seed < INTERLEAVINGS / NAMES.length; seed++) {
        const given = interleave(parsed, gate, seed, arrivals);
        assertEquals(given.size, first.size);
        for (const [idstr, places] of given) {
          const order = orderOf(places);
          if (order !== orderOf(first.get(idstr) ?? [])) throw new Error(`${name}, seed ${seed}: ${order}`);
        }
      }
    }
    // They did arrive in many different orders.
    assert(arrivals.size > INTERLEAVINGS / 50, `${arrivals.size} orders`);
  },
});
