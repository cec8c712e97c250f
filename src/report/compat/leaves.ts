/**
 * Bodies as sequences of what is read one after the other: structures that stand alone are opened, as it does not show on
 * the wire where one begins; arrays and lists stay together.
 *
 * @module
 */

import {
  type DumpedField,
  type DumpedVmsd,
  type FieldDescription,
  isMarker,
  runsOf,
  type VmsdDescription,
} from "../../wire/mod.ts";

/** A piece of the stream's body. */
export interface StreamLeaf {
  /** The field's own name. */
  readonly name: string;
  /** Its name with those of the structures around it. */
  readonly path: string;
  /** QEMU's name of the encoding. */
  readonly type: string;
  /** Bytes of one element. */
  readonly size: number;
  /** Bytes of all elements. */
  readonly bytes: number;
  /** Number of elements; undefined for what is no array. */
  readonly count?: number;
  /** Layouts of the elements, those that differ. */
  readonly elements: readonly VmsdDescription[];
}

/** A body of the stream. */
export interface StreamBody {
  /** Its pieces, in order. */
  readonly leaves: readonly StreamLeaf[];
  /** Subsections of it, and of the structures that were opened. */
  readonly subsections: readonly StreamSubsection[];
  /** Names and paths of the structures that were opened. */
  readonly opened: ReadonlySet<string>;
}

/** What the other QEMU reads at a place. */
export interface DumpLeaf {
  /** The field. */
  readonly field: DumpedField;
  /** Its name with those of the structures around it. */
  readonly path: string;
  /** It, or a structure around it, may be absent. */
  readonly optional: boolean;
}

/** A subsection of the stream, and whose it is. */
export interface StreamSubsection {
  /** Name of the vmsd that it belongs to. */
  readonly parent: string;
  /** The subsection. */
  readonly vmsd: VmsdDescription;
}

const LISTS: readonly string[] = ["qtailq", "qlist", "gtree"];

/** Different layouts of an array's elements that are compared: nearly always there is one. */
const LAYOUTS = 16;

/** Takes a body of the stream apart. */
export function streamLeaves(vmsd: VmsdDescription): StreamBody {
  const leaves: StreamLeaf[] = [];
  const subsections: StreamSubsection[] = [];
  const opened = new Set<string>();
  const open = (inside: VmsdDescription, prefix: string): void => {
    for (const run of runsOf(inside.fields)) {
      const [first] = run.parts;
      if (first === undefined) continue;
      const path = prefix + run.name;
      const inner = first.field.struct ?? (first.field.inline.length === 1 ? first.field.inline[0] : undefined);
      const isAlone = !run.array && !LISTS.includes(first.field.type);
      // QEMU up to 9.2 describes a NULL pointer as a structure without fields.
      if (isAlone && inner !== undefined && (inner.fields.length > 0 || first.field.size === 0)) {
        opened.add(run.name).add(path);
        open(inner, `${path}.`);
        continue;
      }
      leaves.push({
        name: run.name,
        path,
        type: first.field.type,
        size: first.field.size,
        bytes: run.parts.reduce((sum, { field, count }) => sum + field.size * count, 0),
        ...(isAlone ? {} : { count: run.parts.reduce((sum, part) => sum + part.count, 0) }),
        elements: elementsOf(run.parts.map(({ field }) => field)),
      });
    }
    for (const one of inside.subsections) subsections.push({ parent: inside.vmsdName ?? "", vmsd: one });
  };
  open(vmsd, "");
  return { leaves, subsections, opened };
}

function elementsOf(fields: readonly FieldDescription[]): VmsdDescription[] {
  const found = new Map<string, VmsdDescription>();
  for (const field of fields) {
    if (isMarker(field)) continue;
    for (const one of field.struct === undefined ? field.inline : [field.struct]) {
      if (one.fields.length === 0 || found.size >= LAYOUTS) continue;
      const key = JSON.stringify(one);
      if (!found.has(key)) found.set(key, one);
    }
  }
  return [...found.values()];
}

/**
 * What a QEMU reads of a body of `version`. A dump does not tell an array of structures whose length varies from one
 * structure: the stream tells which it is, and where it has nothing of that name it can be an array of none.
 *
 * @param body The stream's body.
 */
export function dumpLeaves(vmsd: DumpedVmsd, version: number, { leaves: written, opened }: StreamBody): DumpLeaf[] {
  const leaves: DumpLeaf[] = [];
  const arrays = new Set<string>();
  for (const { count, name, path } of written) if (count !== undefined) arrays.add(name).add(path);
  /** Names are not always of one structure: the path tells more. */
  const isArray = ({ name, count = 1 }: DumpedField, path: string): boolean =>
    count !== 1 || arrays.has(path) || (arrays.has(name) && !opened.has(path));
  const open = (inside: DumpedVmsd, known: number, prefix: string, mayMiss: boolean): void => {
    for (const field of inside.fields ?? []) {
      if (!field.conditional && field.version > known) continue;
      const path = prefix + field.name;
      const optional = mayMiss || field.conditional;
      if (field.vmsd !== undefined && !isArray(field, path)) {
        const mayBeEmpty = field.count === undefined && !opened.has(field.name);
        // A structure's version is not on the wire: QEMU takes its own.
        open(field.vmsd, field.vmsd.version, `${path}.`, optional || mayBeEmpty);
      } else {
        leaves.push({ field, path, optional });
      }
    }
  };
  open(vmsd, version, "", false);
  return leaves;
}
