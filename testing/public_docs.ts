/** What `deno doc` says of the public library. @module */

import { read } from "./public_surface.ts";

/** A name of the library, as it is declared. */
export interface Documented {
  /** The name. */
  readonly name: string;
  /** What it is: `function`, `class`, `variable`, `interface`, `typeAlias`. */
  readonly kind: string;
  /** Path of its module in the project. */
  readonly path: string;
  /** Its comment, without the tags. */
  readonly doc: string;
  /** Tags of its comment: `example`, `throws`. */
  readonly tags: readonly string[];
  /** An example is not even looked at by the tests: its block says `ignore`. */
  readonly isIgnored: boolean;
  /** It is a table of the wire, or a function that gives one. */
  readonly isTable: boolean;
  /** Names that its type is made of. */
  readonly uses: readonly string[];
  /** What throws by itself and does not say so: its own name, or those of methods. */
  readonly silentThrows: readonly string[];
}

interface Comment {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

interface Place {
  readonly filename: string;
  /** From 0 on. */
  readonly line: number;
}

interface Method {
  readonly name: string;
  readonly accessibility?: string;
  readonly jsDoc?: Comment;
  readonly location: Place;
}

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: Comment;
  readonly location: Place;
  readonly def: { readonly methods?: readonly Method[]; readonly tsType?: unknown; readonly returnType?: unknown };
}

interface DocOutput {
  readonly nodes: {
    readonly [file: string]: {
      readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[];
    };
  };
}

/** Every name that the root module exports; one that is declared several times comes several times. Runs Deno. */
export function documentedNames(): Documented[] {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "mod.ts"],
    cwd: new URL("..", import.meta.url),
    stdout: "piped",
    stderr: "null",
  });
  const { nodes } = JSON.parse(new TextDecoder().decode(command.outputSync().stdout)) as DocOutput;
  return Object.values(nodes).flatMap(({ symbols }) =>
    symbols.flatMap(({ name, declarations }) => declarations.map((declaration) => documented(name, declaration)))
  );
}

function documented(name: string, { kind, jsDoc, location, def }: Declaration): Documented {
  const tags = tagsOf(jsDoc);
  const methods = (def.methods ?? []).filter(({ accessibility }) => accessibility !== "private");
  const silent = methods.filter(({ jsDoc, location }) => throws(location, "  ") && !saysSo(jsDoc));
  return {
    name,
    kind,
    path: pathOf(location),
    doc: jsDoc?.doc ?? "",
    tags,
    isIgnored: (jsDoc?.tags ?? []).some(({ doc }) => /^```\w+ ignore/m.test(doc ?? "")),
    isTable: [...namesIn(def.tsType ?? def.returnType)].includes("Struct") && kind !== "interface",
    uses: [...namesIn(def)].filter((used) => used !== name),
    silentThrows: [
      ...(kind === "function" && throws(location, "") && !saysSo(jsDoc) ? [name] : []),
      ...silent.map((method) => `${name}.${method.name}()`),
    ],
  };
}

function tagsOf(comment: Comment | undefined): string[] {
  return (comment?.tags ?? []).map(({ kind }) => kind);
}

function saysSo(comment: Comment | undefined): boolean {
  return tagsOf(comment).includes("throws") || /\b(throws?|rejects?)\b/i.test(comment?.doc ?? "");
}

function pathOf({ filename }: Place): string {
  return filename.slice(new URL("..", import.meta.url).href.length);
}

/** Whether what is declared there, with such an indentation, makes an error and throws it. */
function throws(location: Place, indentation: string): boolean {
  const lines = read(pathOf(location)).split("\n").slice(location.line);
  const end = lines[0]?.endsWith("}") ? 0 : lines.indexOf(`${indentation}}`);
  const body = lines.slice(0, end);
  return body.some((line) => /\bthrow new /.test(line));
}

/** Names of types in a part of the output. */
function* namesIn(part: unknown): Generator<string> {
  if (typeof part !== "object" || part === null) return;
  if (Array.isArray(part)) {
    for (const item of part) yield* namesIn(item);
    return;
  }
  const node = part as { readonly [key: string]: unknown };
  if (node["accessibility"] === "private") return;
  for (const key of ["typeName", "extends"]) {
    const value = node[key];
    if (typeof value === "string") yield value;
  }
  if (node["kind"] === "typeQuery" && typeof node["value"] === "string") yield node["value"];
  for (const [key, value] of Object.entries(node)) if (key !== "jsDoc") yield* namesIn(value);
}
