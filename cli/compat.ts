import type { Capture } from "../src/public/capture.ts";
import {
  compatCapture,
  compatDumps,
  type CompatDumpsReport,
  type CompatReport,
  type CompatTargetOptions,
  machineOf,
} from "../src/public/compat.ts";
import type { VmstateDump } from "../src/public/wire.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { readDumpFile, theOther } from "./compat/inputs.ts";
import { compatText, dumpsText } from "./compat/text.ts";
import { EXIT, UsageError } from "./exit.ts";
import { jsonText } from "./json_text.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import type { Io } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** The command `compat`. */
export const definition: CommandDefinition = {
  name: "compat",
  summary: "say whether a capture would load in another QEMU",
  details: [
    "CAPTURE is a capture directory, a file with one channel, a packet capture (pcap, pcapng), or - for standard input.",
    "Compares its sections, their versions, fields and subsections with what the other QEMU says of itself: with its",
    "output of -dump-vmstate (--vmstate), or the program itself, which is started to write it (--qemu). What is known of",
    "its version is added: commands, capabilities, records of RAM, and states that no dump has.",
    "Exit status 0: it would load. 1: it would not, and why, with what QEMU says. Warnings do not count.",
    "",
    "What the answer is worth: a dump has the types of devices that QEMU has, and not the devices of a command line. That",
    "the destination has the devices of the source, as many and in the same places, RAM and firmware of the same size,",
    "and no other settings, is taken for granted; migwire replay finds out. Of fields that a function of QEMU decides on,",
    "it is taken for granted that both decide alike; what devices read and write by code of their own (virtio, VFIO) is",
    "not compared. Postcopy streams, and those that are cut, do not describe their fields: versions alone are compared.",
    "",
    "With --from DUMP in the place of CAPTURE two QEMUs are compared, as QEMU's vmstate-static-checker.py does, and a",
    "little more. What it finds matters only to guests that have these devices, and these states.",
    "",
    "The JSON is described by schema/compat-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE", optional: true }],
  options: [
    { name: "vmstate", value: "FILE", help: "what the other QEMU wrote: -machine TYPE -dump-vmstate FILE" },
    { name: "qemu", value: "BINARY", help: "the other QEMU, which is started to write it" },
    {
      name: "machine",
      value: "TYPE",
      help: "the machine type it is started with; with --qemu the stream's if not given",
    },
    { name: "qemu-version", value: "VERSION", help: "its version, such as 7.2, where a file does not tell it" },
    { name: "from", value: "FILE", help: "instead of CAPTURE: the output of -dump-vmstate of the QEMU that writes" },
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "no-warnings", help: "do not print warnings" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    {
      command: "migwire compat testdata/vfio-multifd-2 --vmstate testdata/compat/qemu-7.2.json",
      does: "would it load where this dump is from?",
    },
    {
      command: "migwire compat capture/ --qemu qemu-system-x86_64",
      does: "would it load in the QEMU of this machine?",
    },
    { command: "migwire compat --from 10.0.json --vmstate 7.2.json", does: "what two versions of QEMU do not share" },
  ],
};

/**
 * Judges a capture, or a dump, against another QEMU.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if it would load, 1 if not.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec] = args.operands;
  const from = args.text("from");
  if (spec === undefined && from === undefined) {
    throw new UsageError("Cannot compare nothing: name a CAPTURE, or a dump with --from");
  }
  if (spec !== undefined && from !== undefined) throw new UsageError("Cannot use --from together with a CAPTURE");
  if ((args.text("vmstate") === undefined) === (args.text("qemu") === undefined)) {
    throw new UsageError("Cannot tell the other QEMU: give one of --vmstate and --qemu");
  }
  if (spec === undefined) return await ofDumps(readDumpFile(from ?? ""), args, io);
  return await withCaptureAsync(spec, openOptions(args), (capture) => ofCapture(capture, args, io));
}

async function ofCapture(capture: Capture, args: ParsedArgs, io: Io): Promise<number> {
  const { dump, options } = await other(args, io, machineOf(capture));
  return showCompat(compatCapture(capture, dump, { ...options, ...pageSizeOption(args) }), showOptions(args), io);
}

async function ofDumps(source: VmstateDump, args: ParsedArgs, io: Io): Promise<number> {
  const { dump, options } = await other(args, io, source.machine);
  return showDumps(compatDumps(source, dump, options), showOptions(args), io);
}

function other(
  args: ParsedArgs,
  io: Io,
  wanted: string | undefined,
): Promise<{ readonly dump: VmstateDump; readonly options: CompatTargetOptions }> {
  const given = {
    vmstate: args.text("vmstate"),
    qemu: args.text("qemu"),
    machine: args.text("machine"),
    version: args.text("qemu-version"),
  };
  return theOther(given, wanted, io);
}

/** How {@linkcode showCompat} shows. */
export interface ShowOptions {
  /** As one JSON document; otherwise as text. */
  readonly json: boolean;
  /** Shows warnings too. */
  readonly warnings: boolean;
}

function showOptions(args: ParsedArgs): ShowOptions {
  return { json: args.flag("json"), warnings: !args.flag("no-warnings") };
}

/**
 * Prints whether a capture would load.
 *
 * @param report What was found.
 * @param options As what.
 * @param io Where it goes.
 * @returns The exit code.
 */
export function showCompat(report: CompatReport, { json, warnings }: ShowOptions, io: Io): number {
  const shown = { ...report, problems: report.problems.filter(({ severity }) => warnings || severity === "error") };
  if (json) io.stdout.line(jsonText(shown, 2));
  else for (const line of compatText(shown, io.stdout.style)) io.stdout.line(line);
  return report.ok ? EXIT.ok : EXIT.fault;
}

/** Prints what two dumps do not have in common; the parameters are those of {@linkcode showCompat}. */
export function showDumps(report: CompatDumpsReport, { json, warnings }: ShowOptions, io: Io): number {
  const shown = { ...report, problems: report.problems.filter(({ severity }) => warnings || severity === "error") };
  if (json) io.stdout.line(jsonText(shown, 2));
  else for (const line of dumpsText(shown, io.stdout.style)) io.stdout.line(line);
  return report.ok ? EXIT.ok : EXIT.fault;
}
