/** Tables of Markdown. @module */

/** A table as `deno fmt` leaves it. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |\n`;
  const [first = "", ...others] = rows.map(line);
  return first + line(widths.map((width) => "-".repeat(width))) + others.join("");
}
