import { groupBy } from "../../bytes/mod.ts";
import { arrivalTimes, type CaptureEvent } from "../../capture/values.ts";
import {
  type DeviceExpectation,
  expectationFor,
  isAtLeast,
  type Known,
  parseQemuVersion,
} from "../../capture/values.ts";
import type { DeviceFacts, DevicePacket, Facts, Place } from "./facts.ts";
import { nameOf } from "./device_name.ts";
import { error, type ProblemDraft, warning } from "./problem.ts";
import { firstRefused, queuePeaks } from "./queue_peaks.ts";

/**
 * What a destination may queue for a device at most, `x-migration-max-queued-buffers-size` (destination-engine.md B.5).
 * Whether a limit between the two peaks is kept depends on how fast the device is.
 */
export function* sizeLimitRule(facts: Facts): Generator<ProblemDraft> {
  const { qemu } = facts.expectations;
  const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
  if (version !== undefined && !isAtLeast(version, 10, 1)) return;
  for (const device of facts.devices) {
    const expectation = expectationFor(facts.expectations, device.idstr);
    const limit = expectation?.maxQueuedSize;
    if (limit !== undefined && device.packets.length > 0) yield* judge(facts, device, expectation, limit);
  }
}

function* judge(
  facts: Facts,
  device: DeviceFacts,
  expectation: DeviceExpectation | undefined,
  limit: Known<number>,
): Generator<ProblemDraft> {
  const { events, recorded } = arrivals(facts, device.packets);
  const { least, most } = queuePeaks(events);
  const alwaysFails = least > limit.value;
  const place = firstRefused(events, limit.value, alwaysFails);
  if (place === undefined) return;
  const order = recorded ? "the recorded order" : "the most favourable order";
  const problem = {
    code: "size-limit",
    channel: place.channel,
    offset: place.offset,
    qemu: `${
      nameOf(device, expectation)
    }: queuing state buffer ${place.idx} would exceed the size max of ${limit.value}`,
    hint: `allow at least ${most} bytes: x-migration-max-queued-buffers-size=${most}`,
    expected: limit,
    lost: "a buffer that does not fit is refused",
  };
  const name = `"${device.idstr}"`;
  if (alwaysFails) {
    yield error({
      ...problem,
      message: `the buffers of ${name} need a queue of at least ${least} bytes in ${order}, allowed are ${limit.value}`,
    });
    return;
  }
  const message = `the buffers of ${name} need a queue of ${least} to ${most} bytes in ${order}, allowed are ` +
    `${limit.value}: whether they fit depends on how fast the device takes them`;
  const { source, destination } = facts.capture.manifest?.outcome ?? {};
  const failed = limit.origin === "capture" &&
    [source, destination].some((end) => end !== undefined && end !== "completed");
  yield failed
    ? error({ ...problem, message: `${message}; the recorded destination failed` })
    : warning({ ...problem, message });
}

type Arrival = DevicePacket | "start";

/** SWITCHOVER_START and the packets: as they were recorded, else the most favourable order that the channels allow. */
function arrivals(facts: Facts, packets: readonly DevicePacket[]): { events: Arrival[]; recorded: boolean } {
  const start = facts.main.switchoverStarts[0];
  const { events } = facts.capture;
  const recorded = events === undefined ? undefined : inRecordedOrder(events, start, packets);
  if (recorded !== undefined) return { events: recorded, recorded: true };
  const favourable = inFavourableOrder(packets);
  return { events: start === undefined ? favourable : ["start", ...favourable], recorded: false };
}

function inRecordedOrder(
  events: Iterable<CaptureEvent>,
  start: Place | undefined,
  packets: readonly DevicePacket[],
): Arrival[] | undefined {
  const places: { readonly place: Place; readonly event: Arrival }[] = packets.map((packet) => ({
    place: packet,
    event: packet,
  }));
  if (start !== undefined) places.push({ place: start, event: "start" });
  const times = arrivalTimes(
    events,
    places.map(({ place }) => ({ channel: place.connection, direction: "s2d" as const, offset: place.end })),
  );
  const timed = places.flatMap((entry, i) => {
    const time = times[i];
    return time === undefined ? [] : [{ ...entry, time }];
  });
  if (timed.length < places.length) return undefined;
  // What arrived at the same moment: in its order on one channel, else the lower index first.
  const index = (event: Arrival): number => event === "start" ? -1 : event.idx;
  timed.sort((a, b) =>
    a.time - b.time ||
    (a.place.connection === b.place.connection ? a.place.end - b.place.end : index(a.event) - index(b.event))
  );
  return timed.map(({ event }) => event);
}

/** destination-engine.md B.9: the lowest index first, each channel's order kept. */
function inFavourableOrder(packets: readonly DevicePacket[]): DevicePacket[] {
  const queues = [...groupBy(packets, ({ connection }) => connection).values()].map((list) => ({ list, at: 0 }));
  const order: DevicePacket[] = [];
  for (;;) {
    let best: { queue: { at: number }; packet: DevicePacket } | undefined;
    for (const queue of queues) {
      const packet = queue.list[queue.at];
      if (packet !== undefined && (best === undefined || packet.idx < best.packet.idx)) best = { queue, packet };
    }
    if (best === undefined) return order;
    order.push(best.packet);
    best.queue.at++;
  }
}
