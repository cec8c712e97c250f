import type {
  BlockMigrationStreamRecord,
  DirtyBitmapStreamRecord,
  HtabChunkRecord,
  HtabHeaderRecord,
  MainFramingRecord,
  MultifdRecord,
  OpaqueRecord,
  PageValuesRecord,
  RamRecord,
  ReturnPathRecord,
  TlsRecord,
  TodClockRecord,
  TruncatedRecord,
  VfioRecord,
} from "../../stream/mod.ts";

/** A record of the sections that QEMU codes by hand and that carry no RAM. */
export type OpenCodedRecord =
  | DirtyBitmapStreamRecord
  | HtabHeaderRecord
  | HtabChunkRecord
  | PageValuesRecord
  | TodClockRecord
  | BlockMigrationStreamRecord;

/** A record of any channel. */
export type AnyRecord =
  | MainFramingRecord
  | RamRecord
  | OpenCodedRecord
  | VfioRecord
  | MultifdRecord
  | ReturnPathRecord
  | TlsRecord
  | TruncatedRecord
  | OpaqueRecord;

/** A kind of record. */
export type RecordKind = AnyRecord["kind"];

/** The records of kind `K`. */
export type RecordOf<K, R = AnyRecord> = R extends { readonly kind: infer Own } ? K extends Own ? R : never : never;
