/** What a launcher gives for a command line, as it should be: worked out from the permissions and the parsed arguments. @module */

import type { ParsedArgs } from "../command.ts";
import { type PermissionArgument, type PermissionRule, permissionsOf } from "../permissions.ts";

/** Where a launcher runs. */
export interface Surroundings {
  /** The working directory. */
  readonly current: string;
  /** The folder for temporary files. */
  readonly temporary: string;
  /** Programs that are there. */
  readonly programs: readonly string[];
  /** Paths of QEMUs that are there. */
  readonly qemus: readonly string[];
}

/** Deno's options, without those that are always there. Lists are sets. */
export function expectedFlags(command: string, args: ParsedArgs, surroundings: Surroundings): Map<string, Set<string>> {
  const flags = new Map<string, Set<string>>();
  const add = (flag: string, ...values: string[]): void => {
    flags.set(flag, new Set([...flags.get(flag) ?? [], ...values]));
  };
  for (const rule of permissionsOf(command)) apply(rule, args, surroundings, add);
  // `all` stands for the option without a list.
  if (flags.get("--allow-read")?.has("all")) flags.set("--allow-read", new Set(["all"]));
  return flags;
}

type Add = (flag: string, ...values: string[]) => void;

function apply(rule: PermissionRule, args: ParsedArgs, surroundings: Surroundings, add: Add): void {
  const path = (path: string, write: boolean): void => {
    if (path === "-" || path === "") return;
    const comma = path.indexOf(",");
    const safe = comma < 0 ? path : (path.startsWith("/") ? path : `./${path}`).split(",")[0]?.replace(/\/[^/]*$/, "");
    if (safe === undefined || safe === "") return;
    add("--allow-read", safe);
    if (write) add("--allow-write", safe);
  };
  const socket = (address: string): void => {
    const unix = /^unix:([^,]+)$/s.exec(address)?.[1];
    if (unix !== undefined) {
      path(unix, true);
      add("--allow-net", `unix:${unix.startsWith("/") ? unix : `${surroundings.current}/${unix}`}`);
    }
    const [, host, port] = /^tcp:([\]A-Za-z0-9.:_[-]*):([0-9]{1,5})$/.exec(address) ?? [];
    if (host !== undefined) add("--allow-net", `${host === "" ? "127.0.0.1" : host}:${port}`);
  };
  const temporary = (): void => path(surroundings.temporary, true);
  if (rule.kind === "env") return add("--allow-env", ...rule.names);
  if (rule.kind === "programs") {
    const there = rule.names.filter((name) => surroundings.programs.includes(name));
    return there.length > 0 ? add("--allow-run", ...there) : undefined;
  }
  for (const value of valuesOf(rule.of, args)) {
    switch (rule.kind) {
      case "path":
        path(value, rule.write ?? false);
        break;
      case "folder": {
        if (value === "-") break;
        const name = value.replace(/(?<=.)\/+$/, "");
        path(name.includes("/") ? name.replace(/\/[^/]*$/, "") || "/" : ".", true);
        break;
      }
      case "socket":
        socket(value);
        break;
      case "target": {
        const directory = /^dir:(.+)$|^(.+\/)$/s.exec(value);
        if (directory) path(directory[1] ?? directory[2] ?? "", true);
        else socket(value);
        break;
      }
      case "list":
        add("--allow-read", "all");
        break;
      case "program":
        add("--allow-run", value);
        temporary();
        break;
      case "spawn": {
        add("--allow-net", "all");
        temporary();
        const [program = ""] = value.split(/\s/);
        const binary = valuesOf(rule.binary, args).at(-1);
        if (program !== "") add("--allow-run", program);
        else {
          add("--allow-read", "all");
          for (const name of binary === undefined ? surroundings.qemus : [binary]) add("--allow-run", name);
        }
      }
    }
  }
}

function valuesOf(of: PermissionArgument, args: ParsedArgs): readonly string[] {
  if ("option" in of) return args.texts(of.option);
  return of.operand === "each" ? args.operands : args.operands.slice(of.operand, of.operand + 1);
}
