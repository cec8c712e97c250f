/** Which modules of the project a module loads when it is run: read from the sources. @module */

const ROOT = new URL("..", import.meta.url);

const IMPORT =
  /^(?:import|export)\s+(type\s)?(?:(\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+(?:,\s*\{[^}]*\})?)\s+from\s+)?"([^"]+)"/gm;

/** What {@linkcode loaded} finds. */
export interface Loaded {
  /** Paths in the project, and by which module each is loaded; "" for the first. */
  readonly modules: ReadonlyMap<string, string>;
  /** Modules of the runtime and of packages. */
  readonly others: ReadonlySet<string>;
}

/** All that is loaded with the module at `path`, now or later. What is only a type is not. Needs to read the project. */
export function loaded(path: string): Loaded {
  const modules = new Map([[path, ""]]);
  const others = new Set<string>();
  for (const [module] of modules) {
    for (const specifier of specifiersOf(codeOf(module))) {
      if (!specifier.startsWith(".")) others.add(specifier);
      else {
        const target = new URL(specifier, new URL(module, ROOT)).pathname.slice(ROOT.pathname.length);
        if (!modules.has(target)) modules.set(target, module);
      }
    }
  }
  return { modules, others };
}

/** A module's text without comments. */
export function codeOf(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT)).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

function* specifiersOf(code: string): Generator<string> {
  for (const [, isType, names = "", specifier = ""] of code.matchAll(IMPORT)) {
    const list = /^\{([^}]*)\}$/.exec(names)?.[1]?.split(",").map((name) => name.trim()).filter((name) => name !== "");
    if (isType === undefined && !list?.every((name) => name.startsWith("type "))) yield specifier;
  }
  for (const [, specifier = ""] of code.matchAll(/\bimport\(\s*"([^"]+)"/g)) yield specifier;
}

/** The chain of modules by which `module` is loaded, for people. */
export function chainOf({ modules }: Loaded, module: string): string {
  const by = modules.get(module) ?? "";
  return by === "" ? module : `${module}, which ${chainOf({ modules, others: new Set() }, by)} loads`;
}
