import { assert, assertEquals } from "@std/assert";
import { entryPoints, importsOf, modulesIn, read, resolved } from "./public_surface.ts";

const ignore = Deno.permissions.querySync({ name: "read", path: new URL("..", import.meta.url) }).state !== "granted";

Deno.test("importsOf() finds what is taken at once, later, and as a whole", () => {
  const source = `import { a, type B } from "./one.ts";\nimport type { C } from "./two.ts";\nimport d from "./three.ts";
export * from "./four.ts";\n  const { e, f: g } = await import("./five.ts");\n  run: () => import("./six.ts"),\n`;
  assertEquals(importsOf(source), [
    { names: ["a", "B"], from: "./one.ts" },
    { names: ["C"], from: "./two.ts" },
    { names: [], from: "./three.ts" },
    { names: [], from: "./four.ts" },
    { names: ["e", "f"], from: "./five.ts" },
    { names: [], from: "./six.ts" },
  ]);
});

Deno.test({
  name: "the commands are written on the library's entry points alone",
  ignore,
  fn(): void {
    const entries = new Map(entryPoints().map(({ path, names }) => [path, names]));
    let taken = 0;
    for (const path of modulesIn("cli/")) {
      for (const { names, from } of importsOf(read(path))) {
        const target = resolved(from, path);
        // Its own folder, packages, and what is no program: schemas, the package's version.
        if (target.startsWith("cli/") || !from.startsWith(".") || !target.endsWith(".ts")) continue;
        const entry = entries.get(target);
        assert(entry !== undefined, `${path} imports ${target}, which is no entry point`);
        for (const name of names) assert(entry.includes(name), `${path}: ${target} has no ${name}`);
        taken += 1;
      }
    }
    assert(taken > 60, "the imports are not found any more");
  },
});

Deno.test({
  name: "the whole library is its entry points, and the two configurations have the same",
  ignore,
  fn(): void {
    const paths = entryPoints().map(({ path }) => `./${path}`);
    assertEquals(importsOf(read("mod.ts")).map(({ from }) => from).toSorted(), paths.toSorted());
    assertEquals(JSON.parse(read("deno.jsr.json")).exports, JSON.parse(read("deno.json")).exports);
  },
});

Deno.test({
  name: "an entry point names what it exports, and no name means two things",
  ignore,
  fn(): void {
    const sources = new Map<string, string>();
    for (const { path } of entryPoints()) {
      for (const { names, from } of importsOf(read(path))) {
        assert(names.length > 0, `${path} exports all of ${from}`);
        for (const name of names) {
          const source = resolved(from, path);
          assertEquals(sources.get(name) ?? source, source, name);
          sources.set(name, source);
        }
      }
    }
  },
});

Deno.test({
  name: "the README names each entry point",
  ignore,
  fn(): void {
    const [, section = ""] = read("README.md").split("\n## Library\n");
    const named = new Set([...section.matchAll(/`(?:@migwire\/migwire)?\/(\w+)`/g)].map(([, name]) => name));
    const missing = entryPoints().filter(({ specifier }) => !named.has(specifier.split("/").at(-1)));
    assertEquals(missing.map(({ specifier }) => specifier), []);
  },
});
