import { assertEquals } from "@std/assert";

/** Rows of the matrix of situations (destination-engine.md B.7). */
const ROWS = 96;

/** The files with the tests of rows: one an idea here, those that need bytes in the folder above. */
const FOLDERS = [new URL("./", import.meta.url), new URL("../", import.meta.url)];

/** The sources of the matrix's tests; undefined where sources may not be read. */
function sources(): string[] | undefined {
  if (FOLDERS.some((path) => Deno.permissions.querySync({ name: "read", path }).state !== "granted")) return undefined;
  return FOLDERS.flatMap((folder) =>
    [...Deno.readDirSync(folder)]
      .filter(({ name }) => /^matrix_\w+_test\.ts$/.test(name))
      .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)))
  );
}

const texts = sources();

Deno.test({ name: "every row of the matrix has a test with its number", ignore: texts === undefined }, () => {
  const rows = new Set<number>();
  for (const text of texts ?? []) {
    for (const [, row] of text.matchAll(/"row (\d+): /g)) rows.add(Number(row));
    // Rows of a table of refused packets, and of compressed ones.
    for (const [, row] of text.matchAll(/^ +\[\n? *(\d\d), *\n? *"/gm)) rows.add(Number(row));
  }
  const missing = Array.from({ length: ROWS }, (_, i) => i + 1).filter((row) => !rows.has(row));
  assertEquals(missing, []);
});
