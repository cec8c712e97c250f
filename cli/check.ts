import { checkCapture, type CheckReport } from "../src/public/check.ts";
import { checkText } from "./check/text.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { EXPECTATION_OPTIONS, expectationOptions } from "./expectation_options.ts";
import { jsonText } from "./json_text.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import type { Io } from "./terminal.ts";
import { withCapture } from "./with_capture.ts";

/** The command `check`. */
export const definition: CommandDefinition = {
  name: "check",
  summary: "say what is wrong with a capture, and where",
  details: [
    "CAPTURE is a capture directory, a file with one channel, a packet capture (pcap, pcapng), or - for standard input.",
    "Judges every channel, all of them together, and what a destination will make of them; then writes every",
    "channel again from its records, and compares. A line is a problem: severity, channel, offset, code, message.",
    "Exit status 0: every byte is understood and nothing is wrong. 1: something is. Warnings do not count.",
    "",
    "What the destination expects is taken from capture.json where there is one, and said in the second line.",
    "The options from --qemu to --max-queued-size override it, to ask whether another destination would take the",
    "capture; how the recorded one ended then does not count.",
    "",
    "The JSON is described by schema/check-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "strict", help: "warnings count as errors" },
    { name: "no-warnings", help: "do not print warnings" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
    ...EXPECTATION_OPTIONS,
  ],
  examples: [
    { command: "migwire check testdata/vfio-multifd-2", does: "judge a capture" },
    {
      command: "migwire check --qemu 10.2 --max-queued-size 64MiB capture/",
      does: "whether a destination with that limit would take it",
    },
    { command: "migwire check --json dump.bin | jq -r '.problems[].code'", does: "the problems, for a program" },
  ],
};

/**
 * Checks a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if nothing is wrong, 1 otherwise.
 */
export function run(args: ParsedArgs, io: Io): number {
  const [spec = ""] = args.operands;
  const strict = args.flag("strict");
  const warnings = !args.flag("no-warnings");
  if (strict && !warnings) throw new UsageError("Cannot use --strict with --no-warnings: it would not say what failed");
  const options = { ...pageSizeOption(args), expect: expectationOptions(args), strict };
  const report = withCapture(
    spec,
    openOptions(args),
    (capture) => checkCapture(capture, options),
  );
  return showReport(report, { json: args.flag("json"), warnings }, io);
}

/** How {@linkcode showReport} shows. */
export interface ShowOptions {
  /** As one JSON document; otherwise as text. */
  readonly json: boolean;
  /** Shows warnings too. */
  readonly warnings: boolean;
}

/**
 * Prints what is wrong.
 *
 * @param report What is wrong.
 * @param options As what.
 * @param io Where it goes.
 * @returns The exit code.
 */
export function showReport(report: CheckReport, { json, warnings }: ShowOptions, io: Io): number {
  const problems = report.problems.filter(({ severity }) => warnings || severity === "error");
  const shown = { ...report, problems };
  if (json) io.stdout.line(jsonText(shown, 2));
  else for (const line of checkText(shown, io.stdout.style)) io.stdout.line(line);
  return report.ok ? EXIT.ok : EXIT.fault;
}
