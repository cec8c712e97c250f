import type { Piece } from "../seed.ts";

/** So much of something: a constant, and so much for each byte of the input. */
export interface Bound {
  /** However short the input is. */
  readonly constant: number;
  /** For each byte of it. */
  readonly perByte: number;
}

/** Something that takes bytes from an enemy. */
export interface Target {
  /** Its name, in commands and of its corpus. */
  readonly name: string;
  /** What must hold, in a few words. */
  readonly holds: string;
  /** Its share of the time, compared with others. */
  readonly weight: number;
  /** Blocks of the project's code that it may enter. */
  readonly steps: Bound;
  /** Bytes that the runtime may make or move for it: an upper bound of the memory that it takes. */
  readonly bytes: Bound;
  /** Reads the input. Throws if something does not hold that must. */
  run(input: Uint8Array): void | Promise<void>;
  /** The input's parts, for changes that a format's writer could make. Never throws. */
  pieces?(part: Uint8Array, index: number): Piece[];
  /** An input has so many parts at least, as `splitParts` takes them; one if absent. */
  readonly parts?: number;
  /** It writes files, in a temporary folder of its own. */
  readonly needsWrite?: boolean;
  /**
   * An input of the same structure `times` over, to see that time is linear.
   *
   * @param times How often.
   */
  grown?(times: number): Uint8Array;
}

/** What a bound allows for an input of `length` bytes. */
export function allowed({ constant, perByte }: Bound, length: number): number {
  return constant + perByte * length;
}

/** Something does not hold. */
export class InvariantError extends Error {
  /** `InvariantError`. */
  override readonly name = "InvariantError";
}

/**
 * Runs `read`, and lets it throw what is documented.
 *
 * @param errors The documented classes.
 * @returns What it gave; undefined if it threw.
 */
export function refusing<T>(
  errors: readonly (abstract new (...args: never[]) => Error)[],
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errors.some((one) => error instanceof one)) return undefined;
    throw error;
  }
}
