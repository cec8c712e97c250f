import { assertEquals } from "@std/assert";
import { EXPORT_FORMAT, EXPORT_TABLES } from "./mod.ts";

const schema = new URL("../../../schema/export-1.md", import.meta.url);
const ignore = (await Deno.permissions.query({ name: "read", path: schema })).state !== "granted";

Deno.test({
  name: "schema/export-1.md describes every table and column, in order",
  ignore,
  fn(): void {
    const text = Deno.readTextFileSync(schema);
    assertEquals(text.split("\n", 1)[0], `# ${EXPORT_FORMAT}`);
    const tables = text.split(/^## /m).slice(1).filter((part) => part.includes("| column"));
    const described = tables.map((part) => {
      const rows = [...part.matchAll(/^\| `(\w+)` +\| (\w+) +\|$/gm)].map(([, column, type]) => [column, type]);
      return [part.split("\n", 1)[0], Object.fromEntries(rows)];
    });
    assertEquals(Object.fromEntries(described), EXPORT_TABLES);
    assertEquals(
      described.map(([, columns]) => Object.keys(columns as object)),
      Object.values(EXPORT_TABLES).map((columns) => Object.keys(columns)),
    );
  },
});
