import type { ReadChannel } from "../../capture/values.ts";
import type {
  BaseRecord,
  LongSectionRecord,
  MultifdDeviceStateRecord,
  MultifdRamRecord,
  OpaqueRecord,
  RamPageRecord,
  ShortSectionRecord,
  TruncatedRecord,
} from "../../stream/mod.ts";
import { MULTIFD_FLAG, multifdCompression, upToNul } from "../../wire/mod.ts";
import type { ChannelSummary, CutSummary } from "./model.ts";

/** Adds up what a channel carries. */
export class ChannelTally {
  readonly #channel: ReadChannel;
  readonly #records = new Map<string, number>();
  readonly #compression = new Set<string>();
  #bytes = 0;
  #syncs = 0;
  #opaqueBytes = 0;
  #opaque: OpaqueRecord | undefined;
  #cut: TruncatedRecord | undefined;
  /** Last record that is whole. */
  #last: BaseRecord | undefined;
  /** Header of the section that the records belong to. */
  #section: LongSectionRecord | ShortSectionRecord | undefined;
  #eof = false;

  /** A tally of `channel`. */
  constructor(channel: ReadChannel) {
    this.#channel = channel;
  }

  /** Counts a record. */
  add(record: BaseRecord): void {
    this.#bytes += record.length;
    this.#records.set(record.kind, (this.#records.get(record.kind) ?? 0) + (runLength(record) ?? 1));
    switch (record.kind) {
      case "truncated":
        this.#cut = record as TruncatedRecord;
        return;
      case "opaque":
        this.#opaque ??= record as OpaqueRecord;
        this.#opaqueBytes += record.length;
        break;
      case "multifd-ram":
      case "multifd-sync":
        this.#packet(record as MultifdRamRecord);
        break;
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        this.#section = record as LongSectionRecord | ShortSectionRecord;
        break;
      case "eof":
        this.#eof = true;
        this.#section = undefined;
        break;
      case "section-footer":
      case "command":
        this.#section = undefined;
        break;
    }
    this.#last = record;
  }

  #packet(packet: MultifdRamRecord): void {
    if ((packet.flags & MULTIFD_FLAG.SYNC) !== 0) this.#syncs++;
    if (packet.normalPages === 0 && packet.zeroPages === 0) return;
    this.#compression.add(multifdCompression(packet.flags) ?? "several");
  }

  /** The result. */
  summary(): ChannelSummary {
    const { label, identity, channel, multifdId } = this.#channel;
    const opaque = this.#opaque;
    return {
      label,
      role: identity.role,
      reason: identity.reason,
      connection: channel.index,
      direction: channel.direction,
      ...(multifdId === undefined ? {} : { id: multifdId }),
      bytes: this.#bytes,
      records: Object.fromEntries(this.#records),
      syncs: this.#syncs,
      ...(this.#compression.size === 0 ? {} : { compression: [...this.#compression] }),
      ends: this.#ends(),
      ...(this.#cut === undefined ? {} : { cut: this.#where(this.#cut) }),
      opaqueBytes: this.#opaqueBytes,
      ...(opaque === undefined ? {} : { opaque: { offset: opaque.offset, reason: opaque.reason } }),
    };
  }

  #where({ offset, length, expected, missing, cut }: TruncatedRecord): CutSummary {
    const last = this.#last;
    const section = this.#section;
    const packet = cut?.kind === "multifd-device-state" ? cut as MultifdDeviceStateRecord : undefined;
    return {
      offset: offset + length,
      expected,
      came: length,
      missing,
      after: last === undefined ? null : lastWhole(last),
      // Between two sections the one before is over, also where there are no footers.
      ...(section === undefined || expected === "section type" ? {} : {
        section: {
          sectionId: section.sectionId,
          idstr: section.idstr ?? "",
          instanceId: section.instanceId ?? 0,
          kind: section.kind,
        },
      }),
      ...(packet === undefined ? {} : {
        device: {
          idstr: upToNul(packet.idstr),
          instanceId: packet.instanceId,
          ...(packet.idx === undefined ? {} : { buffer: packet.idx }),
        },
      }),
    };
  }

  #ends(): ChannelSummary["ends"] {
    if (this.#channel.identity.role === "tls") return "encrypted";
    if (this.#cut !== undefined) return "cut";
    // What follows EOF is no part of the migration: COLO messages, or what a file was filled up with.
    return this.#opaqueBytes > 0 && !this.#eof ? "not understood" : "whole";
  }
}

/** Pages in a run of pages; undefined for other records. */
function runLength(record: BaseRecord): number | undefined {
  return record.kind === "ram-page" || record.kind === "ram-zero" ? (record as RamPageRecord).count : undefined;
}

function lastWhole(record: BaseRecord): NonNullable<CutSummary["after"]> {
  const { kind, offset, length } = record;
  const count = runLength(record);
  return { kind, offset, length, ...(count === undefined ? {} : { count }) };
}
