import type { ReadChannel } from "../../capture/values.ts";
import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type ShortSectionRecord,
} from "../../stream/mod.ts";
import { upToNul } from "../../wire/mod.ts";
import type { Place } from "./place.ts";

/** Where the state of a device ends on one channel. */
export interface StateEnd {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Label of the channel. */
  readonly channel: string;
  /** After its last byte. */
  readonly place: Place;
  /** It is a VFIO device. */
  readonly isVfio: boolean;
}

/** Devices times channels that are kept: a hostile channel could name a new device in each packet. */
const END_LIMIT = 4096;

/** Finds where the state of the devices ends that was sent after the guest had stopped. */
export class LastStateTally {
  readonly #vfio = new Map<string, StateEnd>();
  #other: StateEnd | undefined;
  #section: LongSectionRecord | ShortSectionRecord | undefined;

  /** Looks at a record; `isStopped`: the main channel has come to where the guest is stopped. */
  add(record: BaseRecord, channel: ReadChannel, isStopped: boolean): void {
    switch (record.kind) {
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        this.#section = record as LongSectionRecord | ShortSectionRecord;
        return;
      case "device-state":
        if (this.#section !== undefined) this.#other = endOf(record, channel, this.#section, false);
        return;
      case "vfio-data":
      case "vfio-config":
        if (isStopped && this.#section !== undefined) this.#add(endOf(record, channel, this.#section, true));
        return;
      case "multifd-device-state": {
        const { idstr, instanceId } = record as MultifdDeviceStateRecord;
        this.#add(endOf(record, channel, { idstr: upToNul(idstr), instanceId }, true));
        return;
      }
    }
  }

  #add(end: StateEnd): void {
    if (!isVfioSection(end.idstr)) return;
    const key = `${end.place.connection} ${end.instanceId} ${end.idstr}`;
    if (this.#vfio.has(key) || this.#vfio.size < END_LIMIT) this.#vfio.set(key, end);
  }

  /** The ends of all VFIO devices on all channels; if there are none, that of the last device. */
  get ends(): readonly StateEnd[] {
    if (this.#vfio.size > 0) return [...this.#vfio.values()];
    return this.#other === undefined ? [] : [this.#other];
  }
}

function endOf(
  { offset, length }: BaseRecord,
  { label, channel: { index: connection, direction } }: ReadChannel,
  { idstr = "", instanceId = 0 }: { readonly idstr?: string; readonly instanceId?: number },
  isVfio: boolean,
): StateEnd {
  return { idstr, instanceId, channel: label, place: { connection, direction, offset: offset + length }, isVfio };
}
