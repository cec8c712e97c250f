import { type Capture, readBytes, type ReadChannel } from "../../capture/values.ts";
import type { BaseRecord } from "../../stream/mod.ts";
import type { CheckProblem } from "../check/mod.ts";
import { type DumpField, type RecordDump, RecordViewer } from "../records/mod.ts";
import type { ProblemPlace } from "./model.ts";

/** Problems whose bytes are shown. */
const PLACE_LIMIT = 40;

/** Fields around a place that are shown. */
const FIELDS_BEFORE = 1;
const FIELDS_AFTER = 3;

/** Bytes of a field, and of what belongs to no field, that are kept. */
const FIELD_BYTES = 16;
const RAW_BYTES = 32;

interface Found {
  readonly record: BaseRecord;
  readonly channel: ReadChannel;
}

/** Finds the records that problems are in. */
export class ProblemPlaces {
  readonly #problems: readonly CheckProblem[];
  /** For each channel the problems that are still looked for, those nearest to its start at the end. */
  readonly #wanted = new Map<string, CheckProblem[]>();
  readonly #found = new Map<CheckProblem, Found>();
  #last: Found | undefined;

  /** Looks for the first of `problems`. */
  constructor(problems: readonly CheckProblem[]) {
    this.#problems = problems.slice(0, PLACE_LIMIT);
    for (const problem of this.#problems) {
      const others = this.#wanted.get(problem.channel) ?? [];
      this.#wanted.set(problem.channel, [...others, problem].sort((a, b) => b.offset - a.offset));
    }
  }

  /** Looks at a record of any channel. */
  add(record: BaseRecord, channel: ReadChannel): void {
    if (this.#last?.channel !== channel) this.#leave();
    this.#last = { record, channel };
    const wanted = this.#wanted.get(channel.label);
    const end = record.offset + record.length;
    for (let next = wanted?.at(-1); next !== undefined && next.offset < end; next = wanted?.at(-1)) {
      this.#found.set(next, { record, channel });
      wanted?.pop();
    }
  }

  /** What was noticed at the end of a channel is about its last record. */
  #leave(): void {
    const last = this.#last;
    if (last === undefined) return;
    for (const problem of this.#wanted.get(last.channel.label)?.splice(0) ?? []) this.#found.set(problem, last);
  }

  /** The places, with what stands there. */
  places(capture: Capture): ProblemPlace[] {
    this.#leave();
    const viewer = new RecordViewer(capture);
    return this.#problems.map((problem) => {
      const found = this.#found.get(problem);
      if (found === undefined) return { problem, record: null, fields: [], raw: null };
      const { record, channel } = found;
      const { kind, offset, length } = record;
      const dump = viewer.dump({ channel, kind, offset, length, depth: 0, record }, 0);
      const fields = fieldsAround(dump, problem);
      return { problem, record: { kind, offset, length }, fields, raw: rawAt(fields, problem.offset, channel) };
    });
  }
}

/** The field at a problem's place and some beside it; the first ones if none is there. */
function fieldsAround({ fields }: RecordDump, { offset, field: name }: CheckProblem): DumpField[] {
  const named = fields.findIndex(({ field }) => field === name);
  const there = fields.findIndex((field) => field.offset <= offset && offset < field.offset + field.length);
  const at = named < 0 ? there : named;
  if (at < 0) return [];
  return fields.slice(Math.max(0, at - FIELDS_BEFORE), at + FIELDS_AFTER)
    .map((field) => ({ ...field, bytes: field.bytes.slice(0, FIELD_BYTES) }));
}

/** The bytes at a place, where no field says what they are. */
function rawAt(
  fields: readonly DumpField[],
  offset: number,
  { channel: { source } }: ReadChannel,
): ProblemPlace["raw"] {
  if (fields.length > 0 || source === undefined) return null;
  // At the end of a channel nothing is: then what came last.
  const at = Math.max(0, Math.min(offset, source.size - RAW_BYTES));
  const bytes = readBytes(source, offset < source.size ? offset : at, RAW_BYTES);
  return { offset: offset < source.size ? offset : at, bytes };
}
