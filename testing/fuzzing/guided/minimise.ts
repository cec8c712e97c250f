import { concat } from "@std/bytes";
import { execute } from "./guided_run.ts";
import type { Target } from "./target.ts";

/** An input with the edges that it takes. */
interface Candidate {
  readonly bytes: Uint8Array;
  readonly edges: ReadonlySet<number>;
}

/** Most bytes of inputs that are kept for a target, for each point of its weight: together less than a MB in base64. */
const CORPUS_BYTES = 7 * 1024;

/** So often a kept input is tried to be made smaller, and fewer times where all tries together take so many steps. */
const TRIES = 100;
const STEPS = 2_000_000;

/**
 * The fewest bytes that take the same edges, nearly: for each edge the shortest input that takes it, those edges first
 * that few take; then each input is made smaller as long as it takes the edges that only it takes.
 *
 * @param inputs What there is.
 */
export async function minimised(target: Target, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const kept = covering(await candidatesOf(target, inputs));
  const counts = new Map<number, number>();
  for (const { edges } of kept) for (const edge of edges) counts.set(edge, (counts.get(edge) ?? 0) + 1);
  const smaller: Uint8Array[] = [];
  for (const { bytes, edges } of kept) {
    const own = [...edges].filter((edge) => counts.get(edge) === 1);
    smaller.push(own.length === 0 ? bytes : await shortened(target, bytes, own));
  }
  const chosen = covering(await candidatesOf(target, smaller));
  return fits(chosen, CORPUS_BYTES * target.weight).map(({ bytes }) => bytes);
}

/** Those that show no fault, the shortest first. */
async function candidatesOf(target: Target, inputs: readonly Uint8Array[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const bytes of inputs.toSorted((a, b) => a.length - b.length)) {
    const edges = await edgesOf(target, bytes);
    if (edges !== undefined) candidates.push({ bytes, edges });
  }
  return candidates;
}

async function edgesOf(target: Target, bytes: Uint8Array): Promise<ReadonlySet<number> | undefined> {
  // The first time fills what is remembered.
  await execute(target, bytes);
  const { error, edges } = await execute(target, bytes);
  return error === undefined ? new Set(edges) : undefined;
}

/** The shortest for each edge; candidates are in order of their length. */
function covering(candidates: readonly Candidate[]): Candidate[] {
  const counts = new Map<number, number>();
  const shortest = new Map<number, Candidate>();
  for (const candidate of candidates) {
    for (const edge of candidate.edges) {
      counts.set(edge, (counts.get(edge) ?? 0) + 1);
      if (!shortest.has(edge)) shortest.set(edge, candidate);
    }
  }
  const kept = new Set<Candidate>();
  const covered = new Set<number>();
  for (const [edge] of [...counts].sort(([, a], [, b]) => a - b)) {
    const candidate = shortest.get(edge);
    if (covered.has(edge) || candidate === undefined) continue;
    kept.add(candidate);
    for (const one of candidate.edges) covered.add(one);
  }
  return [...kept];
}

/** As many as may be kept: those first that have the most new edges for their length. */
function fits(candidates: readonly Candidate[], most: number): Candidate[] {
  const left = new Set(candidates);
  const covered = new Set<number>();
  const kept: Candidate[] = [];
  let size = 0;
  while (left.size > 0) {
    let best: Candidate | undefined;
    let highest = 0;
    for (const candidate of left) {
      let fresh = 0;
      for (const edge of candidate.edges) if (!covered.has(edge)) fresh++;
      const worth = fresh / (32 + candidate.bytes.length);
      if (worth > highest) [best, highest] = [candidate, worth];
    }
    if (best === undefined) break;
    left.delete(best);
    if (size + best.bytes.length > most) continue;
    size += best.bytes.length;
    kept.push(best);
    for (const edge of best.edges) covered.add(edge);
  }
  return kept;
}

/** Leaves out ever smaller parts, as long as certain edges are taken. */
async function shortened(target: Target, bytes: Uint8Array, own: readonly number[]): Promise<Uint8Array> {
  const { steps } = await execute(target, bytes);
  let tries = Math.min(TRIES, Math.ceil(STEPS / steps));
  let short = bytes;
  for (let part = Math.ceil(bytes.length / 2); part >= 1 && tries > 0; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = 0; at < short.length && tries > 0; tries--) {
      const less = concat([short.subarray(0, at), short.subarray(at + part)]);
      const { error, edges } = await execute(target, less);
      const taken = new Set(edges);
      if (error === undefined && own.every((edge) => taken.has(edge))) short = less;
      else at += part;
    }
  }
  return short;
}
