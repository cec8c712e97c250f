import { assertEquals, assertRejects } from "@std/assert";
import { canWrite } from "../capture/files_for_test.ts";
import { writeDirectory } from "../capture/mod.ts";
import { forge, forgeDescription } from "../forge/mod.ts";
import { withFolder } from "../../testing/temporary.ts";
import { discardWork, exportOne } from "./export_one.ts";
import { fingerprintOf, readMarker } from "./marker.ts";

const ignore = !canWrite();

/** A folder with a capture in it. */
function withCapture(use: (folder: string, capture: string) => Promise<void>): () => Promise<void> {
  return () =>
    withFolder(async (folder) => {
      const capture = forge(
        forgeDescription({ title: "one", steps: ["setup", "switchover", { config: 0 }, "finish"] }),
      );
      await Deno.mkdir(`${folder}/vm`);
      for (const _ of writeDirectory(capture, `${folder}/vm`));
      await use(folder, `${folder}/vm`);
    });
}

/** Names in a folder, sorted. */
async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test({
  name: "a marker says what is whole: it comes last, and only what it describes counts",
  ignore,
  fn: withCapture(async (folder, capture) => {
    const job = { capture, name: "vm", out: `${folder}/out` };
    assertEquals(readMarker(job.out, "vm"), undefined);
    const marker = await exportOne(job);
    assertEquals([marker.failure, marker.rows.migrations, marker.rows.buffers], [null, 1, 1]);
    assertEquals(readMarker(job.out, "vm"), marker);
    assertEquals(marker.fingerprint, fingerprintOf(capture));
    assertEquals(await names(`${job.out}/_migwire`), ["vm.json"]);
    await Deno.writeTextFile(`${job.out}/_migwire/vm.json`, "{");
    assertEquals(readMarker(job.out, "vm"), undefined);
    await Deno.writeTextFile(`${job.out}/_migwire/vm.json`, '{"format":"migwire-export/0","capture":"x"}');
    assertEquals(readMarker(job.out, "vm"), undefined);
    await Deno.writeTextFile(`${capture}/more`, "x");
    assertEquals(marker.fingerprint === fingerprintOf(capture), false);
  }),
});

Deno.test({
  name: "what a killed run has begun is done again; what an ended one has begun can be removed",
  ignore,
  fn: withCapture(async (folder, capture) => {
    const job = { capture, name: "vm", out: `${folder}/out` };
    await Deno.mkdir(`${job.out}/_migwire/vm.part`, { recursive: true });
    await Deno.writeTextFile(`${job.out}/_migwire/vm.part/buffers.parquet`, "half of it");
    assertEquals((await exportOne(job)).failure, null);
    assertEquals(await names(`${job.out}/_migwire`), ["vm.json"]);
    await Deno.mkdir(`${job.out}/_migwire/vm.part`);
    discardWork(job);
    discardWork(job);
    assertEquals(await names(`${job.out}/_migwire`), ["vm.json"]);
  }),
});

Deno.test({
  name: "a capture that cannot be read has tables that say so; a folder that cannot be written is an error",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const out = `${folder}/out`;
      const marker = await exportOne({ capture: `${folder}/none`, name: "none", out });
      assertEquals([marker.failure !== null, marker.rows.problems, marker.rows.migrations], [true, 1, 1]);
      await Deno.writeTextFile(`${folder}/file`, "");
      await assertRejects(() => exportOne({ capture: `${folder}/none`, name: "none", out: `${folder}/file` }));
    }),
});
