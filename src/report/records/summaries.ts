import { type BaseRecord, TLS_CONTENT } from "../../stream/mod.ts";
import { hex } from "../../wire/mod.ts";
import type { RecordKind } from "./any_record.ts";
import { MAIN_SUMMARIES } from "./main_summaries.ts";
import { MULTIFD_SUMMARIES } from "./multifd_summaries.ts";
import { OPEN_CODED_SUMMARIES } from "./open_coded_summaries.ts";
import { RAM_SUMMARIES } from "./ram_summaries.ts";
import { RETURN_PATH_SUMMARIES } from "./return_path_summaries.ts";
import { aside, size, type Summaries, type SummaryField, text, word } from "./summary_field.ts";
import { VFIO_SUMMARIES } from "./vfio_summaries.ts";

/** Every kind there is: one that is missing here does not compile. */
const SUMMARIES: Summaries<RecordKind> = {
  ...MAIN_SUMMARIES,
  ...RAM_SUMMARIES,
  ...OPEN_CODED_SUMMARIES,
  ...VFIO_SUMMARIES,
  ...MULTIFD_SUMMARIES,
  ...RETURN_PATH_SUMMARIES,
  "tls-record": ({ contentType, version, payload }) => [
    word(contentName(contentType)),
    { ...word(hex(version)), name: "version" },
    size("content", payload?.length ?? 0),
  ],
  "truncated": ({ expected, missing, cut }) => [
    text("expected", expected),
    size("missing", missing),
    // Without a header nobody knows how much more had to come.
    ...(cut === undefined ? [aside("at least")] : []),
  ],
  "opaque": ({ reason }) => [word(reason)],
};

/** Every kind of record, in no particular order. */
export const RECORD_KINDS: readonly string[] = Object.keys(SUMMARIES);

function contentName(type: number): string {
  const name = Object.entries(TLS_CONTENT).find(([, number]) => number === type)?.[0] ?? hex(type);
  return name.toLowerCase().replaceAll("_", " ");
}

/**
 * The values of a record that matter, for one line; none for a kind that does not exist.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { BaseRecord } from "@migwire/migwire/stream";
 * import { summariseRecord } from "./summaries.ts";
 *
 * const footer = { kind: "section-footer", offset: 64, length: 5, marker: 0x7e, sectionId: 2 } as BaseRecord;
 * assertEquals(summariseRecord(footer), [{ name: "id", value: 2, as: "number" }]);
 * ```
 */
export function summariseRecord(record: BaseRecord): SummaryField[] {
  const table: { readonly [kind: string]: ((record: never) => SummaryField[]) | undefined } = SUMMARIES;
  return table[record.kind]?.(record as never) ?? [];
}
