import { assert, assertEquals } from "@std/assert";
import { CORPUS_FOLDERS } from "../../testing/corpus_folders.ts";
import { openCapture } from "../capture/mod.ts";
import { forge, forgeRow, parseForgeDescription } from "../forge/mod.ts";
import { edited, verdictOf } from "./edit_for_test.ts";
import type { EditAction } from "./mod.ts";

const [, own] = CORPUS_FOLDERS;
const ignore = own?.captures.includes("vfio-multifd-2") !== true;

/** What makes a row of the situation matrix of a migration that completed: six buffers, the last the config. */
const ROWS: readonly (readonly [row: number, ...edits: (readonly [EditAction, string])[]])[] = [
  [1, ["reorder", "device=*/vfio,kind=multifd-* shuffle"]],
  [2, ["drop", "index=0..4"], ["renumber", "device=*/vfio"]],
  [4, ["drop", "index=1"]],
  [5, ["drop", "index=5"]],
  [6, ["drop", "device=*/vfio,kind=multifd-device-state"]],
  [8, ["duplicate", "index=1"]],
  [17, ["drop", "kind=command"]],
  // As recorded, the main channel is at its end when the buffers come.
  [20, ["set", "index=2,idstr=0000:00:09.0/vfio"]],
  [20, ["set", "index=2,flags=0x41"]],
  [26, ["reorder", "device=*/vfio,kind=multifd-* shuffle"]],
  [36, ["set", "index=2,vfioVersion=1"]],
  [37, ["set", "index=2,idx=0xffffffff"]],
  [39, ["set", "index=2,nextPacketSize=5"]],
  [40, ["set", 'index=2,data=""']],
  [41, ["set", "index=5,data=00"]],
  [42, ["set", "index=2,vfioFlags=0x30"]],
  [43, ["set", "index=5,config.pciVersion=3"]],
  [56, ["set", "index=2,nextPacketSize=0"]],
  [76, ["set", "channel=multifd 1,kind=multifd-init,id=2"]],
  [95, ["drop", "channel=multifd 1"], ["reorder", "index=1 after index=0"]],
];

for (const [row, ...edits] of ROWS) {
  Deno.test({
    name: `a recorded migration becomes row ${row} by ${edits.map((edit) => edit.join(" ")).join(", ")}`,
    ignore,
    async fn(): Promise<void> {
      const described = forgeRow(`row-${row}`);
      assert(described !== undefined);
      const capture = openCapture(decodeURIComponent(new URL("vfio-multifd-2", own?.url).pathname));
      try {
        const forged = await verdictOf(forge(await parseForgeDescription(described.text)));
        assertEquals(await verdictOf(edited(capture, edits)), forged, described.title);
      } finally {
        capture.close();
      }
    },
  });
}
