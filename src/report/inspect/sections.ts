import type {
  BaseRecord,
  CommandRecord,
  DeviceStateRecord,
  LongSectionRecord,
  ShortSectionRecord,
} from "../../stream/mod.ts";
import { commandName } from "../../wire/mod.ts";
import type { MainSummary, SectionSummary } from "./model.ts";

type Growing<T> = { -readonly [K in keyof T]: T[K] };

interface Tally extends Growing<Omit<SectionSummary, "counts">> {
  counts: { start: number; part: number; end: number; full: number };
}

const COUNTED = {
  "section-start": "start",
  "section-part": "part",
  "section-end": "end",
  "section-full": "full",
} as const;

/** Sections and commands that are kept, each: real streams have hundreds, a hostile one could have millions. */
const LIMIT = 10_000;

/** Adds up the sections and commands of a main channel. */
export class SectionTally {
  readonly #sections = new Map<string, Tally>();
  readonly #commands: { name: string; count: number; offset: number }[] = [];
  /** The section that the records belong to. */
  #current: Tally | undefined;

  /** Counts a record. */
  add(record: BaseRecord): void {
    switch (record.kind) {
      case "section-start":
      case "section-full":
      case "section-part":
      case "section-end":
        this.#current = this.#enter(record as LongSectionRecord | ShortSectionRecord);
        break;
      case "command":
        this.#command(record as CommandRecord);
        return;
      case "eof":
      case "vm-description":
        this.#current = undefined;
        return;
      case "device-state":
        if (this.#current !== undefined) this.#current.extent = (record as DeviceStateRecord).extent;
        break;
    }
    if (this.#current === undefined) return;
    this.#current.bytes += record.length;
    if (record.kind === "section-footer") this.#current = undefined;
  }

  #enter(record: LongSectionRecord | ShortSectionRecord): Tally {
    const { sectionId, idstr = "?", instanceId = 0 } = record;
    const key = `${sectionId} ${instanceId} ${idstr}`;
    let tally = this.#sections.get(key);
    if (tally === undefined) {
      const versionId = "versionId" in record ? record.versionId : 0;
      const counts = { start: 0, part: 0, end: 0, full: 0 };
      tally = { sectionId, idstr, instanceId, versionId, counts, bytes: 0 };
      if (this.#sections.size < LIMIT) this.#sections.set(key, tally);
    }
    tally.counts[COUNTED[record.kind]]++;
    return tally;
  }

  #command(record: CommandRecord): void {
    this.#current = undefined;
    const value = record.value === undefined ? "" : ` ${record.value}`;
    const name = `${commandName(record.command)}${value}`;
    const last = this.#commands.at(-1);
    if (last?.name === name) last.count++;
    else if (this.#commands.length < LIMIT) this.#commands.push({ name, count: 1, offset: record.offset });
  }

  /** The result. */
  summary(): Pick<MainSummary, "sections" | "commands"> {
    return { sections: [...this.#sections.values()], commands: this.#commands };
  }
}
