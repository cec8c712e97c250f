/** What a run of mutants shows, as text. @module */

import { whyEquivalent } from "./equivalent.ts";
import type { Mutant } from "./choose.ts";
import type { Judged } from "./saved.ts";

/** How many mutants of a kind were noticed. */
interface Row {
  total: number;
  killed: number;
}

/** How many out of all were noticed, as a number from 0 to 100. */
export function percentOf(judged: readonly Judged[]): number {
  return judged.length === 0 ? 0 : 100 * judged.filter(({ killed }) => killed).length / judged.length;
}

/** Those that were not noticed. */
export function survivorsOf(judged: readonly Judged[]): Judged[] {
  return judged.filter(({ killed }) => !killed);
}

/** A table by operator and by file, what was not noticed, and the sum. */
export function describe(judged: readonly Judged[]): string {
  const survivors = survivorsOf(judged);
  const equivalent = survivors.filter((mutant) => whyEquivalent(mutant) !== undefined);
  const stopped = judged.filter(({ by }) => by?.startsWith("limit:")).length;
  const others = judged.filter((mutant) => !equivalent.includes(mutant));
  return [
    ...rowsBy("operator", judged),
    "",
    ...rowsBy("file", judged),
    "",
    ...survivors.flatMap(describeSurvivor),
    ...(survivors.length > 0 ? [""] : []),
    `${sumOf(judged)}; ${stopped} of these ran over a limit`,
    ...(equivalent.length > 0 ? [`without ${equivalent.length} that are no other program: ${sumOf(others)}`] : []),
  ].join("\n");
}

/** A mutant in one line. */
export function describeMutant({ file, line, column, operator, original, shown }: Omit<Mutant, "text">): string {
  return `${file}:${line}:${column} ${operator}: ${oneLine(original)} → ${oneLine(shown)}`;
}

function describeSurvivor(mutant: Judged): string[] {
  const reason = whyEquivalent(mutant);
  return [`survived: ${describeMutant(mutant)}`, ...(reason === undefined ? [] : [`  no other program: ${reason}`])];
}

function sumOf(judged: readonly Judged[]): string {
  const { length } = judged.filter(({ killed }) => killed);
  return `${length} of ${judged.length} killed, ${percentOf(judged).toFixed(1)} %`;
}

function rowsBy(key: "operator" | "file", judged: readonly Judged[]): string[] {
  const rows = new Map<string, Row>();
  for (const mutant of judged) {
    const row = rows.get(mutant[key]) ?? { total: 0, killed: 0 };
    row.total++;
    if (mutant.killed) row.killed++;
    rows.set(mutant[key], row);
  }
  const width = Math.max(key.length, ...[...rows.keys()].map(({ length }) => length));
  return [
    `${key.padEnd(width)}  killed  survived`,
    ...[...rows].sort(([a], [b]) => a < b ? -1 : 1).map(([name, { total, killed }]) =>
      `${name.padEnd(width)}  ${String(killed).padStart(6)}  ${String(total - killed).padStart(8)}`
    ),
  ];
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 100 ? line.slice(0, 99) + "…" : line;
}
