import type { MainSummary, PageCounts, RamBlockSummary } from "../../src/public/inspect.ts";
import { type Column, formatBytes, formatTable, printable, type Style } from "../terminal.ts";
import { clip, firstFew } from "./layout.ts";
import { count } from "./words.ts";

/** Columns of a block's name, which can have 255 bytes. */
const NAME_WIDTH = 32;

/** Kinds of pages, by what their column is called. */
const KINDS: readonly (readonly [kind: keyof PageCounts, title: string, isZero: boolean])[] = [
  ["normal", "main", false],
  ["zero", "zero", true],
  ["xbzrle", "XBZRLE", false],
  ["compressed", "zlib", false],
  ["multifdNormal", "multifd", false],
  ["multifdZero", "multifd zero", true],
  ["preempt", "preempt", false],
  ["mapped", "mapped", false],
];

/** How many pages came, in words. */
export function ramCame(blocks: readonly RamBlockSummary[]): string {
  let contents = 0;
  let zero = 0;
  for (const { pages } of blocks) {
    for (const [kind, , isZero] of KINDS) {
      if (isZero) zero += pages[kind];
      else contents += pages[kind];
    }
  }
  const parts = [
    ...(contents === 0 ? [] : [count(contents, "page with contents", "pages with contents")]),
    ...(zero === 0 ? [] : [count(zero, "zero page")]),
  ];
  return parts.length === 0 ? "no page" : parts.join(" and ");
}

/**
 * RAM blocks, and the pages that came for each.
 *
 * @param main What the main channel says.
 * @param style How it looks.
 */
export function ramLines({ ramBlocks, pageSize }: MainSummary, style: Style): string[] {
  if (ramBlocks.length === 0) return [];
  const seen = KINDS.filter(([kind]) => ramBlocks.some(({ pages }) => pages[kind] > 0));
  const total = ramBlocks.reduce((sum, { usedLength }) => sum + usedLength, 0);
  const columns: Column[] = [
    { title: "block" },
    { title: "size", align: "right" },
    { title: "pages", align: "right" },
    ...seen.map(([, title]): Column => ({ title, align: "right" })),
  ];
  const row = ({ name, usedLength, pages }: RamBlockSummary): string[] => [
    clip(printable(name), NAME_WIDTH),
    formatBytes(usedLength),
    pageSize === null ? "?" : `${Math.ceil(usedLength / pageSize)}`,
    ...seen.map(([kind]) => `${pages[kind]}`),
  ];
  const table = (shown: readonly RamBlockSummary[]): string[] =>
    formatTable(columns, shown.map(row)).map((line) => `  ${line}`);
  const summary = `${formatBytes(total)} in ${count(ramBlocks.length, "block")}; came: ${ramCame(ramBlocks)}`;
  return [`${style.bold("RAM")}: ${summary}`, ...firstFew(ramBlocks, table)];
}
