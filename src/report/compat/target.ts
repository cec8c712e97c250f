import { parseQemuVersion, type QemuVersion } from "../../capture/values.ts";
import type { DumpedType, VmstateDump } from "../../wire/mod.ts";
import type { CompatTarget } from "./model.ts";

/** What is said of the other QEMU besides its dump. */
export interface CompatTargetOptions {
  /** Machine type that it is started with; that of the dump if absent. */
  readonly machine?: string;
  /** Names of its machine types, aliases too, if it was asked. */
  readonly machines?: readonly string[];
  /** Its version. */
  readonly version?: string;
  /** Who says the version; the user if absent. */
  readonly versionFrom?: "qemu" | "user";
}

/** The other QEMU, for the rules. */
export interface Target {
  /** Its dump. */
  readonly dump: VmstateDump;
  /** Device types by the name of their layout. */
  readonly byVmsd: ReadonlyMap<string, readonly DumpedType[]>;
  /** Machine type that it is started with. */
  readonly machine: string | undefined;
  /** Names of its machine types. */
  readonly machines: readonly string[] | undefined;
  /** Its version as text, for words of QEMU. */
  readonly words: string | undefined;
  /** Its version. */
  readonly version: QemuVersion | undefined;
  /** Who says the version. */
  readonly versionFrom: CompatTarget["versionFrom"];
}

/** Puts together what is known. */
export function makeTarget(dump: VmstateDump, options: CompatTargetOptions): Target {
  const { machine = dump.machine, machines, version: said, versionFrom = "user" } = options;
  const byVmsd = new Map<string, DumpedType[]>();
  for (const type of dump.types.values()) {
    if (type.vmsd === undefined) continue;
    const list = byVmsd.get(type.vmsd.name) ?? [];
    list.push(type);
    byVmsd.set(type.vmsd.name, list);
  }
  // pc-i440fx-10.0 is of no QEMU before 10.0.
  const derived = /-(\d+\.\d+)$/.exec(dump.machine ?? "")?.[1];
  const words = said ?? derived;
  return {
    dump,
    byVmsd,
    machine,
    machines,
    words,
    version: words === undefined ? undefined : parseQemuVersion(words),
    versionFrom: words === undefined ? null : said === undefined ? "machine" : versionFrom,
  };
}

/** The target as the report shows it. */
export function describeTarget(
  { dump, machine, machines, words, versionFrom }: Target,
  wanted: string | undefined,
): CompatTarget {
  return {
    machine: machine ?? null,
    knowsMachine: machines === undefined || wanted === undefined ? null : machines.includes(wanted),
    version: words ?? null,
    versionFrom,
    types: dump.types.size,
  };
}
