import type { BaseRecord, CommandRecord, MultifdRamRecord } from "../../stream/mod.ts";
import { MIG_CMD, MULTIFD_FLAG } from "../../wire/mod.ts";
import type { QemuHint } from "./model.ts";

const hint = (seen: string, versions: Omit<QemuHint, "seen">): QemuHint => ({ seen, ...versions });

/** Things that only some versions write (main-channel.md §17, multifd.md §7). */
const HINTS = {
  switchoverStart: hint("command SWITCHOVER_START", { since: "10.0" }),
  deviceState: hint("device state on multifd channels", { since: "10.0" }),
  loadReady: hint("VFIO tag CONFIG_LOAD_READY", { since: "10.1" }),
  packageLoaded: hint("PING 0x42 in a package", { since: "10.2" }),
  flush: hint("MULTIFD_FLUSH records", { since: "8.1" }),
  multifdZero: hint("zero pages on multifd channels", { since: "9.0" }),
  syncPages: hint("SYNC packets with pages", { until: "8.2" }),
  compress: hint("compressed pages on the main channel", { until: "9.0" }),
  block: hint("live block migration", { until: "9.0" }),
  mapped: hint("a mapped-ram file", { since: "9.0" }),
};

/** The value of the PING that asks whether the package is loaded. */
const PACKAGE_LOADED_PING = 0x42;

function hintOf(record: BaseRecord): QemuHint | undefined {
  switch (record.kind) {
    case "command": {
      const { command, value } = record as CommandRecord;
      if (command === MIG_CMD.SWITCHOVER_START) return HINTS.switchoverStart;
      return command === MIG_CMD.PING && value === PACKAGE_LOADED_PING ? HINTS.packageLoaded : undefined;
    }
    case "multifd-device-state":
      return HINTS.deviceState;
    case "vfio-config-load-ready":
      return HINTS.loadReady;
    case "ram-multifd-flush":
      return HINTS.flush;
    case "ram-compress-page":
      return HINTS.compress;
    case "ram-mapped-block":
      return HINTS.mapped;
    case "block-migration":
      return HINTS.block;
    case "multifd-ram": {
      const { flags, normalPages, zeroPages } = record as MultifdRamRecord;
      if (zeroPages > 0) return HINTS.multifdZero;
      return normalPages > 0 && (flags & MULTIFD_FLAG.SYNC) !== 0 ? HINTS.syncPages : undefined;
    }
  }
  return undefined;
}

/** Collects what the stream tells of the version that wrote it. */
export class HintTally {
  readonly #seen = new Set<QemuHint>();

  /** Looks at a record. */
  add(record: BaseRecord): void {
    const found = hintOf(record);
    if (found !== undefined) this.#seen.add(found);
  }

  /** The result; a versioned machine type exists only from its version on. */
  summary(machine: string | undefined): QemuHint[] {
    const version = /-(\d+\.\d+)(\.\d+)?$/.exec(machine ?? "")?.[1];
    const byMachine = version === undefined ? [] : [hint(`machine type ${machine}`, { since: version })];
    return [...byMachine, ...this.#seen];
  }
}
