/** The inputs that fuzzing keeps, read by the code as it is. @module */

import { assert, assertEquals } from "@std/assert";
import { canWrite } from "../src/capture/files_for_test.ts";
import { readCorpus } from "./fuzzing/guided/corpus_files.ts";
import { TARGETS } from "./fuzzing/targets/mod.ts";

const CORPUS = new URL("../testdata/fuzz/", import.meta.url);
const canRead = Deno.permissions.querySync({ name: "read", path: CORPUS }).state === "granted";

/** Bytes of all of it at most. */
const LIMIT = 1_000_000;

for (const { name, run, needsWrite = false } of TARGETS) {
  Deno.test({
    name: `${name} reads its corpus without a fault`,
    ignore: !canRead || (needsWrite && !canWrite()),
    async fn(): Promise<void> {
      const inputs = readCorpus(name);
      assert(inputs.length > 0, "there is none: deno task fuzz:minimise");
      for (const [line, input] of inputs.entries()) {
        try {
          await run(input);
        } catch (error) {
          throw new Error(`line ${line + 1}: ${input.toHex()}`, { cause: error });
        }
      }
    },
  });
}

Deno.test({
  name: "the corpus is small, and there is none but of the targets",
  ignore: !canRead,
  fn(): void {
    const files = [...Deno.readDirSync(CORPUS)].map(({ name }) => name).filter((name) => name !== "README.md");
    assertEquals(files.toSorted(), TARGETS.map(({ name }) => `${name}.base64`).toSorted());
    const sizes = files.map((name) => Deno.statSync(new URL(name, CORPUS)).size);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    assert(size < LIMIT, `${size} bytes`);
  },
});
