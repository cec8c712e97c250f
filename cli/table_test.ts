import { assertEquals } from "@std/assert";
import { makeStyle, unstyled } from "./style.ts";
import { formatTable } from "./table.ts";

Deno.test("formatTable() aligns numbers right and cuts spaces at line ends", () => {
  const columns = [{ title: "offset", align: "right" }, { title: "kind" }] as const;
  assertEquals(formatTable(columns, [["0x0", "header"], ["0x10000", "ram"]]), [
    " offset  kind",
    "    0x0  header",
    "0x10000  ram",
  ]);
});

Deno.test("formatTable() without titles has no heading, and takes short rows", () => {
  assertEquals(formatTable([{}, {}], [["a"], ["bb", "c"]]), ["a", "bb  c"]);
  assertEquals(formatTable([{}], []), []);
});

Deno.test("formatTable() counts cells of the terminal, not characters of the text", () => {
  const { red } = makeStyle(true);
  const lines = formatTable([{}, {}], [[red("cut"), "1"], ["天地", "2"]]);
  assertEquals(lines.map(unstyled), ["cut   1", "天地  2"]);
});

Deno.test("unstyled() takes out every style", () => {
  const style = makeStyle(true);
  for (const paint of Object.values(style)) assertEquals(unstyled(paint("ram")), "ram");
});
