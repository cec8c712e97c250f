import {
  type BaseRecord,
  type CommandRecord,
  type ConfigurationRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type MultifdInitRecord,
  type MultifdRamRecord,
  type RamBlockListRecord,
  type ShortSectionRecord,
} from "../stream/mod.ts";
import {
  formatUuid,
  MIG_CMD,
  type MultifdCompression,
  multifdCompression,
  upToNul,
  VFIO_PACKET_HEADER_SIZE,
} from "../wire/mod.ts";
import type { NeededDevice, StreamNeeds } from "./needs.ts";

/** Devices that are kept: a hostile channel could name a new one in each packet. */
const DEVICE_LIMIT = 4096;

/** QEMU's page list stops nowhere, but no machine has so many blocks. */
const BLOCK_LIMIT = 65536;

type Draft = { -readonly [name in keyof NeededDevice]: NeededDevice[name] };

/** Finds out what a stream asks of its destination, while its records pass by. */
export class NeedsGatherer {
  readonly #capabilities = new Set<string>();
  readonly #blocks = new Map<string, number>();
  readonly #devices = new Map<string, Draft>();
  #machine: string | undefined;
  #uuid: string | undefined;
  #channels = 0;
  #compression: MultifdCompression = "none";
  #returnPath = false;
  #switchoverStart = false;
  #whole = false;
  /** The VFIO device whose section the main channel is in, after the guest has stopped or before. */
  #device: Draft | undefined;

  /** Looks at the next record of a main or recovery channel. */
  main(record: BaseRecord): void {
    switch (record.kind) {
      case "configuration":
        return this.#configuration(record as ConfigurationRecord);
      case "ram-block-list":
        for (const { block, usedLength } of (record as RamBlockListRecord).blocks) {
          if (this.#blocks.size < BLOCK_LIMIT) this.#blocks.set(block, usedLength);
        }
        return;
      case "command":
        return this.#command(record as CommandRecord);
      case "section-start":
      case "section-full":
      case "section-part":
      case "section-end":
        return this.#section(record as LongSectionRecord | ShortSectionRecord);
      case "section-footer":
        this.#device = undefined;
        return;
      case "ram-mapped-block":
        this.#capabilities.add("mapped-ram");
        return;
      case "vfio-data":
      case "vfio-config":
        if (this.#device !== undefined) this.#device.state ??= "main";
        return;
      case "vfio-init-data-sent":
        this.#capabilities.add("switchover-ack");
        return;
      case "vfio-config-load-ready":
        if (this.#device !== undefined) this.#device.configAfterIter = true;
        return;
      case "eof":
        this.#whole = true;
        return;
      case "truncated":
        // Behind the EOF byte, too: the target waits for the rest of the VM description.
        this.#whole = false;
    }
  }

  /** Looks at the next record of a multifd channel. */
  multifd(record: BaseRecord): void {
    if (record.kind === "multifd-init") {
      const { uuid } = record as MultifdInitRecord;
      this.#channels++;
      this.#capabilities.add("multifd");
      if (uuid.some((byte) => byte !== 0)) this.#uuid ??= formatUuid(uuid);
    } else if (record.kind === "multifd-ram") {
      const method = multifdCompression((record as MultifdRamRecord).flags);
      if (method !== undefined && method !== "none") this.#compression = method;
    } else if (record.kind === "multifd-device-state") this.#packet(record as MultifdDeviceStateRecord);
  }

  /** There is a preempt channel. */
  preempt(): void {
    this.#capabilities.add("postcopy-preempt");
  }

  /** What was found. */
  get needs(): StreamNeeds {
    return {
      ...(this.#machine === undefined ? {} : { machine: this.#machine }),
      ...(this.#uuid === undefined ? {} : { uuid: this.#uuid }),
      blocks: [...this.#blocks].map(([name, usedLength]) => ({ name, usedLength })),
      multifdChannels: this.#channels,
      compression: this.#compression,
      capabilities: [...this.#capabilities],
      returnPath: this.#returnPath,
      switchoverStart: this.#switchoverStart,
      devices: [...this.#devices.values()],
      whole: this.#whole,
    };
  }

  #configuration({ machine, subsections }: ConfigurationRecord): void {
    this.#machine ??= machine;
    for (const { uuid, capabilities } of subsections) {
      if (uuid !== undefined) {
        this.#uuid = formatUuid(uuid);
        this.#capabilities.add("validate-uuid");
      }
      for (const { name } of capabilities?.names ?? []) this.#capabilities.add(name);
    }
  }

  #command({ command, payloadLength }: CommandRecord): void {
    if (command === MIG_CMD.OPEN_RETURN_PATH) this.#returnPath = true;
    if (command === MIG_CMD.SWITCHOVER_START) this.#switchoverStart = true;
    // Without a payload it is for dirty bitmaps alone (main-channel.md §3.8).
    if (command === MIG_CMD.POSTCOPY_ADVISE && payloadLength > 0) this.#capabilities.add("postcopy-ram");
  }

  #section({ idstr = "", instanceId = 0, kind }: LongSectionRecord | ShortSectionRecord): void {
    if (kind === "section-start" && idstr === "dirty-bitmap") this.#capabilities.add("dirty-bitmaps");
    this.#device = isVfioSection(idstr) ? this.#deviceOf(idstr, instanceId) : undefined;
  }

  #packet({ idstr, instanceId, nextPacketSize }: MultifdDeviceStateRecord): void {
    const device = this.#deviceOf(upToNul(idstr), instanceId);
    if (device === undefined) return;
    device.state = "multifd";
    device.queuedBytes += Math.max(0, nextPacketSize - VFIO_PACKET_HEADER_SIZE);
  }

  #deviceOf(idstr: string, instanceId: number): Draft | undefined {
    const key = `${instanceId} ${idstr}`;
    const known = this.#devices.get(key);
    if (known !== undefined || this.#devices.size >= DEVICE_LIMIT) return known;
    const device: Draft = { idstr, instanceId, configAfterIter: false, queuedBytes: 0 };
    this.#devices.set(key, device);
    return device;
  }
}
