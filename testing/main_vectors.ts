/** The test vectors of section 19 of the specification of the main channel, for tests. @module */

import vectors from "../testdata/main_vectors.json" with { type: "json" };

/** One test vector of `spec/main-channel.md` §19. */
export interface MainVector {
  /** `19.1` to `19.10`. */
  readonly section: string;
  /** What it is. */
  readonly title: string;
  /** The bytes, in hexadecimal digits. */
  readonly hex: string;
}

/** Every vector, in the order of the specification. */
export const MAIN_VECTORS: readonly MainVector[] = vectors;

/** The bytes of the only vector of `section` whose title begins with `title`. */
export function mainVector(section: string, title: string): Uint8Array {
  const found = MAIN_VECTORS.filter((vector) => vector.section === section && vector.title.startsWith(title));
  const [vector] = found;
  if (vector === undefined || found.length > 1) {
    throw new RangeError(`Cannot find one test vector "${title}" in ${section}: there are ${found.length}`);
  }
  return Uint8Array.fromHex(vector.hex);
}
