import {
  type DeviceSink,
  LOAD_ORDERS,
  type LoadOrder,
  type LoadReport,
  loadReport,
  type LoadReportOptions,
  RefusingSink,
} from "../src/public/load.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { EXPECTATION_OPTIONS, expectationOptions } from "./expectation_options.ts";
import { jsonText } from "./json_text.ts";
import { DeviceFiles } from "./load/device_files.ts";
import { loadText } from "./load/text.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { pageSizeOption } from "./page_size.ts";
import type { Io } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** The command `load`. */
export const definition: CommandDefinition = {
  name: "load",
  summary: "say what a destination would do with a capture, and load its devices",
  details: [
    "CAPTURE is a capture directory, a file with one channel, a packet capture (pcap, pcapng), or - for standard input.",
    "Loads the VFIO devices of a capture as QEMU's destination does: buffers are queued by index and loaded in order,",
    "limits and gates are enforced, and no situation hangs: where QEMU would wait for ever, abort, or lose state in",
    "silence, the last paragraph says so. Exit status 0 only when everything is loaded.",
    "",
    "Channels are read as recorded in events.jsonl; without it in the canonical order: the main channel as far as it",
    "goes, then the others by id, of device buffers the lowest index first. Every order is one that a destination could",
    "have seen: each channel keeps its own, and barriers hold. Without recorded times everything comes at once, so that",
    "--device-rate shows what a device holds that takes nothing meanwhile.",
    "",
    "What the destination expects is taken from capture.json where there is one, and said; the options override it.",
    "What nobody says is as in a destination that the stream was meant for.",
    "",
    "The JSON is described by schema/load-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "json", help: "print one JSON document, with exact numbers" },
    { name: "order", value: "ORDER", choices: [...LOAD_ORDERS], help: "in what order the channels are read" },
    { name: "seed", value: "COUNT", help: "seed of --order random; 0 if not given" },
    ...EXPECTATION_OPTIONS,
    {
      name: "max-queued-buffers",
      value: "COUNT",
      help: "buffers that may be queued for a device; a proposal, no QEMU release has it",
    },
    { name: "device-rate", value: "SIZE", help: "bytes a second that each device takes; as fast as can be otherwise" },
    { name: "refuse-at", value: "SIZE", help: "devices refuse what goes beyond so many bytes, with EIO" },
    { name: "stall-at", value: "SIZE", help: "devices take nothing beyond so many bytes, and report no error" },
    { name: "open", help: "connections whose end was not recorded are still open" },
    { name: "out", value: "DIR", help: "write each device's state and config to files there" },
    { name: "suggest-limits", help: "apply no limit, and say which limits the capture survives" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
  ],
  examples: [
    { command: "migwire load testdata/vfio-multifd-2", does: "load a capture as its destination did" },
    {
      command: "migwire load --qemu 10.1 --max-queued-size 128KiB testdata/vfio-multifd-2",
      does: "whether it loads with that limit",
    },
    { command: "migwire load --suggest-limits testdata/vfio-multifd-2", does: "which limits it survives" },
    { command: "migwire load --order random --seed 7 capture/", does: "another order that its channels allow" },
  ],
};

/**
 * Loads a capture.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0 if everything is loaded, 1 otherwise.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = ""] = args.operands;
  const options = loadOptions(args);
  const report = await withCaptureAsync(spec, openOptions(args), async (capture) => {
    if (options.order === "recorded" && capture.events === undefined) {
      throw new UsageError("Cannot use --order recorded: the capture has no events.jsonl");
    }
    return await loadReport(capture, options);
  });
  return showReport(report, args.flag("json"), io);
}

/**
 * Prints what becomes of a load.
 *
 * @param report What becomes of it.
 * @param json As one JSON document; otherwise as text.
 * @param io Where it goes.
 * @returns The exit code.
 */
export function showReport(report: LoadReport, json: boolean, io: Io): number {
  if (json) io.stdout.line(jsonText(report, 2));
  else for (const line of loadText(report, io.stdout.style)) io.stdout.line(line);
  return report.loaded ? EXIT.ok : EXIT.fault;
}

function loadOptions(args: ParsedArgs): LoadReportOptions {
  const order = args.text("order") as LoadOrder | undefined;
  const seed = args.number("seed");
  if (seed !== undefined && order !== "random") throw new UsageError("Cannot use --seed without --order random");
  const deviceRate = args.number("device-rate");
  if (deviceRate === 0) throw new UsageError("Cannot use 0 for --device-rate: a device that takes nothing never ends");
  const given: { readonly [K in keyof LoadReportOptions]: LoadReportOptions[K] | undefined } = {
    ...pageSizeOption(args),
    expect: expectationOptions(args),
    order,
    seed,
    deviceRate,
    maxQueuedBuffers: args.number("max-queued-buffers"),
    open: args.flag("open") || undefined,
    suggestLimits: args.flag("suggest-limits") || undefined,
    sink: sinks(args.text("out"), limitOf(args)),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** How many bytes devices take, and what they answer then: EIO, or nothing at all. */
interface TakenLimit {
  readonly bytes: number;
  readonly errno: number;
}

function limitOf(args: ParsedArgs): TakenLimit | undefined {
  const [refuseAt, stallAt] = [args.number("refuse-at"), args.number("stall-at")];
  if (refuseAt === undefined) return stallAt === undefined ? undefined : { bytes: stallAt, errno: 0 };
  if (stallAt !== undefined) throw new UsageError("Cannot use --refuse-at together with --stall-at");
  return { bytes: refuseAt, errno: 5 };
}

/** Where states go: to files in `directory`, and only up to a limit. */
function sinks(directory: string | undefined, limit: TakenLimit | undefined): LoadReportOptions["sink"] {
  if (directory === undefined && limit === undefined) return undefined;
  const files = directory === undefined ? undefined : new DeviceFiles(directory);
  return (idstr, instanceId): DeviceSink => {
    const file = files?.open(idstr, instanceId);
    return limit === undefined ? file ?? { write(): void {} } : new RefusingSink(limit.bytes, file, limit.errno);
  };
}
