import { readBytes } from "../../capture/values.ts";
import {
  decodeDeviceBody,
  type DeviceDescription,
  type DumpedType,
  type DumpedVmsd,
  isNamedAfterState,
  listSubsections,
  qemuWording,
  unknownSection,
  type VmDescription,
} from "../../wire/mod.ts";
import { HIDDEN_VMSDS, isCodeState, knowsState, knowsSubsection, stateVersion } from "./code_states.ts";
import { compareBody, type Comparison, type Difference, isFatal } from "./compare_body.ts";
import { differenceProblem } from "./difference_problem.ts";
import type { SectionFacts } from "./gather.ts";
import type { CompatProblem, CompatSection, SectionVerdict } from "./model.ts";
import type { Target } from "./target.ts";
import { stateFails, tooNew, tooOld, unknownSubsection, unmigratable } from "./words.ts";

/** A body that is longer than this is not searched: real ones have up to a few MiB. */
const BODY_LIMIT = 64 * 1024 * 1024;

/** A section, judged. */
export interface JudgedSection {
  /** What was found. */
  readonly section: CompatSection;
  /** What speaks against it. */
  readonly problems: readonly CompatProblem[];
}

/** Judges every section of a stream. */
export function* sectionsRule(
  sections: readonly SectionFacts[],
  description: VmDescription | undefined,
  target: Target,
): Generator<JudgedSection> {
  const described = new Map<string, DeviceDescription>();
  for (const device of description?.devices ?? []) {
    const key = `${device.instanceId} ${device.name}`;
    if (!described.has(key)) described.set(key, device);
  }
  for (const section of sections) {
    yield new Judge(section, described.get(`${section.instanceId} ${section.idstr}`), target).judge();
  }
}

/** Judges one section. */
class Judge {
  readonly #section: SectionFacts;
  readonly #device: DeviceDescription | undefined;
  readonly #target: Target;
  readonly #vmsd: string;
  readonly #problems: CompatProblem[] = [];

  constructor(section: SectionFacts, device: DeviceDescription | undefined, target: Target) {
    this.#section = section;
    this.#device = device;
    this.#target = target;
    const { idstr } = section;
    this.#vmsd = device?.vmsdName ?? idstr.slice(idstr.lastIndexOf("/") + 1);
  }

  judge(): JudgedSection {
    const { idstr } = this.#section;
    const vmsd = this.#device?.vmsdName;
    if (vmsd !== undefined && !isNamedAfterState(idstr, vmsd)) {
      return this.#unknown(`no QEMU calls the state ${vmsd} so`);
    }
    const found = this.#candidates();
    if (found.length > 0) return this.#compared(found);
    const known = isCodeState(this.#vmsd) || isCodeState(this.#section.idstr);
    if (!known) return this.#unknown("QEMU there has no device with this state");
    this.#codeState();
    this.#hiddenSubsections();
    return this.#result({});
  }

  #unknown(message: string): JudgedSection {
    this.#add("error", "section-unknown", {
      message,
      qemu: qemuWording(unknownSection(this.#section), this.#target.words),
      hint: "leave this device out of the source, or use a QEMU that has it",
    });
    return this.#result({});
  }

  /** Device types whose state has that name, and whose sections can be called so. */
  #candidates(): DumpedType[] {
    const types = this.#target.byVmsd.get(this.#vmsd) ?? [];
    // A PCI device has the place of its slot in the name.
    return this.#section.idstr.includes("/")
      ? [...types]
      : types.filter(({ vmsd }) => vmsd !== undefined && !isOnPci(vmsd));
  }

  #compared(types: readonly DumpedType[]): JudgedSection {
    const { idstr, versionId } = this.#section;
    const best = types.map((type) => ({ type, comparison: this.#compare(type) })).reduce((one, other) =>
      badness(other.comparison) < badness(one.comparison) ? other : one
    );
    const { type, comparison } = best;
    const { vmsd } = type;
    const { words } = this.#target;
    if (vmsd !== undefined && isUnmigratable(vmsd) && (this.#device?.fields.length ?? 0) > 0) {
      this.#add("error", "unmigratable", {
        message: `QEMU there cannot migrate the device ${type.name}`,
        qemu: unmigratable(idstr),
        hint: "leave this device out, or use a QEMU that can migrate it",
      });
    } else if (versionId > type.version) {
      this.#add("error", "section-version", {
        field: "versionId",
        message: `version ${versionId} of the state is too new: QEMU there reads up to ${type.version}`,
        qemu: tooNew(idstr, versionId, type.version, words),
        hint: "start the source with a machine type of the older QEMU; if it is, they are not compatible",
      });
    } else if (versionId < type.minimumVersion) {
      this.#add("error", "section-version", {
        field: "versionId",
        message: `version ${versionId} of the state is too old: QEMU there reads from ${type.minimumVersion} on`,
        qemu: tooOld(this.#vmsd, versionId, type.minimumVersion, words),
        hint: "migrate by way of a QEMU between the two",
      });
    } else {
      for (const difference of comparison?.differences ?? []) this.#difference(difference);
      this.#hiddenSubsections();
    }
    return this.#result({ type, ...(comparison === undefined ? {} : { comparison }) });
  }

  #compare({ vmsd }: DumpedType): Comparison | undefined {
    if (this.#device === undefined || vmsd === undefined) return undefined;
    return compareBody(this.#device, vmsd, this.#section.versionId);
  }

  #difference(difference: Difference): void {
    const problem = differenceProblem(difference, this.#section, this.#target.words);
    if (problem === undefined) return;
    const { subsection } = difference;
    const offset = subsection === undefined ? undefined : this.#offsetOf(subsection);
    this.#problems.push({ ...problem, ...(offset === undefined ? {} : { offset }) });
  }

  /** A state that no dump has: only what is known of versions can be said. */
  #codeState(): void {
    const { idstr, instanceId, versionId } = this.#section;
    const { version, words } = this.#target;
    if (knowsState(this.#vmsd, version) === false) {
      this.#add("error", "section-unknown", {
        message: "QEMU there does not have this state",
        qemu: qemuWording(unknownSection({ idstr, instanceId }), words),
        hint: "start the source with a machine type of that QEMU, or without what sends it",
      }, true);
    }
    const highest = stateVersion(this.#vmsd, version);
    if (highest === undefined || versionId <= highest) return;
    this.#add("error", "section-version", {
      field: "versionId",
      message: `version ${versionId} of the state is too new: QEMU there reads up to ${highest}`,
      qemu: tooNew(idstr, versionId, highest, words),
      hint: "leave this device out of the source, or use a newer QEMU",
    }, true);
  }

  /** Subsections of states that no dump has. */
  #hiddenSubsections(): void {
    const { version, words } = this.#target;
    const { idstr, instanceId } = this.#section;
    for (const { name, offset } of this.#namedSubsections()) {
      if (knowsSubsection(name, version) !== false) continue;
      const parent = name.slice(0, name.lastIndexOf("/"));
      this.#add("error", "subsection-unknown", {
        field: name,
        message: `QEMU there does not know the subsection ${name}`,
        qemu: stateFails(idstr, instanceId, unknownSubsection(name, parent), words),
        hint: "start the source with a machine type and a CPU of that QEMU",
        ...(offset === undefined ? {} : { offset }),
      }, true);
    }
  }

  /** Names of subsections in the description and, where it says nothing of what is inside, in the bytes. */
  *#namedSubsections(): Generator<{ readonly name: string; readonly offset?: number }> {
    const inDump = this.#target.byVmsd.has(this.#vmsd);
    for (const { vmsdName: name } of inDump ? [] : this.#device?.subsections ?? []) {
      if (name === undefined) continue;
      const offset = this.#offsetOf(name);
      yield { name, ...(offset === undefined ? {} : { offset }) };
    }
    const isHidden = this.#device?.fields.some(({ type }) => type === "virtio") ?? false;
    const { body } = this.#section;
    const bytes = isHidden ? this.#bytes() : undefined;
    if (bytes === undefined || body === undefined) return;
    for (const vmsd of HIDDEN_VMSDS) {
      for (const { name, offset } of listSubsections(bytes, `${vmsd}/`)) yield { name, offset: body.start + offset };
    }
  }

  /** Where a subsection begins in the channel, if its bytes can be had. */
  #offsetOf(name: string): number | undefined {
    const { body } = this.#section;
    const bytes = this.#bytes();
    if (bytes === undefined || body === undefined || this.#device === undefined) return undefined;
    const waiting = [...decodeDeviceBody(bytes, this.#device).children];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node.type === "subsection" && node.name === name) return body.start + node.offset;
      waiting.push(...node.children ?? []);
    }
    return undefined;
  }

  #bytes(): Uint8Array | undefined {
    const { body } = this.#section;
    const source = body?.channel.channel.source;
    if (body === undefined || source === undefined || body.length > BODY_LIMIT) return undefined;
    return readBytes(source, body.start, body.length);
  }

  /** Adds a problem; one that follows from the version alone is as sure as that is. */
  #add(
    severity: CompatProblem["severity"],
    code: string,
    { offset = this.#section.offset, ...rest }: Pick<CompatProblem, "message" | "field" | "qemu" | "hint"> & {
      readonly offset?: number;
    },
    byVersion = false,
  ): void {
    const { channel, idstr, instanceId } = this.#section;
    const isGuess = byVersion && this.#target.versionFrom === "machine";
    this.#problems.push({
      severity: isGuess ? "warning" : severity,
      code,
      channel,
      offset,
      section: idstr,
      instanceId,
      ...rest,
      ...(isGuess ? { message: `${rest.message}, if it is as old as its machine type` } : {}),
      ...(isGuess ? { hint: "say its version with --qemu-version" } : {}),
    });
  }

  #result(
    { type, comparison }: { readonly type?: DumpedType; readonly comparison?: Comparison },
  ): JudgedSection {
    const { idstr, instanceId, versionId, channel, offset } = this.#section;
    const fails = this.#problems.some(({ severity }) => severity === "error");
    const verdict: SectionVerdict = fails ? "fails" : comparison === undefined ? "unknown" : "loads";
    return {
      section: {
        idstr,
        instanceId,
        versionId,
        channel,
        offset,
        vmsd: this.#vmsd,
        type: type?.name ?? null,
        reads: type === undefined ? null : { minimum: type.minimumVersion, maximum: type.version },
        fields: comparison?.fields ?? null,
        verdict,
      },
      problems: this.#problems,
    };
  }
}

/** Layouts that have the state of a PCI device in them. */
function isOnPci(vmsd: DumpedVmsd): boolean {
  return (vmsd.fields ?? []).some((field) =>
    field.vmsd !== undefined && (/^PCIE?Device$/.test(field.vmsd.name) || isOnPci(field.vmsd))
  );
}

/** QEMU marks devices that it cannot migrate by a state without anything in it. */
function isUnmigratable({ fields = [], subsections = [], version }: DumpedVmsd): boolean {
  return fields.length === 0 && subsections.length === 0 && version === 0;
}

function badness(comparison: Comparison | undefined): number {
  if (comparison === undefined) return 0;
  return comparison.differences.reduce((sum, one) => sum + (isFatal(one) ? 1000 : 1), 0);
}
