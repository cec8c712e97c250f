/** Fuzzes all targets for a time, each for its share. @module */

import { countRuntime } from "./accounting.ts";
import { readCorpus } from "./corpus_files.ts";
import { execute, type Finding, GuidedRun, smallest } from "./guided_run.ts";
import { loadTargets } from "./load_targets.ts";
import { gatherMaterial } from "../material.ts";
import { seedsOf } from "../seeds.ts";
import type { Target } from "./target.ts";

/** What is fuzzed, and how long. */
export interface CampaignOptions {
  /** Decides about everything but the time. */
  readonly seed: number;
  /** Seconds for all targets together. */
  readonly seconds: number;
  /** Inputs for each target at most. */
  readonly runs?: number;
  /** Names of targets; all if empty. */
  readonly only?: readonly string[];
  /** Keeps nothing: to see what guidance is worth. */
  readonly blind?: boolean;
  /** Receives lines for people. */
  readonly log: (line: string) => void;
  /** Receives what was kept for a target. */
  readonly keep?: (name: string, inputs: readonly Uint8Array[]) => void;
}

/**
 * Fuzzes the targets one after the other.
 *
 * @returns How many showed a fault.
 */
export async function campaign(options: CampaignOptions): Promise<number> {
  const { seed, seconds, runs = Infinity, only = [], blind = false, log } = options;
  const { targets: all, blocks, literals } = await loadTargets();
  const targets = only.length === 0 ? all : only.map((name) => targetOf(all, name));
  const seeds = await seedsOf(all, gatherMaterial());
  log(`seed ${seed}, ${targets.length} targets, ${blocks} blocks of code`);
  const undo = countRuntime();
  try {
    let faults = 0;
    let weights = targets.reduce((sum, { weight }) => sum + weight, 0);
    const end = performance.now() + seconds * 1000;
    for (const target of targets) {
      // What another did not use is for those that follow.
      const share = Math.max(0, end - performance.now()) * target.weight / weights;
      weights -= target.weight;
      const run = new GuidedRun(target, { seed, literals, blind });
      const { finding, first } = await fuzz(run, [...readCorpus(target.name), ...seeds.get(target.name) ?? []], {
        end: performance.now() + share,
        runs,
      });
      log(describe(run, first));
      options.keep?.(target.name, run.entries.map(({ bytes }) => bytes));
      if (finding === undefined) continue;
      faults++;
      log(describeFinding(target, await smallest(target, finding)));
    }
    return faults;
  } finally {
    undo();
  }
}

async function fuzz(
  run: GuidedRun,
  seeds: readonly Uint8Array[],
  { end, runs }: { end: number; runs: number },
): Promise<{ finding: Finding | undefined; first: number }> {
  let finding = await run.begin(seeds);
  const first = run.edges;
  while (finding === undefined && run.executions < runs && performance.now() < end) finding = await run.step();
  return { finding, first };
}

function targetOf(targets: readonly Target[], name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new Error(`Cannot fuzz ${name}: the targets are ${targets.map((target) => target.name).join(", ")}`);
}

function describe({ target, executions, edges, entries, closest }: GuidedRun, first: number): string {
  const percent = (part: number): string => `${Math.round(100 * part)} %`;
  return `${target.name.padEnd(15)} ${String(executions).padStart(8)} inputs, edges ${first} to ${edges}, ` +
    `${entries.length} kept; at most ${percent(closest.steps)} of the steps and ${percent(closest.bytes)} of the bytes`;
}

/** A finding, for people: what makes it again, and its bytes for a test. */
export function describeFinding({ name }: Target, { bytes, error }: Finding): string {
  return [
    `FAULT of ${name}: ${error.stack ?? error.message}`,
    `again: deno task fuzz --target ${name} --input ${bytes.toHex() || "''"}`,
  ].join("\n");
}

/**
 * Runs one input, and says what it shows.
 *
 * @returns Whether it shows no fault.
 */
export async function replay(name: string, input: Uint8Array, log: (line: string) => void): Promise<boolean> {
  const { targets } = await loadTargets();
  const target = targetOf(targets, name);
  const undo = countRuntime();
  const { error, steps, bytes } = await execute(target, input);
  undo();
  log(
    error === undefined ? `no fault: ${steps} steps, ${bytes} bytes` : describeFinding(target, { bytes: input, error }),
  );
  return error === undefined;
}
