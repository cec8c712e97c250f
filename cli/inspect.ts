import { inspectCapture, type InspectReport } from "../src/report/inspect/mod.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { channelLines } from "./inspect/channels.ts";
import { deviceLines } from "./inspect/devices.ts";
import { headline } from "./inspect/headline.ts";
import { overview } from "./inspect/overview.ts";
import { problemLines } from "./inspect/problems.ts";
import { ramLines } from "./inspect/ram.ts";
import { sectionLines } from "./inspect/sections.ts";
import { jsonText } from "./json_text.ts";
import type { Io, Style } from "./terminal.ts";
import { withCapture } from "./with_capture.ts";

/** The command `inspect`. */
export const definition: CommandDefinition = {
  name: "inspect",
  summary: "show what a capture holds: channels, sections, devices, RAM",
  details: [
    "CAPTURE is a capture directory, a file with one channel, or - for standard input.",
    "A migration that was cut is shown as far as it came; that is no failure of the command.",
    "The JSON is described by schema/inspect-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "sections", help: "list all sections, not only those that come in parts" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    { name: "offset", value: "OFFSET", help: "where in the file the stream begins" },
  ],
  examples: [
    { command: "migwire inspect testdata/vfio-multifd-2", does: "what a capture holds" },
    { command: "migwire inspect --json dump.bin | jq .devices", does: "the devices, for a program" },
  ],
};

/** Smallest and largest page size of any target of QEMU, bytes. */
const PAGE_SIZES = { smallest: 256, largest: 65536 };

/** Shows what a capture holds. */
export function run(args: ParsedArgs, io: Io): number {
  const [spec = ""] = args.operands;
  const pageSize = checkPageSize(args.number("page-size"));
  const offset = args.number("offset");
  const report = withCapture(
    spec,
    offset === undefined ? {} : { offset },
    (capture) => inspectCapture(capture, pageSize === undefined ? {} : { pageSize }),
  );
  return showReport(report, { json: args.flag("json"), sections: args.flag("sections") }, io);
}

/** How {@linkcode showReport} shows. */
export interface ShowOptions {
  /** As one JSON document; otherwise as text. */
  readonly json: boolean;
  /** Lists all sections in the text. */
  readonly sections: boolean;
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
  else for (const line of inspectText(report, io.stdout.style, options.sections)) io.stdout.line(line);
  return isUnderstood(report) ? EXIT.ok : EXIT.fault;
}

function checkPageSize(bytes: number | undefined): number | undefined {
  const { smallest, largest } = PAGE_SIZES;
  if (bytes === undefined) return undefined;
  if (bytes >= smallest && bytes <= largest && Number.isInteger(Math.log2(bytes))) return bytes;
  throw new UsageError(
    `Cannot use --page-size. A page of ${bytes} bytes is that of no target: it is a power of two from ${smallest} to ${largest}`,
  );
}

/** The parts of the text, an empty line between them. */
function inspectText(report: InspectReport, style: Style, allSections: boolean): string[] {
  const { main, devices, problems } = report;
  const parts = [
    headline(report, style),
    overview(report),
    deviceLines(devices, style),
    channelLines(report, style),
    main === null ? [] : ramLines(main, style),
    main === null ? [] : sectionLines(main, style, allSections),
    problemLines(problems, style),
  ];
  return parts.filter((lines) => lines.length > 0).flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
}

/** Whether at least one byte was more than a byte; a capture in which nothing was sent is understood as that. */
function isUnderstood({ channels }: InspectReport): boolean {
  return channels.every(({ bytes }) => bytes === 0) || channels.some(({ opaqueBytes, bytes }) => opaqueBytes < bytes);
}
