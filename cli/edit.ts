import {
  type ByteSink,
  type Capture,
  isCaptureFile,
  writeDirectory,
  writePcapng,
  writeWhole,
  writeWholeDirectory,
} from "../src/public/capture.ts";
import {
  type Edit,
  EDIT_ACTIONS,
  type EditAction,
  editCapture,
  EditError,
  type EditOptions,
  parseEdit,
  type Repair,
  REPAIRS,
} from "../src/public/edit.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { driveSteps } from "./drive_steps.ts";
import { editLines } from "./edit/text.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { jsonText } from "./json_text.ts";
import { nearest } from "./nearest.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import { formatBytes, type Io, printable } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** Bytes of a file that are put into a capture at most. */
const FILE_LIMIT = 256 * 1024 * 1024;

/** Edits that have an option; `shuffle` is a word of `--reorder`. */
const OPTIONS: readonly EditAction[] = EDIT_ACTIONS.filter((action) => action !== "shuffle");

/** The command `edit`. */
export const definition: CommandDefinition = {
  name: "edit",
  summary: "change a capture: fields, records, order, ends, bits",
  details: [
    "CAPTURE is whatever the other commands read. OUT is a capture directory, packets if its name ends in .pcapng, or",
    "packets on standard output if it is -. What was changed is printed, a line each.",
    "",
    "What depends on a change is made right with it, unless --leave-wrong says otherwise:",
    "  lengths      of names, payloads and packages",
    "  counts       the total of RAM blocks",
    "  footers      each names its section; with the header of a section all of it goes",
    "  names        a page that continued the block of one that is gone gets the block's name",
    "  description  the VM description's entries and sizes of devices, and its own length",
    "What an edit sets itself stays so: nextPacketSize=5 is a wrong length. Numbers of VFIO buffers stay as they are: a",
    "gap is what a test wants; --renumber closes it.",
    "",
    "A selector says which records, by what they all are, separated by commas; a value in double quotes may hold commas:",
    '  channel=NAME   as for records: main, "multifd 1", "return path", or a number; main.d2s is what came back on it',
    "  device=NAME    section of a device, on all channels; * stands for any letters",
    "  section=NAME   the same on the main channel alone; instance=N",
    "  kind=KIND      as records shows it: section-full, device-state, multifd-device-state, multifd-ram, vfio-*, command",
    "  index=N        number of a VFIO buffer; N..M is a range, here and below",
    "  offset=N       the record with that byte of its channel",
    "  page=N         the RAM page with that byte of its block, also out of a run of pages; page=pc.ram:0x3000",
    "  nth=N          the first, second, … of those that are all of that",
    "Selectors see the capture as it was read, whatever edits came before. Edits are done in the order of the options;",
    "bits are flipped last.",
    "",
    "A field is one of the record's, by QEMU's name: versionId, idstr, sectionId, instanceId, machine, uuid, id, flags,",
    "idx, nextPacketSize, blocks[0].usedLength; one of the device's, by its path in the VM description:",
    "parent_obj.config, mac_reg[5]; of a VFIO device's config: config.intxA, config.pci.command; or data, all that the",
    "record carries. Numbers are 12 or 0x1f, bytes hexadecimal digits, or @FILE. A dot before a name (.index=3) tells a",
    "field from the selector. A field that does not exist is answered with those that do.",
    "",
    "The JSON is described by schema/edit-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "out", short: "o", value: "OUT", help: "where to write: DIR, NAME.pcapng, or - for packets" },
    { name: "set", value: "EDIT", help: "SELECTOR,FIELD=VALUE: set fields", repeatable: true },
    { name: "drop", value: "EDIT", help: "SELECTOR: leave records, sections, channels out", repeatable: true },
    { name: "duplicate", value: "EDIT", help: "SELECTOR[,times=N]: send records again", repeatable: true },
    {
      name: "reorder",
      value: "EDIT",
      help: "SELECTOR before|after SELECTOR, or SELECTOR shuffle: move records",
      repeatable: true,
    },
    { name: "renumber", value: "EDIT", help: "SELECTOR: count VFIO buffers anew, without gaps", repeatable: true },
    {
      name: "truncate",
      value: "EDIT",
      help: "channel=NAME,at=OFFSET, or SELECTOR[,within=N]: end a channel",
      repeatable: true,
    },
    {
      name: "corrupt",
      value: "EDIT",
      help: "SELECTOR[,bits=N][,bytes=N..M]: flip bits",
      repeatable: true,
    },
    { name: "leave-wrong", value: "WHAT", help: `do not make right: ${REPAIRS.join(",")}`, repeatable: true },
    { name: "seed", value: "COUNT", help: "what shuffle and --corrupt choose by (0)" },
    { name: "dry-run", help: "only say what would change" },
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "force", short: "f", help: "replace OUT if it is there" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    {
      command: "migwire edit capture/ --drop device=0000:00:05.0/vfio,index=1 --out gap/",
      does: "a buffer that never comes",
    },
    {
      command: "migwire edit capture/ --set kind=configuration,machine=pc-q35-9.2 --out other/",
      does: "another machine type, its length and description with it",
    },
    {
      command: "migwire edit capture/ --set device=0000:00:02.0/e1000e,versionId=9 --dry-run",
      does: "what would change",
    },
    {
      command: "migwire edit capture/ --reorder 'device=0000:00:05.0/vfio shuffle' --seed 7 --out - | migwire load -",
      does: "buffers in another order",
    },
    {
      command: "migwire edit capture/ --truncate 'channel=multifd 1,at=0x1234' --out cut/",
      does: "a connection that breaks",
    },
    {
      command: "migwire edit capture/ --corrupt channel=main,bits=3 --seed 1 --out bad/",
      does: "three bits of the main channel, the same each time",
    },
  ],
};

/**
 * Edits a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = ""] = args.operands;
  const out = outOf(args, io);
  try {
    const edits = editsOf(args);
    const options = { ...pageSizeOption(args), leaveWrong: leftWrong(args), ...seedOption(args) };
    return await withCaptureAsync(spec, openOptions(args), (capture) => edit(capture, edits, options, out, args, io));
  } catch (error) {
    throw error instanceof EditError ? exitErrorOf(error) : error;
  }
}

async function edit(
  capture: Capture,
  edits: readonly Edit[],
  options: EditOptions,
  out: string | undefined,
  args: ParsedArgs,
  io: Io,
): Promise<number> {
  const edited = editCapture(capture, edits, options);
  const { report } = edited;
  // Standard output is the capture's then.
  const into = out === "-" ? io.stderr : io.stdout;
  if (args.flag("json")) into.line(jsonText(report, 2));
  else for (const line of editLines(report, into.style)) into.line(line);
  if (out === undefined) return EXIT.ok;
  const bytes = await driveSteps(write(edited, out, args.flag("force"), io), io);
  io.stderr.line(`${printable(out)}: ${isPackets(out) ? "packets" : "directory"}, ${formatBytes(bytes)}`);
  return EXIT.ok;
}

/** Where the result goes; undefined if nowhere. */
function outOf(args: ParsedArgs, io: Io): string | undefined {
  const out = args.text("out");
  if (args.flag("dry-run")) return undefined;
  if (out === undefined) throw new UsageError("Cannot edit: --out is missing, or --dry-run to see what would change");
  if (out !== "-") return out;
  if (io.stdout.isTerminal) throw new UsageError("Cannot write packets to a terminal: give --out, or a pipe");
  if (args.flag("json")) throw new UsageError("Cannot use --json with --out -: both are standard output");
  return out;
}

function editsOf(args: ParsedArgs): Edit[] {
  const typed = args.inOrder(OPTIONS);
  if (typed.length === 0) {
    throw new UsageError(
      `Cannot edit: nothing is to be changed, give ${OPTIONS.map((name) => `--${name}`).join(", ")}`,
    );
  }
  // The options are named after what they do.
  return typed.map(([name, value]) => parseEdit(name as EditAction, value, { readFile }));
}

function leftWrong(args: ParsedArgs): Repair[] {
  return args.texts("leave-wrong").flatMap((text) => text.split(",")).map((text) => {
    const known = REPAIRS.find((repair) => repair === text);
    if (known !== undefined) return known;
    const meant = nearest(text, REPAIRS);
    const hint = meant === undefined ? `there are ${REPAIRS.join(", ")}` : `did you mean ${meant}?`;
    throw new UsageError(`Cannot leave ${JSON.stringify(text)} wrong: ${hint}`);
  });
}

function seedOption(args: ParsedArgs): { seed?: number } {
  const seed = args.number("seed");
  return seed === undefined ? {} : { seed };
}

function readFile(path: string): Uint8Array {
  try {
    const { size } = Deno.statSync(path);
    if (size > FILE_LIMIT) throw new ExitError(EXIT.blocked, `Cannot take ${path}: it is larger than 256 MiB`);
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof ExitError || !(error instanceof Error)) throw error;
    throw new ExitError(EXIT.blocked, `Cannot read ${path}: ${error.message}`, { cause: error });
  }
}

function exitErrorOf({ code, message, hint, misnomer }: EditError): ExitError {
  const meant = misnomer === undefined ? undefined : nearest(misnomer.typed, misnomer.known);
  const advice = meant === undefined ? hint : `did you mean ${meant}?`;
  return new ExitError(code === "syntax" ? EXIT.usage : EXIT.fault, advice === "" ? message : `${message}\n${advice}`);
}

function isPackets(out: string): boolean {
  return out === "-" || out.toLowerCase().endsWith(".pcapng");
}

function write(capture: Capture, out: string, replace: boolean, io: Io): Generator<number> {
  if (!isPackets(out)) {
    const fill = (directory: string): Generator<number> => writeDirectory(capture, directory);
    return writeWholeDirectory(out, fill, { replace, owns: isCaptureFile });
  }
  const fill = (sink: ByteSink): Generator<number> => writePcapng(capture, sink);
  return out === "-" ? fill({ write: (bytes) => io.stdout.bytes(bytes) }) : writeWhole(out, fill, { replace });
}
