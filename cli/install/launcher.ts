import type { CommandDefinition, OptionDefinition } from "../command.ts";
import { optionsOf } from "../command.ts";
import { type PermissionArgument, type PermissionRule, permissionsOf } from "../permissions.ts";
import { LAUNCHER_FUNCTIONS } from "./launcher_functions.ts";

/** What a launcher starts. */
export interface LauncherOptions {
  /** The commands, with their permissions. */
  readonly definitions: readonly CommandDefinition[];
  /** Path of the bundle. */
  readonly bundle: string;
  /** Path of Deno; if it is gone, the launcher takes the one that is found. */
  readonly deno: string;
  /** migwire's version. */
  readonly version: string;
}

/** Longest list that is passed on as one word; Linux takes 128 KiB. */
const LONGEST_LIST = 100_000;

/**
 * The launcher of an installed migwire, a script for `sh`. It reads the command line as the command will, and starts Deno
 * with the permissions that this command needs for these arguments. What it does not understand gets no permission; the
 * command then says what is wrong, or what is missing.
 *
 * @param options What it starts.
 * @returns Its text.
 */
export function launcherText({ definitions, bundle, deno, version }: LauncherOptions): string {
  const rules = definitions.map((definition) => ({ definition, rules: permissionsOf(definition.name) }));
  const lines = (make: (definition: CommandDefinition, rule: PermissionRule) => string[]): string[] =>
    rules.flatMap(({ definition, rules }) => rules.flatMap((rule) => make(definition, rule)));
  return `#!/bin/sh
# migwire ${version}. Each command gets the permissions that it needs for its arguments, and no other:
# migwire COMMAND --help lists them. Written by \`deno task install\`.
bundle=${quoted(bundle)}
deno=${quoted(deno)}
[ -x "$deno" ] || deno=deno

${LAUNCHER_FUNCTIONS}
# option NAME VALUE: what the value of an option allows.
option() {
  case "$command $1" in
${merged(lines(optionActions))}
  esac
}

# operand PLACE VALUE: what an argument that is known by its place allows.
operand() {
  case "$command $1" in
${merged(lines(operandActions))}
  esac
}

command=\${1-}
valued=
case $command in
${
    rules.map(({ definition }) => `  ${definition.name}) valued=${quoted(valuedNames(definition).join(" "))} ;;`)
      .join("\n")
  }
esac
case $command in
${fixedActions(rules.map(({ definition }) => definition)).join("\n")}
esac

wants= ended= place=0
for word in "$@"; do
  if [ "$place" -eq 0 ]; then place=1; continue; fi
  if [ -n "$wants" ]; then
    name=$wants wants=
    case $word in
      - | [!-]*) option "$name" "$word"; continue ;;
      *) option "$name" '' ;;
    esac
  fi
  if [ -z "$ended" ]; then
    case $word in
      --) ended=1; continue ;;
      --*=*) name=\${word%%=*}; option "\${name#--}" "\${word#*=}"; continue ;;
      --*) case " $valued " in *" \${word#--} "*) wants=\${word#--} ;; esac; continue ;;
      -) ;;
      -*)
        case "$command $word" in
${letterLines(rules.map(({ definition }) => definition)).join("\n")}
        esac
        continue
        ;;
    esac
  fi
  operand "$place" "$word"
  operand each "$word"
  place=$((place + 1))
done
[ -z "$wants" ] || option "$wants" ''
[ -z "$spawned" ] || spawn

[ "\${#reads}" -le ${LONGEST_LIST} ] || all_reads=1
[ -z "$all_reads" ] || reads=
DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1 exec "$deno" run --quiet --no-prompt --no-config --no-lock --no-remote --no-npm \\
  \${all_reads:+--allow-read} \${reads:+"--allow-read=\${reads#,}"} \${writes:+"--allow-write=\${writes#,}"} \\
  \${all_nets:+--allow-net} \${nets:+"--allow-net=\${nets#,}"} \${runs:+"--allow-run=\${runs#,}"} \\
  \${envs:+"--allow-env=\${envs#,}"} "$bundle" "$@"
`;
}

/** Actions of the same case, in one. */
function merged(lines: readonly string[]): string {
  const actions = Map.groupBy(lines, (line) => line.slice(0, line.indexOf(")")));
  return [...actions].map(([label, lines]) => {
    const parts = lines.map((line) => line.slice(label.length + 2));
    return `    ${label}) ${parts.join("; ")} ;;`;
  }).join("\n");
}

function optionActions({ name }: CommandDefinition, rule: PermissionRule): string[] {
  if (rule.kind === "programs" || rule.kind === "env") return [];
  const label = (of: PermissionArgument): string | undefined => "option" in of ? `'${name} ${of.option}'` : undefined;
  const wanted = label(rule.of);
  if (wanted === undefined) return [];
  if (rule.kind !== "spawn") return [`${wanted}) ${actionOf(rule, '"$2"')}`];
  return [`${wanted}) spawned=1 spawn=$2`, `${label(rule.binary)}) binary=$2`];
}

function operandActions({ name, operands }: CommandDefinition, rule: PermissionRule): string[] {
  if (rule.kind === "programs" || rule.kind === "env" || rule.kind === "spawn") return [];
  if (!("operand" in rule.of)) return [];
  const { operand } = rule.of;
  // The word behind `--spawn` may turn out to be the operand: it counts only when it is known what there is.
  const seen = operand === 0 && operands.length > 0 ? "seen=1; " : "";
  const place = operand === "each" ? "each" : operand + 1;
  return [`'${name} ${place}') ${seen}${actionOf(rule, '"$2"')}`];
}

function actionOf(rule: Exclude<PermissionRule, { kind: "programs" | "env" | "spawn" }>, value: string): string {
  switch (rule.kind) {
    case "path":
      return rule.write ? `read_path ${value}; write_path ${value}` : `read_path ${value}`;
    case "list":
      return "all_reads=1";
    case "program":
      return `run_program ${value}; temporary`;
    default:
      return `${rule.kind} ${value}`;
  }
}

function fixedActions(definitions: readonly CommandDefinition[]): string[] {
  const cases = definitions.flatMap(({ name }) => {
    const actions = permissionsOf(name).flatMap((rule) => {
      if (rule.kind === "programs") return [`installed ${rule.names.join(" ")}`];
      return rule.kind === "env" ? [`envs=,${rule.names.join(",")}`] : [];
    });
    return actions.length === 0 ? [] : [`  ${name}) ${actions.join("; ")} ;;`];
  });
  return [...cases, "  *) ;;"];
}

function valuedNames(definition: CommandDefinition): string[] {
  return optionsOf(definition).filter(({ value }) => value !== undefined).map(({ name }) => name);
}

/** Letters of options with a value, also behind those of flags: `-o`, `-fo`. */
function letterLines(definitions: readonly CommandDefinition[]): string[] {
  const letters = (options: readonly OptionDefinition[], valued: boolean): OptionDefinition[] =>
    options.filter(({ short, value }) => short !== undefined && (value !== undefined) === valued);
  const lines = definitions.flatMap((definition) => {
    const options = optionsOf(definition);
    const flags = letters(options, false).map(({ short }) => short).join("");
    return letters(options, true).map(({ name, short }) =>
      `          '${definition.name} -'${short} | '${definition.name} -'[${flags}]*${short}) wants=${name} ;;`
    );
  });
  return [...lines, "          *) ;;"];
}

/** A text as one word of `sh`. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
