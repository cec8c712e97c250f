import type { Bound, Target } from "./target.ts";

/** The bounds of targets, as a table of Markdown. */
export function boundsTable(targets: readonly Target[]): string {
  const rows = targets.map(({ name, holds, steps, bytes }) =>
    `| ${name} | ${holds} | ${written(steps)} | ${written(bytes)} |`
  );
  return ["| target | what holds | steps | bytes |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function written({ constant, perByte }: Bound): string {
  return `${constant.toLocaleString("en")} + ${perByte.toLocaleString("en")} n`;
}
