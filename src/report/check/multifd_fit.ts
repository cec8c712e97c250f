import type { ReadChannel } from "../../capture/values.ts";
import type { BaseRecord, MultifdInitRecord, MultifdRamRecord } from "../../stream/mod.ts";
import {
  type Finding,
  MULTIFD_COMPRESSION_MASK,
  type MultifdCompression,
  multifdCompression,
  type MultifdContext,
  multifdInit,
  type MultifdRamHeader,
  multifdRamHeader,
  type RamBlockEntry,
  type Struct,
} from "../../wire/mod.ts";
import type { Expectations, Known } from "../../capture/values.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** Findings that only whoever knows the destination, or the main channel, can make. */
const FIT_CODES: readonly string[] = ["uuid", "channel-id", "block", "offset", "compression"];

/**
 * Judges the packets of multifd channels by what the main channel and the destination say: the reader of a channel
 * alone does not know that (multifd.md §2, §4.2).
 */
export class MultifdFit {
  readonly #expectations: Expectations;
  readonly #blocks: ReadonlyMap<string, RamBlockEntry>;
  readonly #judgesIds: boolean;
  readonly #layouts = new Map<number, Struct<MultifdRamHeader>>();
  /** What was said already: once for each channel and code is enough for what all packets have. */
  readonly #said = new Set<string>();
  /** Method of the first packet with pages, and its channel. */
  #method: { readonly name: MultifdCompression; readonly channel: string } | undefined;
  #context: MultifdContext | undefined;

  /**
   * Judges by `expectations`.
   *
   * @param blocks The RAM blocks that the main channel names; filled before the multifd channels are read.
   * @param judgesIds Whether an id must be below the destination's number of channels.
   */
  constructor(expectations: Expectations, blocks: ReadonlyMap<string, RamBlockEntry>, judgesIds: boolean) {
    this.#expectations = expectations;
    this.#blocks = blocks;
    this.#judgesIds = judgesIds;
  }

  /** Judges a record. */
  add(record: BaseRecord, channel: ReadChannel): ProblemDraft[] {
    if (record.kind === "multifd-init") {
      const layout = multifdInit(this.#known());
      return this.#fit(layout, record as MultifdInitRecord, channel.label);
    }
    if (record.kind !== "multifd-ram") return [];
    const packet = record as MultifdRamRecord;
    if (packet.normalPages === 0 && packet.zeroPages === 0) return [];
    const id = channel.multifdId ?? 0;
    return [
      ...this.#mixed(packet, channel.label),
      ...this.#fit(this.#layout(packet.pageSize, id), packet, channel.label),
    ];
  }

  /** The blocks are complete when the first multifd channel is read. */
  #known(): MultifdContext {
    const { qemu, uuid, multifdChannels, multifdCompression } = this.#expectations;
    return this.#context ??= {
      ...(qemu === undefined ? {} : { qemu: qemu.value }),
      ...(uuid === undefined ? {} : { uuid: uuid.value }),
      ...(multifdChannels === undefined || !this.#judgesIds ? {} : { channels: multifdChannels.value }),
      ...(multifdCompression === undefined ? {} : { compression: multifdCompression.value }),
      ...(this.#blocks.size === 0
        ? {}
        : { blocks: new Map([...this.#blocks].map(([name, { usedLength }]) => [name, usedLength])) }),
    };
  }

  #layout(pageSize: number, id: number): Struct<MultifdRamHeader> {
    const key = pageSize * 256 + id;
    let layout = this.#layouts.get(key);
    if (layout === undefined) this.#layouts.set(key, layout = multifdRamHeader(pageSize, this.#known(), id));
    return layout;
  }

  /** Reads the header again, now with all that is known. */
  #fit<T extends object>(layout: Struct<T>, record: BaseRecord & T, channel: string): ProblemDraft[] {
    const problems: ProblemDraft[] = [];
    layout.decode(layout.encode(record), (finding) => {
      if (!FIT_CODES.includes(finding.code) || finding.severity !== "error") return;
      // Bits that name several methods the channel's own reader has told.
      if (finding.code === "compression" && multifdCompression(flagsOf(record)) === undefined) return;
      const expected = this.#expected(finding);
      if (expected !== undefined && this.#saidBefore(channel, finding.code)) return;
      problems.push({
        ...finding,
        channel,
        offset: record.offset + finding.offset,
        ...explain(finding.code),
        expected,
      });
    });
    return problems;
  }

  #expected({ code }: Finding): Known<unknown> | undefined {
    const { uuid, multifdChannels, multifdCompression } = this.#expectations;
    if (code === "uuid") return uuid;
    if (code === "channel-id") return multifdChannels;
    return code === "compression" ? multifdCompression : undefined;
  }

  /** A destination expects one method on all channels; which, only it knows. */
  #mixed({ flags, offset }: MultifdRamRecord, channel: string): ProblemDraft[] {
    const name = multifdCompression(flags);
    if (name === undefined || this.#expectations.multifdCompression !== undefined) return [];
    const first = this.#method ??= { name, channel };
    if (first.name === name || this.#saidBefore(channel, "compression")) return [];
    const bits = (flags & MULTIFD_COMPRESSION_MASK).toString(16);
    return [error({
      code: "compression",
      channel,
      offset: offset + 8,
      field: "flags",
      message: `flags has compression bits 0x${bits} (${name}), but ${first.channel} begins with ${first.name}`,
      qemu: "multifd: flags received differ from the flags expected",
    })];
  }

  #saidBefore(channel: string, code: string): boolean {
    const key = `${code} ${channel}`;
    const before = this.#said.has(key);
    this.#said.add(key);
    return before;
  }
}

function flagsOf(record: object): number {
  return "flags" in record && typeof record.flags === "number" ? record.flags : 0;
}

/** What to do, and what is lost where nobody noticed. */
function explain(code: string): Pick<ProblemDraft, "hint" | "lost"> {
  switch (code) {
    case "compression":
      return {
        hint: "set the same multifd-compression on both sides",
        lost: "the pages of these packets cannot have been loaded",
      };
    case "uuid":
      return { hint: "start the destination with the source's -uuid", lost: "the destination was another machine" };
    case "channel-id":
      return {
        hint: "set the same multifd-channels on both sides",
        lost: "what this channel carried may be lost",
      };
  }
  return {};
}
