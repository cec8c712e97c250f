import {
  type ByteSink,
  type Capture,
  identifyChannels,
  isCaptureFile,
  type ReadChannel,
  streamChannel,
  writeDirectory,
  writePcapng,
  writeStream,
  writeWhole,
  writeWholeDirectory,
} from "../src/public/capture.ts";
import type { LeftOutBytes } from "../src/public/record.ts";
import { selectChannels } from "../src/public/records.ts";
import { describeFinding } from "../src/public/wire.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { driveSteps } from "./drive_steps.ts";
import { EXIT, UsageError } from "./exit.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { formatBytes, type Io, printable } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** What can be written. */
type Form = "directory" | "stream" | "pcapng";

const FORMS: readonly Form[] = ["directory", "stream", "pcapng"];

/** Largest segment that fits into an IPv4 packet. */
const MAX_MSS = 65_495;

/** Problems that are printed. */
const PROBLEM_LIMIT = 20;

/** The command `convert`. */
export const definition: CommandDefinition = {
  name: "convert",
  summary: "write a capture as a directory, a plain stream or packets",
  details: [
    "IN is whatever the other commands read: a capture directory, a file with a stream, compressed or not, a libvirt save",
    "image, a packet capture, or - for standard input. OUT is made beside its place and renamed when it is whole: nothing",
    "is left of a conversion that fails or is stopped.",
    "",
    "What OUT is, --to says, or its name: NAME/ and a name without a dot are a directory, NAME.pcapng are packets,",
    "NAME.mig, .stream, .bin, .img and .raw a stream. - is standard output.",
    "  directory  a capture directory: all channels, their times where they are known, capture.json",
    "  stream     the main channel and nothing else, as QEMU would write it with exec:cat",
    "  pcapng     each connection as one of TCP over Ethernet, with made-up addresses: 192.0.2.1 is the source. Times",
    "             count from 1970; if they are not known a byte takes a nanosecond",
    "",
    "A capture holds the guest's memory. With --no-payload zeros stand for pages, and for the data of VFIO devices; all",
    "structures stay, and so do registers and the like of other devices. What is not understood is left out, and said.",
  ],
  operands: [{ name: "IN" }, { name: "OUT" }],
  options: [
    { name: "to", value: "FORM", choices: FORMS, help: "what to write" },
    { name: "channel", short: "c", value: "CHANNEL", help: "only this channel, as for records", repeatable: true },
    { name: "main-only", help: "stream: leave out channels that a destination needs" },
    { name: "mss", value: "SIZE", help: `pcapng: largest TCP segment (${MAX_MSS})` },
    { name: "no-payload", help: "directory: leave out the contents of memory, and the data of VFIO devices" },
    { name: "force", short: "f", help: "replace OUT if it is there" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    { command: "migwire convert capture/ capture.pcapng", does: "for Wireshark" },
    { command: "migwire convert vm.save vm.mig", does: "the stream in a libvirt save image" },
    {
      command: "migwire convert vm.mig.zst - --to stream | socat - TCP:host:4444",
      does: "send it to a QEMU that waits",
    },
  ],
};

/**
 * Converts a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if OUT was written; 1 if it was, but IN was found to be damaged.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = "", out = ""] = args.operands;
  const form = formOf(args, out);
  if (out === "-" && io.stdout.isTerminal) throw new UsageError("Cannot write to a terminal: give a name or a pipe");
  return await withCaptureAsync(spec, openOptions(args), async (opened) => {
    const channels = args.texts("channel");
    const selected = select(opened, channels);
    const capture = args.flag("no-payload") ? await blanked(selected, io) : selected;
    const steps = write(capture, form, out, channels.length > 0, args, io);
    const bytes = await driveSteps(steps, io);
    const connections = new Set(capture.channels.map(({ index }) => index)).size;
    const of = form === "stream" ? "" : ` of ${connections} ${connections === 1 ? "connection" : "connections"}`;
    io.stderr.line(`${printable(out)}: ${form}, ${formatBytes(bytes)}${of}`);
    return problems(opened, io);
  });
}

/** The capture without the guest's memory. */
async function blanked(capture: Capture, io: Io): Promise<Capture> {
  const { withoutPayload } = await import("../src/public/record.ts");
  return withoutPayload(capture, (part) => leftOut(part, io));
}

/** Says what is not there, though it is no payload. */
function leftOut({ channel, offset, reason }: LeftOutBytes, io: Io): void {
  io.stderr.line(`left out: ${printable(channel)} from 0x${offset.toString(16)} on: ${printable(reason)}`);
}

/** What is to be written, and whether the options fit. */
function formOf(args: ParsedArgs, out: string): Form {
  const form = args.text("to") as Form | undefined ?? formByName(out);
  if (form === "directory" && out === "-") throw new UsageError("Cannot write a directory to standard output");
  const mss = args.number("mss");
  if (mss !== undefined && form !== "pcapng") throw new UsageError(`Cannot use --mss for a ${form}`);
  if (mss !== undefined && (mss < 1 || mss > MAX_MSS)) {
    throw new UsageError(`Cannot use ${mss} for --mss: a segment has 1 to ${MAX_MSS} bytes`);
  }
  if (args.flag("no-payload") && form !== "directory") {
    throw new UsageError(`Cannot use --no-payload for a ${form}: nothing in it says that contents are left out`);
  }
  if (args.flag("main-only") && form !== "stream") throw new UsageError(`Cannot use --main-only for a ${form}`);
  return form;
}

function formByName(out: string): Form {
  const name = out.split(/[\\/]/).at(-1) ?? "";
  if (name === "-") throw new UsageError("Cannot tell what to write to standard output: give --to");
  if (name === "" || name === "." || name === "..") return "directory";
  const suffix = /.\.([^.]*)$/.exec(name)?.[1]?.toLowerCase();
  if (suffix === undefined) return "directory";
  if (suffix === "pcapng") return "pcapng";
  if (["mig", "stream", "bin", "img", "raw"].includes(suffix)) return "stream";
  throw new UsageError(`Cannot tell by .${suffix} what to write: give --to ${FORMS.join(", --to ")}`);
}

/** The capture with the channels that were asked for. */
function select(capture: Capture, texts: readonly string[]): Capture {
  if (texts.length === 0) return capture;
  const channels = identifyChannels(capture);
  const selected = new Set(texts.flatMap((text) => {
    const found = selectChannels(channels, text).map(({ channel }) => channel);
    if (found.length > 0) return found;
    const labels = channels.map(({ label }) => label).join(", ");
    throw new UsageError(`Cannot use "${text}" for --channel: the capture has ${labels}`);
  }));
  return { ...capture, channels: capture.channels.filter((channel) => selected.has(channel)) };
}

/** Writes; gives now and then how many bytes of channels it has written. */
function write(
  capture: Capture,
  form: Form,
  out: string,
  selected: boolean,
  args: ParsedArgs,
  io: Io,
): Generator<number> {
  const options = { replace: args.flag("force") };
  if (form === "directory") {
    const fill = (directory: string): Generator<number> => writeDirectory(capture, directory, { selected });
    return writeWholeDirectory(out, fill, { ...options, owns: isCaptureFile });
  }
  const fill = form === "pcapng" ? packets(capture, selected, args) : stream(capture, args, io);
  if (out === "-") return fill({ write: (bytes) => io.stdout.bytes(bytes) });
  return writeWhole(out, fill, options);
}

type Fill = (sink: ByteSink) => Generator<number>;

function packets(capture: Capture, selected: boolean, args: ParsedArgs): Fill {
  const mss = args.number("mss");
  return (sink) => writePcapng(capture, sink, { selected, ...(mss === undefined ? {} : { mss }) });
}

function stream(capture: Capture, args: ParsedArgs, io: Io): Fill {
  const { channel, lost } = streamChannel(capture, { mainOnly: args.flag("main-only") });
  if (lost.length > 0) io.stderr.line(`left out: ${lost.map(({ label }: ReadChannel) => printable(label)).join(", ")}`);
  return (sink) => writeStream(channel.channel, sink);
}

/** Prints what was noticed about the capture. */
function problems({ findings }: Capture, io: Io): number {
  for (const finding of findings.slice(0, PROBLEM_LIMIT)) {
    io.stderr.line(`${finding.severity}: ${printable(describeFinding(finding))}`);
  }
  const more = findings.length - PROBLEM_LIMIT;
  if (more > 0) io.stderr.line(`… and ${more} more problems`);
  return findings.some(({ severity }) => severity === "error") ? EXIT.fault : EXIT.ok;
}
