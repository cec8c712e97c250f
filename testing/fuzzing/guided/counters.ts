/**
 * What instrumented code counts while it runs: the edges that it takes, how often, and how many blocks that were in all.
 * The second is a measure of time that is the same on every machine.
 *
 * @module
 */

/** Bits of an edge's number: the project has some ten thousand blocks, so that few edges share a number. */
const EDGE_BITS = 18;

/** Edges that can be told apart. */
export const EDGES: number = 1 << EDGE_BITS;

const MASK = EDGES - 1;

/** Of values that were compared in vain so many are kept for one input. */
const COMPARISONS = 64;

/** A value that is worth to be tried elsewhere: text, or a number. */
export type Compared = string | number | bigint;

/** More work was done than the input's length allows. */
export class WorkLimitError extends Error {
  /** `WorkLimitError`. */
  override readonly name = "WorkLimitError";
}

const hits = new Uint32Array(EDGES);
const touched = new Uint32Array(EDGES);
let touchedCount = 0;
let previous = 0;
/** The largest number that is quick to count with. */
const MOST_STEPS = 2 ** 30 - 1;

let left = MOST_STEPS;
let budget = MOST_STEPS;
/** Steps before the budget was given once more. */
let spent = 0;
let running = false;
let byteCount = 0;
let byteBudget = Infinity;
let traces = false;
let comparisons: [Compared, Compared][] = [];

/** Called at the start of each block, with its number. */
export function enter(block: number): void {
  const edge = (previous ^ block) & MASK;
  previous = block >>> 1;
  const count = hits[edge] ?? 0;
  hits[edge] = count + 1;
  if (count === 0) touched[touchedCount++] = edge;
  if (--left < 0) tooMuch();
}

function tooMuch(): void {
  // What comes now is the way out: it has as much again.
  spent += budget - left;
  left = budget;
  if (!running) return;
  throw new WorkLimitError(`takes more than ${budget} steps`);
}

/** Stands for `===`. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (traces) note(one, other);
  return false;
}

function note(one: unknown, other: unknown): void {
  if (comparisons.length >= COMPARISONS || typeof one !== typeof other) return;
  if (typeof one === "number" || typeof one === "string" || typeof one === "bigint") {
    comparisons.push([one, other as Compared]);
  }
}

/** Counts bytes that the runtime made, or went through, in one call. */
export function account(bytes: number): void {
  byteCount += bytes;
  if (byteCount <= byteBudget) return;
  const limit = byteBudget;
  byteBudget = Infinity;
  throw new WorkLimitError(`makes or moves more than ${limit} bytes`);
}

/** Counts what `new` made: buffers that are its own. Gives it back. */
export function made<T>(value: T): T {
  if (value instanceof ArrayBuffer) account(value.byteLength);
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    // A DataView is of a buffer that was there.
    if (value.byteLength === value.buffer.byteLength) account(value.byteLength);
  } else if (Array.isArray(value)) account(value.length * 8);
  return value;
}

/** What a run may take. */
export interface Budget {
  /** Blocks. */
  readonly steps: number;
  /** Bytes that the runtime makes or moves. */
  readonly bytes: number;
}

/** What a run took. */
export interface Counted {
  /** Blocks that were entered. */
  readonly steps: number;
  /** Bytes that the runtime made or moved. */
  readonly bytes: number;
  /** The edges that were taken; valid until the next run. */
  readonly edges: Uint32Array;
}

/** Starts to count anew. */
export function start({ steps, bytes }: Budget, trace = false): void {
  for (let i = 0; i < touchedCount; i++) hits[touched[i] ?? 0] = 0;
  touchedCount = 0;
  previous = 0;
  left = budget = Math.min(MOST_STEPS, steps);
  spent = 0;
  running = true;
  byteCount = 0;
  byteBudget = bytes;
  traces = trace;
  comparisons = [];
}

/** Ends counting. */
export function stop(): Counted {
  const counted = { steps: spent + budget - left, bytes: byteCount, edges: touched.subarray(0, touchedCount) };
  // Code outside of a run is not counted, and never too much.
  left = budget = MOST_STEPS;
  byteBudget = Infinity;
  traces = running = false;
  return counted;
}

/** What was compared in vain since {@linkcode start}. */
export function compared(): readonly (readonly [Compared, Compared])[] {
  return comparisons;
}

/** How often an edge was taken, as one of eight bits: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. */
export function bucketOf(edge: number): number {
  const count = hits[edge] ?? 0;
  if (count < 4) return count === 0 ? 0 : 1 << (count - 1);
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** Under this name instrumented code finds what it calls. */
export const HOOKS = "__migwireFuzz";

/** Lets instrumented code find what it calls. */
export function installHooks(): void {
  Object.assign(globalThis, { [HOOKS]: { enter, same, made } });
}
