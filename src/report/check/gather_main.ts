import type {
  BaseRecord,
  CommandRecord,
  ConfigurationRecord,
  LongSectionRecord,
  RamBlockListRecord,
  RamMappedBlockRecord,
} from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import type { FullSection, MainFacts, Place } from "./facts.ts";

/** How sections and device-state packets name what they belong to. */
export function sectionKey(idstr: string, instanceId: number): string {
  return `${instanceId} ${idstr}`;
}

/** Gathers what the main channel says. */
export class MainGatherer {
  /** What it said so far. */
  readonly facts: MainFacts = {
    capabilities: new Set(),
    blocks: new Map(),
    announced: new Map(),
    full: [],
    switchoverStarts: [],
    flushes: 0,
    ramEnds: 0,
  };
  /** The FULL section that goes on. */
  #full: FullSection | undefined;
  #postcopy = false;

  /** Looks at a record of a main or recovery channel. */
  add(record: BaseRecord, place: Place): void {
    switch (record.kind) {
      case "configuration":
        return this.#configuration(record as ConfigurationRecord, place);
      case "section-start":
      case "section-full":
        return this.#announce(record as LongSectionRecord, place);
      case "section-part":
      case "section-end":
      case "section-footer":
        return this.#endFull(place);
      case "command":
        this.#endFull(place);
        return this.#command(record as CommandRecord, place);
      case "eof":
        this.#endFull(place);
        this.facts.eof = place;
        return;
      case "ram-block-list":
        for (const block of (record as RamBlockListRecord).blocks) {
          this.facts.blocks.set(block.block, { ...block, ...place });
        }
        return;
      case "ram-mapped-block": {
        const block = record as RamMappedBlockRecord;
        this.facts.blocks.set(block.block, { ...block, ...place });
        return;
      }
      case "ram-multifd-flush":
        this.facts.flushes++;
        return;
      case "ram-eos":
        if (!this.#postcopy) this.facts.ramEnds++;
        return;
      case "truncated":
      case "opaque":
        this.#full = undefined;
    }
  }

  #configuration({ machine, subsections }: ConfigurationRecord, place: Place): void {
    this.facts.machine = { name: machine, ...place };
    for (const { uuid, capabilities } of subsections) {
      if (uuid !== undefined) this.facts.uuid = { bytes: uuid, ...place };
      for (const { name } of capabilities?.names ?? []) this.facts.capabilities.add(name);
    }
  }

  #announce({ kind, idstr, instanceId }: LongSectionRecord, place: Place): void {
    this.#endFull(place);
    const key = sectionKey(idstr, instanceId);
    if (!this.facts.announced.has(key)) this.facts.announced.set(key, place);
    if (kind !== "section-full") return;
    const { channel, offset, end: start } = place;
    this.#full = { idstr, instanceId, channel, offset, start };
    this.facts.full.push(this.#full);
  }

  /** What follows a FULL section tells where its body ends. */
  #endFull({ offset }: Place): void {
    if (this.#full !== undefined) this.#full.end = offset;
    this.#full = undefined;
  }

  #command({ command, payloadLength }: CommandRecord, place: Place): void {
    const { facts } = this;
    switch (command) {
      case MIG_CMD.OPEN_RETURN_PATH:
        facts.returnPath ??= place;
        break;
      case MIG_CMD.SWITCHOVER_START:
        facts.switchoverStarts.push(place);
        break;
      case MIG_CMD.POSTCOPY_ADVISE:
        facts.advise ??= { forRam: payloadLength > 0, ...place };
        break;
      case MIG_CMD.POSTCOPY_LISTEN:
        this.#postcopy = true;
        break;
    }
  }
}
