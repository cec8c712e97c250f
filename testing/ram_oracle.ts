/** What a capture's `oracle/ram.sha256` says of the memory of its destination. Needs nothing of the project. @module */

import { CAPTURES } from "./real_captures.ts";

/** A line of it: a block of the destination, read while it was paused. */
export interface OracleBlock {
  readonly name: string;
  readonly usedLength: number;
  readonly sha256: string;
}

/** The blocks; undefined if the capture has no such file. */
export function readOracle(capture: string): OracleBlock[] | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(`${capture}/oracle/ram.sha256`, CAPTURES));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return text.trimEnd().split("\n").map((line) => {
    const [, sha256, name, length] = /^([0-9a-f]{64}) {2}(.+) {2}(\d+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || length === undefined) throw new Error(`${capture}: ${line}`);
    return { name, usedLength: Number(length), sha256 };
  });
}
