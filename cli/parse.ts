import { parseArgs } from "@std/cli/parse-args";
import { type CommandDefinition, type OptionDefinition, optionsOf, type ParsedArgs } from "./command.ts";
import { UsageError } from "./exit.ts";
import { nearest } from "./nearest.ts";
import { parseOffset, parseSize } from "./units.ts";

/** How the checked kinds of values become numbers. */
const READERS: Readonly<Record<string, (text: string) => number>> = {
  SIZE: parseSize,
  OFFSET: parseOffset,
  COUNT: parseCount,
};

/**
 * Parses the arguments of a command after its definition.
 *
 * With `--help` nothing else is checked: whoever asks for help may not yet know how it is written.
 *
 * @param definition The command.
 * @param argv What was typed after the command's name.
 * @returns The operands and options.
 * @throws {UsageError} If it does not fit the definition.
 *
 * @example Usage
 * ```ts
 * import { parseCommand } from "./parse.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const args = parseCommand({
 *   name: "records",
 *   summary: "list the records of a channel",
 *   operands: [{ name: "CAPTURE" }],
 *   options: [{ name: "from", value: "OFFSET", help: "begin there" }],
 *   examples: [],
 * }, ["dump.bin", "--from=0x10"]);
 * assertEquals(args.operands, ["dump.bin"]);
 * assertEquals(args.number("from"), 16);
 * ```
 */
export function parseCommand(definition: CommandDefinition, argv: readonly string[]): ParsedArgs {
  const split = splitWords(definition, argv);
  // The word behind an option that can do without a value may have been meant as an operand.
  const { args, unknown } = missingOperand(definition, split.args._) === undefined
    ? split
    : splitWords(definition, detachOperand(definition, argv));
  const parsed = new Parsed(definition, args, argv);
  if (parsed.flag("help")) return parsed;
  const [first] = unknown;
  if (first !== undefined) throw unknownOption(definition, first);
  checkEquals(definition, argv);
  for (const option of optionsOf(definition)) {
    if (option.value !== undefined) checkValues(option, args[option.name] as string[]);
  }
  checkOperands(definition, args._);
  return parsed;
}

/** What the package makes of a command line. */
interface SplitWords {
  readonly args: { readonly _: string[]; readonly [name: string]: unknown };
  /** Options that the definition does not have, as they are written. */
  readonly unknown: readonly string[];
}

function splitWords(definition: CommandDefinition, argv: readonly string[]): SplitWords {
  const options = optionsOf(definition);
  const valued = options.filter((option) => option.value !== undefined);
  const namesOfValued = valued.map((option) => option.name);
  const unknown: string[] = [];
  const parsedOptions: unknown = parseArgs(attachDashes(argv, valued), {
    boolean: options.filter((option) => option.value === undefined).map(({ name }) => name),
    // "_" too: an operand that looks like a number is still a file.
    string: [...namesOfValued, "_"],
    // All of them, since a value that is missing must be noticed even if another one follows.
    collect: namesOfValued,
    alias: aliasesOf(options),
    unknown: (arg, key) => {
      if (key === undefined) return true;
      // In `-ab` it is the letter that is unknown.
      unknown.push(arg.startsWith("--") ? `--${key}` : `-${key}`);
      return false;
    },
  });
  // The package infers its result from literal names, which a definition's are not.
  return { args: parsedOptions as SplitWords["args"], unknown };
}

class Parsed implements ParsedArgs {
  readonly operands: readonly string[];
  readonly #definition: CommandDefinition;
  readonly #args: Readonly<Record<string, unknown>>;
  readonly #argv: readonly string[];

  constructor(definition: CommandDefinition, args: Readonly<Record<string, unknown>>, argv: readonly string[]) {
    this.#definition = definition;
    this.#args = args;
    this.#argv = argv;
    this.operands = args["_"] as string[];
  }

  flag(name: string): boolean {
    this.#declared(name, false);
    return this.#args[name] === true;
  }

  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  texts(name: string): readonly string[] {
    this.#declared(name, true);
    return this.#args[name] as string[];
  }

  inOrder(names: readonly string[]): readonly (readonly [name: string, value: string])[] {
    const values = new Map(names.map((name) => [name, [...this.texts(name)]]));
    return typedNames(this.#definition, this.#argv).flatMap((name) => {
      const value = values.get(name)?.shift();
      return value === undefined ? [] : [[name, value] as const];
    });
  }

  number(name: string): number | undefined {
    return this.numbers(name).at(-1);
  }

  numbers(name: string): readonly number[] {
    const { value = "" } = this.#declared(name, true);
    const read = READERS[value];
    if (!read) throw new TypeError(`Cannot read --${name} as a number: its value is a ${value}`);
    return this.texts(name).map(read);
  }

  #declared(name: string, hasValue: boolean): OptionDefinition {
    const option = optionsOf(this.#definition).find((option) => option.name === name);
    if (option && (option.value !== undefined) === hasValue) return option;
    const kind = hasValue ? "option with a value" : "flag";
    throw new TypeError(`Cannot read --${name}: ${this.#definition.name} declares no such ${kind}`);
  }
}

/**
 * `--out -` becomes `--out=-`: by itself a dash is an operand, but as a value it means standard input or output, and
 * `parseArgs` would leave the option empty.
 */
function attachDashes(argv: readonly string[], valued: readonly OptionDefinition[]): string[] {
  const wanting = new Set(valued.map(({ name }) => `--${name}`));
  const result: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === "--") return [...result, ...argv.slice(i)];
    const takesDash = argv[i + 1] === "-" && wanting.has(word);
    result.push(takesDash ? `${word}=-` : word);
    if (takesDash) i++;
  }
  return result;
}

/** The long options of a command line that have a value, in the order in which they are typed. */
function typedNames(definition: CommandDefinition, argv: readonly string[]): string[] {
  const valued = new Set(optionsOf(definition).filter(({ value }) => value !== undefined).map(({ name }) => name));
  const names: string[] = [];
  for (let i = 0; i < argv.length && argv[i] !== "--"; i++) {
    const [, name, equals] = /^--([^=]+)(=?)/.exec(argv[i] ?? "") ?? [];
    if (name === undefined || !valued.has(name)) continue;
    names.push(name);
    // The word behind it is its value, whatever that looks like.
    if (equals === "") i++;
  }
  return names;
}

/** `--spawn CAPTURE` becomes `CAPTURE --spawn`: at the end such an option has no value. */
function detachOperand(definition: CommandDefinition, argv: readonly string[]): string[] {
  const bare = new Set(
    definition.options.filter(({ valueOptional }) => valueOptional)
      .flatMap(({ name, short }) => short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]),
  );
  const dashes = argv.indexOf("--");
  const end = dashes < 0 ? argv.length : dashes;
  const words = argv.slice(0, end);
  const moved = words.filter((word) => bare.has(word));
  return [...words.filter((word) => !bare.has(word)), ...moved, ...argv.slice(end)];
}

function aliasesOf(options: readonly OptionDefinition[]): Record<string, string> {
  return Object.fromEntries(
    options.flatMap(({ name, short }) => short === undefined ? [] : [[name, short]]),
  );
}

function unknownOption(definition: CommandDefinition, written: string): UsageError {
  const name = written.replace(/^-+/, "");
  const known = optionsOf(definition).map((option) => option.name);
  const meant = written.startsWith("--") ? nearest(name, known) : undefined;
  const hint = meant === undefined ? "" : `. Did you mean --${meant}?`;
  return new UsageError(`Cannot use ${written}: there is no such option${hint}`);
}

/** `--json=no` would be taken as `--json`, and `--spawn=` as `--spawn`. */
function checkEquals(definition: CommandDefinition, argv: readonly string[]): void {
  const end = argv.indexOf("--");
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    const option = optionsOf(definition).find((option) => option.name === name);
    if (option && option.value === undefined) {
      throw new UsageError(`Cannot use ${word}: --${name} takes no value`);
    }
    if (option?.valueOptional && value === "") {
      throw new UsageError(`Cannot use ${word}: write --${name}, or --${name}=${option.value}`);
    }
  }
}

function checkValues(option: OptionDefinition, values: readonly string[]): void {
  const { name, value = "", valueOptional = false, choices } = option;
  if (values.length > 1 && !option.repeatable) {
    throw new UsageError(`Cannot use --${name} more than once`);
  }
  for (const text of values) {
    if (text === "" && valueOptional) continue;
    if (text === "") throw new UsageError(`Cannot use --${name}: it needs a value, ${value}`);
    if (choices && !choices.includes(text)) throw unknownChoice(name, text, choices);
    try {
      READERS[value]?.(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`Cannot use --${name}. ${reason}`, { cause: error });
    }
  }
}

function unknownChoice(name: string, text: string, choices: readonly string[]): UsageError {
  const meant = nearest(text, choices);
  const hint = meant === undefined ? `it is one of ${choices.join(", ")}` : `did you mean ${meant}?`;
  return new UsageError(`Cannot use "${text}" for --${name}: ${hint}`);
}

/** The operand that must be there, and is not. */
function missingOperand({ operands }: CommandDefinition, given: readonly string[]): string | undefined {
  const missing = operands[given.length];
  return missing && !missing.optional ? missing.name : undefined;
}

function checkOperands(definition: CommandDefinition, operands: readonly string[]): void {
  const declared = definition.operands;
  const missing = missingOperand(definition, operands);
  if (missing !== undefined) throw new UsageError(`Cannot run ${definition.name}: ${missing} is missing`);
  const extra = operands[declared.length];
  if (extra !== undefined && !declared.at(-1)?.repeatable) {
    throw new UsageError(`Cannot run ${definition.name}: "${extra}" is one argument too many`);
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new SyntaxError(`Cannot read the number "${text}": write it as 12`);
}
