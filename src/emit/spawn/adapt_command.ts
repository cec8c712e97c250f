import { parseQemuCommand, parseQemuVersion, resolveMachine } from "../../capture/mod.ts";
import {
  escapeCommas,
  formatOption,
  isQemu,
  joinOptions,
  type Option,
  propertiesOf,
  splitOptions,
  withProperty,
} from "./options.ts";
import { OWN_COMMAND, SpawnError } from "./spawn_error.ts";

/** How a command is to be started. */
export interface AdaptOptions {
  /** It was recorded, by whomever: not the user's own words. */
  readonly recorded: boolean;
  /** Where its monitor is to listen. */
  readonly monitor: string;
  /** The program to start in the place of a recorded one. */
  readonly binary?: string;
  /** Version of the QEMU that a recorded command ran, `10.0.2`: says what `-M pc` stood for. */
  readonly version?: string;
  /** Machine type of the stream. */
  readonly machine?: string;
}

/** What is started. */
export interface AdaptedCommand {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** What is other than it was written, for people, a sentence each without a period. */
  readonly notes: readonly string[];
}

/** Directories that only the system's administrator fills. */
const SYSTEM_PROGRAM = /^\/(?:usr|opt|bin|nix\/store|gnu\/store)\/(?!(?:.*\/)?\.\.\/)/;

/** What a recording's command says to its recorder, and not about the machine. */
const RECORDERS: ReadonlySet<string> = new Set(["qmp", "qmp-pretty", "D", "d", "dfilter", "trace", "pidfile"]);

/**
 * Makes of a command the one that is started: it waits for the migration's address (`-incoming defer`), does not leave
 * us (`-daemonize`), and has a monitor of ours. A recorded command loses its own monitor, log, trace and process file as
 * well, and has the machine type that it had then. The rest stays, `-S` and `-msg` for instance.
 *
 * @param argv The program and its arguments. The user's may begin with another program that starts QEMU (`env`, `nice`,
 * a script of one's own that passes its arguments on).
 * @throws {SpawnError} `recorded` if a recorded program is no QEMU; `command` if there is no program.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adaptCommand } from "./adapt_command.ts";
 *
 * const words = ["qemu-system-x86_64", "-M", "q35", "-incoming", "tcp::4444"];
 * const { args, notes } = adaptCommand(words, { recorded: false, monitor: "/tmp/qmp" });
 * assertEquals(args.join(" "), "-M q35 -incoming defer -qmp unix:/tmp/qmp,server=on,wait=off");
 * assertEquals(notes, ["-incoming tcp::4444 is replaced by -incoming defer"]);
 * ```
 */
export function adaptCommand(
  argv: readonly string[],
  { recorded, monitor, binary, version, machine }: AdaptOptions,
): AdaptedCommand {
  const [first = "", ...rest] = argv;
  if (first === "") throw new SpawnError("command", "Cannot start the command: it is empty");
  const notes: string[] = [];
  const program = recorded ? recordedProgram(first, binary, notes) : first;
  // What stands before QEMU itself belongs to the program that starts it.
  const qemu = isQemu(first) ? 0 : Math.max(0, rest.findIndex(isQemu) + 1);
  const options = splitOptions(rest.slice(qemu));
  const arch = parseQemuCommand([first]).arch;
  const recordedOptions = (): Option[] => {
    const meant = { arch, version, machine };
    return withoutRecorders(options, notes).map((option) => withoutAlias(option, meant, notes));
  };
  const kept = withoutOurs(recorded ? recordedOptions() : options, notes);
  return {
    program,
    args: [
      ...rest.slice(0, qemu),
      ...joinOptions(kept),
      ...["-incoming", "defer", "-qmp", `unix:${escapeCommas(monitor)},server=on,wait=off`],
    ],
    notes,
  };
}

/** The program of a recording is whatever somebody has written there: only a QEMU of the system is started. */
function recordedProgram(program: string, binary: string | undefined, notes: string[]): string {
  if (!isQemu(program)) {
    throw new SpawnError(
      "recorded",
      `Cannot start the recorded command: it begins with ${JSON.stringify(program)}, which is no QEMU`,
      OWN_COMMAND,
    );
  }
  if (binary !== undefined) return binary;
  if (!program.includes("/") || SYSTEM_PROGRAM.test(program)) return program;
  const name = program.slice(program.lastIndexOf("/") + 1);
  notes.push(`${name} is started as the system finds it, not ${program}`);
  return name;
}

/**
 * `-M pc` is another machine in each QEMU. It becomes what it stood for in the recorded one, if that is what the stream
 * says: a distribution may have called it otherwise.
 */
function withoutAlias(
  option: Option,
  { arch, version, machine }: { readonly [name in "arch" | "version" | "machine"]: string | undefined },
  notes: string[],
): Option {
  const { name, value } = option;
  if ((name !== "M" && name !== "machine") || value === undefined || version === undefined) return option;
  const type = propertiesOf(value).find(({ name }, i) => name === "type" || (i === 0 && name === ""));
  if (type === undefined || type.value === machine) return option;
  const full = resolveMachine(type.value, arch, parseQemuVersion(version));
  if (full === undefined || full !== machine) return option;
  notes.push(`${option.word} ${full} is started: ${type.value} stood for it in QEMU ${version}`);
  return {
    ...option,
    value: type.name === "type" ? withProperty(value, "type", full) : full + value.slice(type.value.length),
  };
}

/** The monitors, logs and traces of a recording are left out. */
function withoutRecorders(options: readonly Option[], notes: string[]): Option[] {
  const controls = options.filter(isControl);
  const isBackend = ({ name, value = "" }: Option): boolean =>
    name === "chardev" && controls.some((control) => backendOf(control) === property(value, "id"));
  const isRecorders = (option: Option): boolean =>
    RECORDERS.has(option.name) || controls.includes(option) || isBackend(option);
  const left = options.filter(isRecorders);
  if (left.length > 0) {
    // There may be dozens of -trace.
    const names = [...new Set(left.map(({ word }) => word))];
    notes.push(`${names.join(", ")} of the recording ${names.length === 1 ? "is" : "are"} left out`);
  }
  return options.filter((option) => !isRecorders(option));
}

function isControl({ name, value = "" }: Option): boolean {
  return name === "mon" && property(value, "mode") === "control";
}

/** The character device that a monitor is on. */
function backendOf({ value = "" }: Option): string | undefined {
  return property(value, "chardev") ?? propertiesOf(value).find(({ name }) => name === "")?.value;
}

function property(text: string, name: string): string | undefined {
  return propertiesOf(text).findLast((property) => property.name === name)?.value;
}

function withoutOurs(options: readonly Option[], notes: string[]): Option[] {
  return options.filter((option) => {
    if (option.name === "daemonize") {
      notes.push("-daemonize is left out: QEMU must not get away from migwire, which stops it");
      return false;
    }
    if (option.name !== "incoming") return true;
    if (option.value !== "defer") notes.push(`${formatOption(option)} is replaced by -incoming defer`);
    return false;
  });
}
