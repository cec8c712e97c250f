/** The model that `migwire records` prints: lines, what matters of each, and their bytes. @module */
export type { AnyRecord, OpenCodedRecord, RecordKind, RecordOf } from "./any_record.ts";
export { type DumpField, dumpHeader, type HeaderDump } from "./dump.ts";
export type { RecordLine, RecordSection } from "./line.ts";
export { type ListOptions, listRecords, type PageView, type RecordListing } from "./list_records.ts";
export type { PageSpan } from "./page_span.ts";
export { expandPages } from "./pages.ts";
export { sectionNames, selectChannels, selectDevices, selectKinds } from "./select.ts";
export { RECORD_KINDS, summariseRecord } from "./summaries.ts";
export type { FieldForm, SummaryField } from "./summary_field.ts";
export { jsonOf, type JsonValue, lineToJson } from "./to_json.ts";
export { type PayloadDump, type RecordDump, RecordViewer } from "./viewer.ts";
