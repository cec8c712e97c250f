import { type Capture, readCapture } from "../../capture/values.ts";
import { type BarrierStyle, type LoadResult, type QueuedPacket, worstCase } from "../../load/mod.ts";
import {
  type BaseRecord,
  type CommandRecord,
  isVfioSection,
  type MultifdDeviceStateRecord,
  type MultifdRamRecord,
} from "../../stream/mod.ts";
import { MIG_CMD, MULTIFD_FLAG, upToNul, VFIO_PACKET_HEADER_SIZE } from "../../wire/mod.ts";
import type { DeviceLimits } from "./model.ts";

/** The packets of each device, with the SYNCs before them; and the barriers before SWITCHOVER_START. */
class Packets {
  readonly devices = new Map<string, { idstr: string; instanceId: number; packets: QueuedPacket[] }>();
  readonly #rounds = new Map<number, number>();
  /** Barriers before SWITCHOVER_START; all of them where it does not come. */
  startRound = 0;
  #started = false;
  readonly #barriers: BarrierStyle;

  constructor(barriers: BarrierStyle) {
    this.#barriers = barriers;
  }

  add(record: BaseRecord, channel: number): void {
    switch (record.kind) {
      case "ram-multifd-flush":
        return this.#barrier();
      case "ram-eos":
        if (this.#barriers === "section") this.#barrier();
        return;
      case "command":
        this.#started ||= (record as CommandRecord).command === MIG_CMD.SWITCHOVER_START;
        return;
      case "multifd-ram":
      case "multifd-sync":
        if (((record as MultifdRamRecord).flags & MULTIFD_FLAG.SYNC) !== 0) {
          this.#rounds.set(channel, (this.#rounds.get(channel) ?? 0) + 1);
        }
        return;
      case "multifd-device-state":
        return this.#packet(record as MultifdDeviceStateRecord, channel);
    }
  }

  #barrier(): void {
    if (!this.#started) this.startRound++;
  }

  #packet({ idstr: text, instanceId, idx, nextPacketSize, offset }: MultifdDeviceStateRecord, channel: number): void {
    const idstr = upToNul(text);
    if (idx === undefined || !isVfioSection(idstr)) return;
    const key = `${instanceId} ${idstr}`;
    const device = this.devices.get(key) ?? { idstr, instanceId, packets: [] };
    this.devices.set(key, device);
    device.packets.push({
      idx,
      bytes: nextPacketSize - VFIO_PACKET_HEADER_SIZE,
      channel,
      place: offset,
      round: this.#rounds.get(channel) ?? 0,
    });
  }
}

/**
 * The smallest limits that a capture survives: in the order of a load that was made without limits, in the worst order
 * that its channels allow, and in any order with devices of any speed.
 *
 * @param capture The capture that was loaded.
 * @param result What its load without limits gave.
 * @param barriers Where the destination's main channel waits.
 */
export function suggestLimits(capture: Capture, result: LoadResult, barriers: BarrierStyle): DeviceLimits[] {
  const found = new Packets(barriers);
  readCapture(capture, (record, { channel, multifdId }) => found.add(record, multifdId ?? -1 - channel.index));
  return [...found.devices.values()].map(({ idstr, instanceId, packets }) => {
    const device = result.devices.find((one) => one.idstr === idstr && one.instanceId === instanceId);
    const queue = device?.queue ?? null;
    return {
      idstr,
      instanceId,
      thisOrder: queue === null ? null : { bytes: queue.peakBytes, buffers: queue.peakBuffers },
      worstOrder: worstCase(packets, found.startRound),
      always: { bytes: packets.reduce((total, { bytes }) => total + bytes, 0), buffers: packets.length },
    };
  });
}
