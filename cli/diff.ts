import type { Capture } from "../src/public/capture.ts";
import { diffCaptures, type DiffOptions, type DiffReport } from "../src/public/diff.ts";
import { RamLimitError } from "../src/public/load.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { diffText } from "./diff/text.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { jsonText } from "./json_text.ts";
import { pageSizeOption } from "./page_size.ts";
import type { Io } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** The command `diff`. */
export const definition: CommandDefinition = {
  name: "diff",
  summary: "say what differs between two captures, field by field",
  details: [
    "A and B are captures as for the other commands; they need not be of one kind, and one may be - for standard input.",
    "Compares configuration, capabilities, RAM blocks, sections, and the state of all devices: by name and value what the",
    "VM description describes, PCI config spaces by register, the rest by bytes. How the migration travelled (numbers of",
    "packets, order, times) is compared with --traffic only, the contents of RAM with --ram only.",
    "",
    "PATTERN is for the path of a field, as devices.i8259[1].irr, or of what it is in: devices.i8259*. * stands for any",
    "characters, ? for one.",
    "",
    "Exit status 0: nothing differs. 1: something does. A capture that is cut is compared as far as it came: what is",
    "not there is no difference, but that it is cut is one.",
    "",
    "The JSON is described by schema/diff-1.schema.json.",
  ],
  operands: [{ name: "A" }, { name: "B" }],
  options: [
    { name: "json", help: "print one JSON document, with exact numbers and every difference" },
    { name: "only", value: "PATTERN", help: "compare only what it matches", repeatable: true },
    { name: "ignore", value: "PATTERN", help: "do not compare what it matches", repeatable: true },
    { name: "ram", help: "put the RAM of both together, and say which ranges differ" },
    { name: "ram-limit", value: "SIZE", help: "RAM that --ram may put together; 4 GiB if not given" },
    { name: "traffic", help: "compare how they travelled, too: records, pages, order, times" },
    { name: "page-size", value: "SIZE", help: "target page size, where the streams do not tell it" },
    { name: "offset-a", value: "OFFSET", help: "where in the file A the stream begins" },
    { name: "offset-b", value: "OFFSET", help: "where in the file B the stream begins" },
    { name: "migration-a", value: "COUNT", help: "which migration of the packet capture A, from 1 on" },
    { name: "migration-b", value: "COUNT", help: "which migration of the packet capture B, from 1 on" },
  ],
  examples: [
    { command: "migwire diff before/ after/", does: "what differs between two migrations of a guest" },
    {
      command: "migwire diff --only 'devices.*/vfio*' a/ b/",
      does: "only the VFIO devices",
    },
    {
      command: "migwire diff --ignore 'devices.timer*' --ignore '*_time' --json a/ b/ | jq -r '.differences[].name'",
      does: "the names of what differs, but for clocks",
    },
  ],
};

/**
 * Compares two captures.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if nothing differs, 1 otherwise.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [a = "", b = ""] = args.operands;
  if (a === "-" && b === "-") {
    throw new UsageError("Cannot read both captures from standard input: name a file for one");
  }
  const limit = args.number("ram-limit");
  if (limit !== undefined && !args.flag("ram")) throw new UsageError("Cannot use --ram-limit without --ram");
  const options: DiffOptions = {
    ...pageSizeOption(args),
    ram: args.flag("ram"),
    ...(limit === undefined ? {} : { ramLimit: limit }),
    traffic: args.flag("traffic"),
    only: args.texts("only"),
    ignore: args.texts("ignore"),
  };
  const report = await withSide(
    a,
    "a",
    args,
    (left) => withSide(b, "b", args, (right) => compare(left, right, options)),
  );
  return showDiff(report, { json: args.flag("json") }, io);
}

/** Opens one of the captures. That it cannot be read does not mean that it differs. */
async function withSide<T>(
  spec: string,
  side: "a" | "b",
  args: ParsedArgs,
  use: (capture: Capture) => Promise<T>,
): Promise<T> {
  const [offset, migration] = [args.number(`offset-${side}`), args.number(`migration-${side}`)];
  const options = { ...(offset === undefined ? {} : { offset }), ...(migration === undefined ? {} : { migration }) };
  try {
    return await withCaptureAsync(spec, options, use);
  } catch (error) {
    if (!(error instanceof ExitError) || error.exitCode !== EXIT.fault) throw error;
    throw new ExitError(EXIT.blocked, error.message, { cause: error });
  }
}

async function compare(a: Capture, b: Capture, options: DiffOptions): Promise<DiffReport> {
  try {
    return await diffCaptures(a, b, options);
  } catch (error) {
    if (!(error instanceof RamLimitError)) throw error;
    const hint = "allow more with --ram-limit if there is memory for it, or leave --ram out";
    throw new ExitError(EXIT.blocked, `${error.message}\n${hint}`, { cause: error });
  }
}

/**
 * Prints what differs.
 *
 * @param report What differs.
 * @param options As what.
 * @param io Where it goes.
 * @returns The exit code.
 */
export function showDiff(report: DiffReport, { json }: { readonly json: boolean }, io: Io): number {
  if (json) io.stdout.line(jsonText(report, 2));
  else for (const line of diffText(report, io.stdout.style)) io.stdout.line(line);
  return report.same ? EXIT.ok : EXIT.fault;
}
