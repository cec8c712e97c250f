import { assertEquals, assertMatch } from "@std/assert";
import { parquetMetadata } from "hyparquet";
import schema from "../schema/export-1.schema.json" with { type: "json" };
import { openCapture } from "../src/capture/mod.ts";
import { canWrite } from "../src/capture/files_for_test.ts";
import { inspectCapture, TABLE_NAMES } from "../src/report/mod.ts";
import { CORPUS_FOLDERS } from "../testing/corpus_folders.ts";
import { withFolder } from "../testing/temporary.ts";
import { assertFits, compileClosed } from "../testing/json_schema.ts";
import { main } from "./main.ts";
import { memoryIo } from "./memory_io.ts";

const FITS = compileClosed(schema);

const folders = CORPUS_FOLDERS.filter(({ captures }) => captures.length > 0);
const ignore = folders.length === 0 || !canWrite();
const [{ url, captures } = { url: new URL(".", import.meta.url), captures: [] }] = folders;
const paths = captures.map((name) => decodeURIComponent(new URL(name, url).pathname));

interface Printed {
  readonly written: number;
  readonly there: number;
  readonly unreadable: number;
  readonly migrations: readonly {
    readonly capture: string;
    readonly migration: string;
    readonly rows: { readonly [table: string]: number };
  }[];
}

async function exported(...args: readonly string[]): Promise<Printed & { readonly code: number }> {
  const io = memoryIo();
  const code = await main(["export", "--json", ...args], io);
  const json = JSON.parse(io.out());
  assertFits(FITS, json, args.join(" "));
  return { ...json, code };
}

Deno.test({
  name: "tables of export have the rows that inspect counts, for every capture",
  ignore,
  fn: () =>
    withFolder(async (out) => {
      const { code, written, migrations } = await exported("--out", out, "--jobs", "1", ...paths);
      assertEquals([code, written], [0, paths.length]);
      for (const { capture: path, migration, rows } of migrations) {
        const capture = openCapture(path);
        const { channels, devices, main } = inspectCapture(capture);
        capture.close();
        const counted = [rows["channels"], rows["devices"], rows["sections"], rows["migrations"]];
        assertEquals(counted, [channels.length, devices.length, main?.sections.length ?? 0, 1], path);
        for (const table of TABLE_NAMES) {
          const { buffer } = await Deno.readFile(`${out}/${table}/migration=${migration}/part.parquet`);
          const { num_rows, key_value_metadata } = parquetMetadata(buffer);
          assertEquals(Number(num_rows), rows[table], `${path} ${table}`);
          assertEquals(key_value_metadata?.[0], { key: "format", value: "migwire-export/1" });
        }
      }
      const again = await exported("--out", out, ...paths);
      assertEquals([again.code, again.written, again.there], [0, 0, paths.length]);
    }),
});

Deno.test({
  name: "a capture that cannot be read does not stop the others, and is tried again",
  ignore,
  fn: () =>
    withFolder(async (out) => {
      const broken = `${out}/broken.bin`;
      await Deno.writeFile(broken, new Uint8Array(0));
      const args = ["--out", `${out}/tables`, broken, ...paths.slice(0, 2)];
      const first = await exported(...args);
      assertEquals([first.code, first.unreadable, first.written], [1, 1, 2]);
      assertEquals(first.migrations[0]?.rows["problems"], 1);
      const second = await exported(...args);
      assertEquals([second.code, second.unreadable, second.there], [1, 1, 2]);
    }),
});

Deno.test("export asks for what it needs", async () => {
  for (const args of [["x"], ["--out", "x"], ["--out", "x", "-"], ["--out", "x", "--jobs", "0", "y"]]) {
    const io = memoryIo();
    assertEquals(await main(["export", ...args], io), 2);
    assertMatch(io.err(), /Cannot/);
  }
});

Deno.test({
  name: "export says in a line what it did: what is there already, what has changed, what failed",
  ignore,
  fn: () =>
    withFolder(async (out) => {
      const [path = ""] = paths;
      const list = `${out}/list`;
      const broken = `${out}/broken.bin`;
      await Deno.writeTextFile(list, `${path}\r\n\n${broken}\n`);
      await Deno.writeFile(broken, new Uint8Array(0));
      const said = async (...args: readonly string[]): Promise<[number, string, string]> => {
        const io = memoryIo();
        const code = await main(["export", "--out", `${out}/tables`, "--jobs", "1", ...args], io);
        return [code, io.out().replaceAll(out, "OUT"), io.err().replaceAll(out, "OUT")];
      };
      const [code, first, why] = await said("--from", list, path);
      assertEquals([code, first], [1, "OUT/tables: 1 written, 1 that cannot be read\n"]);
      assertMatch(why, /^OUT\/broken\.bin: Cannot/);
      assertEquals(await said(path), [0, "OUT/tables: 0 written, 1 there already\n", ""]);
      assertEquals(await said("--force", path), [0, "OUT/tables: 1 written\n", ""]);
      // The tables of a file that has grown are of another one.
      const copy = `${out}/copy`;
      const changing = (bytes: number): void => Deno.writeFileSync(copy, new Uint8Array(bytes));
      changing(10);
      assertMatch((await said(copy))[1], /1 (?:written|that cannot be read)/);
      changing(11);
      assertMatch((await said(copy))[1], /1 (?:written|that cannot be read)/);
      await Deno.mkdir(`${out}/other/migrations`, { recursive: true });
      await Deno.writeTextFile(`${out}/other/channels`, "in the way");
      const io = memoryIo();
      assertEquals(await main(["export", "--out", `${out}/other`, "--jobs", "1", path], io), 1);
      assertEquals(io.out(), `${out}/other: 0 written, 1 failed\n`);
      assertMatch(io.err(), /channels/);
    }),
});
