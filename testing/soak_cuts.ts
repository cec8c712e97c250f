/**
 * Cuts every channel of every capture at every byte, and reads it strictly at each: `deno task soak:cuts [NAME]`. NAME
 * picks captures. The tests do the same for the channels below 1 MB, but read strictly at fewer places.
 *
 * @module
 */

import { loadCapture } from "./corpus.ts";
import { CORPUS_FOLDERS } from "./corpus_folders.ts";
import { checkCuts, cutsAroundRecords, everyCut } from "./cut_check.ts";

/** A mapped-ram file is that long, and nearly all of it one payload. */
const LONGEST = 4_000_000;

const [only = ""] = Deno.args;
for (const folder of CORPUS_FOLDERS) {
  for (const name of folder.captures.filter((capture) => capture.includes(only))) {
    for (const channel of loadCapture(folder, name).channels) {
      const cuts = channel.bytes.length < LONGEST ? everyCut(channel) : cutsAroundRecords(channel);
      const start = performance.now();
      const count = checkCuts(channel, { cuts, allStrictly: true });
      console.log(`${channel.name}: ${count} cuts in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  }
}
