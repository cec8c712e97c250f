import { type Capture, CaptureError } from "../src/public/capture.ts";
import { replay, type ReplayOptions, replayReport } from "../src/public/replay.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { ExitError, UsageError } from "./exit.ts";
import { EXPECTATION_OPTIONS } from "./expectation_options.ts";
import { jsonText } from "./json_text.ts";
import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
import { exitCodeOf, replayError } from "./replay/ending.ts";
import {
  changeOptions,
  checkTogether,
  destinationOption,
  limitOption,
  paceOption,
  settingOptions,
} from "./replay/options.ts";
import { ReplayRecording } from "./replay/recording.ts";
import { ReplayView } from "./replay/view.ts";
import { replayText } from "./replay/text.ts";
import type { Io } from "./terminal.ts";
import { withCaptureAsync } from "./with_capture.ts";

/** What may be said of the target in the words of the commands that judge. */
const TARGET_OPTIONS = ["multifd", "multifd-channels", "multifd-compression", "switchover-ack"];

/** The command `replay`. */
export const definition: CommandDefinition = {
  name: "replay",
  summary: "send a capture to a QEMU, and say what becomes of it",
  details: [
    "CAPTURE is a capture directory, a file with one channel, or a packet capture. Each of its connections is opened at the",
    "target, and what a source must keep in order is kept: barriers between the channels, SWITCHOVER_START and device",
    "packets, answers on the return path. Exit status 0 only when the target says completed (or, as asked, when what would",
    "be sent is written, or fits); 3 when nothing could be sent.",
    "",
    "With its monitor (--qmp, --spawn) the target is looked at first, and told what the stream needs: as the recorded",
    "destination was set (capture.json) where it was recorded, else as the stream shows; the options override it. What does",
    "not fit is said before the first byte is sent; it is sent all the same, for the target's own words about it.",
    "",
    "--spawn starts QEMU, and stops it in the end: with the command that you give, or the recorded one. Files that a recorded",
    "command names and that are not here, such as its firmware, are made of zeros: their contents come with the stream.",
    "",
    "--verbatim waits for nothing that a source would wait for: it is for captures that no source sends, which were forged.",
    "With --speed 0.004x what is recorded within a millisecond takes a quarter of a second, so that the target is done with",
    "one thing before the next comes.",
    "",
    "Nothing hangs: what does not go on for --timeout seconds ends it, and it is said what each channel waited for. What is",
    "held back by --step, --speed or --mbps does not count.",
    "",
    "The JSON is described by schema/replay-1.schema.json.",
  ],
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "to", value: "ADDR", help: "where: tcp:HOST:PORT, unix:PATH, or dir:PATH for what would be sent" },
    { name: "qmp", value: "ADDR", help: "the target's monitor, to look at it, set it, and ask for its verdict" },
    { name: "listen", value: "ADDR", help: "what the target is told to listen at, if it is another address for it" },
    {
      name: "spawn",
      value: "COMMAND",
      valueOptional: true,
      help: "start the target: this command, or the recorded one",
    },
    { name: "binary", value: "PROGRAM", help: "the QEMU to start in the place of the recorded one" },
    { name: "examine", help: "only look at the target, and say what does not fit" },
    { name: "channels", value: "COUNT", help: "deal the packets of multifd channels to so many" },
    { name: "seed", value: "COUNT", help: "send in a random order that is legal; the same for the same seed" },
    { name: "reserialise", help: "make all bytes from the fields of the records" },
    { name: "uuid", value: "UUID", help: 'write this UUID into the stream; "target" for that of the target' },
    { name: "connect-order", value: "ORDER", help: "main-first, main-last, recorded, or numbers: 1,0,2 (0 is main)" },
    {
      name: "switchover-start",
      value: "WHEN",
      choices: ["before-packets", "after-packets"],
      help: "send SWITCHOVER_START before device packets, or after all that can be",
    },
    { name: "verbatim", help: "send all bytes in the recorded order, whatever a source would wait for" },
    { name: "speed", value: "FACTOR", help: "keep the recorded times: 1x, or 2x for twice as fast" },
    { name: "mbps", value: "NUMBER", help: "send so many megabits a second at most" },
    { name: "step", help: "wait for Enter before each phase" },
    {
      name: "timeout",
      value: "SECONDS",
      help: "how long nothing may go on: 60, and 10 for a connection, if not given",
    },
    { name: "cont", help: "let the guest run when it is completed: some devices take their state only then" },
    { name: "capability", value: "NAME=STATE", repeatable: true, help: "set this capability of the target on or off" },
    { name: "parameter", value: "NAME=VALUE", repeatable: true, help: "set this migration parameter of the target" },
    ...EXPECTATION_OPTIONS.filter(({ name }) => TARGET_OPTIONS.includes(name)),
    { name: "record", value: "DIR", help: "record what is sent, and what comes back, as a capture" },
    { name: "page-size", value: "SIZE", help: "target page size, where the stream does not tell it" },
    ...OPEN_OPTIONS,
    { name: "json", help: "print one JSON document, with exact numbers" },
  ],
  examples: [
    { command: "migwire replay capture/ --spawn", does: "does it load in the QEMU that it was recorded with?" },
    {
      command: 'migwire replay capture/ --spawn "qemu-system-x86_64 -M q35 -m 8G -display none -S"',
      does: "does it load in that QEMU?",
    },
    { command: "migwire replay capture/ --to tcp::4444 --qmp unix:qmp.sock", does: "into a QEMU that waits for it" },
    { command: "migwire replay capture/ --to dir:out --channels 4", does: "see what would be sent over 4 channels" },
  ],
};

/** Sends a capture, and shows what became of it. */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [spec = ""] = args.operands;
  checkTogether(args);
  try {
    return await withCaptureAsync(spec, openOptions(args), (capture) => replayed(capture, args, io));
  } catch (error) {
    throw isCommand(spec, args, error) ? notCapture(spec) : replayError(error);
  }
}

async function replayed(capture: Capture, args: ParsedArgs, io: Io): Promise<number> {
  const { target, directory } = await destinationOption(args, capture);
  const pace = paceOption(args, capture);
  const written = directory ?? args.text("record");
  const recording = written === undefined ? undefined : new ReplayRecording(written, capture.name);
  const json = args.flag("json");
  const view = new ReplayView(io, capture, json, args.flag("examine"));
  const options: ReplayOptions = {
    target,
    ...changeOptions(args),
    settings: settingOptions(args),
    limits: limitOption(args),
    examineOnly: args.flag("examine"),
    cont: args.flag("cont"),
    // Signals are taken over when they are asked for: until then, while the capture is read, they simply end it.
    get signal(): AbortSignal {
      return io.interrupt;
    },
    notice: (notice) => view.notice(notice),
    ...(pace === undefined ? {} : { pace }),
    ...(args.flag("step") ? { gate: (phase, name): Promise<void> => view.step(phase, name) } : {}),
    ...(recording === undefined ? {} : { tap: () => recording.begin() }),
  };
  try {
    const result = await replay(capture, options);
    const report = replayReport(capture, result);
    view.end();
    if (json) io.stdout.line(jsonText(report, 2));
    else for (const line of replayText(report, io.stdout.style)) io.stdout.line(line);
    return exitCodeOf(report);
  } finally {
    view.end();
    recording?.end();
  }
}

/** Whether the only operand, which is not there, may have been meant as the value of `--spawn`. */
function isCommand(spec: string, args: ParsedArgs, error: unknown): boolean {
  const { cause } = error instanceof ExitError ? error : {};
  return args.text("spawn") === "" && /\s|qemu/.test(spec) && cause instanceof CaptureError &&
    cause.code === "not-found";
}

function notCapture(spec: string): UsageError {
  return new UsageError(
    `Cannot replay "${spec}": there is no such capture. If it is the command for --spawn, CAPTURE is missing: ` +
      `migwire replay CAPTURE --spawn "${spec}"`,
  );
}
