import type { DumpedField, DumpedType, DumpedVmsd, VmstateDump } from "../../wire/mod.ts";
import { COMPAT_FORMAT, type CompatDumpsReport, type DumpProblem } from "./model.ts";
import { isSameName, otherTypeName } from "./renames.ts";
import { type CompatTargetOptions, describeTarget, makeTarget } from "./target.ts";

/**
 * Compares what two QEMUs say of themselves: would states that one writes be read by the other? Finds what QEMU's own
 * `vmstate-static-checker.py` finds. It cannot know which fields and subsections a guest's stream really has: for one
 * at hand, {@linkcode compatCapture} tells more.
 *
 * @param source The dump of the QEMU that writes.
 * @param dump The dump of the QEMU that reads.
 * @param options What else is known of that one.
 * @returns The document that `migwire compat --json` prints of two dumps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compatDumps } from "@migwire/migwire/compat";
 * import { parseVmstateDump } from "@migwire/migwire/wire";
 *
 * const dump = (version: number) =>
 *   parseVmstateDump(`{ "nvme": { "Name": "nvme", "version_id": ${version}, "minimum_version_id": 0 } }`);
 * const { problems } = compatDumps(dump(1), dump(0));
 * assertEquals(problems.map(({ type, code }) => [type, code]), [["nvme", "version-new"]]);
 * ```
 */
export function compatDumps(
  source: VmstateDump,
  dump: VmstateDump,
  options: CompatTargetOptions = {},
): CompatDumpsReport {
  const target = makeTarget(dump, options);
  const problems = [...machines(source, target.machine), ...types(source, dump)];
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return {
    format: COMPAT_FORMAT,
    about: "dumps",
    source: { machine: source.machine ?? null, types: source.types.size },
    target: describeTarget(target, source.machine),
    ok: errors === 0,
    problems,
    found: { errors, warnings: problems.length - errors },
  };
}

/** A dump for a machine type has the same layouts as for any other of that QEMU: other names matter to streams alone. */
function* machines({ machine }: VmstateDump, other: string | undefined): Generator<DumpProblem> {
  if (machine === undefined || other === undefined || machine === other) return;
  const message = `the dumps are of two machine types, ${machine} and ${other}: no stream goes from one to the other`;
  yield { severity: "warning", code: "machine", type: "", message };
}

function* types(source: VmstateDump, target: VmstateDump): Generator<DumpProblem> {
  for (const [name, type] of source.types) {
    const other = target.types.get(name) ?? target.types.get(otherTypeName(name) ?? "");
    if (other === undefined) {
      yield { severity: "error", code: "type-missing", type: name, message: "there is no such device" };
    } else {
      yield* new TypeComparer(name).type(type, other);
    }
  }
}

/** Something with versions. */
interface Versioned {
  readonly version: number;
  readonly minimumVersion?: number;
}

/** Compares what two QEMUs have of one type. */
class TypeComparer {
  readonly #type: string;

  constructor(type: string) {
    this.#type = type;
  }

  *type(source: DumpedType, target: DumpedType): Generator<DumpProblem> {
    yield* this.#versions(source, target, {});
    if (source.vmsd === undefined) return;
    if (target.vmsd === undefined) {
      yield this.#problem("entry-missing", { field: "Description" }, "its state is not described there");
    } else {
      yield* this.#vmsd(source.vmsd, target.vmsd);
    }
  }

  *#vmsd(source: DumpedVmsd, target: DumpedVmsd): Generator<DumpProblem> {
    const place = { vmsd: source.name };
    yield* this.#versions(source, target, place);
    if (!isSameName(this.#type, source.name, target.name)) {
      yield this.#problem("vmsd-name", place, `the state is called ${target.name} there`);
      return;
    }
    if (source.fields !== undefined) {
      if (target.fields === undefined) {
        yield this.#problem("entry-missing", { ...place, field: "Fields" }, "it has no fields there");
      } else {
        yield* this.#fields(source.fields, target.fields, source.name);
      }
    }
    if (source.subsections === undefined) return;
    if (target.subsections === undefined) {
      yield this.#problem("entry-missing", { ...place, field: "Subsections" }, "it has no subsections there");
      for (const { name } of source.subsections) yield this.#unknownSubsection(name, place);
    } else {
      yield* this.#subsections(source.subsections, target.subsections, place);
    }
  }

  *#subsections(
    source: readonly DumpedVmsd[],
    target: readonly DumpedVmsd[],
    place: { readonly vmsd: string },
  ): Generator<DumpProblem> {
    for (const one of source) {
      const others = target.filter(({ name }) => name === one.name);
      for (const other of others) yield* this.#vmsd(one, other);
      if (others.length === 0) yield this.#unknownSubsection(one.name, place);
    }
  }

  #unknownSubsection(name: string, place: { readonly vmsd: string }): DumpProblem {
    const message = `the subsection ${name} is not known there; it matters when a stream has it`;
    return this.#problem("subsection-unknown", { ...place, field: name }, message);
  }

  /** Fields in their order. Structures that one side has around them, and unused bytes, do not count. */
  *#fields(source: readonly DumpedField[], target: readonly DumpedField[], vmsd: string): Generator<DumpProblem> {
    const [ours, theirs] = [new FieldWalk(source), new FieldWalk(target)];
    let [one, other] = [ours.next(), undefined as DumpedField | undefined];
    for (; one !== undefined; one = ours.next()) {
      other = theirs.next();
      // A difference tells of others that are its consequences.
      while (other !== undefined && !isSameName(vmsd, one.name, other.name)) {
        if (beginsWith(other, one.name)) other = theirs.enter(other);
        else if (beginsWith(one, other.name)) one = ours.enter(one);
        else break;
        if (one === undefined) return;
      }
      if (other === undefined) {
        yield this.#problem("field-missing", { vmsd, field: one.name }, "there are no further fields there");
        return;
      }
      if (!isSameName(vmsd, one.name, other.name)) {
        if (one.name !== UNUSED && other.name !== UNUSED) {
          const message = `there is ${other.name} in its place; what follows was not compared`;
          yield this.#problem("field-different", { vmsd, field: one.name }, message);
          return;
        }
        const near = coverUnused({ one, other }, { ours, theirs });
        if (near === undefined) continue;
        const message = `unused bytes end inside of ${near}; what follows was not compared`;
        yield this.#problem("unused-mismatch", { vmsd, field: near }, message);
        return;
      }
      yield* this.#field(one, other, vmsd);
    }
  }

  *#field(source: DumpedField, target: DumpedField, vmsd: string): Generator<DumpProblem> {
    const place = { vmsd, field: source.name };
    yield* this.#versions({ version: source.version }, { version: target.version }, place);
    if (source.vmsd === undefined) {
      if (source.size !== target.size) {
        yield this.#problem("field-resized", place, `it has ${source.size} bytes, there it has ${target.size}`);
      } else if (source.count !== undefined && target.count !== undefined && source.count !== target.count) {
        yield this.#problem("field-resized", place, `it has ${source.count} elements, there it has ${target.count}`);
      }
    } else if (target.vmsd === undefined) {
      yield this.#problem("field-undescribed", place, "it is no structure there");
    } else {
      yield* this.#vmsd(source.vmsd, target.vmsd);
    }
  }

  *#versions(
    source: Versioned,
    target: Versioned,
    place: { readonly vmsd?: string; readonly field?: string },
  ): Generator<DumpProblem> {
    if (source.version > target.version) {
      const message = `version ${source.version} is too new, there it is ${target.version}`;
      yield this.#problem("version-new", place, message);
    }
    const { minimumVersion } = target;
    if (minimumVersion === undefined || source.version >= minimumVersion) return;
    const message = `version ${source.version} is too old, ${minimumVersion} is the oldest that is read there`;
    yield this.#problem("version-old", place, message);
  }

  #problem(
    code: DumpProblem["code"],
    place: { readonly vmsd?: string; readonly field?: string },
    message: string,
  ): DumpProblem {
    return { severity: "error", code, type: this.#type, ...place, message };
  }
}

const UNUSED = "unused";

/** Whether a field is a structure whose first field has that name. */
function beginsWith({ vmsd }: DumpedField, name: string): boolean {
  const first = vmsd?.fields?.[0];
  return vmsd !== undefined && first !== undefined && isSameName(vmsd.name, first.name, name);
}

/**
 * Passes over fields until as many bytes are behind as the unused ones of the other side.
 *
 * @returns The field that goes on behind them; undefined if one ends where they end.
 */
function coverUnused(
  { one, other }: { readonly one: DumpedField; readonly other: DumpedField },
  { ours, theirs }: { readonly ours: FieldWalk; readonly theirs: FieldWalk },
): string | undefined {
  const passes = one.name === UNUSED ? theirs : ours;
  let left = one.name === UNUSED ? one.size - other.size : other.size - one.size;
  let near = one.name === UNUSED ? other.name : one.name;
  while (left > 0) {
    const field = passes.next();
    if (field === undefined) return near;
    near = field.name;
    left -= field.size;
  }
  return left < 0 ? near : undefined;
}

/** Fields one after the other; a structure that is entered is left at its end. */
class FieldWalk {
  readonly #levels: { readonly fields: readonly DumpedField[]; at: number }[];

  constructor(fields: readonly DumpedField[]) {
    this.#levels = [{ fields, at: 0 }];
  }

  next(): DumpedField | undefined {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const field = level.fields[level.at++];
      if (field !== undefined) return field;
      this.#levels.pop();
    }
    return undefined;
  }

  /** The first field of a structure; the others follow it. */
  enter({ vmsd }: DumpedField): DumpedField | undefined {
    this.#levels.push({ fields: vmsd?.fields ?? [], at: 0 });
    return this.next();
  }
}
