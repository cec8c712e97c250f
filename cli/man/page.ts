import { type CommandDefinition, optionsOf } from "../command.ts";
import { EXIT_STATUS, operandUsage, optionHelp, optionUsage, permissionLines } from "../help.ts";

/**
 * The man page `migwire(1)`, from the definitions that the help is made of.
 *
 * @param definitions The commands.
 * @param version The version, for its footer.
 * @returns Its source, for the macros `man` of roff.
 *
 * @example Usage
 * ```ts
 * import { manPage } from "./page.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const page = manPage([{
 *   name: "check",
 *   summary: "say what is wrong with a capture",
 *   operands: [{ name: "CAPTURE" }],
 *   options: [{ name: "json", help: "print the result as JSON" }],
 *   examples: [{ command: "migwire check dump.bin", does: "check a file" }],
 * }], "0.1.0");
 * assertStringIncludes(page, ".B \\-\\-json");
 * ```
 */
export function manPage(definitions: readonly CommandDefinition[], version: string): string {
  const lines = [
    `.TH MIGWIRE 1 "" "migwire ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "migwire \\- read, check, load, record and send QEMU migration streams",
    ".SH SYNOPSIS",
    ".B migwire",
    ".I COMMAND",
    "[options] [arguments]",
    ".br",
    ".B migwire",
    "\\-\\-help | \\-\\-version",
    ".SH DESCRIPTION",
    "migwire reads what QEMU sends in a live migration, on every channel.",
    "Each command shows its help with",
    ".BR \\-\\-help .",
    ".SH COMMANDS",
    ...definitions.flatMap(commandLines),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, roff(meaning)]),
    ".SH ENVIRONMENT",
    ".TP",
    ".B NO_COLOR",
    "no colours, also on a terminal",
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(definition: CommandDefinition): string[] {
  const { name, summary, details = [], operands, examples } = definition;
  const usage = ["migwire", name, "[options]", ...operands.map(operandUsage)].join(" ");
  return [
    `.SS ${roff(usage)}`,
    `${roff(capital(summary))}.`,
    ...(details.length === 0 ? [] : [".PP", ...unfilled(details)]),
    ...optionsOf(definition).flatMap((option) => [
      ".TP",
      `.B ${roff(optionUsage(option).trim())}`,
      roff(optionHelp(option)),
    ]),
    ...permissionPart(definition),
    ".PP",
    ...examples.flatMap(({ command, does }) => [`${roff(capital(does))}:`, ...example(command)]),
  ];
}

function permissionPart(definition: CommandDefinition): string[] {
  const lines = permissionLines(definition);
  return lines.length === 0 ? [] : [".PP", "Permissions of Deno:", ".PP", ...unfilled(lines)];
}

/** Lines as they are: the details have tables and lists among them. */
function unfilled(lines: readonly string[]): string[] {
  return [".nf", ...lines.map((line) => line === "" ? ".sp" : roff(line)), ".fi"];
}

function example(command: string): string[] {
  return [".PP", ".RS 4", ".EX", ...command.split("\n").map(roff), ".EE", ".RE", ".PP"];
}

/** Text in which nothing is special to roff, and a dash is one that can be copied. */
function roff(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti").replaceAll('"', "\\(dq");
  return plain.startsWith(".") ? `\\&${plain}` : plain;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
