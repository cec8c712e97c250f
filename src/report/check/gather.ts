import type { ReadChannel } from "../../capture/values.ts";
import type { BaseRecord, MultifdRamRecord, OpaqueRecord } from "../../stream/mod.ts";
import { MULTIFD_FLAG } from "../../wire/mod.ts";
import { DeviceGatherer } from "./gather_devices.ts";
import { MainGatherer } from "./gather_main.ts";
import type { ChannelFacts, DeviceFacts, MainFacts, Place } from "./facts.ts";

/** The place of a record. */
export function placeOf(record: BaseRecord, { label, channel }: ReadChannel): Place {
  return { channel: label, connection: channel.index, offset: record.offset, end: record.offset + record.length };
}

/** Gathers facts from the records of all channels. */
export class Gatherer {
  readonly #channels = new Map<ReadChannel, ChannelFacts>();
  readonly #main = new MainGatherer();
  readonly #devices = new DeviceGatherer();
  /** The first main channel. */
  #first: ReadChannel | undefined;

  /** Looks at a record. */
  add(record: BaseRecord, channel: ReadChannel): void {
    this.#count(record, this.of(channel));
    const { role } = channel.identity;
    const place = placeOf(record, channel);
    if (role === "main") this.#first ??= channel;
    // A second main channel is another migration.
    if (channel === this.#first || role === "recovery") this.#main.add(record, place);
    this.#devices.add(record, place);
  }

  /** The facts of a channel. */
  of(channel: ReadChannel): ChannelFacts {
    let facts = this.#channels.get(channel);
    if (facts === undefined) {
      facts = {
        channel,
        bytes: 0,
        opaque: 0,
        cut: 0,
        truncated: false,
        unread: [],
        syncs: [],
        pages: { normal: 0, zero: 0 },
      };
      this.#channels.set(channel, facts);
    }
    return facts;
  }

  /** What the main channel says. */
  get main(): MainFacts {
    return this.#main.facts;
  }

  /** VFIO devices, and what device-state packets name. */
  get devices(): DeviceFacts[] {
    return [...this.#devices.all];
  }

  #count(record: BaseRecord, facts: ChannelFacts): void {
    facts.bytes += record.length;
    switch (record.kind) {
      case "truncated":
        facts.cut += record.length;
        facts.truncated = true;
        break;
      case "opaque": {
        const { offset, length, reason } = record as OpaqueRecord;
        facts.opaque += length;
        facts.unread.push({ offset, length, reason });
        break;
      }
      case "tls-record":
        facts.opaque += record.length;
        break;
      case "multifd-ram":
      case "multifd-sync": {
        const { flags, offset, normalPages, zeroPages } = record as MultifdRamRecord;
        if ((flags & MULTIFD_FLAG.SYNC) !== 0) facts.syncs.push(offset);
        facts.pages.normal += normalPages;
        facts.pages.zero += zeroPages;
        break;
      }
    }
  }
}
