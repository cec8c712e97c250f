import { RAM_SAVE_FLAG } from "../wire/mod.ts";
import { isPage } from "./page_runs.ts";
import type { Slip } from "./sheet.ts";
import { withValue } from "./fields.ts";

/**
 * Pages that continue the block of the page before them where that is of another block now: they get the name. Gives
 * those that were changed.
 */
export function nameBlocks(slips: readonly Slip[]): Slip[] {
  const named: Slip[] = [];
  let last: string | undefined;
  for (const slip of slips) {
    if (slip.dropped) continue;
    const { record } = slip;
    if (isPage(record)) {
      const continues = (record.flags & RAM_SAVE_FLAG.CONTINUE) !== 0;
      if (continues && last !== record.block && !slip.own.has("flags")) {
        slip.record = withValue(record, "flags", record.flags & ~RAM_SAVE_FLAG.CONTINUE);
        named.push(slip);
      }
      last = record.block;
    } else last = slip.block ?? last;
  }
  return named;
}
