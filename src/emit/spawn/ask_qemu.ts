import { parseVmstateDump, type VmstateDump, VmstateDumpError } from "../../wire/mod.ts";
import { PrivateFolder } from "./private_folder.ts";
import { runProgram } from "./run_program.ts";
import { SpawnError } from "./spawn_error.ts";

/** What a QEMU says of itself. */
export interface QemuSelf {
  /** Its version with its package, as it writes it: `7.2.22 (Debian 1:7.2+dfsg-7)`. */
  readonly version: string;
  /** Names of its machine types, aliases too. */
  readonly machines: readonly string[];
  /** Machine type that the dump was written with; undefined if the wanted one is not there. */
  readonly machine?: string;
  /** What its device types load. */
  readonly dump: VmstateDump;
}

/** What a QEMU is asked. */
export interface AskOptions {
  /** The program. */
  readonly binary: string;
  /** Machine type to write the dump with. If there is none of that name, it is written without a machine. */
  readonly machine?: string;
  /** Ends it when it is aborted. */
  readonly signal: AbortSignal;
  /** How long each answer is waited for, in milliseconds; 30 seconds if absent. */
  readonly limitMs?: number;
  /** Where the private folder is made; in the system's folder for temporary files if absent. */
  readonly parent?: string;
}

/** Loading all modules from a slow disk takes seconds. */
const LIMIT_MS = 30_000;

/** Longest dump that is read: those of QEMU 11.1 have less than 1 MiB. */
const DUMP_LIMIT = 64 * 1024 * 1024;

/** Every system emulator has it: a machine without anything. */
const NO_MACHINE = "none";

/** Nothing of the user's settings, and no window. */
const QUIET: readonly string[] = ["-nodefaults", "-no-user-config", "-display", "none"];

/**
 * Asks a QEMU for its version, its machine types, and what its device types load (`-dump-vmstate`). It is started three
 * times, with nobody's files, and ends by itself each time; its dump is in a private folder that is gone afterwards.
 *
 * @param options Which QEMU, and what ends it: its own limit is 30 s for each start.
 * @returns What it is.
 * @throws {SpawnError} If it cannot be started, does not answer in time, or answers what is not understood.
 * @throws The signal's reason, if it is aborted.
 *
 * @example
 * ```ts
 * import { askQemu } from "@migwire/migwire/spawn";
 *
 * // The machine types of an installed QEMU, and how many device types it can load.
 * async function look(binary: string): Promise<string> {
 *   const { version, machines, dump } = await askQemu({ binary, signal: AbortSignal.timeout(30_000) });
 *   return `QEMU ${version}: ${machines.length} machine types, ${dump.types.size} device types`;
 * }
 * ```
 */
export async function askQemu(options: AskOptions): Promise<QemuSelf> {
  const { binary, machine: wanted, parent } = options;
  const version = parseVersion(binary, await answer(options, ["--version"]));
  const machines = parseMachines(await answer(options, ["-machine", "help"]));
  const folder = await PrivateFolder.make(parent);
  try {
    const path = `${folder.path}/vmstate.json`;
    const machine = wanted === undefined || machines.includes(wanted) ? wanted : NO_MACHINE;
    await answer(options, [...machine === undefined ? [] : ["-machine", machine], ...QUIET, "-dump-vmstate", path]);
    const dump = await readDump(binary, path);
    // Without one, QEMU takes its default, or refuses where there is none.
    const full = machine === NO_MACHINE && wanted !== NO_MACHINE ? undefined : dump.machine;
    return { version, machines, ...(full === undefined ? {} : { machine: full }), dump };
  } finally {
    await folder.remove();
  }
}

async function answer(
  { binary, signal, limitMs = LIMIT_MS }: AskOptions,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await runProgram({ program: binary, args, limitMs, signal });
  if (code === 0) return stdout;
  const said = stderr.trim() === "" ? "It said nothing." : `It said: ${stderr.trim().slice(-1000)}`;
  // QEMU loads all of its modules to write a dump, and ends on an assertion where it finds those of another.
  const hint = stderr.includes("Only modules from the same build can be loaded")
    ? "it finds modules of another QEMU: set QEMU_MODULE_DIR to a folder with its own, or ask it where it is installed"
    : undefined;
  throw new SpawnError("ended", `Cannot ask ${binary}: ${args.join(" ")} ended with exit code ${code}. ${said}`, hint);
}

function parseVersion(binary: string, text: string): string {
  const version = /^QEMU emulator version (\d+\.\d+.*)$/m.exec(text)?.[1];
  if (version !== undefined) return version.trim();
  throw new SpawnError(
    "command",
    `Cannot ask ${binary}: its --version is not that of a QEMU`,
    "name a qemu-system program",
  );
}

/** `pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)`, a line each below a headline. */
function parseMachines(text: string): string[] {
  return text.split("\n").slice(1).map((line) => line.split(/\s/, 1)[0] ?? "").filter((name) => name !== "");
}

async function readDump(binary: string, path: string): Promise<VmstateDump> {
  try {
    const { size } = await Deno.stat(path);
    if (size > DUMP_LIMIT) throw new VmstateDumpError(`Cannot read the dump: it has ${size} bytes`);
    return parseVmstateDump(await Deno.readTextFile(path));
  } catch (cause) {
    const isKnown = cause instanceof VmstateDumpError || cause instanceof Deno.errors.NotFound;
    if (!isKnown) throw cause;
    const reason = cause instanceof VmstateDumpError ? cause.message : "it wrote no dump";
    throw new SpawnError("ended", `Cannot use what ${binary} says of itself: ${reason}`, undefined, { cause });
  }
}
