import type { DumpedVmsd, VmsdDescription } from "../../wire/mod.ts";
import { align, type Step } from "./align.ts";
import { type DumpLeaf, dumpLeaves, type StreamLeaf, streamLeaves } from "./leaves.ts";

/** What a body of the stream and the layout of another QEMU do not have in common. */
export interface Difference {
  /** What it is. */
  readonly kind:
    | "field-added"
    | "field-missing"
    | "field-resized"
    | "fields-moved"
    | "field-renamed"
    | "subsection-unknown"
    | "version-new"
    | "version-old"
    | "not-compared";
  /** Names of fields and subsections, from the outside in, with dots between fields. */
  readonly path: string;
  /** Name of the vmsd that it is in. */
  readonly vmsd: string;
  /** Of the stream: bytes, or a version. */
  readonly stream?: number;
  /** Of the other QEMU: bytes, the version, or the minimum. */
  readonly target?: number;
  /** Name of the subsection that the field or the version belongs to; absent for the section itself. */
  readonly subsection?: string;
  /** The same field under another name. */
  readonly other?: string;
}

/** What was compared. */
export interface Comparison {
  /** What differs, in the order of the body. */
  readonly differences: readonly Difference[];
  /** Fields of the stream that were compared, elements of arrays counted once. */
  readonly fields: number;
}

/** Differences of one body that are kept: what follows from the first tells nothing new. */
const LIMIT = 32;

/** Structures inside of each other: arrays of structures and subsections. */
const MAX_DEPTH = 30;

/**
 * Compares a body, as the stream describes it, with what a QEMU reads.
 *
 * @param body The stream's description.
 * @param vmsd The other QEMU's layout.
 * @param version Version that it is read as.
 */
export function compareBody(body: VmsdDescription, vmsd: DumpedVmsd, version: number): Comparison {
  const comparer = new Comparer(vmsd);
  comparer.body(body, vmsd, version, "", undefined, 0);
  return { differences: comparer.differences, fields: comparer.fields };
}

/** Whether a difference keeps the body from being read. */
export function isFatal({ kind }: Difference): boolean {
  return kind !== "fields-moved" && kind !== "field-renamed" && kind !== "not-compared";
}

class Comparer {
  readonly differences: Difference[] = [];
  fields = 0;
  /** Subsections that are known, of whichever structure of the device. */
  readonly #known = new Map<string, DumpedVmsd>();

  constructor(vmsd: DumpedVmsd) {
    this.#gather(vmsd);
  }

  #gather(vmsd: DumpedVmsd): void {
    for (const one of vmsd.subsections ?? []) {
      if (!this.#known.has(one.name)) this.#known.set(one.name, one);
      this.#gather(one);
    }
    for (const field of vmsd.fields ?? []) if (field.vmsd !== undefined) this.#gather(field.vmsd);
  }

  body(
    body: VmsdDescription,
    vmsd: DumpedVmsd,
    version: number,
    prefix: string,
    subsection: string | undefined,
    depth: number,
  ): void {
    const written = streamLeaves(body);
    const { leaves, subsections } = written;
    this.fields += leaves.length;
    const place = { vmsd: vmsd.name, ...(subsection === undefined ? {} : { subsection }) };
    const steps = depth > MAX_DEPTH ? undefined : align(leaves, dumpLeaves(vmsd, version, written));
    if (steps === undefined) this.#add({ kind: "not-compared", path: prefix, ...place });
    else this.#fields(steps, prefix, place, depth);
    for (const { parent, vmsd: one } of subsections) this.#subsection(parent, one, depth);
  }

  #fields(
    steps: readonly Step[],
    prefix: string,
    place: Pick<Difference, "vmsd" | "subsection">,
    depth: number,
  ): void {
    for (const { added, missing } of gapsOf(steps)) this.#gap(added, missing, prefix, place);
    for (const step of steps) {
      if (step.kind !== "both") continue;
      const { stream, dump: { field }, fit } = step;
      const path = prefix + stream.path;
      if (fit === "resized") {
        const [ours, theirs] = [stream.bytes, field.size * (field.count ?? stream.count ?? 1)];
        this.#add({ kind: "field-resized", path, stream: ours, target: theirs, ...place });
      } else if (fit === "renamed") {
        this.#add({ kind: "field-renamed", path, other: prefix + step.dump.path, ...place });
      }
      if (field.vmsd === undefined) continue;
      for (const element of stream.elements) {
        this.body(element, field.vmsd, field.vmsd.version, `${path}[].`, place.subsection, depth + 1);
      }
    }
  }

  /** Fields that are on one side only, between two that both have. */
  #gap(
    added: readonly StreamLeaf[],
    missing: readonly DumpLeaf[],
    prefix: string,
    place: Pick<Difference, "vmsd" | "subsection">,
  ): void {
    const bytes = added.reduce((sum, leaf) => sum + leaf.bytes, 0);
    const read = missing.reduce((sum, { field }) => sum + field.size * (field.count ?? 1), 0);
    // Where as many bytes are read as there are, what follows is read as it was written.
    if (added.length > 0 && bytes === read) {
      const other = missing.map(({ path }) => prefix + path).join(", ");
      const path = added.map((leaf) => prefix + leaf.path).join(", ");
      this.#add({ kind: "fields-moved", path, other, stream: bytes, target: read, ...place });
      return;
    }
    for (const leaf of added) {
      this.#add({ kind: "field-added", path: prefix + leaf.path, stream: leaf.bytes, ...place });
    }
    for (const { path, field } of missing) {
      this.#add({ kind: "field-missing", path: prefix + path, target: field.size * (field.count ?? 1), ...place });
    }
  }

  #subsection(parent: string, one: VmsdDescription, depth: number): void {
    const name = one.vmsdName ?? "";
    const place = { path: name, vmsd: parent, subsection: name };
    const known = this.#known.get(name);
    if (known === undefined) return this.#add({ kind: "subsection-unknown", ...place });
    const version = one.version ?? known.version;
    if (version > known.version) {
      return this.#add({ kind: "version-new", ...place, stream: version, target: known.version });
    }
    if (version < known.minimumVersion) {
      return this.#add({ kind: "version-old", ...place, stream: version, target: known.minimumVersion });
    }
    this.body(one, known, version, `${name}: `, name, depth + 1);
  }

  #add(difference: Difference): void {
    if (this.differences.length < LIMIT) this.differences.push(difference);
  }
}

/** What is on one side only, between two fields that both have. */
interface Gap {
  readonly added: StreamLeaf[];
  readonly missing: DumpLeaf[];
}

/** How near an optional field must be to what it may have taken. */
const NEAR = 2;

/** The gaps. Optional fields that are absent are none, if what is too much near them could not be theirs. */
function gapsOf(steps: readonly Step[]): Gap[] {
  const gaps: Gap[] = [];
  let gap: Gap | undefined;
  for (const [i, step] of steps.entries()) {
    if (step.kind === "both" || step.kind === "unused") {
      gap = undefined;
      continue;
    }
    if (step.kind === "missing" && (step.dump.optional || step.dump.field.count === 0)) continue;
    if (gap === undefined) gaps.push(gap = { added: [], missing: [] });
    if (step.kind === "added") {
      gap.added.push(step.stream);
      const taken = steps.slice(Math.max(0, i - NEAR), i + NEAR + 1).find((near) =>
        near.kind === "missing" && near.dump.optional && near.dump.field.vmsd === undefined &&
        near.dump.field.size === step.stream.bytes
      );
      if (taken?.kind === "missing") gap.missing.push(taken.dump);
    } else {
      gap.missing.push(step.dump);
    }
  }
  return gaps;
}
