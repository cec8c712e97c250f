import { CHANNEL_ROWS } from "./rows/channels.ts";
import { MAIN_ROWS } from "./rows/main_channel.ts";
import { PACKET_ROWS } from "./rows/packets.ts";
import { QUEUE_ROWS } from "./rows/queue.ts";

/** A description that is ready: a row of the matrix of a destination's situations. */
export interface ForgeRow {
  /** Its number, from 1 on. */
  readonly row: number;
  /** What to call it: `row-17`. */
  readonly name: string;
  /** What it shows. */
  readonly title: string;
  /** What `load` says of it. */
  readonly expect: string;
  /** The description, in YAML. */
  readonly text: string;
}

/** All rows, by number (destination-engine.md B.7). */
export const FORGE_ROWS: readonly ForgeRow[] = [QUEUE_ROWS, PACKET_ROWS, CHANNEL_ROWS, MAIN_ROWS]
  .flatMap((texts) => texts.trim().split("\n---\n").map(rowOf))
  .sort((a, b) => a.row - b.row);

function rowOf(text: string): ForgeRow {
  const line = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
  const row = Number(line(/^# row (\d+)$/m));
  return { row, name: `row-${row}`, title: line(/^title: (.*)$/m), expect: line(/^expect: (.*)$/m), text: `${text}\n` };
}

/**
 * The row of that name; undefined if there is none.
 *
 * @param name As in {@linkcode FORGE_ROWS}: `row-17` is the 17th situation of destination-engine.md B.7.
 * @returns The row.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { forgeRow } from "@migwire/migwire/forge";
 *
 * assertEquals(forgeRow("row-17")?.expect, "lost-state(no-switchover-start)");
 * ```
 */
export function forgeRow(name: string): ForgeRow | undefined {
  return FORGE_ROWS.find((row) => row.name === name);
}
