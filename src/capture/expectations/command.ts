/**
 * What a QEMU command line says about migration. Only what is certain: what is not understood is left out.
 *
 * @module
 */

/** Properties as QEMU writes them in one argument: `vfio-pci,addr=5`; JSON is read as well. */
export interface QemuProperties {
  /** The value without a name that came first: a driver, a machine type. */
  readonly first: string | undefined;
  /** The others; of equal names the last. */
  readonly values: ReadonlyMap<string, string>;
}

/** A QEMU command line, as far as migration is concerned. */
export interface QemuCommand {
  /** Target of the program: `x86_64`. Undefined if its name does not tell, as of a distribution's own build. */
  readonly arch?: string;
  /** Machine type as it is written. */
  readonly machine?: string;
  /** Size of `-m`, bytes. */
  readonly ramBytes?: number;
  /** UUID of `-uuid`. */
  readonly uuid?: string;
  /** The `-device` arguments. */
  readonly devices: readonly QemuProperties[];
  /** What `-global` sets, as `driver.property`. */
  readonly globals: ReadonlyMap<string, string>;
  /** Something else may set what is not seen here: a file of options. */
  readonly open: boolean;
}

/**
 * Reads a command line.
 *
 * @param words The program and its arguments.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseQemuCommand } from "./command.ts";
 *
 * const command = parseQemuCommand(["qemu-system-x86_64", "-M", "q35,accel=kvm", "-m", "8"]);
 * assertEquals([command.arch, command.machine, command.ramBytes], ["x86_64", "q35", 8 * 1024 * 1024]);
 * ```
 */
export function parseQemuCommand(words: readonly string[]): QemuCommand {
  const [program = "", ...args] = words;
  const arch = /(?:^|[\\/])qemu-system-([a-z0-9_]+)(?:\.exe)?$/.exec(program)?.[1];
  const found: { -readonly [K in "machine" | "ramBytes" | "uuid"]?: QemuCommand[K] } = {};
  const devices: QemuProperties[] = [];
  const globals = new Map<string, string>();
  let open = false;
  for (const [i, word] of args.entries()) {
    const value = args[i + 1] ?? "";
    switch (word.replace(/^--/, "-")) {
      case "-M":
      case "-machine": {
        const { first, values } = parseProperties(value);
        const type = values.get("type") ?? first;
        if (type !== undefined) found.machine = type;
        break;
      }
      case "-m": {
        const { first, values } = parseProperties(value);
        const bytes = parseQemuSize(values.get("size") ?? first ?? "", "M");
        if (bytes !== undefined) found.ramBytes = bytes;
        break;
      }
      case "-uuid":
        found.uuid = value.toLowerCase();
        break;
      case "-device":
        devices.push(parseProperties(value, "driver"));
        break;
      case "-global":
        addGlobal(globals, value);
        break;
      case "-readconfig":
        open = true;
        break;
    }
  }
  return { ...(arch === undefined ? {} : { arch }), ...found, devices, globals, open };
}

function addGlobal(globals: Map<string, string>, text: string): void {
  const short = /^([^.=,]+)\.([^=]+)=(.*)$/s.exec(text);
  if (short !== null) {
    globals.set(`${short[1]}.${short[2]}`, short[3] ?? "");
    return;
  }
  const { values } = parseProperties(text, "driver");
  const [driver, property, value] = [values.get("driver"), values.get("property"), values.get("value")];
  if (driver !== undefined && property !== undefined && value !== undefined) {
    globals.set(`${driver}.${property}`, value);
  }
}

/**
 * Takes `a,b=c` apart; `,,` stands for a comma in a value. `{"driver": …}` is read as JSON, which libvirt writes.
 *
 * @param implied Name of the value that comes first without one.
 */
export function parseProperties(text: string, implied?: string): QemuProperties {
  if (text.startsWith("{")) return parseJsonProperties(text, implied);
  const values = new Map<string, string>();
  let first: string | undefined;
  for (const [i, part] of text.split(/(?<!,),(?!,)/).entries()) {
    const plain = part.replaceAll(",,", ",");
    const equals = plain.indexOf("=");
    if (equals >= 0) values.set(plain.slice(0, equals), plain.slice(equals + 1));
    else if (i === 0) first = plain;
    else values.set(plain, "on");
  }
  if (implied !== undefined && first === undefined) first = values.get(implied);
  return { first, values };
}

function parseJsonProperties(text: string, implied: string | undefined): QemuProperties {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const values = new Map<string, string>();
  if (typeof json === "object" && json !== null) {
    for (const [name, value] of Object.entries(json)) {
      if (typeof value === "boolean") values.set(name, value ? "on" : "off");
      else if (typeof value === "string" || typeof value === "number") values.set(name, String(value));
    }
  }
  return { first: implied === undefined ? undefined : values.get(implied), values };
}

/** What each of QEMU's suffixes multiplies by 1024, how many times. */
const SUFFIXES = "BKMGTPE";

/**
 * Reads a size as QEMU does.
 *
 * @param text `8`, `64M`, `0x100000`, `1.5G`.
 * @param unit The suffix that a number without one has.
 * @returns Bytes; undefined if the text is no size, or one that a number cannot hold exactly.
 */
export function parseQemuSize(text: string, unit = "B"): number | undefined {
  const match = /^(0x[0-9a-f]+|\d+(?:\.\d+)?)([bkmgtpe]?)$/i.exec(text);
  if (match === null) return undefined;
  const suffix = (match[2] === "" ? unit : match[2] ?? unit).toUpperCase();
  const bytes = Math.trunc(Number(match[1]) * 1024 ** SUFFIXES.indexOf(suffix));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads a switch as QEMU does; undefined for other words, such as `auto`. */
export function parseQemuSwitch(text: string | undefined): boolean | undefined {
  if (text === "on" || text === "true" || text === "yes" || text === "y") return true;
  return text === "off" || text === "false" || text === "no" || text === "n" ? false : undefined;
}
