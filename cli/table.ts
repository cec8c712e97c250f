import { unicodeWidth } from "@std/cli/unicode-width";
import { unstyled } from "./style.ts";

/** A column of a {@linkcode formatTable}. */
export interface Column {
  /** What stands above it. If no column has one there is no heading. */
  title?: string;
  /** Where its cells stand: numbers go right. Default `"left"`. */
  align?: "left" | "right";
}

/** Between two columns. */
const GAP = "  ";

/**
 * Aligns rows in columns.
 *
 * @param columns The columns.
 * @param rows The cells, safe to print (see `printable`); they may be styled.
 * @returns The lines, without spaces at their ends.
 *
 * @example Usage
 * ```ts
 * import { formatTable } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   formatTable([{ title: "name" }, { title: "pages", align: "right" }], [["pc.ram", "2048"], ["vga", "1"]]),
 *   ["name    pages", "pc.ram   2048", "vga         1"],
 * );
 * ```
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const hasTitles = columns.some((column) => column.title !== undefined);
  const titles = columns.map((column) => column.title ?? "");
  const all = hasTitles ? [titles, ...rows] : rows;
  const widths = columns.map((_, index) => all.reduce((most, row) => Math.max(most, cellWidth(row[index] ?? "")), 0));
  return all.map((row) => {
    const cells = columns.map((column, index) => {
      const cell = row[index] ?? "";
      const padding = " ".repeat((widths[index] ?? 0) - cellWidth(cell));
      return column.align === "right" ? padding + cell : cell + padding;
    });
    return cells.join(GAP).trimEnd();
  });
}

function cellWidth(cell: string): number {
  return unicodeWidth(unstyled(cell));
}
