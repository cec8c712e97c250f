import type { Decoder } from "../wire/mod.ts";
import { DeviceBody } from "./device_body.ts";
import { DirtyBitmapBody } from "./dirty_bitmap_body.ts";
import type { LongSectionRecord, ShortSectionRecord } from "./main_records.ts";
import type { MigrationState, SectionEntry } from "./migration_state.ts";
import {
  BlockMigrationBody,
  HtabBody,
  StorageAttributesBody,
  StorageKeysBody,
  TodClockBody,
} from "./open_coded_bodies.ts";
import { RamBody } from "./ram_body.ts";
import type { SectionBody } from "./section_body.ts";
import { VfioBody } from "./vfio_body.ts";

type SectionKind = LongSectionRecord["kind"] | ShortSectionRecord["kind"];

/** The version of an entry whose format migwire reads itself, and what a destination makes of a lower one. */
interface LocalVersion {
  /** The version. */
  readonly version: number;
  /** What QEMU says of a lower version; absent where it takes one. */
  readonly lower?: string;
}

/** Versions of the entries whose format migwire reads itself; a destination refuses a higher one (§3.1). */
const VERSIONS: ReadonlyMap<string, LocalVersion> = new Map<string, LocalVersion>([
  ["ram", { version: 4, lower: "load of migration failed: Invalid argument" }],
  ["dirty-bitmap", { version: 1, lower: "load of migration failed: Invalid argument" }],
  ["spapr/htab", { version: 1, lower: "htab_load() bad version" }],
  ["s390-storage_attributes", { version: 0 }],
  ["s390-skeys", { version: 1 }],
  ["todclock", { version: 1 }],
  ["block", { version: 1 }],
  ["vfio", { version: 1 }],
]);

/**
 * Whether a section is that of a VFIO device, whose name is `<device path>/vfio` (vfio.md §2.1).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isVfioSection } from "./section_bodies.ts";
 *
 * assert(isVfioSection("0000:00:05.0/vfio"));
 * assert(!isVfioSection("0000:00:05.0/vfio-cpr-pci"));
 * ```
 */
export function isVfioSection(idstr: string): boolean {
  return idstr === "vfio" || idstr.endsWith("/vfio");
}

/** Gives each section the grammar of its body, by its name. */
export class SectionBodies {
  readonly #ram: RamBody;
  readonly #dirtyBitmap = new DirtyBitmapBody();
  readonly #devices: DeviceBody;

  /** Bodies of one main channel. */
  constructor(state: MigrationState, fileOffset: number) {
    this.#ram = new RamBody(state, fileOffset);
    this.#devices = new DeviceBody(state);
  }

  /** Notes a version that a destination would refuse. */
  checkVersion(entry: SectionEntry, decoder: Decoder, offset: number): void {
    const local = VERSIONS.get(isVfioSection(entry.idstr) ? "vfio" : entry.idstr);
    if (local === undefined || entry.versionId === local.version) return;
    const higher = `unsupported version ${entry.versionId} for '${entry.idstr}' v${local.version}`;
    const qemu = entry.versionId > local.version ? higher : local.lower;
    if (qemu === undefined) return;
    decoder.note({
      severity: "error",
      code: "section-version",
      offset,
      field: "versionId",
      message: `version of "${entry.idstr}" is ${entry.versionId}, expected ${local.version}`,
      qemu,
    });
  }

  /** The grammar of the body that begins now; `limit` is the end of the package it is in. */
  enter(entry: SectionEntry, kind: SectionKind, limit: number | undefined): SectionBody {
    if (isVfioSection(entry.idstr)) return new VfioBody();
    switch (entry.idstr) {
      case "ram":
        return this.#ram;
      case "dirty-bitmap":
        return this.#dirtyBitmap;
      case "spapr/htab":
        return new HtabBody(kind === "section-start");
      case "s390-storage_attributes":
        return new StorageAttributesBody();
      case "s390-skeys":
        return new StorageKeysBody();
      case "todclock":
        return new TodClockBody();
      case "block":
        return new BlockMigrationBody();
      default:
        this.#devices.enter(entry, kind === "section-full", limit);
        return this.#devices;
    }
  }
}
