import { isAtLeast } from "../../capture/values.ts";
import { commandName, MIG_CMD, type MultifdCompression } from "../../wire/mod.ts";
import type { CompatProblem } from "./model.ts";
import type { Features, Place } from "./gather.ts";
import type { Target } from "./target.ts";

/** The first version that has a compression of multifd channels. */
const COMPRESSION_SINCE: { readonly [method in MultifdCompression]: readonly [number, number] } = {
  none: [4, 0],
  zlib: [5, 0],
  zstd: [5, 0],
  qpl: [9, 1],
  uadk: [9, 1],
  qatzip: [9, 2],
};

/** What a version of QEMU does not know, besides the states of devices. */
interface Row {
  readonly code: string;
  readonly place: Place | undefined;
  /** The first version that knows it. */
  readonly since?: readonly [major: number, minor: number];
  /** The first version that does not know it any more. */
  readonly until?: readonly [major: number, minor: number];
  readonly message: string;
  readonly qemu: string;
  readonly hint: string;
  /** It loads all the same. */
  readonly loads?: true;
}

/** Capabilities, commands and records of the stream that the other version does not know (main-channel.md §17). */
export function* settingsRule(features: Features, target: Target): Generator<CompatProblem> {
  for (const row of rows(features)) {
    const { place, since, until, code, message, qemu, hint } = row;
    const { version } = target;
    if (place === undefined || version === undefined) continue;
    const isKnown = (since === undefined || isAtLeast(version, ...since)) &&
      (until === undefined || !isAtLeast(version, ...until));
    if (isKnown) continue;
    // The machine type of a dump tells the lowest version only.
    const isSure = target.versionFrom !== "machine" || until !== undefined;
    yield {
      severity: isSure && !row.loads ? "error" : "warning",
      code,
      channel: place.channel,
      offset: place.offset,
      message: isSure ? message : `${message}, if the QEMU there is as old as its machine type`,
      qemu,
      hint: isSure ? hint : "say its version with --qemu-version",
    };
  }
}

function* rows(features: Features): Generator<Row> {
  const known = new Set<number>(Object.values(MIG_CMD));
  for (const [command, place] of features.commands) {
    const base = { code: "command", place, message: `QEMU there does not know the command ${commandName(command)}` };
    const length = place.length.toString(16);
    const qemu = `MIG_CMD 0x${command.toString(16)} unknown (len 0x${length})`;
    if (command === MIG_CMD.SWITCHOVER_START) {
      const hint = "start the source with -global migration.send-switchover-start=off, or a machine type before 10.0";
      yield { ...base, since: [10, 0], qemu, hint };
    } else if (command === MIG_CMD.ENABLE_COLO) {
      const deprecated = `MIG_CMD 0x${command.toString(16)} deprecated (len 0x${length})`;
      yield { ...base, until: [11, 1], qemu: deprecated, hint: "migrate without x-colo" };
    } else if (!known.has(command)) {
      yield { ...base, since: [Infinity, 0], qemu, hint: "migrate without what sends it" };
    }
  }
  for (const [name, place] of features.capabilities) {
    if (name !== "mapped-ram") continue;
    yield {
      code: "capability",
      place,
      since: [9, 0],
      message: `QEMU there does not know the capability ${name}`,
      qemu: `Received unknown capability ${name}`,
      hint: `migrate without ${name}`,
    };
  }
  yield {
    code: "ram-flag",
    place: features.flush,
    since: [8, 1],
    message: "QEMU there does not know the RAM record MULTIFD_FLUSH",
    qemu: "Unknown combination of migration flags: 0x200",
    hint: "start the source with -global migration.multifd-flush-after-each-section=on, or a machine type before 8.1",
  };
  yield {
    code: "ram-flag",
    place: features.compressedPage,
    until: [9, 1],
    message: "QEMU there does not know compressed pages on the main channel any more",
    qemu: "Unknown combination of migration flags: 0x100",
    hint: "migrate without the capability compress",
  };
  yield {
    code: "device-packet",
    place: features.devicePacket,
    since: [10, 0],
    message: "QEMU there does not know device state on multifd channels",
    qemu: "a packet that is not understood ends the migration",
    hint: "start the source with x-migration-multifd-transfer=off on its VFIO devices",
  };
  yield {
    code: "zero-pages",
    place: features.zeroPages,
    since: [9, 0],
    message: "QEMU there does not know zero pages on multifd channels: it would not clear them",
    qemu: "passes over them",
    loads: true,
    hint: "migrate with zero-page-detection=legacy, or a machine type before 9.0",
  };
  const { compression } = features;
  if (compression !== undefined) {
    yield {
      code: "compression",
      place: compression,
      since: COMPRESSION_SINCE[compression.method],
      message: `QEMU there does not know the compression ${compression.method} of multifd channels`,
      qemu: "its parameter multifd-compression cannot be set so",
      hint: "migrate with another multifd-compression",
    };
  }
  if (features.multifd !== undefined) {
    yield {
      code: "multifd-postcopy",
      place: features.postcopyRam,
      since: [10, 1],
      message: "QEMU there does not do postcopy together with multifd",
      qemu: "Postcopy is not yet compatible with multifd",
      hint: "migrate with one of them",
    };
  }
  yield {
    code: "vfio-tag",
    place: features.initDataSent,
    since: [8, 1],
    message: "QEMU there does not know the tag DEV_INIT_DATA_SENT of VFIO devices",
    qemu: "Unknown tag 0xffffffffef100005",
    hint: "migrate without switchover-ack",
  };
}
