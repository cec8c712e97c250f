/** A QEMU command line as its options. Any QEMU's: what is not known is kept as it is. @module */

/** One option, or a word that belongs to none. */
export interface Option {
  /** Its name without dashes; empty for a word that belongs to no option, which QEMU takes for a disk image. */
  readonly name: string;
  /** As it is written, with its dashes. */
  readonly word: string;
  /** What follows it. */
  readonly value?: string;
}

/** The options without a value, of QEMU 2.12 to 11.1. */
const FLAGS: ReadonlySet<string> = new Set(
  ("h help version S s snapshot daemonize nographic full-screen mem-prealloc usb portrait no-fd-bootchk no-acpi no-hpet " +
    "no-reboot no-shutdown enable-kvm async-teardown audio-help nodefaults nodefconfig no-user-config only-migratable " +
    "xen-attach xen-create xen-domid-restrict win2k-hack singlestep enable-sync-profile perfmap jitdump semihosting " +
    "old-param preconfig no-quit ctrl-grab alt-grab no-frame enable-fips no-kvm sdl curses enable-hax localtime").split(
      " ",
    ),
);

/** Programs that are QEMU, by their names. */
const QEMU = /^qemu(?:-kvm|-system-[a-z0-9_]+)?(?:\.exe)?$/;

/** Whether a program is QEMU, by its name. */
export function isQemu(program: string): boolean {
  return QEMU.test(program.slice(program.lastIndexOf("/") + 1));
}

/** Takes arguments apart. `--x` is `-x`. */
export function splitOptions(args: readonly string[]): Option[] {
  const options: Option[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    const name = word.startsWith("-") ? word.replace(/^--?/, "") : "";
    const value = args[i + 1];
    if (name === "" || FLAGS.has(name) || value === undefined) {
      options.push({ name, word });
      continue;
    }
    options.push({ name, word, value });
    i++;
  }
  return options;
}

/** Puts them together again. */
export function joinOptions(options: readonly Option[]): string[] {
  return options.flatMap(({ word, value }) => value === undefined ? [word] : [word, value]);
}

/** An option as it is typed, for people. */
export function formatOption({ word, value }: Option): string {
  return value === undefined ? word : `${word} ${value}`;
}

/** A property in the value of an option. */
export interface Property {
  /** `file.filename`; empty for what stands first without a name. */
  readonly name: string;
  /** Its value. */
  readonly value: string;
}

/** The properties of `a,b=c`, where `,,` stands for a comma, or of JSON. */
export function propertiesOf(value: string): Property[] {
  const json = jsonOf(value);
  if (json !== undefined) return leavesOf(json, "");
  return splitProperties(value).map((text) => {
    const equals = text.indexOf("=");
    return equals < 0 ? { name: "", value: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
  });
}

/** The value of an option with another value for each property of that name. */
export function withProperty(text: string, name: string, value: string): string {
  const json = jsonOf(text);
  if (json !== undefined) return JSON.stringify(replaced(json, name, value));
  return splitProperties(text).map((part) => (name !== "" && part.startsWith(`${name}=`)) ? `${name}=${value}` : part)
    .map(escapeCommas).join(",");
}

/** A comma in a value is written twice. */
export function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}

function splitProperties(text: string): string[] {
  return (text.match(/(?:[^,]|,,)*(?:,|$)/g) ?? [])
    .map((part) => part.replace(/(?<=^(?:[^,]|,,)*),$/, "").replaceAll(",,", ","))
    .filter((part, i) => part !== "" || i === 0);
}

function jsonOf(text: string): object | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

function leavesOf(json: object, path: string): Property[] {
  return Object.entries(json).flatMap(([key, value]: [string, unknown]) => {
    const name = path === "" ? key : `${path}.${key}`;
    return typeof value === "object" && value !== null ? leavesOf(value, name) : [{ name, value: String(value) }];
  });
}

function replaced(json: object, path: string, value: string): object {
  const entries = Object.entries(json).map(([key, old]: [string, unknown]) => {
    if (path === key) return [key, value];
    const inside = typeof old === "object" && old !== null && path.startsWith(`${key}.`);
    return [key, inside ? replaced(old, path.slice(key.length + 1), value) : old];
  });
  return Array.isArray(json) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}
