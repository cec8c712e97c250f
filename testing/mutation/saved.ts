/** What is kept of a run, so that it can be gone on with. @module */

import type { Mutant } from "./choose.ts";
import type { Times } from "./tests.ts";
import type { Verdict } from "./tree.ts";

/** A mutant and how it fared. */
export interface Judged extends Omit<Mutant, "text">, Verdict {
  /** Seconds that it took. */
  readonly seconds: number;
}

/** What stands in the file. */
export interface Saved {
  /** The number that the mutants were chosen with. */
  readonly seed: number;
  /** How many were chosen. */
  readonly count: number;
  /** A digest of the changed modules and all tests. */
  readonly digest: string;
  /** Seconds that each test file takes. */
  readonly times: readonly (readonly [string, number])[];
  /** The mutants so far, in the order in which they were chosen. */
  readonly judged: readonly Judged[];
}

/** A digest of files. */
export async function digestOf(files: readonly string[]): Promise<string> {
  const text = files.map((file) => `${file}\n${Deno.readTextFileSync(file)}`).join("\n");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

/** What was kept of a run with the same mutants and the same tests; nothing if there is none. */
export function readSaved(path: string, same: Pick<Saved, "seed" | "count" | "digest">): Saved | undefined {
  try {
    const saved: Saved = JSON.parse(Deno.readTextFileSync(path));
    const isSame = saved.seed === same.seed && saved.count === same.count && saved.digest === same.digest;
    return isSame ? saved : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Keeps what there is of a run. */
export function writeSaved(path: string, saved: Omit<Saved, "times"> & { times: Times }): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, JSON.stringify({ ...saved, times: [...saved.times] }, null, 1) + "\n");
}
