import type { ByteRange } from "../bytes/mod.ts";
import type {
  Command,
  Configuration,
  EndOfStream,
  FileHeader,
  LongSectionHeader,
  SectionFooter,
  ShortSectionHeader,
  VmDescriptionHeader,
} from "../wire/mod.ts";
import type { BaseRecord } from "./record.ts";

/** First record of a main channel. */
export interface FileHeaderRecord extends BaseRecord, FileHeader {
  /** Which kind of record. */
  readonly kind: "file-header";
}

/** Machine type and what must be shared. */
export interface ConfigurationRecord extends BaseRecord, Configuration {
  /** Which kind of record. */
  readonly kind: "configuration";
}

/** Header of a START or FULL section. */
export interface LongSectionRecord extends BaseRecord, LongSectionHeader {
  /** Which kind of record. */
  readonly kind: "section-start" | "section-full";
}

/** Header of a PART or END section; name and instance are those of its START. */
export interface ShortSectionRecord extends BaseRecord, ShortSectionHeader {
  /** Which kind of record. */
  readonly kind: "section-part" | "section-end";
  /** Name that the id was announced with, if it was. */
  readonly idstr?: string;
  /** Instance that the id was announced with. */
  readonly instanceId?: number;
}

/** Footer of a section. */
export interface SectionFooterRecord extends BaseRecord, SectionFooter {
  /** Which kind of record. */
  readonly kind: "section-footer";
}

/** A command; the elements of a package are the records after it. */
export interface CommandRecord extends BaseRecord, Command {
  /** Which kind of record. */
  readonly kind: "command";
}

/** The EOF byte. */
export interface EofRecord extends BaseRecord, EndOfStream {
  /** Which kind of record. */
  readonly kind: "eof";
}

/** The VM description; its text is the payload. */
export interface VmDescriptionRecord extends BaseRecord, VmDescriptionHeader {
  /** Which kind of record. */
  readonly kind: "vm-description";
  /** The bytes that are carried. */
  readonly payload: ByteRange;
}

/** How the end of a device's body was found. */
export type DeviceExtent =
  /** The VM description gives the length, and a footer stands there. */
  | "described"
  /** A description that migwire brings itself fits. */
  | "built-in"
  /** By its footer and a plausible element after it. */
  | "guessed";

/** Body of a section that vmstate describes; the bytes are the payload, the fields come from the description. */
export interface DeviceStateRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "device-state";
  /** Name of the section. */
  readonly idstr: string;
  /** Instance of the section. */
  readonly instanceId: number;
  /** Counts the FULL sections of this name and instance before this one. */
  readonly ordinal: number;
  /** How its end was found. */
  readonly extent: DeviceExtent;
  /** The bytes that are carried. */
  readonly payload: ByteRange;
}

/** A record of a main channel's framing. */
export type MainFramingRecord =
  | FileHeaderRecord
  | ConfigurationRecord
  | LongSectionRecord
  | ShortSectionRecord
  | SectionFooterRecord
  | CommandRecord
  | EofRecord
  | VmDescriptionRecord
  | DeviceStateRecord;
