/** Fuzzing that keeps what led to something new, and goes on from there. @module */

import { concat } from "@std/bytes";
import { mutant } from "../mutate.ts";
import { joinParts, splitParts } from "../parts.ts";
import { Random } from "../random.ts";
import type { Piece } from "../seed.ts";
import { bucketOf, type Compared, compared, EDGES, start, stop } from "./counters.ts";
import { encodings, havoc, LONGEST_RUN, satisfied } from "./havoc.ts";
import { allowed, type Target } from "./target.ts";

/** No input is longer: what a format can do wrong takes few bytes. */
export const LONGEST_INPUT = 16 * 1024;

/** An input that comes so much closer to a bound is kept. */
const CLOSER = 1.05;

/** So many of what was compared are remembered. */
const WORDS = 1_000;

/** An input that took an edge that none before it took, or took one as often as none before it. */
export interface Entry {
  /** The input. */
  readonly bytes: Uint8Array;
  /** How often it was changed. */
  picks: number;
  /** Its parts' pieces, once somebody asked. */
  pieces?: readonly (readonly Piece[])[];
  /** What it was compared with. */
  readonly comparisons: readonly (readonly [Compared, Compared])[];
  /** Edges that it was the first to take. */
  readonly firsts: number;
}

/** An input that shows a fault. */
export interface Finding {
  /** The input. */
  readonly bytes: Uint8Array;
  /** What is wrong. */
  readonly error: Error;
}

/** How a target is fuzzed. */
export interface GuidedOptions {
  /** Decides about everything. */
  readonly seed: number;
  /** Numbers and texts of the code. */
  readonly literals?: readonly Compared[];
  /** Keeps nothing, and goes on from the seeds alone. */
  readonly blind?: boolean;
}

/** Fuzzes one target. */
export class GuidedRun {
  /** The target. */
  readonly target: Target;
  /** What was kept. */
  readonly entries: Entry[] = [];
  /** Inputs that were run. */
  executions = 0;
  /** Edges that were taken by any. */
  edges = 0;
  /** How close any came to what is allowed, 0 to 1. */
  readonly closest: { steps: number; bytes: number } = { steps: 0, bytes: 0 };
  readonly #random: Random;
  readonly #seen = new Uint8Array(EDGES);
  readonly #blind: boolean;
  readonly #words: Uint8Array[] = [];
  readonly #known = new Set<string>();
  readonly #literals: readonly Uint8Array[];

  /** Nothing run yet. */
  constructor(target: Target, { seed, literals = [], blind = false }: GuidedOptions) {
    this.target = target;
    this.#random = new Random(seed, ...new TextEncoder().encode(target.name));
    this.#literals = literals.flatMap(encodings).filter(({ length }) => length > 1 && length <= LONGEST_RUN);
    this.#blind = blind;
  }

  /** Runs what there is to start from. Gives the first finding. */
  async begin(seeds: readonly Uint8Array[]): Promise<Finding | undefined> {
    for (const bytes of seeds.length === 0 ? [new Uint8Array(0)] : seeds) {
      const finding = await this.#run(bytes, true);
      if (finding !== undefined) return finding;
    }
    return undefined;
  }

  /** Makes an input of those there are, and runs it. Gives what it shows. */
  async step(): Promise<Finding | undefined> {
    return await this.#run(this.#make(), false);
  }

  /** Runs an input, and keeps it if it leads to something new. */
  async #run(bytes: Uint8Array, isSeed: boolean): Promise<Finding | undefined> {
    this.executions++;
    const { error, steps, bytes: moved, edges } = await execute(this.target, bytes, true);
    if (error !== undefined) return { bytes, error };
    const { length } = bytes;
    // What takes more work for its length than any before it leads to what takes too much.
    let isNew = this.#isClosest("steps", steps / allowed(this.target.steps, length));
    if (this.#isClosest("bytes", moved / allowed(this.target.bytes, length))) isNew = true;
    let firsts = 0;
    for (const edge of edges) {
      const bucket = bucketOf(edge);
      const seen = this.#seen[edge] ?? 0;
      if ((seen & bucket) !== 0) continue;
      isNew = true;
      if (seen === 0) firsts++;
      this.#seen[edge] = seen | bucket;
    }
    this.edges += firsts;
    // What is blind goes on from the seeds alone.
    if ((isNew && !this.#blind) || (isSeed && this.#blind)) {
      this.entries.push({ bytes, picks: 0, comparisons: [...compared()], firsts });
    }
    if (!this.#blind) { for (const pair of compared()) pair.forEach((value) => this.#learn(value)); }
    return undefined;
  }

  #isClosest(what: "steps" | "bytes", part: number): boolean {
    const before = this.closest[what];
    this.closest[what] = Math.max(before, part);
    return part > before * CLOSER;
  }

  #learn(value: Compared): void {
    const key = `${typeof value} ${value}`;
    if (this.#words.length >= WORDS || this.#known.has(key)) return;
    this.#known.add(key);
    this.#words.push(...encodings(value).filter(({ length }) => length <= LONGEST_RUN));
  }

  #make(): Uint8Array {
    const entry = this.#pick();
    entry.picks++;
    const random = this.#random;
    const other = random.pick(this.entries);
    if (!this.#blind && entry.comparisons.length > 0 && random.once(4)) {
      const made = satisfied(entry.bytes, random.pick(entry.comparisons), random);
      if (made !== undefined) return made.subarray(0, LONGEST_INPUT);
    }
    return this.#changed(entry, other).subarray(0, LONGEST_INPUT);
  }

  #changed(entry: Entry, other: Entry): Uint8Array {
    const random = this.#random;
    const { parts: least } = this.target;
    if (least === undefined) return this.#changedPart(entry.bytes, other.bytes, entry, other, 0, 0);
    const parts = splitParts(entry.bytes, least);
    const others = splitParts(other.bytes, least);
    if (random.once(12)) return joinParts(rearranged(parts, others, random));
    const at = random.below(parts.length);
    const from = random.below(others.length);
    const [part, otherPart] = [parts[at] ?? entry.bytes, others[from] ?? other.bytes];
    return joinParts(parts.with(at, this.#changedPart(part, otherPart, entry, other, at, from)));
  }

  #changedPart(part: Uint8Array, other: Uint8Array, entry: Entry, donor: Entry, at: number, from: number): Uint8Array {
    const random = this.#random;
    const pieces = random.once(2) ? this.#piecesOf(entry)[at] ?? [] : [];
    if (pieces.length > 1) {
      const seed = { pieces };
      return mutant(seed, [seed, { pieces: this.#piecesOf(donor)[from] ?? [] }], random);
    }
    const words = random.once(2) ? this.#literals : this.#words;
    return havoc(part, other, words, random);
  }

  #piecesOf(entry: Entry): readonly (readonly Piece[])[] {
    const { target: { parts: least, pieces } } = this;
    if (pieces === undefined) return [];
    const parts = least === undefined ? [entry.bytes] : splitParts(entry.bytes, least);
    return entry.pieces ??= parts.map((part, index) => pieces(part, index));
  }

  /** Of a few the one that had the fewest chances, counted by what it has found, and by how much time it takes. */
  #pick(): Entry {
    const random = this.#random;
    let best = random.pick(this.entries);
    for (let i = 0; i < 3; i++) {
      // The newest lead further.
      const from = random.once(3) ? Math.max(0, this.entries.length - 32) : 0;
      const entry = this.entries[from + random.below(this.entries.length - from)] ?? best;
      if (turns(entry) < turns(best)) best = entry;
    }
    return best;
  }
}

/** How much an entry was tried: the long ones, and those that found little, have less to expect. */
function turns({ picks, firsts, bytes: { length } }: Entry): number {
  return (1 + picks) * (1 + length / 2048) / (1 + firsts);
}

/** Other parts, or in another order; the first is of its own kind. */
function rearranged(parts: readonly Uint8Array[], others: readonly Uint8Array[], random: Random): Uint8Array[] {
  const changed = [...parts];
  const at = random.below(changed.length + 1);
  switch (random.below(3)) {
    case 0:
      changed.splice(at, 1);
      break;
    case 1:
      changed.splice(at, 0, random.pick(others));
      break;
    default:
      changed.splice(at, 0, ...changed.splice(random.below(changed.length), 1));
  }
  return changed.length === 0 ? [...parts] : changed;
}

/** What running an input took. */
export interface Execution {
  /** What it showed. */
  readonly error: Error | undefined;
  /** Blocks. */
  readonly steps: number;
  /** Bytes that the runtime made or moved. */
  readonly bytes: number;
  /** Edges; valid until the next is run. */
  readonly edges: Uint32Array;
}

/** Runs an input, and stops it when it takes more than is allowed. */
export async function execute(target: Target, input: Uint8Array, trace = false): Promise<Execution> {
  const { length } = input;
  start({ steps: allowed(target.steps, length), bytes: allowed(target.bytes, length) }, trace);
  let error: Error | undefined;
  try {
    const promise = target.run(input);
    if (promise !== undefined) await promise;
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(`threw ${Deno.inspect(thrown)}`);
  }
  return { error, ...stop() };
}

/** The kind of a fault: its class, its words without numbers, and where it was thrown. */
function kindOf({ name, message, stack = "" }: Error): string {
  const [place = ""] = /\n\s+at .*/.exec(stack) ?? [];
  return `${name} ${message.split("\n", 1)[0]?.replace(/\d+|".*"/g, "N")} ${place}`;
}

/** Leaves out ever smaller parts of what shows a fault, as long as it stays the same. */
export async function smallest(target: Target, { bytes, error }: Finding): Promise<Finding> {
  const kind = kindOf(error);
  let found: Finding = { bytes, error };
  for (let part = Math.ceil(bytes.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < found.bytes.length;) {
      const less = concat([found.bytes.subarray(0, at), found.bytes.subarray(at + part)]);
      const again = await execute(target, less);
      if (again.error !== undefined && kindOf(again.error) === kind) found = { bytes: less, error: again.error };
      else at += part;
    }
  }
  return found;
}
