import type { ReadChannel } from "../../capture/values.ts";
import type { BaseRecord } from "../../stream/mod.ts";
import type { PageSpan } from "./page_span.ts";

/** The section that a record is a part of. */
export interface RecordSection {
  /** Name. */
  readonly idstr: string;
  /** Tells sections of one name apart. */
  readonly instanceId: number;
  /** Version of the format; absent where no header before told it. */
  readonly versionId?: number;
}

/** A line of the list: a record, a page of a run, or page records that were squashed. */
export interface RecordLine {
  /** The channel it is in. */
  readonly channel: ReadChannel;
  /** Kind of the record. */
  readonly kind: string;
  /** Channel offset of the first byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
  /** 1 inside of a package, otherwise 0. */
  readonly depth: number;
  /** The record; the first one where several were squashed. */
  readonly record: BaseRecord;
  /** The section it is a part of. */
  readonly section?: RecordSection;
  /** The pages of all records that were squashed; absent where there is but one. */
  readonly squashed?: PageSpan;
}
