import { assertEquals } from "@std/assert";
import type { LoadEvent } from "../../load/mod.ts";
import { DeviceTracks } from "./device_tracks.ts";
import { GrowingAxis } from "./growing_axis.ts";

const DEVICE = "a/vfio";

function tracksOf(events: readonly Omit<LoadEvent, "device">[], counts = false): DeviceTracks {
  const tracks = new DeviceTracks([new GrowingAxis("time", 0, 40, 4), new GrowingAxis("time", 20, 40, 2)], counts);
  for (const event of events) tracks.take({ ...event, device: DEVICE });
  tracks.finish([40, 40]);
  return tracks;
}

Deno.test("DeviceTracks follows what a device does, and its queue", () => {
  const tracks = tracksOf([
    { kind: "starved", idx: 0, time: 0 },
    { kind: "incoming", idx: 1, bytes: 100, time: 5 },
    { kind: "incoming", idx: 0, bytes: 10, time: 10 },
    { kind: "loading", idx: 0, time: 10 },
    { kind: "loaded", idx: 0, time: 25 },
    { kind: "loading", idx: 1, time: 25 },
    { kind: "loaded", idx: 1, time: 30 },
    { kind: "gated", time: 30 },
  ]);
  assertEquals(tracks.of(DEVICE, 0), {
    arrivedBuffers: [1, 1, 0, 0],
    arrivedBytes: [100, 10, 0, 0],
    loadedBuffers: [0, 0, 1, 1],
    loading: [0, 10, 10, 0],
    starving: [10, 0, 0, 0],
    gated: [0, 0, 0, 10],
    queuedBuffers: [1, 2, 2, 1],
    queuedBytes: [100, 110, 110, 100],
  });
  // The second axis begins later: what was queued before is seen, what arrived before is not.
  assertEquals(tracks.of(DEVICE, 1), {
    arrivedBuffers: [0, 0],
    arrivedBytes: [0, 0],
    loadedBuffers: [1, 1],
    loading: [10, 0],
    starving: [0, 0],
    gated: [0, 10],
    queuedBuffers: [2, 1],
    queuedBytes: [110, 100],
  });
  assertEquals([tracks.of(DEVICE, 2)?.loading, tracks.of("b/vfio", 0)], [[], undefined]);
});

Deno.test("DeviceTracks counts a buffer that came twice, or too late, as arrived only", () => {
  const lists = tracksOf([
    { kind: "incoming", idx: 0, bytes: 10, time: 1 },
    { kind: "incoming", idx: 0, bytes: 10, time: 2 },
    { kind: "loading", idx: 0, time: 3 },
    { kind: "loaded", idx: 0, time: 3 },
    { kind: "incoming", idx: 0, bytes: 10, time: 35 },
  ]).of(DEVICE, 0);
  assertEquals(lists?.arrivedBuffers, [2, 0, 0, 1]);
  assertEquals(lists?.queuedBuffers, [1, 0, 0, 0]);
});

Deno.test("DeviceTracks leaves out what went to the device past its queue", () => {
  const lists = tracksOf([
    { kind: "state", state: "RESUMING", time: 0 },
    { kind: "loading", idx: 0, time: 1 },
    { kind: "loading", time: 20 },
  ]).of(DEVICE, 0);
  assertEquals(lists?.loading, [0, 0, 0, 0]);
});

Deno.test("DeviceTracks can count steps instead of time", () => {
  const tracks = new DeviceTracks([new GrowingAxis("steps", 0, 4, 4)], true);
  for (let idx = 0; idx < 3; idx++) tracks.take({ kind: "incoming", idx, bytes: 1, time: 0, device: DEVICE });
  tracks.finish([0]);
  assertEquals(tracks.of(DEVICE, 0)?.queuedBuffers, [1, 2, 3, 3]);
});
