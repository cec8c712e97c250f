import type { Finding } from "../../src/public/wire.ts";
import { formatHex, printable, type Style } from "../terminal.ts";
import { firstFew, WIDTH, wrap } from "./layout.ts";

/** Findings of one kind on one channel. */
interface Group {
  readonly first: Finding;
  others: number;
}

/**
 * What was noticed; of equal findings on a channel the first.
 *
 * @param problems All of it.
 * @param style How it looks.
 */
export function problemLines(problems: readonly Finding[], style: Style): string[] {
  if (problems.length === 0) return [];
  const groups = new Map<string, Group>();
  for (const first of problems) {
    const key = JSON.stringify([first.severity, first.channel, first.code]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first, others: 0 });
    else group.others++;
  }
  const list = firstFew([...groups.values()], (shown) => shown.flatMap((group) => groupText(group, style)));
  return [style.bold("Problems"), ...list];
}

function groupText({ first, others }: Group, style: Style): string[] {
  const { severity, code, channel, offset, message, qemu } = first;
  const colour = severity === "error" ? style.red : style.yellow;
  const place = `${printable(channel)} ${formatHex(offset)} ${code}`;
  return [
    `  ${colour(severity)} ${place}${others === 0 ? "" : ` (and ${others} more of this kind)`}`,
    ...indented(printable(message)),
    ...(qemu === undefined ? [] : indented(`QEMU: ${printable(qemu)}`).map(style.dim)),
  ];
}

function indented(text: string): string[] {
  return wrap(text, WIDTH - 4).map((line) => `    ${line}`);
}
