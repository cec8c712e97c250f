import { isVfioSection } from "../../stream/mod.ts";
import { expectationFor } from "../../capture/values.ts";
import { nameOf } from "./device_name.ts";
import type { DeviceFacts, DevicePacket, Facts } from "./facts.ts";
import { sectionKey } from "./gather_main.ts";
import { error, type ProblemDraft, warning } from "./problem.ts";

/** QEMU takes 24 bytes of memory for each index up to the highest: from here on it may have none (B.7, row 38). */
const SLOT_LIMIT = 2 ** 20;

/**
 * Device-state packets: for sections that take them, numbered 0 to k without gap or repetition, the last of them the
 * only config (multifd.md §5, destination-engine.md B.7).
 */
export function* devicePacketRule(facts: Facts): Generator<ProblemDraft> {
  for (const device of facts.devices) {
    const [first] = device.packets;
    if (first === undefined) continue;
    yield* takesBuffers(facts, device, first);
    if (!isVfioSection(device.idstr)) continue;
    yield* numbering(facts, device);
    // Where something was cut off or left out, what is missing may have been in it.
    if (facts.whole) yield* missing(device);
  }
}

/** multifd.md §5.4, checks 8 and 9. Only sections of VFIO devices take buffers. */
function* takesBuffers(
  { main, whole }: Facts,
  { idstr, instanceId }: DeviceFacts,
  first: DevicePacket,
): Generator<ProblemDraft> {
  const isAnnounced = main.announced.has(sectionKey(idstr, instanceId));
  const place = { channel: first.channel, offset: first.offset, field: "idstr" };
  if (!isVfioSection(idstr) && (isAnnounced || !whole)) {
    yield error({
      ...place,
      code: "no-loader",
      message: `idstr is "${idstr}", a section that takes no state buffers`,
      qemu: `idstr ${idstr} / instance ${instanceId} has no load state buffer operation`,
    });
  } else if (!isAnnounced && whole) {
    yield error({
      ...place,
      code: "unknown-section",
      message: `idstr is "${idstr}", instance ${instanceId}: the main channel has no such section`,
      qemu: `Unknown idstr ${idstr} or instance id ${instanceId} for load state buffer`,
    });
  }
}

function* numbering({ expectations }: Facts, device: DeviceFacts): Generator<ProblemDraft> {
  const name = nameOf(device, expectationFor(expectations, device.idstr));
  const seen = new Set<number>();
  let config: DevicePacket | undefined;
  for (const packet of device.packets) {
    const { idx, channel, offset } = packet;
    const place = { channel, offset, field: "idx" };
    if (seen.has(idx)) {
      yield error({
        ...place,
        code: "duplicate-idx",
        message: `"${device.idstr}" has buffer ${idx} twice`,
        qemu: `${name}: state buffer ${idx} already filled`,
      });
      continue;
    }
    seen.add(idx);
    if (idx >= SLOT_LIMIT) {
      yield error({
        ...place,
        code: "allocation",
        message: `buffer ${idx} of "${device.idstr}": a destination needs ${(idx + 1) * 24} bytes for its list alone`,
        qemu: "aborts if it has not that much memory",
      });
    }
    if (!packet.isConfig) continue;
    if (config !== undefined) {
      yield error({
        ...place,
        code: "second-config",
        message: `"${device.idstr}" has two configs, buffers ${config.idx} and ${idx}`,
        qemu: "writes the one to the device as data, or drops what is behind it: state is lost without a word",
      });
    }
    config = packet;
  }
  if (config === undefined) return;
  for (const { idx, channel, offset, isConfig } of device.packets) {
    if (isConfig || idx <= config.idx) continue;
    yield error({
      channel,
      offset,
      field: "idx",
      code: "buffers-after-config",
      message: `buffer ${idx} of "${device.idstr}" is above its config, ${config.idx}, which must be the last`,
      qemu: "never loads it: state is lost without a word",
    });
    return;
  }
}

function* missing(device: DeviceFacts): Generator<ProblemDraft> {
  const { packets, idstr } = device;
  const last = packets.reduce((highest, packet) => packet.idx > highest.idx ? packet : highest);
  const config = packets.find(({ isConfig }) => isConfig);
  const indices = new Set(packets.map(({ idx }) => idx));
  const end = config?.idx ?? last.idx;
  let first = 0;
  while (indices.has(first)) first++;
  if (first < end) {
    yield error({
      code: "missing-idx",
      channel: last.channel,
      offset: last.end,
      message: `buffer ${first} of "${idstr}" is missing: those up to ${end} are there`,
      qemu: "waits for it for ever",
    });
  }
  if (config === undefined) {
    yield error({
      code: "no-config",
      channel: last.channel,
      offset: last.end,
      message: `"${idstr}" has ${packets.length} buffers, but no config, which must be the last`,
      qemu: "waits for it for ever",
    });
  }
}

/** Commands around device-state packets (destination-engine.md B.7, rows 17, 24 and 25). */
export function* switchoverStartRule({ main, devices, whole }: Facts): Generator<ProblemDraft> {
  const [first, second] = main.switchoverStarts;
  const packet = devices.find(({ packets }) => packets.length > 0)?.packets[0];
  if (packet === undefined) return;
  if (first === undefined && whole) {
    yield error({
      code: "no-switchover-start",
      channel: packet.channel,
      offset: packet.offset,
      message: "there are device-state packets, but no SWITCHOVER_START on the main channel: nothing loads them",
      qemu: "drops the buffers and says completed: the device's state is lost",
      hint: "set send-switchover-start of the source's migration on: machine types from 10.0 on have it",
    });
  }
  if (second !== undefined) {
    yield warning({
      code: "double-start",
      channel: second.channel,
      offset: second.offset,
      message: "a second SWITCHOVER_START",
      qemu: "aborts if a device is still being loaded, else loads its config once more",
    });
  }
}
