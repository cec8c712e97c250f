import type { BaseRecord, MultifdInitRecord, MultifdRamRecord } from "../stream/mod.ts";
import { MULTIFD_FLAG } from "../wire/mod.ts";
import { type Item, itemOf, type ItemOptions } from "./item.ts";
import type { Interval, Lane } from "./lane.ts";

/** Takes the records of one multifd channel in their order, and makes a {@linkcode Lane} of them. */
export class LaneCollector {
  readonly #options: ItemOptions;
  readonly #intervals: Interval[] = [];
  #init: Item | undefined;
  #id = -1;
  #packets: Item[] = [];

  /** A collector for one channel. */
  constructor(options: ItemOptions) {
    this.#options = options;
  }

  /** Takes the next record. */
  add(record: BaseRecord): void {
    const item = itemOf(record, this.#options);
    if (this.#init === undefined) {
      this.#init = item;
      if (record.kind === "multifd-init") this.#id = (record as MultifdInitRecord).id;
    } else if (isSync(record)) {
      this.#intervals.push({ packets: this.#packets, sync: item });
      this.#packets = [];
    } else this.#packets.push(item);
  }

  /**
   * The channel. Where it ends within its initial packet, what is there of that is `init`, and `id` is -1. Throws
   * `TypeError` if there was no record.
   */
  finish(): Lane {
    if (this.#init === undefined) throw new TypeError("Cannot make a lane of a channel without any record");
    return { id: this.#id, init: this.#init, intervals: [...this.#intervals, { packets: this.#packets }] };
  }
}

/**
 * A multifd channel as a {@linkcode Lane}. Its items hold no contents: they say where in `options.source` the records
 * stand. What is cut off or not understood is a packet like others, to be sent as it is.
 *
 * @param records All records of the channel, in their order.
 * @throws {TypeError} If there is none.
 */
export function collectLane(records: Iterable<BaseRecord>, options: ItemOptions): Lane {
  const collector = new LaneCollector(options);
  for (const record of records) collector.add(record);
  return collector.finish();
}

/** Whether the channel waits behind the record. The SYNC of QEMU up to 8.2 may be on a packet with pages (multifd.md §4.3). */
function isSync(record: BaseRecord): boolean {
  if (record.kind === "multifd-sync") return true;
  return record.kind === "multifd-ram" && ((record as MultifdRamRecord).flags & MULTIFD_FLAG.SYNC) !== 0;
}
