/**
 * What a destination expects of a stream: given by the user, or taken from the `capture.json` of a recording, or what
 * follows from that by QEMU's defaults. What is not known is absent, and then nothing is judged by it.
 *
 * @module
 */

import type { CaptureManifest, CaptureSide } from "./manifest.ts";
import { isMultifdCompression, type MultifdCompression } from "../wire/mod.ts";
import { parseQemuCommand, parseQemuSwitch, type QemuCommand } from "./expectations/command.ts";
import { expectDevices } from "./expectations/devices.ts";
import { machineVersion, resolveMachine } from "./expectations/machine.ts";
import {
  captured,
  type ExpectationOptions,
  type Expectations,
  follows,
  type Known,
  optionName,
  type SyncStyle,
} from "./expectations/model.ts";
import { isAtLeast, parseQemuVersion, type QemuVersion } from "./expectations/version.ts";

export { type AbsentDevice, absentDevices } from "./expectations/absent_devices.ts";
export * from "./expectations/version.ts";
export { parseQemuCommand, type QemuCommand, type QemuProperties } from "./expectations/command.ts";
export { expectationFor } from "./expectations/devices.ts";
export { machineVersion, resolveMachine } from "./expectations/machine.ts";
export type {
  DeviceExpectation,
  ExpectationOptions,
  Expectations,
  Known,
  KnownOrigin,
  OnOffAuto,
  SyncStyle,
} from "./expectations/model.ts";

/**
 * What a destination expects.
 *
 * @param manifest The `capture.json` of a recording, if there is one.
 * @param options What the user says.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expectationsOf } from "@migwire/migwire/capture";
 *
 * const { machine, multifdChannels } = expectationsOf(undefined, { qemu: "10.0", machine: "pc-q35-10.0" });
 * assertEquals(machine, { value: "pc-q35-10.0", origin: "option", from: "--machine" });
 * assertEquals(multifdChannels, undefined);
 * ```
 */
export function expectationsOf(
  manifest: Pick<CaptureManifest, "destination"> | undefined,
  options: ExpectationOptions = {},
): Expectations {
  return new Assembly(manifest?.destination, options).result();
}

class Assembly {
  readonly #side: CaptureSide | undefined;
  readonly #options: ExpectationOptions;
  readonly #command: QemuCommand | undefined;

  constructor(side: CaptureSide | undefined, options: ExpectationOptions) {
    this.#side = side;
    this.#options = options;
    this.#command = side?.command === undefined ? undefined : parseQemuCommand(side.command);
  }

  result(): Expectations {
    const qemu = this.#option("qemu") ?? captured(this.#side?.qemu);
    const version = qemu === undefined ? undefined : parseQemuVersion(qemu.value);
    const arch = this.#option("arch") ?? captured(this.#command?.arch);
    const machine = this.#machine(qemu, arch?.value);
    const general: Omit<Expectations, "devices" | "devicesAreAll"> = defined({
      qemu,
      arch,
      multifd: this.#option("multifd") ?? this.#capability("multifd"),
      multifdChannels: this.#option("multifdChannels") ?? this.#channels(),
      multifdCompression: this.#option("multifdCompression") ?? this.#compression(),
      mappedRam: this.#option("mappedRam") ?? this.#capability("mapped-ram"),
      ignoreShared: this.#capability("x-ignore-shared"),
      postcopyRam: this.#capability("postcopy-ram"),
      switchoverAck: this.#option("switchoverAck") ?? this.#capability("switchover-ack"),
      sendSwitchoverStart: this.#sendSwitchoverStart(machine),
      machine,
      ramBytes: captured(this.#command?.ramBytes),
      uuid: captured(this.#command?.uuid),
      syncStyle: this.#syncStyle(qemu, version, machine),
    });
    const { devices, all } = expectDevices(this.#command, this.#options, general, version);
    return { ...general, ...(devices === undefined ? {} : { devices }), devicesAreAll: all };
  }

  #option<K extends keyof ExpectationOptions>(name: K): Known<NonNullable<ExpectationOptions[K]>> | undefined {
    const value = this.#options[name];
    return value === undefined ? undefined : { value, origin: "option", from: optionName(name) };
  }

  #global(property: string): string | undefined {
    const globals = this.#command?.globals;
    return globals?.get(`migration.${property}`) ?? globals?.get(`migration.x-${property}`);
  }

  /** A capability that a recorder does not name was off: it names those that were set. */
  #capability(name: string): Known<boolean> | undefined {
    const { capabilities } = this.#side ?? {};
    const set = capabilities?.[name];
    if (typeof set === "boolean") return captured(set);
    return captured(parseQemuSwitch(this.#global(name)) ?? (capabilities === undefined ? undefined : false));
  }

  /** A parameter that a recorder does not name had QEMU's default. */
  #parameter(name: string, otherwise: string | number): unknown {
    const { parameters } = this.#side ?? {};
    return parameters?.[name] ?? this.#global(name) ?? (parameters === undefined ? undefined : otherwise);
  }

  #channels(): Known<number> | undefined {
    const channels = Number(this.#parameter("multifd-channels", 2) ?? NaN);
    return captured(Number.isInteger(channels) && channels > 0 ? channels : undefined);
  }

  #compression(): Known<MultifdCompression> | undefined {
    const method = this.#parameter("multifd-compression", "none");
    return captured(isMultifdCompression(method) ? method : undefined);
  }

  #machine(qemu: Known<string> | undefined, arch: string | undefined): Known<string> | undefined {
    const named = this.#option("machine") ?? captured(this.#command?.machine);
    if (named === undefined) return undefined;
    // The build of a distribution may have types of its own behind the usual aliases.
    if (named.origin === "capture" && arch === undefined) return undefined;
    const decides = named.origin === "option" ? qemu : this.#aliasVersion(qemu);
    const version = decides === undefined ? undefined : parseQemuVersion(decides.value);
    const full = resolveMachine(named.value, arch, version) ?? (named.origin === "option" ? named.value : undefined);
    if (full === undefined) return undefined;
    return full === named.value ? { ...named, value: full } : follows(full, named, decides);
  }

  /** An alias of the recording stands for what it stood for then, unless a version is asked about that is too old for it. */
  #aliasVersion(asked: Known<string> | undefined): Known<string> | undefined {
    const recorded = captured(this.#side?.qemu);
    const [old, then] = [asked, recorded].map((known) =>
      known === undefined ? undefined : parseQemuVersion(known.value)
    );
    return old !== undefined && then !== undefined && isAtLeast(old, then.major, then.minor) ? recorded : asked;
  }

  #sendSwitchoverStart(machine: Known<string> | undefined): Known<boolean> | undefined {
    const set = parseQemuSwitch(this.#global("send-switchover-start"));
    if (set !== undefined) return captured(set);
    const bound = machine === undefined ? undefined : machineVersion(machine.value);
    return bound === undefined ? undefined : follows(isAtLeast(bound, 10, 0), machine);
  }

  #syncStyle(
    qemu: Known<string> | undefined,
    version: QemuVersion | undefined,
    machine: Known<string> | undefined,
  ): Known<SyncStyle> | undefined {
    if (version !== undefined && !isAtLeast(version, 8, 1)) return follows("section", qemu);
    const set = parseQemuSwitch(this.#global("multifd-flush-after-each-section"));
    if (set !== undefined) return captured<SyncStyle>(set ? "section" : "round");
    if (machine === undefined) return undefined;
    const bound = machineVersion(machine.value);
    if (bound !== undefined) return follows(isAtLeast(bound, 8, 1) ? "round" : "section", machine);
    return version === undefined ? undefined : follows("round", qemu, machine);
  }
}

/** The object without the fields that are undefined. */
function defined<T extends object>(value: { [K in keyof T]-?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
