/** Results of measuring: migwire beside its references, as they are saved, shown and compared. @module */

import { markdownTable } from "../testing/markdown_table.ts";

/** The runs of one program. */
export interface Figure {
  /** What it is called. */
  readonly name: string;
  /** Seconds, or megabytes a second. */
  readonly median: number;
  /** Of the runs, the smallest. */
  readonly low: number;
  /** The largest. */
  readonly high: number;
}

/** What was measured side by side, in one run. */
export interface Row {
  /** What was done. */
  readonly what: string;
  /** How it is counted: `s` is better when it is less, `MB/s` when it is more. */
  readonly unit: "s" | "MB/s";
  /** What does the same, or a part of it. */
  readonly reference?: Figure;
  /** migwire as it is run in a checkout. */
  readonly checkout?: Figure;
  /** migwire as it is installed. */
  readonly installed?: Figure;
  /** Why it, or the reference, was not measured. */
  readonly missing?: string;
}

/** A saved run. */
export interface Results {
  /** `migwire-bench/2`. */
  readonly format: string;
  /** When it ended, ISO 8601. */
  readonly when: string;
  /** Where it ran. */
  readonly machine: { readonly [name: string]: string | number };
  /** What was measured. */
  readonly rows: readonly Row[];
}

/** The format of saved runs. */
export const BENCH_FORMAT = "migwire-bench/2";

/** A change that is less than this is none, however steady the runs were. */
const LEAST_BAND = 0.1;

/** Beyond this the runs say nothing, and no change is seen in them. */
const WIDEST_BAND = 0.5;

/** How many times as fast as the reference; undefined without one. */
export function speedOf({ unit, reference }: Row, figure: Figure | undefined): number | undefined {
  if (reference === undefined || figure === undefined) return undefined;
  return unit === "s" ? reference.median / figure.median : figure.median / reference.median;
}

/** How far from their median the runs lie, as a part of it. */
function spread({ median, low, high }: Figure): number {
  return (high - low) / 2 / median;
}

/** Something that has become slower, compared with its reference, by more than the runs scatter. */
export interface Regression {
  /** What was done. */
  readonly what: string;
  /** `checkout` or `installed`. */
  readonly which: "checkout" | "installed";
  /** Times the reference's speed, before. */
  readonly before: number;
  /** Times the reference's speed, now. */
  readonly now: number;
  /** What it may have lost without being told of: a part of `before`. */
  readonly band: number;
}

/**
 * What has become slower. Only ratios to the reference of the same run are compared: two runs may be of two machines.
 *
 * @param now The run.
 * @param before The one that it is compared with; rows that only one of them has do not count.
 */
export function regressions(now: readonly Row[], before: readonly Row[]): Regression[] {
  return now.flatMap((row) => {
    const then = before.find(({ what }) => what === row.what);
    if (then === undefined) return [];
    return (["checkout", "installed"] as const).flatMap((which) => {
      const [speed, old] = [speedOf(row, row[which]), speedOf(then, then[which])];
      if (speed === undefined || old === undefined) return [];
      const figures = [row.reference, row[which], then.reference, then[which]].filter((figure) => figure !== undefined);
      const band = Math.min(WIDEST_BAND, LEAST_BAND + Math.max(...figures.map(spread)));
      return speed < old * (1 - band) ? [{ what: row.what, which, before: old, now: speed, band }] : [];
    });
  });
}

/** Lines for people: medians with their ranges. */
export function rowLines({ rows }: Pick<Results, "rows">): string[] {
  return rows.flatMap((row) => {
    const figures = [row.reference, row.checkout, row.installed].filter((figure) => figure !== undefined);
    return [
      row.what,
      ...figures.map((figure) => {
        const speed = figure === row.reference ? undefined : speedOf(row, figure);
        const range = `(${amount(figure.low, row.unit)} to ${amount(figure.high, row.unit)})`;
        return `  ${figure.name.padEnd(22)} ${amount(figure.median, row.unit).padStart(10)} ${range}${
          speed === undefined ? "" : `, ${times(speed)} times the speed of ${row.reference?.name}`
        }`;
      }),
      ...row.missing === undefined ? [] : [`  ${row.missing}`],
    ];
  });
}

/** The table of the README. */
export function speedTable({ rows }: Pick<Results, "rows">): string {
  const cell = (row: Row, figure: Figure | undefined): string => {
    if (figure === undefined) return "";
    const speed = speedOf(row, figure);
    return amount(figure.median, row.unit) + (speed === undefined ? "" : `, ${times(speed)}`);
  };
  return markdownTable([
    ["what", "reference", "migwire, checkout", "installed"],
    ...rows.filter(({ checkout, installed }) => checkout !== undefined || installed !== undefined).map((row) => [
      row.what,
      row.reference === undefined ? "not measured" : `${row.reference.name} ${amount(row.reference.median, row.unit)}`,
      cell(row, row.checkout),
      cell(row, row.installed),
    ]),
  ]);
}

function amount(value: number, unit: Row["unit"]): string {
  return unit === "s" ? `${value.toFixed(3)} s` : `${value.toFixed(0)} MB/s`;
}

function times(speed: number): string {
  return speed >= 9.95 ? speed.toFixed(0) : speed.toPrecision(2);
}
