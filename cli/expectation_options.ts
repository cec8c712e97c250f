import { type ExpectationOptions, type OnOffAuto, parseQemuVersion } from "../src/public/capture.ts";
import { MULTIFD_COMPRESSION_FLAGS, type MultifdCompression } from "../src/public/wire.ts";
import type { OptionDefinition, ParsedArgs } from "./command.ts";
import { UsageError } from "./exit.ts";

const ON_OFF = ["on", "off"];
const ON_OFF_AUTO = ["auto", "on", "off"];

/** What may be said of the destination, to every command that judges. */
export const EXPECTATION_OPTIONS: readonly OptionDefinition[] = [
  { name: "qemu", value: "VERSION", help: "the destination's version, such as 10.1" },
  { name: "arch", value: "ARCH", help: "the target's architecture, such as aarch64" },
  { name: "machine", value: "TYPE", help: "its machine type, full name or alias" },
  { name: "multifd", value: "STATE", choices: ON_OFF, help: "its capability multifd" },
  { name: "multifd-channels", value: "COUNT", help: "how many multifd channels it takes" },
  {
    name: "multifd-compression",
    value: "METHOD",
    choices: Object.keys(MULTIFD_COMPRESSION_FLAGS),
    help: "its compression on multifd channels",
  },
  { name: "mapped-ram", value: "STATE", choices: ON_OFF, help: "its capability mapped-ram" },
  { name: "switchover-ack", value: "STATE", choices: ON_OFF, help: "its capability switchover-ack" },
  {
    name: "multifd-transfer",
    value: "STATE",
    choices: ON_OFF_AUTO,
    help: "x-migration-multifd-transfer of its VFIO devices",
  },
  {
    name: "load-config-after-iter",
    value: "STATE",
    choices: ON_OFF_AUTO,
    help: "x-migration-load-config-after-iter of its VFIO devices",
  },
  {
    name: "max-queued-size",
    value: "SIZE",
    help: "x-migration-max-queued-buffers-size of its VFIO devices",
  },
];

/**
 * What a command line says of the destination.
 *
 * @param args The command line of a command with {@linkcode EXPECTATION_OPTIONS}.
 * @returns What is said; what is not said is absent.
 */
export function expectationOptions(args: ParsedArgs): ExpectationOptions {
  const qemu = args.text("qemu");
  if (qemu !== undefined && parseQemuVersion(qemu) === undefined) {
    throw new UsageError(`Cannot use "${qemu}" for --qemu: write a version as 10.1 or 10.0.13`);
  }
  const multifdChannels = args.number("multifd-channels");
  // QEMU counts them in a byte.
  if (multifdChannels !== undefined && (multifdChannels < 1 || multifdChannels > 255)) {
    throw new UsageError(`Cannot use ${multifdChannels} for --multifd-channels: it is a number from 1 to 255`);
  }
  const given: { readonly [K in keyof ExpectationOptions]-?: ExpectationOptions[K] | undefined } = {
    qemu,
    arch: args.text("arch"),
    machine: args.text("machine"),
    multifd: onOff(args.text("multifd")),
    multifdChannels,
    multifdCompression: args.text("multifd-compression") as MultifdCompression | undefined,
    mappedRam: onOff(args.text("mapped-ram")),
    switchoverAck: onOff(args.text("switchover-ack")),
    multifdTransfer: args.text("multifd-transfer") as OnOffAuto | undefined,
    loadConfigAfterIter: args.text("load-config-after-iter") as OnOffAuto | undefined,
    maxQueuedSize: args.number("max-queued-size"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function onOff(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === "on";
}
