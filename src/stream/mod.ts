/** Parsers and serialisers, one a channel kind: bytes to records and back, without I/O. @module */
export { ChannelParser, type ParserOptions } from "./channel_parser.ts";
export { ChannelReader, type Grammar } from "./channel_reader.ts";
export type { DirtyBitmapStreamRecord } from "./dirty_bitmap_body.ts";
export {
  type ChannelIdentity,
  type ChannelRole,
  type Compression,
  IDENTIFY_MAX_BYTES,
  IDENTIFY_USUAL_BYTES,
  identifyChannel,
  type IdentifyOptions,
} from "./identify.ts";
export type { Layouts } from "./layouts.ts";
export { layoutOf } from "./layout_of.ts";
export { type MainEnding, MainGrammar, type MainOptions } from "./main.ts";
export type * from "./main_records.ts";
export {
  machinePageSize,
  MigrationState,
  type PageSizeOrigin,
  POSTCOPY_PHASES,
  type PostcopyPhase,
  type SectionEntry,
} from "./migration_state.ts";
export type {
  BlockMigrationStreamRecord,
  HtabChunkRecord,
  HtabHeaderRecord,
  PageValuesRecord,
  TodClockRecord,
} from "./open_coded_bodies.ts";
export { MultifdGrammar, type MultifdOptions } from "./multifd.ts";
export type * from "./multifd_records.ts";
export { OpaqueGrammar } from "./opaque.ts";
export { PreemptGrammar } from "./preempt.ts";
export * from "./ram_records.ts";
export type * from "./record.ts";
export * from "./return_path.ts";
export { isVfioSection } from "./section_bodies.ts";
export { type Part, serialise } from "./serialise.ts";
export { TLS_CONTENT, TlsGrammar, type TlsRecord } from "./tls.ts";
export type { VfioConfigRecord, VfioDataRecord, VfioRecord, VfioTagRecord } from "./vfio_body.ts";
