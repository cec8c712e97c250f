#!/usr/bin/env -S deno run --no-prompt --allow-read
import type { CommandModule } from "./command.ts";
import { type Io, processIo } from "./io.ts";
import { EXIT, UsageError } from "./exit.ts";
import { ClosedPipeError } from "./writer.ts";
import { printableLines } from "./printable.ts";
import type { Style } from "./style.ts";

/** A command in the list: what `--help` shows without loading it, and how to load it. */
export interface ListedCommand {
  /** What is typed. */
  readonly name: string;
  /** What it does; the same as in its definition, which a test holds it to. */
  readonly summary: string;
  /** Loads its module. */
  load(): Promise<CommandModule>;
}

/**
 * The commands. The specifiers are literals, so that type checker, bundler and publisher see them; nothing of a command
 * is loaded before it is asked for.
 */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: "inspect",
    summary: "show what a capture holds: channels, sections, devices, RAM",
    load: () => import("./inspect.ts"),
  },
  {
    name: "records",
    summary: "list the records of a channel, byte by byte accounted for",
    load: () => import("./records.ts"),
  },
  {
    name: "check",
    summary: "say what is wrong with a capture, and where",
    load: () => import("./check.ts"),
  },
  {
    name: "load",
    summary: "say what a destination would do with a capture, and load its devices",
    load: () => import("./load.ts"),
  },
  {
    name: "report",
    summary: "draw a migration: what came when, and what the devices waited for",
    load: () => import("./report.ts"),
  },
  {
    name: "diff",
    summary: "say what differs between two captures, field by field",
    load: () => import("./diff.ts"),
  },
  {
    name: "record",
    summary: "stand between two QEMUs and record what they send",
    load: () => import("./record.ts"),
  },
  {
    name: "convert",
    summary: "write a capture as a directory, a plain stream or packets",
    load: () => import("./convert.ts"),
  },
  {
    name: "replay",
    summary: "send a capture to a QEMU, and say what becomes of it",
    load: () => import("./replay.ts"),
  },
  {
    name: "export",
    summary: "write captures as Parquet tables, for SQL over many migrations",
    load: () => import("./export.ts"),
  },
  {
    name: "compat",
    summary: "say whether a capture would load in another QEMU",
    load: () => import("./compat.ts"),
  },
  {
    name: "forge",
    summary: "make a capture from a few lines that describe it",
    load: () => import("./forge.ts"),
  },
  {
    name: "edit",
    summary: "change a capture: fields, records, order, ends, bits",
    load: () => import("./edit.ts"),
  },
  {
    name: "completions",
    summary: "print what lets a shell complete migwire's commands",
    load: () => import("./completions.ts"),
  },
];

/**
 * Runs migwire.
 *
 * @param argv The arguments, without the program's name.
 * @param io Outputs and surroundings.
 * @param commands The commands there are.
 * @returns The exit code.
 *
 * @example Usage
 * ```ts
 * import { main } from "./main.ts";
 * import { memoryIo } from "./memory_io.ts";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const io = memoryIo();
 * assertEquals(await main(["--help"], io), 0);
 * assertStringIncludes(io.out(), "inspect");
 * ```
 */
export async function main(
  argv: readonly string[],
  io: Io,
  commands: readonly ListedCommand[] = COMMANDS,
): Promise<number> {
  let name = "";
  try {
    const [first, ...rest] = argv;
    const code = await dispatch(first, rest, io, commands, (found) => name = found);
    io.stdout.flush();
    return code;
  } catch (error) {
    return await report(error, ["migwire", name].join(" ").trim(), io);
  }
}

async function dispatch(
  first: string | undefined,
  rest: readonly string[],
  io: Io,
  commands: readonly ListedCommand[],
  named: (name: string) => void,
): Promise<number> {
  if (first === undefined) {
    io.stderr.write(await overview(io.stderr.style, commands));
    return EXIT.usage;
  }
  if (first === "--version" || first === "-V") {
    io.stdout.line(`migwire ${await version()}`);
    return EXIT.ok;
  }
  const asksForHelp = first === "--help" || first === "-h" || first === "help";
  if (asksForHelp && rest[0] === undefined) {
    io.stdout.write(await overview(io.stdout.style, commands));
    return EXIT.ok;
  }
  const wanted = asksForHelp ? rest[0] : first;
  const command = commands.find(({ name }) => name === wanted);
  if (!command) throw await unknownCommand(wanted ?? "", commands);
  named(command.name);
  return await runCommand(command, asksForHelp ? ["--help"] : rest, io);
}

async function runCommand(
  command: ListedCommand,
  argv: readonly string[],
  io: Io,
): Promise<number> {
  const [{ parseCommand }, module] = await Promise.all([import("./parse.ts"), command.load()]);
  const args = parseCommand(module.definition, argv);
  if (args.flag("help")) {
    const { commandHelp } = await import("./help.ts");
    io.stdout.write(commandHelp(module.definition, io.stdout.style));
    return EXIT.ok;
  }
  return await module.run(args, io);
}

async function overview(style: Style, commands: readonly ListedCommand[]): Promise<string> {
  const { overviewHelp } = await import("./help.ts");
  return overviewHelp(commands, style);
}

async function version(): Promise<string> {
  const { default: config } = await import("../deno.json", { with: { type: "json" } });
  return config.version;
}

async function unknownCommand(
  typed: string,
  commands: readonly ListedCommand[],
): Promise<UsageError> {
  const isOption = typed.startsWith("-");
  const { nearest } = await import("./nearest.ts");
  const meant = nearest(typed, isOption ? ["--help", "--version"] : commands.map(({ name }) => name));
  const problem = isOption
    ? `Cannot use ${typed}: the options of a command follow it`
    : `Cannot run "${typed}": there is no such command`;
  return new UsageError(meant === undefined ? problem : `${problem}. Did you mean ${meant}?`);
}

/** Says what ended the program, and gives the exit code for it. */
async function report(error: unknown, program: string, io: Io): Promise<number> {
  if (error instanceof ClosedPipeError) return EXIT.closedPipe;
  try {
    // What was found before the error is a result too.
    io.stdout.flush();
    const { describeError } = await import("./describe_error.ts");
    const { exitCode, message } = describeError(error);
    if (message !== "") {
      io.stderr.line(`${io.stderr.style.red(`${program}:`)} ${printableLines(message)}`);
    }
    if (exitCode === EXIT.usage) io.stderr.line(`Try "${program} --help".`);
    return exitCode;
  } catch (second) {
    if (second instanceof ClosedPipeError) return EXIT.closedPipe;
    throw second;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args, processIo()));
