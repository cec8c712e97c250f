/** Runs mutants, and makes what fails small. @module */

import { workTime } from "../work_time.ts";
import type { Case, Cases } from "./cases.ts";

/** Longest time that one mutant may be computed with, milliseconds: far more than any needs, far less than anything that is not linear. */
export const TIME_LIMIT = 250;

/** Most that the process may grow while it runs, bytes: no mutant has 100 KiB, and none may make much of it. */
export const MEMORY_LIMIT: number = 384 * 1024 * 1024;

/** A mutant that showed a fault. */
export interface Failure {
  /** Its number. */
  readonly index: number;
  /** What it was made from. */
  readonly from: string;
  /** What is wrong. */
  readonly message: string;
  /** Its bytes, as few of them as still show it. */
  readonly bytes: Uint8Array;
}

/** How a run went. */
export interface Run {
  /** Mutants that were read. */
  readonly count: number;
  /** Time it took, seconds. */
  readonly seconds: number;
  /** Bytes by which the process grew, at most. */
  readonly grown: number;
  /** The first mutant that showed a fault; the run ended there. */
  readonly failure: Failure | undefined;
}

/** Memory is looked at after so many mutants. */
const LOOK_EVERY = 500;

/** Runs mutants `first` to `first + count - 1`, or up to the first that fails. */
export async function runCases(cases: Cases, first: number, count: number): Promise<Run> {
  const { rss } = Deno.memoryUsage();
  const start = performance.now();
  let grown = 0;
  let done = 0;
  const result = (failure?: Failure): Run => ({
    count: done,
    seconds: (performance.now() - start) / 1000,
    grown,
    failure,
  });
  while (done < count) {
    const index = first + done++;
    const made = cases.make(index);
    const message = await faultOf(made, made.bytes);
    if (message !== undefined) {
      return result({ index, from: made.from, message, bytes: await smallest(made, message) });
    }
    if (done % LOOK_EVERY !== 0) continue;
    grown = Math.max(grown, Deno.memoryUsage().rss - rss);
    if (grown <= MEMORY_LIMIT) continue;
    const limit = MEMORY_LIMIT / 2 ** 20;
    return result({ index, from: made.from, message: `memory grew by more than ${limit} MiB`, bytes: made.bytes });
  }
  return result();
}

/** How a run went, for people. */
export function describeRun({ count, seconds, grown }: Run): string {
  const rate = Math.round(count / seconds);
  return `${count} mutants in ${seconds.toFixed(1)} s, ${rate} a second; memory grew by ${
    Math.round(grown / 2 ** 20)
  } MiB`;
}

/** What is wrong with reading `bytes`; undefined if nothing is. */
async function faultOf(made: Case, bytes: Uint8Array): Promise<string | undefined> {
  // Garbage of others may be collected meanwhile, but not three times in a row.
  let time = Infinity;
  for (let attempt = 0; attempt < 3 && time > TIME_LIMIT; attempt++) {
    const start = workTime();
    try {
      await made.check(bytes);
    } catch (error) {
      return error instanceof Error ? error.stack ?? error.message : `threw ${Deno.inspect(error)}`;
    }
    time = workTime() - start;
  }
  return time > TIME_LIMIT ? `takes ${Math.round(time)} ms` : undefined;
}

/** Leaves out ever smaller parts of a mutant, as long as the fault stays the same. */
async function smallest(made: Case, message: string): Promise<Uint8Array> {
  const same = firstLine(message);
  let bytes = made.bytes;
  for (let part = Math.ceil(bytes.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < bytes.length;) {
      const less = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + part)]);
      const fault = await faultOf(made, less);
      if (fault !== undefined && firstLine(fault) === same) bytes = less;
      else at += part;
    }
  }
  return bytes;
}

/** The kind of fault, without the places in it. */
function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/\d+/g, "N");
}

/** A failure, for people: how to make it again, and its bytes for a test. */
export function describeFailure(failure: Failure, seed: number): string {
  const { index, from, message, bytes } = failure;
  return [
    `mutant ${index} of seed ${seed}, made from ${from}:`,
    message,
    `again: deno task fuzz --seed ${seed} --first ${index} --mutants 1 --seconds 0`,
    `${bytes.length} bytes show it:`,
    bytes.toHex(),
  ].join("\n");
}
