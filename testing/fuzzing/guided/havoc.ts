/** Changes to bytes of which nothing is known but what code compared them with. @module */

import { concat } from "@std/bytes";
import { changeBytes } from "../mutate.ts";
import type { Random } from "../random.ts";
import type { Compared } from "./counters.ts";

/** Longest run of bytes that is copied or left out, and longest word. */
export const LONGEST_RUN = 64;

/** A value as an input could have it: text, or a number of 1 to 8 bytes in either order. */
export function encodings(value: Compared): Uint8Array[] {
  if (typeof value === "string") return value === "" ? [] : [new TextEncoder().encode(value)];
  if (typeof value === "number" && !Number.isSafeInteger(value)) return [];
  const number = BigInt(value);
  if (BigInt.asIntN(65, number) !== number) return [];
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, number));
  const widths = [1, 2, 4, 8].filter((width) => width === 8 || number < 1n << BigInt(8 * width));
  const big = widths.map((width) => new Uint8Array(view.buffer.slice(8 - width)));
  return [...big, ...big.filter(({ length }) => length > 1).map((bytes) => bytes.toReversed())];
}

/** Puts what an input was compared with where it stands in the input; undefined if it is nowhere. */
export function satisfied(
  input: Uint8Array,
  [one, other]: readonly [Compared, Compared],
  random: Random,
): Uint8Array | undefined {
  const [from, to] = random.once(2) ? [one, other] : [other, one];
  const wanted = encodings(to);
  const found = encodings(from)
    .map((bytes, i) => ({ bytes, at: placeOf(input, bytes, random), to: wanted[i] ?? wanted[0] }))
    .filter(({ at }) => at >= 0);
  if (found.length === 0) return undefined;
  const { bytes, at, to: put } = random.pick(found);
  if (put === undefined) return undefined;
  // A number keeps its width.
  const value = typeof to === "string" ? put : encodings(to).find(({ length }) => length === bytes.length) ?? put;
  return concat([input.subarray(0, at), value, input.subarray(at + bytes.length)]);
}

/** Where `bytes` stand in `input`: one of the places. */
function placeOf(input: Uint8Array, bytes: Uint8Array, random: Random): number {
  const start = random.once(2) ? 0 : random.below(input.length);
  for (let at = start; at + bytes.length <= input.length; at++) {
    if (bytes.every((byte, i) => input[at + i] === byte)) return at;
  }
  return -1;
}

/** A changed copy; some of `words` may be put into it, and parts of `other`. */
export function havoc(
  input: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = input.slice();
  for (let i = random.below(random.once(3) ? 8 : 2); i >= 0; i--) bytes = once(bytes, other, words, random);
  return bytes;
}

function once(
  bytes: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const run = 1 + random.below(random.once(4) ? LONGEST_RUN : 8);
  const replace = (count: number, put: Uint8Array): Uint8Array<ArrayBuffer> =>
    concat([bytes.subarray(0, at), put, bytes.subarray(at + count)]);
  switch (random.below(8)) {
    case 0:
      return replace(run, new Uint8Array(0));
    case 1:
      return replace(0, bytes.slice(random.below(bytes.length)).subarray(0, run));
    case 2:
      return replace(0, random.bytes(random.below(9)));
    case 3: {
      if (words.length === 0) break;
      const word = random.pick(words);
      return replace(random.once(2) ? word.length : 0, word);
    }
    case 4: {
      const from = random.below(other.length);
      return replace(random.once(2) ? run : 0, other.subarray(from, from + run));
    }
    case 5: {
      // The beginning of one, the end of another.
      const from = random.below(other.length);
      return concat([bytes.subarray(0, at), other.subarray(from)]);
    }
  }
  changeBytes(
    bytes,
    bytes.length < 8 ? [] : [{ offset: random.below(bytes.length - 7), length: 1 << random.below(4) }],
    random,
  );
  return bytes;
}
