import { type CommandDefinition, type OperandDefinition, type OptionDefinition, optionsOf } from "./command.ts";
import { EXIT } from "./exit.ts";
import { permissionRows } from "./permissions.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** What each exit code says. */
export const EXIT_STATUS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, "all went as asked"],
  [EXIT.fault, "the capture, or the target it was sent to, is at fault"],
  [EXIT.usage, "the command line is at fault"],
  [EXIT.blocked, "something is in the way: a file, the network, a permission"],
  [EXIT.interrupted, "interrupted"],
];

/** Above the permissions of a command. */
export const PERMISSIONS_TITLE = "Permissions of Deno, which an installed migwire gives by its arguments";

/**
 * The permissions of a command, a line each and one more for when it is needed.
 *
 * @param definition The command.
 * @returns The lines; none if it needs no permission.
 */
export function permissionLines(definition: CommandDefinition): string[] {
  return permissionRows(definition).flatMap(([flags, when]) => when === "" ? [flags] : [flags, `    ${when}`]);
}

/**
 * The help of a command, from its definition.
 *
 * @param definition The command.
 * @param style How headings look.
 * @returns The text, with a line feed at its end.
 *
 * @example Usage
 * ```ts
 * import { commandHelp } from "./help.ts";
 * import { makeStyle } from "./style.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const help = commandHelp({
 *   name: "check",
 *   summary: "say what is wrong with a capture",
 *   operands: [{ name: "CAPTURE" }],
 *   options: [{ name: "json", help: "print the result as JSON" }],
 *   examples: [{ command: "migwire check dump.bin", does: "check a file" }],
 * }, makeStyle(false));
 * assertStringIncludes(help, "Usage: migwire check [options] CAPTURE");
 * ```
 */
export function commandHelp(definition: CommandDefinition, style: Style): string {
  const { name, summary, details = [], operands, examples } = definition;
  const usage = ["migwire", name, "[options]", ...operands.map(operandUsage)].join(" ");
  const lines = [
    `migwire ${name}: ${summary}`,
    "",
    `${style.bold("Usage:")} ${usage}`,
    ...section(style, "Details", details),
    ...section(
      style,
      "Options",
      formatTable(
        [{}, {}],
        optionsOf(definition).map((option) => [
          optionUsage(option),
          optionHelp(option),
        ]),
      ),
    ),
    ...section(style, PERMISSIONS_TITLE, permissionLines(definition)),
    ...section(
      style,
      "Examples",
      examples.flatMap(({ command, does }) => [`${style.dim(`# ${does}`)}`, command]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * The help of the program.
 *
 * @param commands Its commands.
 * @param style How headings look.
 * @returns The text, with a line feed at its end.
 *
 * @example Usage
 * ```ts
 * import { overviewHelp } from "./help.ts";
 * import { makeStyle } from "./style.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const help = overviewHelp([{ name: "check", summary: "say what is wrong" }], makeStyle(false));
 * assertStringIncludes(help, "check  say what is wrong");
 * ```
 */
export function overviewHelp(
  commands: readonly { readonly name: string; readonly summary: string }[],
  style: Style,
): string {
  const lines = [
    "migwire reads QEMU migration streams",
    "",
    `${style.bold("Usage:")} migwire COMMAND [CAPTURE] [options]`,
    ...section(
      style,
      "Commands",
      formatTable([{}, {}], commands.map(({ name, summary }) => [name, summary])),
    ),
    ...section(
      style,
      "Options",
      formatTable([{}, {}], [
        ["-h, --help", "show this help, or with a command that of the command"],
        ["-V, --version", "show the version"],
      ]),
    ),
    ...section(
      style,
      "Exit status",
      formatTable([{ align: "right" }, {}], EXIT_STATUS.map(([code, meaning]) => [`${code}`, meaning])),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** A heading and indented lines with an empty line in front, or nothing if there are no lines. */
function section(style: Style, title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return ["", style.bold(`${title}:`), ...lines.map((line) => line === "" ? "" : `  ${line}`)];
}

/**
 * How an argument stands in a line of usage.
 *
 * @param operand The argument.
 * @returns Its name, in brackets if it may be left out.
 */
export function operandUsage({ name, optional, repeatable }: OperandDefinition): string {
  const word = repeatable ? `${name}...` : name;
  return optional ? `[${word}]` : word;
}

/**
 * How an option is written.
 *
 * @param option The option.
 * @returns Letter, name and value.
 */
export function optionUsage({ name, short, value, valueOptional }: OptionDefinition): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  const word = value === undefined ? "" : valueOptional ? `[=${value}]` : ` ${value}`;
  return `${letter}--${name}${word}`;
}

/**
 * What an option does, with its choices.
 *
 * @param option The option.
 * @returns The text, without a full stop.
 */
export function optionHelp({ help, choices, repeatable }: OptionDefinition): string {
  const list = choices ? `: ${choices.join(", ")}` : "";
  return `${help}${list}${repeatable ? " (may be repeated)" : ""}`;
}
