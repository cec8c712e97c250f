import type { CommandDefinition } from "./command.ts";

/** An argument of a command that says what is touched. */
export type PermissionArgument =
  /** By its place, from 0 on; `each` is all of them. */
  | { readonly operand: number | "each" }
  /** By its name. */
  | { readonly option: string };

/** A permission that a command needs, or needs with some arguments. */
export type PermissionRule =
  /** A file or directory that an argument names, and all that is in it. */
  | { readonly kind: "path"; readonly of: PermissionArgument; readonly write?: true }
  /** Files that stand in an argument behind `=@`, up to a comma. */
  | { readonly kind: "attached"; readonly of: PermissionArgument }
  /** The folder of what an argument names: it is made beside it, and renamed when it is whole. */
  | { readonly kind: "folder"; readonly of: PermissionArgument }
  /** A socket's address that an argument names. */
  | { readonly kind: "socket"; readonly of: PermissionArgument }
  /** An argument that names a socket's address, or a directory (`dir:PATH`, `PATH/`). */
  | { readonly kind: "target"; readonly of: PermissionArgument }
  /** A file that names further files. */
  | { readonly kind: "list"; readonly of: PermissionArgument }
  /** Programs that are always the same. */
  | { readonly kind: "programs"; readonly names: readonly string[]; readonly why: string }
  /** A program that an argument names. */
  | { readonly kind: "program"; readonly of: PermissionArgument }
  /** A QEMU that is started: by the words of an option, or by those that a capture recorded. */
  | { readonly kind: "spawn"; readonly of: PermissionArgument; readonly binary: PermissionArgument }
  /** Variables of the environment. */
  | { readonly kind: "env"; readonly names: readonly string[]; readonly why: string };

/** What unpacks captures that the runtime cannot; called with `-dc` and nothing else. */
export const UNPACKERS: readonly string[] = ["xz", "bzip2", "lzop"];

const UNPACK: PermissionRule = { kind: "programs", names: UNPACKERS, why: "to unpack a capture" };

/** What it takes to open a capture. */
const CAPTURE: readonly PermissionRule[] = [{ kind: "path", of: { operand: 0 } }, UNPACK];

/**
 * What each command may touch: all that it needs, and nothing else. Help, man page, SECURITY.md and the launcher of an
 * installed migwire come from it. Standard input and output need no permission.
 */
export const PERMISSIONS: { readonly [command: string]: readonly PermissionRule[] } = {
  inspect: CAPTURE,
  records: CAPTURE,
  check: CAPTURE,
  load: [...CAPTURE, { kind: "path", of: { option: "out" }, write: true }],
  report: [
    ...CAPTURE,
    { kind: "folder", of: { option: "out" } },
    { kind: "env", names: ["TERM", "LC_ALL", "LC_CTYPE", "LANG"], why: "what --terminal may draw with" },
  ],
  diff: [...CAPTURE, { kind: "path", of: { operand: 1 } }],
  edit: [...CAPTURE, { kind: "attached", of: { option: "set" } }, { kind: "folder", of: { option: "out" } }],
  record: [
    { kind: "socket", of: { option: "listen" } },
    { kind: "socket", of: { option: "to" } },
    { kind: "path", of: { option: "out" }, write: true },
  ],
  convert: [...CAPTURE, { kind: "folder", of: { operand: 1 } }],
  replay: [
    ...CAPTURE,
    { kind: "target", of: { option: "to" } },
    { kind: "socket", of: { option: "qmp" } },
    { kind: "path", of: { option: "record" }, write: true },
    { kind: "spawn", of: { option: "spawn" }, binary: { option: "binary" } },
  ],
  export: [
    { kind: "path", of: { operand: "each" } },
    UNPACK,
    { kind: "path", of: { option: "out" }, write: true },
    { kind: "list", of: { option: "from" } },
  ],
  compat: [
    ...CAPTURE,
    { kind: "path", of: { option: "vmstate" } },
    { kind: "path", of: { option: "from" } },
    { kind: "program", of: { option: "qemu" } },
  ],
  forge: [{ kind: "path", of: { operand: 0 } }, { kind: "folder", of: { option: "out" } }],
  completions: [],
};

/**
 * What a command may touch.
 *
 * @param name The command.
 * @returns Its permissions; none for a command that is not in {@linkcode PERMISSIONS}.
 */
export function permissionsOf(name: string): readonly PermissionRule[] {
  return Object.hasOwn(PERMISSIONS, name) ? PERMISSIONS[name] ?? [] : [];
}

/** Permissions as Deno's options, and when they are needed. */
export type PermissionRow = readonly [flags: string, when: string];

/**
 * The permissions of a command for people.
 *
 * @param definition The command.
 * @returns A row a permission.
 *
 * @example Usage
 * ```ts
 * import { permissionRows } from "./permissions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const definition = { name: "forge", summary: "", operands: [{ name: "WHAT" }], options: [], examples: [] };
 * assertEquals(permissionRows(definition)[0], ["--allow-read=WHAT", ""]);
 * ```
 */
export function permissionRows(definition: CommandDefinition): PermissionRow[] {
  const rows = Map.groupBy(
    permissionsOf(definition.name).flatMap((rule) => rowsOf(rule, definition)),
    ([flags]) => flags,
  );
  return [...rows].map(([flags, rows]) => [flags, rows.map(([, when]) => when).join("; ")]);
}

function rowsOf(rule: PermissionRule, definition: CommandDefinition): PermissionRow[] {
  if (rule.kind === "programs") return [[`--allow-run=${rule.names.join(",")}`, `${rule.why}, where it is installed`]];
  if (rule.kind === "env") return [[`--allow-env=${rule.names.join(",")}`, rule.why]];
  const { value, when } = wordsOf(rule.of, definition);
  const both = (path: string): string => `--allow-read=${path} --allow-write=${path}`;
  const sockets: PermissionRow[] = [
    ["--allow-net=HOST:PORT", `${when} tcp:HOST:PORT`],
    [`--allow-net=unix:$PWD/PATH ${both("PATH")}`, `${when} unix:PATH`],
  ];
  switch (rule.kind) {
    case "path":
      return [[rule.write ? both(value) : `--allow-read=${value}`, when]];
    case "attached":
      return [["--allow-read=FILE", `${when} …=@FILE`]];
    case "folder":
      return [[both("FOLDER"), `${when === "" ? "" : `${when}; `}FOLDER is the folder that ${value} is made in`]];
    case "socket":
      return sockets;
    case "target":
      return [...sockets, [both("PATH"), `${when} dir:PATH`]];
    case "list":
      return [["--allow-read", `${when}: it names the captures`]];
    case "program":
      return [[`--allow-run=${value} ${both("TMPDIR")}`, when]];
    case "spawn": {
      const binary = wordsOf(rule.binary, definition);
      return [
        [`--allow-run=${binary.value} --allow-net ${both("TMPDIR")}`, when],
        [`--allow-read`, `${when} alone, since a recorded command names files`],
      ];
    }
  }
}

/** How an argument is called: its value, and with which option. */
function wordsOf(of: PermissionArgument, definition: CommandDefinition): { value: string; when: string } {
  if ("option" in of) {
    const option = definition.options.find(({ name }) => name === of.option);
    return { value: option?.value ?? of.option.toUpperCase(), when: `with --${of.option}` };
  }
  const operand = definition.operands[of.operand === "each" ? 0 : of.operand];
  return { value: operand?.name ?? "FILE", when: "" };
}
