import { CaptureError, writeWhole } from "../src/public/capture.ts";
import { type TimelineOptions, type TimelineReport, timelineReport } from "../src/public/report.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { EXPECTATION_OPTIONS, expectationOptions } from "./expectation_options.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import { formatBytes, type Io, printable } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** The command `report`. */
export const definition: CommandDefinition = {
  name: "report",
  summary: "draw a migration: what came when, and what the devices waited for",
  details: [
    "CAPTURE is a capture directory, a file with one channel, a packet capture (pcap, pcapng), or - for standard input.",
    "Writes one HTML page that needs nothing but a browser: timeline by channel and by VFIO device, throughput, order of",
    "buffers, sizes, RAM pages, and the problems with their bytes. The page asks for nothing over the network and stays",
    "below 1 MB however large the capture is; its script, which zooms, is not needed to read it.",
    "",
    "Without recorded times, as in a plain file, the lanes show the order of bytes instead, and say so.",
    "",
    "What the destination expects is taken from capture.json where there is one; the options from --qemu to",
    "--max-queued-size override it, as for load.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "out", short: "o", value: "FILE", help: "write the page there" },
    { name: "force", short: "f", help: "replace FILE if it is there" },
    { name: "terminal", help: "draw the timeline in the terminal" },
    ...EXPECTATION_OPTIONS,
    { name: "device-rate", value: "SIZE", help: "bytes a second that each device takes; as fast as can be otherwise" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    {
      command: "migwire report testdata/vfio-multifd-2 --out report.html",
      does: "a page to look at, or to send along",
    },
    { command: "migwire report --terminal capture/", does: "the timeline, where there is no browser" },
    {
      command: "migwire report --qemu 10.1 --max-queued-size 128KiB capture/ -o report.html",
      does: "whether that limit would have held",
    },
  ],
};

/**
 * Draws a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if it was drawn, whatever it shows.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = ""] = args.operands;
  const out = args.text("out");
  const terminal = args.flag("terminal");
  if (out === undefined && !terminal) throw new UsageError("Cannot tell where to draw: give --out FILE, or --terminal");
  if (out === undefined && args.flag("force")) throw new UsageError("Cannot use --force without --out");
  const options = timelineOptions(args);
  return await withCaptureAsync(spec, openOptions(args), async (capture) => {
    if (out !== undefined) refuseExisting(out, args.flag("force"));
    const report = await timelineReport(capture, options);
    if (terminal) {
      const { terminalLines } = await import("./report/terminal_text.ts");
      for (const line of terminalLines(report, io)) io.stdout.line(line);
    }
    if (out !== undefined) await writePage(report, out, args.flag("force"), io);
    return EXIT.ok;
  });
}

function timelineOptions(args: ParsedArgs): TimelineOptions {
  const deviceRate = args.number("device-rate");
  if (deviceRate === 0) throw new UsageError("Cannot use 0 for --device-rate: a device that takes nothing never ends");
  return {
    ...pageSizeOption(args),
    expect: expectationOptions(args),
    ...(deviceRate === undefined ? {} : { deviceRate }),
  };
}

/** Says so before the work is done, not after it. */
function refuseExisting(out: string, force: boolean): void {
  const isThere = ((): boolean => {
    try {
      return Deno.lstatSync(out) !== undefined;
    } catch {
      // Whatever it is: writing will tell.
      return false;
    }
  })();
  if (!isThere || force) return;
  throw new CaptureError("exists", `Cannot write ${out}: it exists`, "give another name, or --force to replace it");
}

async function writePage(report: TimelineReport, out: string, replace: boolean, io: Io): Promise<void> {
  const [{ pageText }, { default: { version } }] = await Promise.all([
    import("./report/page.ts"),
    import("../deno.json", { with: { type: "json" } }),
  ]);
  const bytes = new TextEncoder().encode(pageText(report, version));
  const steps = writeWhole(out, function* (sink): Generator<number> {
    sink.write(bytes);
    yield bytes.length;
  }, { replace });
  while (!steps.next().done);
  io.stderr.line(`${printable(out)}: report, ${formatBytes(bytes.length)}`);
}
