import { type Capture, identifyChannels, type ReadChannel } from "../src/public/capture.ts";
import {
  lineToJson,
  type ListOptions,
  listRecords,
  RECORD_KINDS,
  type RecordLine,
  RecordViewer,
  sectionNames,
  selectChannels,
  selectDevices,
  selectKinds,
} from "../src/public/records.ts";
import { describeFinding, type Finding } from "../src/public/wire.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { jsonText } from "./json_text.ts";
import { nearest } from "./nearest.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import { channelHeading, dumpLines, fieldLines, recordLine } from "./records/text.ts";
import { type Io, printable } from "./terminal.ts";
import { withCapture } from "./with_capture.ts";

/** Bytes of a payload that `--hex` shows unless told otherwise. */
const PAYLOAD_BYTES = 64;

/** Problems that are printed: a stream that is wrong everywhere must not bury its records. */
const PROBLEM_LIMIT = 100;

/** The command `records`. */
export const definition: CommandDefinition = {
  name: "records",
  summary: "list the records of a channel, byte by byte accounted for",
  details: [
    "CAPTURE is a capture directory, a file with a stream, a packet capture (pcap, pcapng), or - for standard input.",
    "A line is a record: offset in its channel, length in bytes, kind, and the fields that matter.",
    "The records of a channel leave out no byte. Pages that follow each other are one line unless --pages is given.",
    "",
    "--channel takes a label (main, multifd 1, return path), a role (multifd), a connection's number or a file's name.",
    "--device takes the name of a section, or a part of it that fits no other: ram, 0000:00:05.0/vfio.",
    "--kind takes a kind as the lines show it; * stands for any letters: ram-*.",
    "--from and --to take what overlaps the bytes from the one up to, but not including, the other.",
    "",
    "--ndjson prints an object a line: channel, kind, offset, length, then the record's own fields.",
    'Integers are numbers, those above 2^53 - 1 strings of the form "0x..."; bytes are strings of hex digits.',
    "A run of pages is one object unless --pages is given.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "channel", short: "c", value: "CHANNEL", help: "only this channel", repeatable: true },
    { name: "device", short: "d", value: "IDSTR", help: "only the state of this device", repeatable: true },
    { name: "kind", short: "k", value: "KIND", help: "only records of this kind", repeatable: true },
    { name: "from", value: "OFFSET", help: "only from this offset on" },
    { name: "to", value: "OFFSET", help: "only up to this offset" },
    { name: "pages", short: "p", help: "a line for each page" },
    { name: "fields", short: "f", help: "each field below its record, devices' fields too" },
    { name: "hex", short: "x", help: "each field with its bytes, and the payload" },
    { name: "payload", value: "SIZE", help: `how much of a payload or field --hex shows (${PAYLOAD_BYTES})` },
    { name: "ndjson", help: "print one JSON object a line" },
    ...OPEN_OPTIONS,
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell" },
  ],
  examples: [
    { command: "migwire records vm.mig", does: "list all records of a file" },
    { command: "migwire records capture/ --device vfio --hex", does: "all that a VFIO device sent, byte by byte" },
    {
      command: "migwire records capture/ --channel 'multifd 1' --kind 'multifd-*' --ndjson",
      does: "the packets of one channel, for a program",
    },
  ],
};

/**
 * Lists the records of a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0, also for a capture that is cut; 1 if nothing in it could be understood.
 */
export function run(args: ParsedArgs, io: Io): number {
  const view = viewOf(args);
  const [spec = ""] = args.operands;
  return withCapture(spec, openOptions(args), (capture) => list(capture, view, args, io));
}

function list(capture: Capture, view: View, args: ParsedArgs, io: Io): number {
  const problems = new ProblemPrinter(io);
  capture.findings.forEach((finding) => problems.add(finding));
  const { lines, understood, kinds } = listRecords(capture, printer(view, args, capture, io), {
    ...filters(args, capture),
    ...pageSizeOption(args),
    pages: pagesOf(args, view),
    report: (finding) => problems.add(finding),
  });
  problems.finish();
  // A capture in which nothing was sent is understood as that.
  if (understood === 0 && kinds.size > 0) {
    throw new ExitError(EXIT.fault, `Cannot list ${capture.name}: nothing in it could be understood`);
  }
  if (lines === 0) io.stderr.line(`No record fits; kinds that were seen: ${[...kinds].join(", ") || "none"}`);
  return EXIT.ok;
}

type View = "lines" | "fields" | "hex" | "ndjson";

function viewOf(args: ParsedArgs): View {
  const [view = "lines", other] = (["ndjson", "hex", "fields"] as const).filter((name) => args.flag(name));
  if (other !== undefined) throw new UsageError(`Cannot use --${view} and --${other} together`);
  if (args.number("payload") !== undefined && view !== "hex") {
    throw new UsageError("Cannot use --payload without --hex");
  }
  return view;
}

function pagesOf(args: ParsedArgs, view: View): "single" | "runs" | "squashed" {
  if (args.flag("pages") || view === "hex" || view === "fields") return "single";
  return view === "ndjson" ? "runs" : "squashed";
}

function filters(args: ParsedArgs, capture: Capture): ListOptions {
  const [channels, devices, kinds] = [args.texts("channel"), args.texts("device"), args.texts("kind")];
  const [from, to] = [args.number("from"), args.number("to")];
  return {
    ...(kinds.length === 0 ? {} : { kinds: new Set(kinds.flatMap(wantedKinds)) }),
    ...(channels.length === 0 ? {} : { channels: wantedChannels(channels, identifyChannels(capture)) }),
    ...(devices.length === 0 ? {} : { devices: wantedDevices(devices, capture) }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function wantedKinds(pattern: string): string[] {
  const kinds = selectKinds(pattern);
  if (kinds.length === 0) throw noSuch("kind", pattern, RECORD_KINDS, "records of that kind do not exist");
  return kinds;
}

function wantedChannels(texts: readonly string[], channels: readonly ReadChannel[]): Set<string> {
  const labels = channels.map(({ label }) => label);
  return new Set(texts.flatMap((text) => {
    const selected = selectChannels(channels, text);
    if (selected.length > 0) return selected.map(({ label }) => label);
    throw noSuch("channel", text, labels, `the capture has ${labels.join(", ")}`);
  }));
}

function wantedDevices(texts: readonly string[], capture: Capture): Set<string> {
  // What comes through a pipe can be read once: only whole names can be looked for.
  if (capture.channels.some(({ pipe }) => pipe !== undefined)) return new Set(texts);
  const names = sectionNames(capture);
  return new Set(texts.map((text) => {
    const [name, ...others] = selectDevices(names, text);
    if (name === undefined) throw noSuch("device", text, names, "the capture has no such section");
    if (others.length === 0) return name;
    throw new UsageError(`Cannot use "${text}" for --device: it fits ${[name, ...others].join(", ")}`);
  }));
}

function noSuch(option: string, text: string, candidates: readonly string[], otherwise: string): UsageError {
  const meant = nearest(text, candidates);
  const hint = meant === undefined ? otherwise : `did you mean ${meant}?`;
  return new UsageError(`Cannot use "${text}" for --${option}: ${hint}`);
}

/** Prints each line as it comes. */
function printer(view: View, args: ParsedArgs, capture: Capture, io: Io): (line: RecordLine) => void {
  const { stdout } = io;
  if (view === "ndjson") return (line) => stdout.line(jsonText(lineToJson(line)));
  const { style } = stdout;
  const viewer = new RecordViewer(capture);
  const most = args.number("payload") ?? PAYLOAD_BYTES;
  let heading: string | undefined;
  return (line) => {
    if (line.channel.label !== heading) {
      if (heading !== undefined) stdout.line();
      stdout.line(channelHeading(line.channel, style));
      heading = line.channel.label;
    }
    stdout.line(recordLine(line, viewer.summary(line), style));
    if (view === "hex") dumpLines(viewer.dump(line, most), most, style).forEach((text) => stdout.line(text));
    if (view === "fields") fieldLines(viewer.dump(line, 0), style).forEach((text) => stdout.line(text));
  };
}

/** Prints problems as they are found, one a line. */
class ProblemPrinter {
  readonly #io: Io;
  #count = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  add(finding: Finding): void {
    if (this.#count++ >= PROBLEM_LIMIT) return;
    const { stderr } = this.#io;
    const severity = finding.severity === "error" ? stderr.style.red("error:") : stderr.style.yellow("warning:");
    stderr.line(`${severity} ${printable(describeFinding(finding))}`);
  }

  finish(): void {
    const more = this.#count - PROBLEM_LIMIT;
    if (more > 0) this.#io.stderr.line(`… and ${more} more problems: "migwire check" lists them`);
  }
}
