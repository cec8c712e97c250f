/** An answer of DuckDB. */
export interface Result {
  /** Names of the columns. */
  readonly names: readonly string[];
  /** Their types. */
  readonly types: readonly string[];
  /** Rows; 64-bit numbers are texts. */
  readonly rows: readonly (readonly unknown[])[];
}

/** Types as DuckDB's shell has them. */
const TYPES: { readonly [type: string]: string } = { BIGINT: "int64", INTEGER: "int32" };

/** An answer as DuckDB's shell draws it: names and types in the middle, numbers to the right. */
export function box({ names, types, rows }: Result): string {
  const columns = names.map((name, i) => {
    const type = TYPES[types[i] ?? ""] ?? (types[i] ?? "").toLowerCase();
    const cells = rows.map((row) => row[i] === null ? "NULL" : String(row[i]));
    const width = Math.max(...[name, type, ...cells].map(({ length }) => length));
    const isNumber = /^(int|double|hugeint|decimal)/.test(type);
    return {
      width,
      head: [name, type].map((text) => middle(text, width)),
      body: cells.map((text) => isNumber ? text.padStart(width) : text.padEnd(width)),
    };
  });
  const rule = (left: string, cross: string, right: string): string =>
    left + columns.map(({ width }) => "─".repeat(width + 2)).join(cross) + right;
  const line = (cells: readonly string[]): string => `│ ${cells.join(" │ ")} │`;
  return [
    rule("┌", "┬", "┐"),
    ...[0, 1].map((i) => line(columns.map(({ head }) => head[i] ?? ""))),
    rule("├", "┼", "┤"),
    ...rows.map((_, i) => line(columns.map(({ body }) => body[i] ?? ""))),
    rule("└", "┴", "┘"),
  ].map((text) => `${text}\n`).join("");
}

function middle(text: string, width: number): string {
  return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
}
