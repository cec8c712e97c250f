import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import fc from "fast-check";
import { DeviceLoader } from "./engine/mod.ts";
import { type QueuedPacket, worstCase } from "./suggest_limits.ts";

/** Packets 0..n-1, dealt to channels so that indices grow along each, as QEMU deals them. The last is the config. */
const dealt = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 7 }),
  channels: fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }),
  sync: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
}).map(({ sizes, channels, sync }): QueuedPacket[] => {
  const places = [0, 0, 0];
  return sizes.map((bytes, idx) => {
    const channel = channels[idx] ?? 0;
    const place = places[channel] ?? 0;
    places[channel] = place + 1;
    return { idx, bytes, channel, place, round: place >= (sync[channel] ?? 0) ? 1 : 0 };
  });
});

/** Every order in which the packets and SWITCHOVER_START can arrive: round 1 needs a barrier, which is behind the start. */
function* orders(
  packets: readonly QueuedPacket[],
  startRound: number,
): Generator<("start" | QueuedPacket)[]> {
  function* extend(done: ("start" | QueuedPacket)[], left: readonly QueuedPacket[]): Generator<typeof done> {
    const started = done.includes("start");
    if (left.length === 0 && started) yield done;
    if (!started) yield* extend([...done, "start"], left);
    const channels = new Set(left.map(({ channel }) => channel));
    for (const channel of channels) {
      const next = left.find((packet) => packet.channel === channel);
      if (next === undefined) continue;
      // A channel sleeps at its SYNC until the main channel, which is behind SWITCHOVER_START then, and all others came.
      const released = started && !left.some((packet) => packet.round < next.round);
      if (next.round > startRound && !released) continue;
      yield* extend([...done, next], left.filter((packet) => packet !== next));
    }
  }
  yield* extend([], [...packets].sort((a, b) => a.place - b.place));
}

function peaks(order: readonly ("start" | QueuedPacket)[], configIdx: number): { bytes: number; buffers: number } {
  const loader: DeviceLoader<null> = new DeviceLoader({ name: "" }, {
    write: (_idx, _data, from, length) => loader.written(length - from),
    loadConfig: () => loader.configLoaded(),
  });
  for (const event of order) {
    if (event === "start") loader.start();
    else loader.packet({ idx: event.idx, length: event.bytes, config: event.idx === configIdx, data: null });
  }
  assertEquals(loader.state, "done");
  const { peakBytes, peakBuffers } = loader.statistics;
  return { bytes: peakBytes, buffers: peakBuffers };
}

Deno.test("worstCase() is what the worst of all orders needs, and no order needs more", () => {
  fc.assert(
    fc.property(dealt, (packets) => {
      const bound = worstCase(packets, 0);
      let bytes = 0;
      let buffers = 0;
      let seen = 0;
      for (const order of orders(packets, 0)) {
        if (++seen > 3000) return;
        const peak = peaks(order, packets.length - 1);
        bytes = Math.max(bytes, peak.bytes);
        buffers = Math.max(buffers, peak.buffers);
      }
      assertGreaterOrEqual(bound.bytes, bytes);
      assertGreaterOrEqual(bound.buffers, buffers);
      assertEquals(bound, { bytes, buffers });
    }),
    { numRuns: 150, seed: 7 },
  );
});

Deno.test("worstCase() of no packets is nothing", () => {
  assertEquals(worstCase([], 3), { bytes: 0, buffers: 0 });
});

Deno.test("worstCase() of a million buffers is found in linear time", () => {
  const packets = Array.from(
    { length: 1_000_000 },
    (_, idx): QueuedPacket => ({ idx, bytes: 1, channel: idx % 4, place: idx, round: 0 }),
  );
  const { buffers } = worstCase(packets, -1);
  assert(buffers >= 750_000 && buffers <= 750_001);
});
