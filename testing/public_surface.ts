/** What is public of the library, and who uses it: read from the sources. @module */

import config from "../deno.json" with { type: "json" };

/** The project's folder. */
const ROOT = new URL("../", import.meta.url);

/** An entry point: its module, and what that exports. */
export interface EntryPoint {
  /** As it is imported: `@migwire/migwire/wire`. */
  readonly specifier: string;
  /** Its module's path in the project. */
  readonly path: string;
  /** The names, without what they are. */
  readonly names: readonly string[];
}

/** What a module takes from another. */
export interface Import {
  /** The names; none for a module that is imported as a whole. */
  readonly names: readonly string[];
  /** The other module, as it is written. */
  readonly from: string;
}

const TAKEN =
  /^(?:import|export) (?:type )?(?:\{([^}]*)\}|\*(?: as \w+)?|\w+(?:, \{([^}]*)\})?) from "([^"]*)"|^import "([^"]*)"|(?:const \{([^}]*)\} = await )?import\(\s*"([^"]*)"\s*\)/gm;

/** What a module takes from others, at its beginning or later. */
export function importsOf(source: string): Import[] {
  return [...source.matchAll(TAKEN)].map(([, a, b, from, bare, lazy, later]) => ({
    names: namesIn(a ?? b ?? lazy ?? ""),
    from: from ?? bare ?? later ?? "",
  }));
}

function namesIn(list: string): string[] {
  return list.split(",").map((name) => name.trim().replace(/^type /, "").replace(/ as .*|:.*/s, "")).filter((name) =>
    name !== ""
  );
}

/** The library's entry points but the whole of it. Needs to read the project. */
export function entryPoints(): EntryPoint[] {
  return Object.entries(config.exports).filter(([name]) => name !== "." && name !== "./cli").map(([name, path]) => ({
    specifier: `@migwire/migwire${name.slice(1)}`,
    path: path.slice(2),
    names: importsOf(read(path)).flatMap(({ names }) => names),
  }));
}

/** The modules of a folder of the project that are not for tests, as paths in the project. */
export function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* modulesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts") && !name.endsWith("_for_test.ts")) yield folder + name;
  }
}

/** The text of a file of the project. */
export function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Where `specifier` leads from the module at `path`: a path in the project, or the specifier of a package. */
export function resolved(specifier: string, path: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
}
