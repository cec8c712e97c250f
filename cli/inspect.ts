import type { Capture } from "../src/public/capture.ts";
import { type DigestSummary, inspectCapture, type InspectReport } from "../src/public/inspect.ts";
import type { CaptureDigests, RamOptions } from "../src/public/load.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { channelLines } from "./inspect/channels.ts";
import { deviceLines } from "./inspect/devices.ts";
import { headline } from "./inspect/headline.ts";
import { overview } from "./inspect/overview.ts";
import { problemLines } from "./inspect/problems.ts";
import { ramLines } from "./inspect/ram.ts";
import { sectionLines } from "./inspect/sections.ts";
import { jsonText } from "./json_text.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import type { Io, Style } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** The command `inspect`. */
export const definition: CommandDefinition = {
  name: "inspect",
  summary: "show what a capture holds: channels, sections, devices, RAM",
  details: [
    "CAPTURE is a capture directory, a file with one channel, a packet capture (pcap, pcapng), or - for standard input.",
    "A migration that was cut is shown as far as it came; that is no failure of the command.",
    "The JSON is described by schema/inspect-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "sections", help: "list all sections, not only those that come in parts" },
    { name: "digests", help: "put RAM and device states together, and show their SHA-256" },
    { name: "ram-limit", value: "SIZE", help: "RAM that --digests may put together; 4 GiB if not given" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    { command: "migwire inspect testdata/vfio-multifd-2", does: "what a capture holds" },
    { command: "migwire inspect --digests dump.bin", does: "the contents of RAM and devices, to compare" },
    { command: "migwire inspect --json dump.bin | jq .devices", does: "the devices, for a program" },
  ],
};

/**
 * Shows what a capture holds.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns The exit code: a fault only if nothing was understood.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = ""] = args.operands;
  const reading = pageSizeOption(args);
  const limit = args.number("ram-limit");
  const wantsDigests = args.flag("digests");
  if (limit !== undefined && !wantsDigests) throw new UsageError("Cannot use --ram-limit without --digests");
  const report = await withCaptureAsync(spec, openOptions(args), async (capture) => {
    const inspected = inspectCapture(capture, reading);
    if (!wantsDigests) return inspected;
    return withDigests(inspected, await digestsOf(capture, { ...reading, ...(limit === undefined ? {} : { limit }) }));
  });
  // Whoever does not ask for digests does not load what makes them.
  const digestLines = wantsDigests ? (await import("./inspect/digests.ts")).digestLines : undefined;
  return showReport(report, { json: args.flag("json"), sections: args.flag("sections"), digestLines }, io);
}

async function digestsOf(capture: Capture, options: RamOptions): Promise<CaptureDigests> {
  const { captureDigests, RamLimitError } = await import("../src/public/load.ts");
  try {
    return await captureDigests(capture, options);
  } catch (error) {
    if (!(error instanceof RamLimitError)) throw error;
    const hint = "allow more with --ram-limit if there is memory for it, or leave --digests out";
    throw new ExitError(EXIT.blocked, `${error.message}\n${hint}`, { cause: error });
  }
}

/** The report with digests; what was noticed while they were made stands with the other problems. */
function withDigests(report: InspectReport, { blocks, devices, problems }: CaptureDigests): InspectReport {
  return { ...report, problems: [...report.problems, ...problems], digests: { blocks, devices } };
}

/** How {@linkcode showReport} shows. */
export interface ShowOptions {
  /** As one JSON document; otherwise as text. */
  readonly json: boolean;
  /** Lists all sections in the text. */
  readonly sections: boolean;
  /** Makes the text of the report's digests. */
  readonly digestLines?: ((digests: DigestSummary, style: Style) => string[]) | undefined;
}

/**
 * Prints what was found.
 *
 * @param report What was found.
 * @param options As what.
 * @param io Where it goes.
 * @returns The exit code: a fault only if nothing was understood.
 */
export function showReport(report: InspectReport, options: ShowOptions, io: Io): number {
  if (options.json) io.stdout.line(jsonText(report, 2));
  else for (const line of inspectText(report, io.stdout.style, options)) io.stdout.line(line);
  return isUnderstood(report) ? EXIT.ok : EXIT.fault;
}

/** The parts of the text, an empty line between them. */
function inspectText(report: InspectReport, style: Style, { sections, digestLines }: ShowOptions): string[] {
  const { main, devices, problems, digests } = report;
  const parts = [
    headline(report, style),
    overview(report),
    deviceLines(devices, style),
    channelLines(report, style),
    main === null ? [] : ramLines(main, style),
    main === null ? [] : sectionLines(main, style, sections),
    digests === undefined || digestLines === undefined ? [] : digestLines(digests, style),
    problemLines(problems, style),
  ];
  return parts.filter((lines) => lines.length > 0).flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
}

/** Whether at least one byte was more than a byte; a capture in which nothing was sent is understood as that. */
function isUnderstood({ channels }: InspectReport): boolean {
  return channels.every(({ bytes }) => bytes === 0) || channels.some(({ opaqueBytes, bytes }) => opaqueBytes < bytes);
}
