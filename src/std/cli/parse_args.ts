/**
 * What {@linkcode parseArgs} is told about the command line.
 *
 * @typeParam B The names of flags.
 * @typeParam S The names of options with a text.
 * @typeParam C The names of options that may be repeated.
 */
export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends string = string,
> {
  /** Flags; `true` makes every `--name` without `=` one. */
  boolean?: B | readonly B[] | boolean;
  /** Options whose value stays text. `"_"` keeps positional arguments from becoming numbers. */
  string?: S | readonly S[];
  /** Options that may be repeated; all values are kept, in an array. */
  collect?: C | readonly C[];
  /** Flags that `--no-name` switches off. */
  negatable?: string | readonly string[];
  /** Other names of an option. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of options that were not given. */
  default?: Readonly<Record<string, unknown>>;
  /** Whether to leave all after the first positional argument as it is. */
  stopEarly?: boolean;
  /** Whether what follows `--` goes to the result's `"--"` instead of `_`. */
  "--"?: boolean;
  /**
   * Called for every argument that nothing above names. What gives `false` is left out of the result.
   *
   * @param arg The argument as written.
   * @param key The option's name, if it is one.
   * @param value Its value.
   */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * What {@linkcode parseArgs} returns.
 *
 * @typeParam B The names of flags.
 * @typeParam S The names of options with a text.
 * @typeParam C The names of options that may be repeated.
 */
export type Args<
  B extends string = never,
  S extends string = never,
  C extends string = never,
> =
  & { [K in B]: K extends C ? boolean[] : boolean }
  & { [K in Exclude<S, "_">]: K extends C ? string[] : string | undefined }
  & { _: ("_" extends S ? string : string | number)[]; "--"?: string[] }
  & { [name: string]: unknown };

/** The options as sets, every alias standing for the same as its option. */
interface Flags {
  booleans: Set<string>;
  strings: Set<string>;
  collected: Set<string>;
  negatable: Set<string>;
  /** Every other name of a name. */
  aliases: Map<string, string[]>;
  allBooleans: boolean;
}

/**
 * Reads a command line.
 *
 * As in the real package: `--name=value`, `--name value`, `--flag`, `-n value`, `-n5`, `-abc`, `--no-flag`, `--`; a value
 * that looks like a number becomes one unless its option is a `string`. Left out: names with dots, which are nested
 * objects there and plain names here.
 *
 * @typeParam B The names of flags.
 * @typeParam S The names of options with a text.
 * @typeParam C The names of options that may be repeated.
 * @param args The arguments, usually `Deno.args`.
 * @param options What they may be.
 * @returns One property an option, and the positional arguments in `_`.
 *
 * @example Usage
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * import { assertEquals } from "@std/assert";
 *
 * const args = parseArgs(["--json", "--channel=1", "dump", "-v"], {
 *   boolean: ["json", "verbose"],
 *   string: ["channel"],
 *   collect: ["channel"],
 *   alias: { verbose: "v" },
 * });
 * assertEquals(args, { _: ["dump"], json: true, channel: ["1"], verbose: true, v: true });
 * ```
 */
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends string = never,
>(args: readonly string[], options: ParseOptions<B, S, C> = {}): Args<B, S, C> {
  const flags = readFlags(options);
  const result: Record<string, unknown> & { _: (string | number)[] } = {
    _: [],
  };
  const { words, after } = splitAtDoubleDash(args);

  const set = (arg: string, name: string, value: unknown): void => {
    const isKnown = flags.booleans.has(name) || flags.collected.has(name) || flags.strings.has(name) ||
      flags.aliases.has(name) || (flags.allBooleans && /^--[^=]+$/.test(arg));
    if (!isKnown && options.unknown?.(arg, name, value) === false) return;
    const typed = flags.strings.has(name) ? value : numberIfOne(value);
    for (const key of [name, ...flags.aliases.get(name) ?? []]) {
      if (!flags.collected.has(key)) put(result, key, typed);
      else if (Object.hasOwn(result, key)) {
        (result[key] as unknown[]).push(typed);
      } else put(result, key, [typed]);
    }
  };
  /** An option without `=`: its value is the next word, if it takes one and that can be one. */
  const setFromNext = (
    arg: string,
    name: string,
    next: string | undefined,
  ): boolean => {
    const isFlag = flags.booleans.has(name) || (flags.allBooleans && arg.startsWith("--"));
    const taken = next !== undefined &&
      (isFlag ? next === "true" || next === "false" : canBeValue(next, arg.startsWith("--")));
    if (!taken) set(arg, name, flags.strings.has(name) ? "" : true);
    else set(arg, name, isFlag ? next === "true" : next);
    return taken;
  };

  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const next = words[i + 1];
    if (word.startsWith("--")) {
      const equals = word.indexOf("=", 3);
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const value = equals < 0 ? undefined : word.slice(equals + 1);
      const negated = name.startsWith("no-") ? name.slice(3) : "";
      if (value !== undefined) {
        set(word, name, flags.booleans.has(name) ? value !== "false" : value);
      } else if (flags.negatable.has(negated)) set(word, negated, false);
      else if (setFromNext(word, name, next)) i++;
    } else if (/^-[^-]/.test(word)) {
      if (readCluster(word, next, flags, set, setFromNext)) i++;
    } else {
      if (options.unknown?.(word) !== false) {
        result._.push(flags.strings.has("_") ? word : numberIfOne(word) as string | number);
      }
      if (options.stopEarly) {
        result._.push(...words.slice(i + 1));
        break;
      }
    }
  }

  fillIn(result, flags, options.default ?? {});
  if (options["--"]) result["--"] = after;
  else after.forEach((word) => result._.push(word));
  return result as Args<B, S, C>;
}

/**
 * Short options behind one dash: `-v`, `-abc`, `-n5`, `-n=5`. Returns whether the word after it was used up.
 */
function readCluster(
  word: string,
  next: string | undefined,
  flags: Flags,
  set: (arg: string, name: string, value: unknown) => void,
  setFromNext: (arg: string, name: string, next: string | undefined) => boolean,
): boolean {
  const letters = word.slice(1);
  for (let j = 0; j < letters.length - 1; j++) {
    const letter = letters.charAt(j);
    const rest = letters.slice(j + 1);
    if (rest === "-") {
      set(word, letter, "-");
      continue;
    }
    const value = attachedValue(letter, rest);
    if (value !== undefined) {
      set(word, letter, value);
      return false;
    }
    set(word, letter, flags.strings.has(letter) ? "" : true);
  }
  const last = letters.slice(-1);
  return last !== "-" && setFromNext(word, last, next);
}

/** The value of a short option that stands right behind it, if `rest` is one and not more letters. */
function attachedValue(letter: string, rest: string): string | undefined {
  if (rest === "=") return "";
  if (/[a-z]/i.test(letter)) {
    const afterEquals = /=(.+)/.exec(rest)?.[1];
    if (afterEquals !== undefined) return afterEquals;
    if (/\d(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
  }
  return /^\W./s.test(rest) ? rest : undefined;
}

function readFlags(options: ParseOptions): Flags {
  const aliases = new Map<string, string[]>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const all = [name, ...toList(others)];
    for (const one of all) {
      aliases.set(
        one,
        all.filter((other) => other !== one),
      );
    }
  }
  const withAliases = (names: readonly string[]): Set<string> =>
    new Set(names.flatMap((name) => [name, ...aliases.get(name) ?? []]));
  const { boolean } = options;
  return {
    booleans: withAliases(typeof boolean === "boolean" ? [] : toList(boolean)),
    strings: withAliases(toList(options.string)),
    collected: withAliases(toList(options.collect)),
    negatable: withAliases(toList(options.negatable)),
    aliases,
    allBooleans: boolean === true,
  };
}

/** Gives every flag, repeatable option and default that was not on the command line its value. */
function fillIn(
  result: Record<string, unknown>,
  flags: Flags,
  defaults: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(defaults)) {
    for (const key of [name, ...flags.aliases.get(name) ?? []]) {
      if (!Object.hasOwn(result, key)) put(result, key, value);
    }
  }
  for (const key of flags.booleans) {
    if (!Object.hasOwn(result, key)) {
      put(result, key, flags.collected.has(key) ? [] : false);
    }
  }
  for (const key of flags.strings) {
    if (flags.collected.has(key) && !Object.hasOwn(result, key)) {
      put(result, key, []);
    }
  }
}

/** Options cannot be values, an empty word neither. A dash alone, or three, only a short option takes. */
function canBeValue(word: string, isForLong: boolean): boolean {
  return word !== "" && !(isForLong ? /^-/ : /^--?[^-]/).test(word);
}

/** Sets a property, unless its name reaches into the prototype. */
function put(result: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__" && key !== "constructor") result[key] = value;
}

function splitAtDoubleDash(
  args: readonly string[],
): { words: string[]; after: string[] } {
  const at = args.indexOf("--");
  return at < 0 ? { words: [...args], after: [] } : { words: args.slice(0, at), after: args.slice(at + 1) };
}

function toList<T extends string>(
  value: T | readonly T[] | undefined,
): readonly T[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

function numberIfOne(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return /\S/.test(value) && Number.isFinite(Number(value)) ? Number(value) : value;
}
