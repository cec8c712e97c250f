import { assert, assertEquals, assertGreater } from "@std/assert";
import { chainOf, codeOf, loaded } from "./module_graph.ts";
import { NODE_ENTRY_POINTS } from "./node/entry_points.js";

const ignore = Deno.permissions.querySync({ name: "read", path: new URL("..", import.meta.url) }).state !== "granted";

/** What is Deno's alone, or opens something: files, connections, processes. */
const FORBIDDEN = /\bDeno\b|\bfetch\(|\bWebSocket\b|\bWorker\b|\blocalStorage\b|\bprocess\./;

/** Modules that may be had: of the runtime those that compute, of packages those that do no more. */
const ALLOWED = /^node:(?:crypto|zlib)$|^@std\/bytes(?:\/|$)|^js-yaml$/;

/** Texts say much: only code counts. */
function forbiddenIn(path: string): boolean {
  if (!path.endsWith(".ts")) return false;
  return FORBIDDEN.test(codeOf(path).replaceAll(/"[^"\n]*"|`[^`$]*`/g, '""'));
}

for (const name of NODE_ENTRY_POINTS) {
  Deno.test({
    name: `nothing that /${name} loads is Deno's, or opens anything: it runs on Node, too`,
    ignore,
    fn(): void {
      const graph = loaded(`src/public/${name}.ts`);
      for (const module of graph.modules.keys()) assert(!forbiddenIn(module), chainOf(graph, module));
      assertEquals([...graph.others].filter((module) => !ALLOWED.test(module)), []);
    },
  });
}

Deno.test({
  name: "what loads files is seen to, so that the tests before see something",
  ignore,
  fn(): void {
    const graph = loaded("src/public/capture.ts");
    const found = [...graph.modules.keys()].filter(forbiddenIn);
    assert(found.includes("src/capture/file_source.ts") && found.includes("src/load/file_sink.ts"), found.join());
    assertGreater(loaded("src/public/load.ts").modules.size, 150);
  },
});
