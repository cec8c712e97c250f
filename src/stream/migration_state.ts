import { isTargetPageSize, type RamBlockEntry, type VmDescription } from "../wire/mod.ts";

/** An entry of the section table: what a long section header announced. */
export interface SectionEntry {
  /** Number in this stream. */
  readonly sectionId: number;
  /** Name. */
  readonly idstr: string;
  /** Tells entries of one name apart. */
  readonly instanceId: number;
  /** Version of the format. */
  readonly versionId: number;
}

/** How the target page size became known, the most trusted first. */
export type PageSizeOrigin =
  | "option"
  | "description"
  | "mapped-ram"
  | "advise"
  | "target-page-bits"
  | "multifd"
  | "machine"
  | "probe";

/** Postcopy phase of the destination (main-channel.md §3.14); the index is QEMU's number. */
export const POSTCOPY_PHASES = ["none", "advise", "discard", "listening", "running", "end"] as const;

/** One of {@linkcode POSTCOPY_PHASES}. */
export type PostcopyPhase = (typeof POSTCOPY_PHASES)[number];

/**
 * What a main channel's parser has learned (main-channel.md §1.4). A recovery connection and the preempt channel go on
 * with the state of the first connection.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, MainGrammar, PreemptGrammar } from "@migwire/migwire/stream";
 *
 * const main = new MainGrammar();
 * const parser = new ChannelParser(main);
 * parser.push(Uint8Array.fromHex("5145564d00000003" + "070000000b" + "70632d7133352d31302e30" + "00"));
 * assertEquals(main.state.machine, "pc-q35-10.0");
 * const preempt = new ChannelParser(new PreemptGrammar(main.state));
 * ```
 */
export class MigrationState {
  /** Section table. */
  readonly sections: Map<number, SectionEntry> = new Map();
  /** Name of each section id. */
  readonly names: Map<number, string> = new Map();
  /** Ids that a START announced. */
  readonly iterable: Set<number> = new Set();
  /** RAM blocks by name, in stream order. */
  readonly blocks: Map<string, RamBlockEntry> = new Map();
  /** Capabilities that the configuration names. */
  readonly capabilities: Set<string> = new Set();
  /** Machine type. */
  machine: string | undefined;
  /** log2 of the target page size, where the configuration says it: only ARM targets do (main-channel.md §2.2). */
  targetPageBits: number | undefined;
  /** Whether sections end with footers; unknown before the first has ended. */
  footers: boolean | undefined;
  /** Host page sizes from POSTCOPY_ADVISE, OR-ed; 0 without. */
  hostPageSizes = 0n;
  /** Postcopy phase. */
  postcopy: PostcopyPhase = "none";
  /** A return path was opened. */
  returnPath = false;
  /** COLO was switched on: its messages follow the stream. */
  colo = false;
  /** Version of the QEMU that is to load the stream, where somebody says it. */
  destination: string | undefined;
  /** VM description, when it was found or came by. */
  description: VmDescription | undefined;
  #pageSize: number | undefined;
  #pageSizeOrigin: PageSizeOrigin | undefined;

  /** Target page size in bytes, if known. */
  get pageSize(): number | undefined {
    return this.#pageSize;
  }

  /** Where the page size was learned. */
  get pageSizeOrigin(): PageSizeOrigin | undefined {
    return this.#pageSizeOrigin;
  }

  /** Enters a section in the table. */
  announce(entry: SectionEntry, start: boolean): void {
    this.sections.set(entry.sectionId, entry);
    this.names.set(entry.sectionId, entry.idstr);
    if (start) this.iterable.add(entry.sectionId);
  }

  /**
   * Notes a page size; the first one stays, since the sources come in the order of trust or agree. One that no target
   * has is passed over: streams and descriptions can say anything.
   */
  learnPageSize(bytes: number, origin: PageSizeOrigin): void {
    if (this.#pageSize !== undefined || !isTargetPageSize(bytes)) return;
    this.#pageSize = bytes;
    this.#pageSizeOrigin = origin;
  }
}

/** Target page size of machine types whose name tells the architecture (main-channel.md §2.3). */
const MACHINE_PAGE_SIZES: readonly [RegExp, number][] = [
  [/^(pc|pc-.*|q35|microvm|isapc|xenfv.*|xenpv)$/, 4096],
  [/^(pseries|powernv|ppce500|mac99|g3beige|prep|bamboo|sam460ex|pegasos)/, 4096],
  [/^s390-ccw-virtio/, 4096],
  [/^(malta|mipssim|magnum|boston|loongson3-virt)/, 4096],
  [/^(sun4u|sun4v|niagara|clipper)/, 8192],
];

/**
 * Target page size that a machine type implies, or undefined where the name is that of several architectures
 * (`virt-10.0`).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { machinePageSize } from "./migration_state.ts";
 *
 * assertEquals(machinePageSize("pc-q35-10.0"), 4096);
 * assertEquals(machinePageSize("virt-10.0"), undefined);
 * ```
 */
export function machinePageSize(machine: string): number | undefined {
  return MACHINE_PAGE_SIZES.find(([pattern]) => pattern.test(machine))?.[1];
}
