import type {
  BaseRecord,
  CommandRecord,
  LongSectionRecord,
  MultifdDeviceStateRecord,
  ShortSectionRecord,
} from "../../stream/mod.ts";
import { upToNul } from "../../wire/mod.ts";
import type { RecordSection } from "./line.ts";

/** Where a record stands. */
export interface Scope {
  /** The section it is a part of, header and footer included. */
  readonly section: RecordSection | undefined;
  /** 1 inside of a package, otherwise 0. */
  readonly depth: number;
}

/** Records that are no part of a section, whatever came before. */
const OUTSIDE: ReadonlySet<string> = new Set(["file-header", "configuration", "command", "eof", "vm-description"]);

/** Follows the records of one channel, to know which section and package each is in. */
export class ScopeTracker {
  #section: RecordSection | undefined;
  #packageEnd = 0;

  /** Where `record` stands, the next one of the channel. */
  next(record: BaseRecord): Scope {
    const depth = record.offset < this.#packageEnd ? 1 : 0;
    const { blobLength } = record as Partial<CommandRecord>;
    if (record.kind === "command" && blobLength !== undefined) {
      this.#packageEnd = record.offset + record.length + blobLength;
    }
    return { section: this.#sectionOf(record), depth };
  }

  #sectionOf(record: BaseRecord): RecordSection | undefined {
    switch (record.kind) {
      case "section-start":
      case "section-full": {
        const { idstr, instanceId, versionId } = record as LongSectionRecord;
        return this.#section = { idstr, instanceId, versionId };
      }
      case "section-part":
      case "section-end": {
        const { idstr, instanceId = 0 } = record as ShortSectionRecord;
        return this.#section = idstr === undefined ? undefined : { idstr, instanceId };
      }
      case "section-footer": {
        const section = this.#section;
        this.#section = undefined;
        return section;
      }
      case "multifd-device-state":
        return packetSection(record);
      case "truncated": {
        const { cut } = record as { readonly cut?: BaseRecord };
        return cut?.kind === "multifd-device-state" ? packetSection(cut) : this.#section;
      }
    }
    if (OUTSIDE.has(record.kind)) this.#section = undefined;
    return this.#section;
  }
}

function packetSection(record: BaseRecord): RecordSection {
  const { idstr, instanceId } = record as MultifdDeviceStateRecord;
  return { idstr: upToNul(idstr), instanceId };
}
