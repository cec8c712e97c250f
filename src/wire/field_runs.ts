import { encodeText } from "../bytes/mod.ts";
import type { FieldDescription, VmsdDescription } from "./vm_description.ts";

/** Fields of one name: a plain field, or an array that one or several objects describe. */
export interface FieldRun {
  /** The name they share. */
  readonly name: string;
  /** Whether this is an array. */
  readonly array: boolean;
  /** Each object, and for how many elements it really stands. */
  readonly parts: readonly [FieldPart, ...FieldPart[]];
}

/** One object of a run. */
export interface FieldPart {
  /** As it stands in the description. */
  readonly field: FieldDescription;
  /** Elements that it stands for. */
  readonly count: number;
}

/** Whether the object is a byte that stands in for a pointer: a NULL, or the mark before an element. */
export function isMarker(field: FieldDescription): boolean {
  return field.type === "nullptr" || field.type === "ptr-marker";
}

/**
 * Puts the objects of arrays together, and corrects `array_len` (main-channel.md §8.5, rules 2 to 4): different fields
 * of a vmsd never have the same name, so neighbours of one name are one array.
 *
 * - QEMU compresses an array of like elements to one object, and where NULL pointers are among them to one object a
 *   stretch, NULL and not NULL in turn. The first stretch, if not of NULLs, then claims the length of the whole array.
 * - An array that cannot be compressed has an object for each element, of which QEMU 10.0 to 10.2 gives the NULLs an
 *   `array_len` all the same. Elements with `index`, or two neighbours of one sort, tell such an array.
 */
export function runsOf(fields: readonly FieldDescription[]): FieldRun[] {
  const groups: [FieldDescription, ...FieldDescription[]][] = [];
  for (const field of fields) {
    const group = groups.at(-1);
    if (group?.[0].name === field.name) group.push(field);
    else groups.push([field]);
  }
  return groups.map(toRun);
}

function toRun([first, ...others]: readonly [FieldDescription, ...FieldDescription[]]): FieldRun {
  const { name } = first;
  if (others.length === 0) {
    const { arrayLen } = first;
    return { name, array: arrayLen !== undefined, parts: [{ field: first, count: arrayLen ?? 1 }] };
  }
  let before = first;
  let eachOnItsOwn = first.index !== undefined;
  for (const field of others) {
    if (field.index !== undefined || isMarker(before) === isMarker(field)) eachOnItsOwn = true;
    before = field;
  }
  const countOf = (field: FieldDescription): number => eachOnItsOwn ? 1 : field.arrayLen ?? 1;
  const rest = others.map((field) => ({ field, count: countOf(field) }));
  const claimed = rest.reduce((sum, part) => sum + part.count, 0);
  // One element stays one element, whatever follows.
  const count = isMarker(first) ? countOf(first) : Math.max(1, countOf(first) - claimed);
  return { name, array: true, parts: [{ field: first, count }, ...rest] };
}

/** Bytes of the body according to its description (main-channel.md §8.5, rule 7). */
export function describedLength(vmsd: VmsdDescription): number {
  let length = 0;
  for (const run of runsOf(vmsd.fields)) {
    for (const { field, count } of run.parts) length += field.size * count;
  }
  for (const subsection of vmsd.subsections) {
    // 05, the name's length, the version
    length += 6 + encodeText(subsection.vmsdName ?? "").length + describedLength(subsection);
  }
  return length;
}
