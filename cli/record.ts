import { inspectCapture } from "../src/public/inspect.ts";
import {
  formatSocketAddress,
  parseSocketAddress,
  RecordError,
  Recording,
  type RecordOptions,
  type RecordResult,
  type SocketAddress,
} from "../src/public/record.ts";
import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { EXIT, ExitError, UsageError } from "./exit.ts";
import { showReport } from "./inspect.ts";
import { LiveView } from "./live_view.ts";
import { noticeText } from "./record/notice_text.ts";
import { resultLines } from "./record/result_text.ts";
import { statusLines } from "./record/status_lines.ts";
import type { Io } from "./terminal.ts";
import { withCapture } from "./with_capture.ts";

/** The command `record`. */
export const definition: CommandDefinition = {
  name: "record",
  summary: "stand between two QEMUs and record what they send",
  details: [
    "Start the destination with -incoming at the address --to, then this, then migrate the source to the address",
    "--listen: tcp:HOST:PORT, tcp::PORT, or unix:PATH. Each connection is passed on as it comes. No byte is changed, and",
    "what was passed on is in DIR. Ends when all connections have ended and no other one comes for 3 seconds; if postcopy",
    "was interrupted, it waits for the recovery. Prints what `inspect` prints.",
    "",
    "DIR must not be there yet. It can be read at every moment, also after this was killed. When DIR cannot be written any",
    "more the connections are broken off: the migration fails, and all that the destination has got is in DIR. With",
    "--max-size the migration goes on instead, and what comes after so many bytes is not recorded.",
    "",
    "A capture holds the guest's memory. With --no-payload pages, and the data of VFIO devices, are left out: zeros stand in",
    "their place. Registers and the like of the other devices stay. What is not understood, such as TLS, is then left out",
    "from there on, and said.",
    "",
    "Without a host --listen is the loopback, which nobody else can reach: there is no encryption and no password.",
  ],
  operands: [],
  options: [
    { name: "listen", value: "ADDR", help: "where the source connects to" },
    { name: "to", value: "ADDR", help: "where the destination listens" },
    { name: "out", value: "DIR", help: "the capture directory to make" },
    { name: "name", value: "NAME", help: "name of the capture; that of the directory if not given" },
    { name: "about", value: "TEXT", help: "what the capture shows, in one line" },
    { name: "no-payload", help: "leave out the contents of memory, and the data of VFIO devices" },
    { name: "max-size", value: "SIZE", help: "record so many bytes at most; the migration goes on" },
    { name: "keep", help: "stay when all connections have ended, until Ctrl-C" },
    { name: "json", help: "print the summary as JSON, as inspect does" },
  ],
  examples: [
    { command: "migwire record --listen tcp::4444 --to tcp::4445 --out capture", does: "record a migration" },
    {
      command: "migwire record --listen unix:in.sock --to unix:out.sock --out capture --no-payload",
      does: "without the guest's memory",
    },
  ],
};

/** Records until the migration is over, then shows what was recorded. */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const options = optionsOf(args, io);
  const result = await recorded(options, io);
  for (const line of resultLines(result, options)) io.stderr.line(line);
  if (result.connections > 0) summary(options.directory, args.flag("json"), io);
  if (result.error !== undefined) throw exitError(result.error);
  return result.interrupted ? EXIT.interrupted : EXIT.ok;
}

function optionsOf(args: ParsedArgs, io: Io): RecordOptions {
  const [name, about, maxBytes] = [args.text("name"), args.text("about"), args.number("max-size")];
  return {
    listen: addressOption(args, "listen"),
    to: addressOption(args, "to"),
    directory: required(args, "out"),
    ...(name === undefined ? {} : { name }),
    ...(about === undefined ? {} : { about }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    payload: !args.flag("no-payload"),
    keep: args.flag("keep"),
    signal: io.interrupt,
  };
}

function required(args: ParsedArgs, name: string): string {
  const text = args.text(name);
  if (text === undefined || text === "") throw new UsageError(`Cannot record without --${name}`);
  return text;
}

function addressOption(args: ParsedArgs, name: string): SocketAddress {
  try {
    return parseSocketAddress(required(args, name));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`Cannot use --${name}. ${error.message}`);
    throw error;
  }
}

async function recorded(options: RecordOptions, io: Io): Promise<RecordResult> {
  const view = new LiveView(io.stderr);
  const notice: RecordOptions["notice"] = (what) => {
    const text = noticeText(what, options);
    if (text !== undefined) view.line(text);
  };
  try {
    const recording = new Recording({ ...options, notice });
    view.line(`listening at ${formatSocketAddress(recording.address)}, recording into ${options.directory}`);
    view.show((rate) => {
      const status = recording.status();
      return statusLines(status, rate(status.bytes));
    });
    return await recording.finished;
  } catch (error) {
    throw error instanceof RecordError ? exitError(error) : error;
  } finally {
    view.close();
  }
}

/** What `inspect` says. That a capture holds nothing to be understood is no fault of the recording. */
function summary(directory: string, json: boolean, io: Io): void {
  const report = withCapture(directory, {}, (capture) => inspectCapture(capture));
  showReport(report, { json, sections: false }, io);
}

function exitError(error: RecordError): ExitError {
  const message = error.hint === "" ? error.message : `${error.message}\n${error.hint}`;
  return new ExitError(EXIT.blocked, message, { cause: error });
}
