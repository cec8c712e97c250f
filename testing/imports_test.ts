/** Imports point one way: what is below knows nothing of what is above. */

import { assert, assertEquals } from "@std/assert";
import { dirname, join, normalize } from "node:path/posix";

/** What each folder may import from, beside itself: all that it needs is below. */
const BELOW: { readonly [folder: string]: readonly string[] } = {
  "src/errors": [],
  "src/bytes": [],
  "src/net": [],
  "src/wire": ["src/bytes", "src/errors"],
  "src/stream": ["src/wire", "src/bytes", "src/errors"],
  "src/capture": ["src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/web": ["src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/load": ["src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/qmp": ["src/net", "src/errors"],
  "src/record": ["src/capture", "src/stream", "src/wire", "src/bytes", "src/net", "src/errors"],
  "src/emit": ["src/capture", "src/stream", "src/wire", "src/bytes", "src/net", "src/qmp", "src/errors"],
  "src/replay": ["src/emit", "src/qmp", "src/net", "src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/forge": ["src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/report": [
    "src/load",
    "src/emit",
    "src/replay",
    "src/capture",
    "src/stream",
    "src/wire",
    "src/bytes",
    "src/errors",
  ],
  "src/edit": ["src/report", "src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  "src/export": ["src/report", "src/capture", "src/stream", "src/wire", "src/bytes", "src/errors"],
  // The library: all of it, and nothing but names.
  "src/public": ["src"],
  // The commands have what everyone has.
  "cli": ["src/public", "deno.json"],
  "mod.ts": ["src/public"],
};

const ROOT = new URL("../", import.meta.url);
const ignore = Deno.permissions.querySync({ name: "read", path: ROOT }).state !== "granted";

/** Paths of the sources below a folder, tests left out. */
function sources(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, ROOT))).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return path === "src/std" ? [] : sources(path);
    return /(?<!_test|_for_test)\.ts$/.test(name) ? [path] : [];
  });
}

function folderOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "src" ? `${first}/${second}` : first;
}

Deno.test({
  name: "imports point one way, from the commands down to bytes",
  ignore,
  fn(): void {
    const wrong: string[] = [];
    const files = [...sources("src"), ...sources("cli"), "mod.ts"];
    assert(files.length > 300, `${files.length}`);
    for (const path of files) {
      const from = folderOf(path);
      const allowed = BELOW[from] ?? [];
      for (const imported of importsOf(path)) {
        const to = folderOf(imported);
        if (to !== from && !allowed.includes(to) && !(allowed.includes("src") && to.startsWith("src/"))) {
          wrong.push(`${path} imports ${imported}`);
        }
      }
    }
    assertEquals(wrong, []);
  },
});

Deno.test({
  name: "no file imports itself by way of others",
  ignore,
  fn(): void {
    const done = new Set<string>();
    const visit = (path: string, way: readonly string[]): void => {
      const at = way.indexOf(path);
      assert(at < 0, [...way.slice(at), path].join(" -> "));
      if (done.has(path)) return;
      for (const imported of importsOf(path, AT_ONCE)) visit(imported, [...way, path]);
      done.add(path);
    };
    for (const folder of ["src", "cli", "testing", "bench", "examples"]) {
      for (const path of sources(folder)) visit(path, []);
    }
    assert(done.size > 700, `${done.size}`);
  },
});

/** Paths of what a file imports. */
function importsOf(path: string, pattern = IMPORT): string[] {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  return Array.from(text.matchAll(pattern), ([, specifier = ""]) => normalize(join(dirname(path), specifier)));
}

/** An import of the project's own; examples in comments have names of packages. */
const IMPORT = /^(?!\s*(?:\*|\/\/)).*(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/gm;

/** An import that is there before the file is run: the list of commands loads each of them later, and one of them prints the list. */
const AT_ONCE = /^(?!\s*(?:\*|\/\/)).*(?:\bfrom|\bimport)\s*"(\.[^"]+\.ts)"/gm;
