import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { withFolder } from "../../testing/temporary.ts";
import { canWrite } from "../capture/files_for_test.ts";
import { type ExportJob, exportOne, fingerprintOf, type JobResult, readMarker, runJobs } from "./mod.ts";

const capture = new URL("../../testdata/vfio-multifd-2", import.meta.url).pathname;
const ignore = !canWrite() || Deno.permissions.querySync({ name: "read", path: capture }).state !== "granted";

/** Runs the jobs; gives what became of each, by name. */
async function results(
  jobs: readonly ExportJob[],
  atOnce: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<Map<string, JobResult>> {
  const all = new Map<string, JobResult>();
  await runJobs(jobs, atOnce, ({ name }, result) => all.set(name, result), signal);
  return all;
}

/** What lies beside the tables: markers, and what is half written. */
function kept(out: string): string[] {
  return [...Deno.readDirSync(`${out}/_migwire`)].map(({ name }) => name).sort();
}

for (const atOnce of [1, 2]) {
  Deno.test({
    name: `runJobs() says of each job whose tables cannot be written why, and goes on; ${atOnce} at once`,
    ignore,
    fn: () =>
      withFolder(async (out) => {
        // What is in the way of one migration is in the way of no other.
        await Deno.mkdir(`${out}/buffers`);
        await Deno.writeTextFile(`${out}/buffers/migration=b`, "in the way");
        const jobs = ["a", "b", "c"].map((name) => ({ capture, name, out }));
        const all = await results(jobs, atOnce);
        assertEquals([...all.keys()].sort(), ["a", "b", "c"]);
        for (const [name, result] of all) {
          if (name === "b") assertMatch("error" in result ? result.error : "", /migration=b/);
          else assert("marker" in result && result.marker.failure === null, name);
        }
        assertEquals([readMarker(out, "a")?.capture, readMarker(out, "b")], [capture, undefined]);
        // Nothing half written stays.
        assertEquals(kept(out), ["a.json", "c.json"]);
      }),
  });

  Deno.test({
    name: `runJobs() begins nothing after its signal, and leaves nothing half written; ${atOnce} at once`,
    ignore,
    fn: () =>
      withFolder(async (out) => {
        const controller = new AbortController();
        const reason = new DOMException("Interrupted", "AbortError");
        const done: string[] = [];
        const jobs = ["a", "b", "c", "d", "e", "f"].map((name) => ({ capture, name, out }));
        const error = await assertRejects(() =>
          runJobs(jobs, atOnce, ({ name }) => {
            done.push(name);
            controller.abort(reason);
          }, controller.signal)
        );
        assertEquals(error, reason);
        assertEquals(done, done.slice(0, atOnce));
        assertEquals(kept(out).filter((name) => name.endsWith(".part")), []);
      }),
  });
}

Deno.test({
  name: "exportOne() that is stopped writes nothing more, and leaves nothing",
  ignore,
  fn: () =>
    withFolder(async (out) => {
      for (const rows of [0, 3]) {
        let asked = 0;
        await assertRejects(
          () => exportOne({ capture, name: "a", out }, () => asked++ >= rows),
          DOMException,
          "stopped",
        );
        assertEquals(asked, rows + 1, "it goes on when it is to stop");
      }
      assertEquals([kept(out), await Array.fromAsync(Deno.readDir(out), ({ name }) => name)], [[], ["_migwire"]]);
      // Asked before all is put in its place, too.
      let asked = 0;
      await exportOne({ capture, name: "a", out }, () => asked++ < 0);
      const last = asked - 1;
      asked = 0;
      await assertRejects(() => exportOne({ capture, name: "b", out }, () => asked++ >= last), DOMException, "stopped");
      assertEquals(kept(out), ["a.json"]);
    }),
});

Deno.test({
  name: "readMarker() takes what is no marker of these tables as none, but not that it cannot look",
  ignore,
  fn: () =>
    withFolder(async (out) => {
      await Deno.mkdir(`${out}/_migwire`);
      const marker = (text: string): unknown => {
        Deno.writeTextFileSync(`${out}/_migwire/m.json`, text);
        return readMarker(out, "m");
      };
      for (const text of ["", "{", "null", "[]", '{"format":"migwire-export/0","capture":"/c"}', "{}"]) {
        assertEquals(marker(text), undefined, text);
      }
      assertEquals(marker('{"format":"migwire-export/1","capture":7}'), undefined);
      assert(marker('{"format":"migwire-export/1","capture":"/c"}') !== undefined);
      await Deno.writeTextFile(`${out}/file`, "");
      assertThrows(() => readMarker(`${out}/file`, "m"), Deno.errors.NotADirectory);
    }),
});

Deno.test({
  name: "fingerprintOf() changes with any file of a capture, and is empty for what cannot be looked at",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      assertEquals(fingerprintOf(`${folder}/none`), "");
      await Deno.writeTextFile(`${folder}/a`, "12");
      const [whole, file] = [fingerprintOf(folder), fingerprintOf(`${folder}/a`)];
      assertMatch(file, /^ 2 \d+$/);
      await Deno.mkdir(`${folder}/sub`);
      assertEquals(fingerprintOf(folder), whole);
      await Deno.writeTextFile(`${folder}/a`, "123");
      assert(fingerprintOf(folder) !== whole && fingerprintOf(`${folder}/a`) !== file);
    }),
});
