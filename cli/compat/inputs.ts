import { parseQemuVersion } from "../../src/public/capture.ts";
import type { CompatTargetOptions } from "../../src/public/compat.ts";
import { askQemu, SpawnError } from "../../src/public/spawn.ts";
import { parseVmstateDump, type VmstateDump, VmstateDumpError } from "../../src/public/wire.ts";
import { EXIT, ExitError, UsageError } from "../exit.ts";
import { printable } from "../printable.ts";
import type { Io } from "../terminal.ts";

/** Longest dump that is read: those of QEMU 11.1 have less than 1 MiB. */
const DUMP_LIMIT = 64 * 1024 * 1024;

/** What the command line says of the other QEMU. */
export interface Given {
  /** A file with its dump. */
  readonly vmstate: string | undefined;
  /** The program. */
  readonly qemu: string | undefined;
  /** Machine type that it is started with. */
  readonly machine: string | undefined;
  /** Its version. */
  readonly version: string | undefined;
}

/**
 * The dump of the other QEMU, from a file or by asking it.
 *
 * @param given What the command line says.
 * @param wanted Machine type that the source has.
 * @param io What ends it.
 * @throws {ExitError} If it cannot be had.
 */
export async function theOther(
  { vmstate, qemu, machine, version }: Given,
  wanted: string | undefined,
  io: Pick<Io, "interrupt">,
): Promise<{ readonly dump: VmstateDump; readonly options: CompatTargetOptions }> {
  if (version !== undefined && parseQemuVersion(version) === undefined) {
    throw new UsageError(`Cannot use "${version}" for --qemu-version: write a version as 7.2 or 10.0.13`);
  }
  if (qemu === undefined) {
    const dump = readDumpFile(vmstate ?? "");
    const options = { ...(machine === undefined ? {} : { machine }), ...(version === undefined ? {} : { version }) };
    return { dump, options };
  }
  if (version !== undefined) throw new UsageError("Cannot use --qemu-version together with --qemu: it says so itself");
  const self = await asked(qemu, machine ?? wanted, io.interrupt);
  if (machine !== undefined && self.machine === undefined) {
    throw new UsageError(`Cannot use "${machine}" for --machine: ${qemu} has no such machine type`);
  }
  const { dump, machines, version: own } = self;
  // Without the machine type there is none that it could be started with.
  const { machine: _none, ...withoutMachine } = dump;
  return {
    dump: self.machine === undefined && wanted !== undefined ? withoutMachine : dump,
    options: {
      machines: self.machine === undefined ? machines : [...machines, self.machine],
      version: own,
      versionFrom: "qemu",
    },
  };
}

async function asked(
  binary: string,
  machine: string | undefined,
  signal: AbortSignal,
): ReturnType<typeof askQemu> {
  try {
    return await askQemu({ binary, signal, ...(machine === undefined ? {} : { machine }) });
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    const message = error.hint === "" ? error.message : `${error.message}\n${error.hint}`;
    throw new ExitError(EXIT.blocked, message, { cause: error });
  }
}

/**
 * Reads a file that `-dump-vmstate` wrote.
 *
 * @throws {ExitError} If it is not one.
 */
export function readDumpFile(path: string): VmstateDump {
  try {
    const { size } = Deno.statSync(path);
    if (size > DUMP_LIMIT) throw new VmstateDumpError(`Cannot read the dump: it has ${size} bytes`);
    return parseVmstateDump(Deno.readTextFileSync(path));
  } catch (cause) {
    if (!(cause instanceof VmstateDumpError)) throw cause;
    throw new ExitError(EXIT.blocked, `${printable(path)}: ${cause.message}`, { cause });
  }
}
