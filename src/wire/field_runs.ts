import { encodeText } from "../bytes/mod.ts";
import type { FieldDescription, VmsdDescription } from "./vm_description.ts";

/** Fields of one name: a plain field, or an array that one or several objects describe. */
export interface FieldRun {
  /** The name they share. */
  readonly name: string;
  /** Whether this is an array. */
  readonly array: boolean;
  /** Each object, and for how many elements it really stands. */
  readonly parts: readonly { readonly field: FieldDescription; readonly count: number }[];
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
  const groups: FieldDescription[][] = [];
  for (const field of fields) {
    const group = groups.at(-1);
    if (group?.[0]?.name === field.name) group.push(field);
    else groups.push([field]);
  }
  return groups.map(toRun);
}

function toRun(fields: FieldDescription[]): FieldRun {
  const name = fields[0]?.name ?? "";
  if (fields.length === 1) {
    const parts = fields.map((field) => ({ field, count: field.arrayLen ?? 1 }));
    return { name, array: fields[0]?.arrayLen !== undefined, parts };
  }
  const eachOnItsOwn = fields.some((field, i) => {
    const before = fields[i - 1];
    return field.index !== undefined || (before !== undefined && isMarker(before) === isMarker(field));
  });
  const parts = fields.map((field) => ({ field, count: eachOnItsOwn ? 1 : field.arrayLen ?? 1 }));
  const first = parts[0];
  // One element stays one element, whatever follows.
  if (first !== undefined && !isMarker(first.field)) {
    const others = parts.slice(1).reduce((sum, part) => sum + part.count, 0);
    parts[0] = { field: first.field, count: Math.max(1, first.count - others) };
  }
  return { name, array: true, parts };
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
