import { bytesOfHex } from "../bytes/mod.ts";
/**
 * Why a description cannot be forged.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { ForgeError, parseForgeDescription } from "@migwire/migwire/forge";
 *
 * const error = await assertRejects(() => parseForgeDescription("channels: many"), ForgeError);
 * assertEquals(error.path.length > 0, true);
 * ```
 */
export class ForgeError extends Error {
  /** Its class, in messages. */
  override readonly name = "ForgeError";
  /** Where in the description: `steps[3].data.idx`. */
  readonly path: string;

  /** What is wrong there. */
  constructor(path: string, problem: string) {
    super(`Cannot forge this description: ${path} ${problem}`);
    this.path = path;
  }
}

/** Bytes of one value, and of all channels together, at most: a description is small, what it asks for need not be. */
export const FORGE_LIMIT: number = 64 * 1024 * 1024;

/** Whether a value is a mapping of YAML or JSON. */
export function isMapping(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a value as a whole number from 0 to `most`; sizes may be written `64KiB`. */
export function numberOf(value: unknown, path: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === "string" ? sizeOf(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0 && number <= most) return number;
  throw new ForgeError(path, `is not a whole number from 0 to ${most}`);
}

/** What `64KiB` stands for; undefined for another text. */
function sizeOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)(KiB|MiB|GiB)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * 1024 ** (["KiB", "MiB", "GiB"].indexOf(unit ?? "") + 1);
}

/** Reads a value as text. */
export function textOf(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw new ForgeError(path, "is not a text");
}

/** Reads a value as a list. */
export function listOf(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ForgeError(path, "is not a list");
}

/** Reads a value as bytes in hexadecimal digits; blanks do not count. */
export function hexOf(value: unknown, path: string): Uint8Array {
  const digits = textOf(value, path).replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new ForgeError(path, "is not pairs of hexadecimal digits in quotes");
  return bytesOfHex(digits);
}

/** Takes the fields out of a mapping of a description; what nobody takes is an error. */
export class Fields {
  /** Where it is in the description. */
  readonly path: string;
  readonly #values: { readonly [name: string]: unknown };
  readonly #taken = new Set<string>();

  /** The fields of `value`, which must be a mapping, or nothing at all. */
  constructor(value: unknown, path: string) {
    if (value !== null && value !== undefined && !isMapping(value)) throw new ForgeError(path, "is not a mapping");
    this.path = path;
    this.#values = value ?? {};
  }

  /** A field as `read` reads it; undefined if it is not there. */
  take<T>(name: string, read: (value: unknown, path: string) => T): T | undefined {
    this.#taken.add(name);
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === undefined ? undefined : read(value, this.at(name));
  }

  /** Path of a field. */
  at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /** A whole number. */
  number(name: string, most?: number): number | undefined {
    return this.take(name, (value, path) => numberOf(value, path, most));
  }

  /** A text. */
  text(name: string): string | undefined {
    return this.take(name, textOf);
  }

  /** One of some words. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    return this.take(name, (value, path) => {
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw new ForgeError(path, `is not one of ${choices.join(", ")}`);
      return found;
    });
  }

  /** `on` or `off`, or true or false. */
  flag(name: string): boolean | undefined {
    return this.take(name, (value, path) => {
      if (value === true || value === "on") return true;
      if (value === false || value === "off") return false;
      throw new ForgeError(path, "is neither on nor off");
    });
  }

  /** A list, each item as `read` reads it. */
  list<T>(name: string, read: (value: unknown, path: string) => T): T[] | undefined {
    return this.take(name, (value, path) => listOf(value, path).map((item, i) => read(item, `${path}[${i}]`)));
  }

  /** Ends it: throws a {@linkcode ForgeError} for a field that was not taken. */
  end(): void {
    for (const name of Object.keys(this.#values)) {
      if (!this.#taken.has(name)) {
        throw new ForgeError(this.at(name), `is unknown; there are ${[...this.#taken].join(", ")}`);
      }
    }
  }
}
