import type { DiffReport } from "../../src/public/diff.ts";
import { clip, WIDTH, wrap } from "../inspect/layout.ts";
import { count } from "../inspect/words.ts";
import { formatHex, printable, type Style } from "../terminal.ts";

/** Notes of a kind that are shown. */
const NOTES = 10;

/** Columns of a name. */
const NAME_WIDTH = 60;

/** What could not be read, and what was not compared for that. */
export function noteLines({ unread, notCompared, found, differences }: DiffReport, style: Style): string[] {
  const kept = found.added + found.removed + found.changed - differences.length;
  const notes = [
    ...unread.slice(0, NOTES).map(({ side, what, offset, reason }) =>
      `${side.toUpperCase()} ${printable(what)} at ${formatHex(offset)}: ${printable(reason)}`
    ),
    ...(unread.length > NOTES ? [`and ${count(unread.length - NOTES, "more place")}; --json has all`] : []),
    ...(["a", "b"] as const).flatMap((side) => missingNote(side, notCompared)),
    ...(kept > 0 ? [`${count(kept, "difference")} beside those that there was room for`] : []),
  ];
  if (notes.length === 0) return [];
  const lines = notes.flatMap((note) => wrap(note, WIDTH - 4).map((line, i) => `${i === 0 ? "  " : "    "}${line}`));
  return ["", style.bold("Not compared"), ...lines];
}

function missingNote(side: "a" | "b", notCompared: DiffReport["notCompared"]): string[] {
  const own = notCompared.filter(({ missing }) => missing === side);
  if (own.length === 0) return [];
  const names = own.slice(0, NOTES).map(({ name }) => clip(printable(name), NAME_WIDTH)).join(", ");
  const more = own.length > NOTES ? `, and ${own.length - NOTES} more` : "";
  return [`what ${side.toUpperCase()} does not have, or not whole: ${names}${more}`];
}
