/** Declares the tests that cut channels; they take minutes, so that they stand in two files that run side by side. @module */

import { assert } from "@std/assert";
import { loadCapture } from "./corpus.ts";
import { CORPUS_FOLDERS } from "./corpus_folders.ts";
import { checkCuts, cutsAroundRecords, everyCut } from "./cut_check.ts";

/** Channels up to this length, in bytes, are cut at every byte; longer ones around their records. */
const EVERY_BYTE = 1_000_000;

/**
 * A test for each capture that `wanted` picks by its name. If there is none of them, one test is declared, and ignored.
 *
 * @param title What the captures are, for the test that is ignored.
 */
export function declareCutTests(title: string, wanted: (name: string) => boolean): void {
  let count = 0;
  for (const folder of CORPUS_FOLDERS) {
    for (const name of folder.captures.filter(wanted)) {
      count++;
      Deno.test(`${name}, cut at every byte (if long, around records), reads as its beginning and says what is missing`, () => {
        let cuts = 0;
        for (const channel of loadCapture(folder, name).channels) {
          const isShort = channel.bytes.length < EVERY_BYTE;
          cuts += checkCuts(channel, { cuts: isShort ? everyCut(channel) : cutsAroundRecords(channel) });
        }
        assert(cuts > 0);
      });
    }
  }
  if (count > 0) return;
  Deno.test({
    name: `${title}, cut at every byte (no captures in ../shared/captures)`,
    ignore: true,
    fn(): void {},
  });
}
