import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { CORPUS_FOLDERS } from "../../testing/corpus_folders.ts";
import { Random } from "../bytes/mod.ts";
import { type Capture, openCapture, readCapture } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { diffCaptures } from "../report/diff/mod.ts";
import { allBytes } from "./edit_for_test.ts";
import { editCapture, type FieldEdit, type SetEdit } from "./mod.ts";
import { readSheet } from "./read_sheet.ts";
import { settableValues } from "./set_field.ts";

const CAPTURES = CORPUS_FOLDERS.flatMap(({ url, captures }) => captures.map((name) => new URL(name, url)));

const { compare } = Buffer;

/** Bytes that are compared at once. */
const BLOCK = 4096;

/** Records of one kind and channel that are tried. */
const EACH = 2;

/** Fields of one record that are changed. */
const FIELDS = 1;

/** A record that an edit can be for. */
interface Candidate {
  readonly select: SetEdit["select"];
  readonly kind: string;
  readonly channel: string;
  readonly offset: number;
  readonly length: number;
  /** Its fields. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** Some records of each kind on each channel. */
function candidates(capture: Capture, random: Random): Candidate[] {
  const places = new Map<string, [label: string, offset: number][]>();
  readCapture(capture, ({ kind, offset, length }, { label }) => {
    if (length === 0 || kind === "truncated" || kind === "opaque") return;
    const key = `${label} ${kind}`;
    places.set(key, [...places.get(key) ?? [], [label, offset]]);
  });
  const chosen = [...places.values()].flatMap((all) => random.shuffled(all).slice(0, EACH));
  const edits = chosen.map(([channel, at]): SetEdit => ({
    action: "set",
    select: { channel, offset: { from: at, to: at } },
    fields: [],
  }));
  const { hits, state } = readSheet(capture, edits, undefined);
  return edits.map(({ select }, i) => {
    const [slip] = hits[i]?.slips ?? [];
    assert(slip?.record !== undefined);
    const { record: { kind }, track, offset, length } = slip;
    return { select, kind, channel: track.entry.label, offset, length, values: settableValues(slip, state) };
  });
}

/** Leaves that say what else is there; another value of them makes another thing of what follows. */
const STRUCTURE = /(?:^|\.)(?:type|name|version|more|count|flags|present)$/;

/** Its values that can be written down, with their fields. */
function* plain({ values }: Candidate): Generator<[field: string, value: unknown]> {
  for (const [field, value] of values) {
    // Nothing cannot become something else of that length.
    if (value === "" || (value instanceof Uint8Array && value.length === 0)) continue;
    if (Array.isArray(value)) {
      if (typeof value[0] !== "object" && value.length > 0) yield [`${field}[0]`, value[0]];
    } else if (value !== undefined && (typeof value !== "object" || value instanceof Uint8Array)) yield [field, value];
  }
}

function written(value: unknown): string | Uint8Array {
  return value instanceof Uint8Array ? value : String(value);
}

/** Another value of that type. */
function other(value: unknown): string | Uint8Array {
  if (typeof value === "bigint") return String(value ^ 1n);
  if (typeof value === "number") return String(value > 0 ? value - 1 : value + 1);
  if (typeof value === "boolean") return String(!value);
  if (typeof value === "string") return `${value.slice(0, -1)}${value.endsWith("x") ? "y" : "x"}`;
  assert(value instanceof Uint8Array);
  return value.map((byte, i) => i === 0 ? byte ^ 1 : byte);
}

function errorsOf(capture: Capture): string[] {
  return checkCapture({ ...capture, manifest: undefined } as unknown as Capture, {}).problems
    .filter(({ severity }) => severity === "error").map(({ code }) => code).sort();
}

function withCapture<T>(url: URL, use: (capture: Capture) => T): T {
  const capture = openCapture(decodeURIComponent(url.pathname));
  try {
    return use(capture);
  } finally {
    capture.close();
  }
}

Deno.test({ name: "there are captures to edit", ignore: CAPTURES.length === 0 }, () => {
  assert(CAPTURES.length > 0);
});

for (const [i, url] of CAPTURES.entries()) {
  const name = url.pathname.split("/").at(-1);

  Deno.test(`fields of ${name} that are set to what they are leave every byte as it is`, () => {
    withCapture(url, (capture) => {
      const found = candidates(capture, new Random(i));
      const edits = found.map((candidate): SetEdit => ({
        action: "set",
        select: candidate.select,
        fields: Array.from(plain(candidate), ([field, value]): FieldEdit => ({ field, value: written(value) })),
      })).filter(({ fields }) => fields.length > 0);
      const same = editCapture(capture, edits);
      const [before, after] = [allBytes(capture), allBytes(same)];
      assertEquals([...after.keys()], [...before.keys()]);
      for (const [label, bytes] of before) {
        assertEquals(compare(after.get(label) ?? new Uint8Array(0), bytes), 0, label);
      }
      assertEquals([...same.events ?? []], [...capture.events ?? []]);
      assertEquals(same.report.changes.filter(({ repair }) => repair !== undefined), []);
    });
  });

  Deno.test(`a field of ${name} that is set to something else changes its record, and nothing else`, async () => {
    const capture = openCapture(decodeURIComponent(url.pathname));
    const random = new Random(i + 1000);
    const before = allBytes(capture);
    const files = new Map(readCapture(capture, () => {}).channels.map(({ label, channel }) => [label, channel.label]));
    const errors = errorsOf(capture);
    const description = descriptionOf(capture);
    let diffs = 0;
    for (const candidate of candidates(capture, random)) {
      for (const [field, value] of random.shuffled([...plain(candidate)]).slice(0, FIELDS)) {
        const hasShape = ["device-state", "dirty-bitmap", "todclock"].includes(candidate.kind) ||
          candidate.kind.startsWith("ram-");
        if (hasShape && STRUCTURE.test(field)) continue;
        const edit: SetEdit = { action: "set", select: candidate.select, fields: [{ field, value: other(value) }] };
        const edited = editCapture(capture, [edit]);
        const what = `${name}: ${candidate.kind} at ${candidate.offset} of ${candidate.channel}, ${field}`;
        const after = allBytes(edited);
        const touched = new Set(edited.report.changes.map(({ channel }) => files.get(channel)));
        assertEquals([...touched], [files.get(candidate.channel)], what);
        for (const [label, bytes] of before) {
          const now = after.get(label) ?? new Uint8Array(0);
          if (!touched.has(label)) assertEquals(compare(now, bytes), 0, what);
          else assertOnlyThere(bytes, now, [...edited.report.changes, ...description], what);
        }
        // A few, as it takes its time.
        if (candidate.kind !== "device-state" || diffs++ >= 1) continue;
        const { differences } = await diffCaptures(capture, edited);
        assertEquals(differences.length, 1, `${what}: ${differences.map(({ name }) => name)}`);
        // A run state that is none is nothing that the editing got wrong.
        assertEquals(errorsOf(edited).filter((code) => code !== "run-state"), errors, what);
      }
    }
    capture.close();
  });
}

/** What may differ with a section's header. */
function descriptionOf(capture: Capture): { offset: number; length: number }[] {
  const found: { offset: number; length: number }[] = [];
  readCapture(capture, ({ kind, offset, length }) => {
    if (kind === "vm-description") found.push({ offset, length });
  });
  return found;
}

/** That bytes differ, and only where records were changed. */
function assertOnlyThere(
  before: Uint8Array,
  after: Uint8Array,
  changes: readonly { readonly offset: number; readonly length: number; readonly repair?: string }[],
  what: string,
): void {
  // A page that gets its block's name is longer.
  if (changes.some(({ repair }) => repair === "names")) return;
  assertEquals(after.length, before.length, what);
  let differing = 0;
  for (let from = 0; from < before.length; from += BLOCK) {
    const [a, b] = [before.subarray(from, from + BLOCK), after.subarray(from, from + BLOCK)];
    if (compare(a, b) === 0) continue;
    for (const [i, byte] of a.entries()) {
      if (byte === b[i]) continue;
      differing++;
      const at = from + i;
      assert(changes.some(({ offset, length }) => at >= offset && at < offset + length), `${what}: byte ${at} differs`);
    }
  }
  assert(differing > 0, `${what}: nothing differs`);
}
