import { type FieldNames, isField, stepsInto } from "./description_steps.ts";
import { type JsonSpan, jsonSpans, memberSpan } from "./json_spans.ts";

/** A FULL section: which of its name and instance, in the order of the stream. */
export interface SectionKey {
  readonly idstr: string;
  readonly instanceId: number;
  readonly ordinal: number;
}

/** What a section's header says now. */
export interface SectionFacts {
  readonly idstr: string;
  readonly instanceId: number;
  readonly versionId: number;
}

interface Entry {
  /** As the capture has it; a copy has none. */
  readonly key: SectionKey | undefined;
  text: string;
}

/**
 * The text of a VM description that is to say what an edited stream is (main-channel.md §4). All that is not about the
 * edits stays letter by letter.
 */
export class DescriptionEditor {
  readonly #before: string;
  readonly #after: string;
  #head: string;
  readonly #entries: Entry[];

  private constructor(text: string, devices: JsonSpan, entries: readonly JsonSpan[]) {
    const counts = new Map<string, number>();
    this.#entries = entries.map((span) => {
      const own = text.slice(span.start, span.end);
      const idstr = valueOf(text, memberSpan(span, "name"));
      const instanceId = valueOf(text, memberSpan(span, "instance_id"));
      if (typeof idstr !== "string" || typeof instanceId !== "number") return { key: undefined, text: own };
      const ordinal = counts.get(`${instanceId} ${idstr}`) ?? 0;
      counts.set(`${instanceId} ${idstr}`, ordinal + 1);
      return { key: { idstr, instanceId, ordinal }, text: own };
    });
    const first = entries[0]?.start ?? devices.start + 1;
    const last = entries.at(-1)?.end ?? first;
    this.#head = text.slice(0, first);
    this.#before = text;
    this.#after = text.slice(last);
  }

  /** The editor of a text; undefined if it is no description. */
  static of(text: string): DescriptionEditor | undefined {
    const devices = memberSpan(jsonSpans(text), "devices");
    return devices?.items === undefined ? undefined : new DescriptionEditor(text, devices, devices.items);
  }

  /** What it says now. */
  get text(): string {
    if (this.#entries.length === 0) return this.#head + this.#after;
    return this.#head + this.#entries.map(({ text }) => text).join(this.#separator()) + this.#after;
  }

  /** The section is gone. */
  drop(key: SectionKey): void {
    const at = this.#find(key);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** The section comes again, behind itself. */
  copy(key: SectionKey): void {
    const at = this.#find(key);
    const text = this.#entries[at]?.text;
    if (text !== undefined) this.#entries.splice(at + 1, 0, { key: undefined, text });
  }

  /** The section comes before or behind another one. */
  move(key: SectionKey, place: "before" | "after", anchor: SectionKey): void {
    const at = this.#find(key);
    if (at < 0 || this.#find(anchor) < 0) return;
    const moved = this.#entries.splice(at, 1);
    const to = this.#find(anchor);
    this.#entries.splice(place === "before" ? to : to + 1, 0, ...moved);
  }

  /** The header of the section says something else. */
  set(key: SectionKey, { idstr, instanceId, versionId }: SectionFacts): void {
    this.#change(key, (entry) => {
      let text = withMember(entry, "name", JSON.stringify(idstr));
      text = withMember(text, "instance_id", String(instanceId));
      return withMember(text, "version", String(versionId));
    });
  }

  /** A field of the section has another length: it, and all that it is in. */
  grow(key: SectionKey, names: readonly string[], by: number): void {
    this.#change(key, (entry) => grown(entry, names, by));
  }

  /** The name of the machine has another length. */
  growMachine(by: number): void {
    const text = this.#head;
    // Without the devices it is a whole text.
    const configuration = memberSpan(jsonSpans(text + this.#after), "configuration");
    if (configuration === undefined || configuration.end > text.length) return;
    const own = grown(text.slice(configuration.start, configuration.end), ["name"], by);
    this.#head = text.slice(0, configuration.start) + own + text.slice(configuration.end);
  }

  #change(key: SectionKey, change: (text: string) => string): void {
    const entry = this.#entries[this.#find(key)];
    if (entry !== undefined) entry.text = change(entry.text);
  }

  #find({ idstr, instanceId, ordinal }: SectionKey): number {
    return this.#entries.findIndex(({ key }) =>
      key?.idstr === idstr && key.instanceId === instanceId && key.ordinal === ordinal
    );
  }

  /** What stands between two devices: QEMU up to now writes `, `. */
  #separator(): string {
    return this.#before.includes("}, {") ? ", " : ",";
  }
}

function valueOf(text: string, span: JsonSpan | undefined): unknown {
  if (span === undefined || span.members !== undefined || span.items !== undefined) return undefined;
  try {
    return JSON.parse(text.slice(span.start, span.end));
  } catch {
    return undefined;
  }
}

/** The object with another value of its first member of that name; a value that it has already stays as it is written. */
function withMember(text: string, name: string, value: string): string {
  const span = memberSpan(jsonSpans(text), name);
  if (span === undefined || JSON.stringify(valueOf(text, span)) === value) return text;
  return text.slice(0, span.start) + value + text.slice(span.end);
}

/** The vmsd with a field that has `by` more bytes, by the names of what it is in. */
function grown(text: string, names: readonly string[], by: number): string {
  const sizes: JsonSpan[] = [];
  let vmsd = jsonSpans(text);
  for (const step of stepsInto(names)) {
    const own = (span: JsonSpan, key: string): unknown => valueOf(text, memberSpan(span, key));
    const namesIn = (span: JsonSpan): FieldNames => ({
      name: own(span, "name"),
      index: own(span, "index"),
      type: own(span, "type"),
    });
    const field = memberSpan(vmsd, "fields")?.items?.find((one) => isField(step, namesIn(one)));
    const subsection = memberSpan(vmsd, "subsections")?.items?.find((one) => own(one, "vmsd_name") === step.name);
    const size = memberSpan(field, "size");
    if (size !== undefined) sizes.push(size);
    vmsd = subsection ?? memberSpan(field, "struct") ?? field;
    if (vmsd === undefined) break;
  }
  let changed = text;
  // From the end, so that places before stay what they are.
  for (const span of sizes.sort((a, b) => b.start - a.start)) {
    const size = Number(valueOf(text, span)) + by;
    changed = changed.slice(0, span.start) + String(size) + changed.slice(span.end);
  }
  return changed;
}
