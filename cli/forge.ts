import {
  type ByteSink,
  CaptureError,
  isCaptureFile,
  writeDirectory,
  writePcapng,
  writeWhole,
  writeWholeDirectory,
} from "../src/public/capture.ts";
import {
  forge,
  FORGE_ROWS,
  type ForgedCapture,
  type ForgeDescription,
  ForgeError,
  type ForgeRow,
  forgeRow,
  parseForgeDescription,
} from "../src/public/forge.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { nearest } from "./nearest.ts";
import { formatTable } from "./table.ts";
import { type Io, printable } from "./terminal.ts";

/** Bytes of a file with a description at most. */
const LONGEST = 1024 * 1024;

/** The command `forge`. */
export const definition: CommandDefinition = {
  name: "forge",
  summary: "make a capture from a few lines that describe it",
  details: [
    "WHAT is a file with a description, or a situation of a destination that is described already: row-1 to row-96, which",
    "list lists, each with what load says of it. What is made is written where --out says: a capture directory, or packets",
    "if the name ends in .pcapng; else, to a pipe, packets, which every command takes from it as -. Packets do not tell",
    "what destination they are for: the options that say so are printed to standard error.",
    "",
    "A description is a mapping in YAML:",
    "  title        what it shows, in one line",
    "  steps        what the source does, in order; each a word, or a word with a value",
    "  expect       what load says of it: ok, would-hang(missing-idx); load: options with which it does; note: a remark",
    "  machine      the machine type (pc-q35-10.2)",
    "  channels     multifd channels of the source (2); 0 is none",
    "  barriers     how it tells rounds: round, a word behind each (the default), or section",
    '  ram          RAM blocks and their sizes (pc.ram: 16MiB); devices: VFIO devices ("0000:00:05.0/vfio")',
    "  destination  qemu (10.2.2), multifd, multifd-channels, multifd-compression, mapped-ram, switchover-ack, devices,",
    "               multifd-transfer, load-config-after-iter, max-queued-size, args: more of its command line",
    "",
    "Steps for the whole:",
    "  setup        opens all connections; header, START sections, and the barrier of RAM's",
    "  switchover   SWITCHOVER_START, then ends: the last barrier, and END sections",
    "  finish       FULL sections, the EOF byte, the description",
    "Steps for multifd channels, each with a channel, 0 if it is not said:",
    "  data: IDX, or data: {idx, size, content, device, instance, channel, version, flags, packet-flags, length, payload}",
    "               a buffer of a device; length is what its header says, payload all of it in hexadecimal",
    "  config: IDX  its config; the same fields",
    "  ram: {pages, zero, block, channel, packet-flags}, sync: CHANNEL or all, connect: ID",
    "Steps for the main channel:",
    "  start, part, end, full: DEVICE or ram, or {of, id, instance, version, content, cut}; cut leaves out the footer",
    "  open, header, switchover-start, ends, barrier, return-path, command: {number, payload}, eof, description",
    "Steps for any channel:",
    "  raw: {channel, content}, close: CHANNEL or all, reset: CHANNEL or all, wait: MILLISECONDS",
    "Content is a list of setup, end, config, init-data-sent, load-ready, config-tag, data-tag, blocks, flush, eos,",
    "data: SIZE, page: {block, offset, fill}, zero: {…}, u8, u32, u64, zeros: SIZE, hex, text, name: one of 256 bytes.",
  ],
  operands: [{ name: "WHAT" }],
  options: [
    { name: "out", short: "o", value: "OUT", help: "where to write: DIR/, or NAME.pcapng" },
    { name: "print", help: "print the description" },
    { name: "force", short: "f", help: "replace OUT if it is there" },
  ],
  examples: [
    { command: "migwire forge list", does: "the situations there are" },
    { command: "migwire forge row-4 | migwire load -", does: "what becomes of a gap between buffers" },
    { command: "migwire forge row-17 --print > mine.yaml", does: "begin with a description that is there" },
    { command: "migwire forge mine.yaml --out mine/", does: "make a capture directory" },
    {
      command: "migwire forge row-8 | migwire replay - --verbatim --speed 0.004x --to tcp:HOST:4444",
      does: "show it to a QEMU, step by step",
    },
  ],
};

/**
 * Forges.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [what = ""] = args.operands;
  if (what === "list") return list(io);
  const text = textOf(what);
  if (args.flag("print")) {
    io.stdout.write(text);
    return EXIT.ok;
  }
  const out = args.text("out") ?? "-";
  if (out === "-" && io.stdout.isTerminal) {
    throw new UsageError("Cannot write packets to a terminal: give --out, or a pipe");
  }
  const { description, capture } = await forged(text, forgeRow(what)?.name ?? "forged");
  write(capture, out, args.flag("force"), io);
  io.stderr.line(`${printable(description.title)}${said(description)}`);
  if (isPackets(out)) io.stderr.line(`for a destination with ${destinationOptions(description).join(" ")}`);
  return EXIT.ok;
}

function list(io: Io): number {
  const rows = FORGE_ROWS.map(({ name, title, expect }: ForgeRow) => [name, title, expect]);
  for (const line of formatTable([{}, {}, {}], rows)) io.stdout.line(line);
  return EXIT.ok;
}

/** The text of a description. */
function textOf(what: string): string {
  const row = forgeRow(what);
  if (row !== undefined) return row.text;
  try {
    const { size } = Deno.statSync(what);
    if (size > LONGEST) throw new ExitError(EXIT.blocked, `Cannot forge ${what}: it is larger than 1 MiB`);
    return Deno.readTextFileSync(what);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      const meant = nearest(what, ["list", ...FORGE_ROWS.map(({ name }) => name)]);
      const hint = meant === undefined ? "migwire forge list lists what is described" : `did you mean ${meant}?`;
      throw new ExitError(EXIT.blocked, `Cannot forge ${what}: there is no such file, and no such row\n${hint}`);
    }
    if (error instanceof ExitError || !(error instanceof Error)) throw error;
    throw new ExitError(EXIT.blocked, `Cannot read ${what}: ${error.message}`, { cause: error });
  }
}

async function forged(text: string, name: string): Promise<{ description: ForgeDescription; capture: ForgedCapture }> {
  try {
    const description = await parseForgeDescription(text);
    return { description, capture: forge(description, name) };
  } catch (error) {
    if (error instanceof ForgeError) throw new ExitError(EXIT.usage, error.message, { cause: error });
    throw error;
  }
}

function isPackets(out: string): boolean {
  return out === "-" || /[^\\/]\.pcapng$/i.test(out);
}

function write(capture: ForgedCapture, out: string, replace: boolean, io: Io): void {
  const packets = (sink: ByteSink): Generator<number> => writePcapng(capture, sink);
  const steps = out === "-"
    ? packets({ write: (bytes) => io.stdout.bytes(bytes) })
    : isPackets(out)
    ? writeWhole(out, packets, { replace })
    : writeWholeDirectory(out, (directory) => writeDirectory(capture, directory), { replace, owns: isCaptureFile });
  try {
    while (steps.next().done !== true);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const message = error.hint === "" ? error.message : `${error.message}\n${error.hint}`;
    throw new ExitError(EXIT.blocked, message, { cause: error });
  }
}

/** What `load` is expected to say. */
function said({ expect, load }: ForgeDescription): string {
  if (expect === undefined) return "";
  return `: ${printable([expect, ...load.length > 0 ? ["with", ...load] : []].join(" "))}`;
}

/** The options that tell a command what destination a description is for. */
function destinationOptions({ machine, destination }: ForgeDescription): string[] {
  const onOff = (flag: boolean): string => flag ? "on" : "off";
  const words: [option: string, value: string | number | undefined][] = [
    ["--qemu", destination.qemu],
    ["--machine", machine],
    ["--multifd", onOff(destination.multifd)],
    ["--multifd-channels", destination.multifd ? destination.channels : undefined],
    ["--multifd-compression", destination.compression],
    ["--mapped-ram", destination.mappedRam ? "on" : undefined],
    ["--switchover-ack", destination.switchoverAck ? "on" : undefined],
    ["--multifd-transfer", destination.multifdTransfer],
    ["--load-config-after-iter", destination.loadConfigAfterIter],
    ["--max-queued-size", destination.maxQueuedSize],
  ];
  return words.flatMap(([option, value]) => value === undefined ? [] : [option, printable(String(value))]);
}
