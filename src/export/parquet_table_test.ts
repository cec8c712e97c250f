import { assertEquals, assertThrows } from "@std/assert";
import { parquetReadObjects } from "hyparquet";
import { canWrite } from "../capture/files_for_test.ts";
import { withFolder } from "../../testing/temporary.ts";
import { ParquetTable } from "./parquet_table.ts";

const ignore = !canWrite();

async function read(path: string): Promise<Record<string, unknown>[]> {
  const { buffer } = await Deno.readFile(path);
  return await parquetReadObjects({ file: buffer }) as Record<string, unknown>[];
}

Deno.test({
  name: "a table can be read back: texts, numbers of 64 bits, truths, and what is not known as null",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/migrations.parquet`;
      const table = new ParquetTable("migrations", path);
      table.add({ capture: "a \u{1f600}", readable: true, bytes: 2 ** 40, channels: undefined, errors: 0 });
      table.add({ capture: null, readable: false, bytes: 0xffff_ffff_ffff_ffffn });
      table.finish();
      table.close();
      const [first, second] = await read(path);
      const columns = ["capture", "readable", "bytes", "channels", "errors", "verdict"];
      assertEquals(columns.map((name) => first?.[name]), ["a \u{1f600}", true, 2n ** 40n, null, 0n, null]);
      // Numbers without a sign keep their bits.
      assertEquals(columns.map((name) => second?.[name]), [null, false, -1n, null, null, null]);
      assertEquals([Object.keys(first ?? {}).length, table.rows], [29, 2]);
      assertThrows(() => new ParquetTable("migrations", path), Deno.errors.AlreadyExists);
    }),
});

Deno.test({
  name: "names that differ in bytes that are no UTF-8 alone are different in a table",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/sections.parquet`;
      const table = new ParquetTable("sections", path);
      for (const idstr of ["x\udcfe/vfio", "x\udcff/vfio", "\u{1f600}", "\ud83d"]) table.add({ idstr });
      table.finish();
      table.close();
      const names = (await read(path)).map(({ idstr }) => idstr);
      assertEquals(names, ["x\\u{dcfe}/vfio", "x\\u{dcff}/vfio", "\u{1f600}", "\\u{d83d}"]);
    }),
});

Deno.test({
  name: "a table of many rows is written in groups, and one of none has its columns",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const table = new ParquetTable("ram_pages", `${folder}/many`);
      const count = 32_768 * 2 + 5;
      for (let i = 0; i < count; i++) table.add({ channel: "main", block: "pc.ram", kind: "zero", start: i * 4096 });
      table.finish();
      table.close();
      const rows = await read(`${folder}/many`);
      assertEquals(rows.length, count);
      assertEquals(rows.every(({ start }, i) => start === BigInt(i * 4096)), true);
      const empty = new ParquetTable("buffers", `${folder}/none`);
      empty.finish();
      empty.close();
      assertEquals(await read(`${folder}/none`), []);
    }),
});
