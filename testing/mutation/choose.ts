/** Chooses the mutants of a run. @module */

import { randomNumbers } from "../random.ts";
import { findPlaces, type Place } from "./find_places.ts";
import type { Operator } from "./operators.ts";

/** One change of one file. */
export interface Mutant {
  /** The file, from the project's folder. */
  readonly file: string;
  /** The line of the operator, from 1. */
  readonly line: number;
  /** The column of the operator, from 1. */
  readonly column: number;
  /** What kind of change. */
  readonly operator: Operator;
  /** The line before it is changed, without the spaces around it. */
  readonly code: string;
  /** The text that is replaced. */
  readonly original: string;
  /** What stands there instead, for a reader. */
  readonly shown: string;
  /** The whole file, changed. */
  readonly text: string;
}

/** A module and its text. */
export type Module = readonly [file: string, text: string];

/**
 * Chooses at random, the same for the same seed: a place out of all, none twice, and one of the changes that can be made there.
 *
 * @param modules What to choose from.
 * @param seed A number.
 * @param count How many; fewer if there are not as many places.
 */
export function chooseMutants(modules: readonly Module[], seed: number, count: number): Mutant[] {
  const random = randomNumbers(seed);
  const places = modules.flatMap(([file, text]) => findPlaces(text).map((place) => ({ file, text, place })));
  const mutants: Mutant[] = [];
  while (mutants.length < count && places.length > 0) {
    const [chosen] = places.splice(random(places.length), 1);
    if (chosen !== undefined) mutants.push(mutantAt(chosen.file, chosen.text, chosen.place, random));
  }
  return mutants;
}

function mutantAt(file: string, text: string, place: Place, random: (below: number) => number): Mutant {
  const { operator, line, column, original, start, end, changes } = place;
  const change = changes[random(changes.length)];
  if (change === undefined) throw new Error(`Cannot change ${file}:${line}: nothing is known to put there`);
  const code = text.split("\n")[line - 1]?.trim() ?? "";
  const changed = text.slice(0, start) + change.text + text.slice(end);
  return { file, line, column, operator, code, original, shown: change.shown, text: changed };
}
