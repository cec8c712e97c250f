/** The test vectors of the specification, for tests. @module */

import { createHash } from "node:crypto";
import vectors from "../testdata/vectors.json" with { type: "json" };

/** One test vector of `spec/test-vectors.md`. */
export interface Vector {
  /** `V01` to `V82`. */
  readonly id: string;
  /** What it is. */
  readonly title: string;
  /** Number of bytes. */
  readonly length: number;
  /** First 16 hexadecimal digits of their SHA-256. */
  readonly sha256: string;
  /** What is in them, for people. */
  readonly decoded: string;
  /** What comes out, for people. */
  readonly result: string;
  /** The bytes, in the notation of {@linkcode expandHex}. */
  readonly hex: string;
}

/** Every vector. */
export const VECTORS: readonly Vector[] = vectors;

/** Bytes from hexadecimal digits; spaces mean nothing, `{xx*n}` is byte xx n times. */
export function expandHex(text: string): Uint8Array {
  const digits = text.replace(/\{([0-9a-f]{2})\*(\d+)\}/g, (_, byte: string, count: string) => byte.repeat(+count));
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}

/** The first 16 hexadecimal digits of the SHA-256 of `bytes`. */
export function sha256Prefix(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** The bytes of the vector called `id`. */
export function vectorBytes(id: string): Uint8Array {
  const vector = VECTORS.find((known) => known.id === id);
  if (vector === undefined) throw new RangeError(`Cannot find test vector ${id}`);
  return expandHex(vector.hex);
}
