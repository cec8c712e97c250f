/** Marks that stand on the character before, and characters without a picture. */
const NO_CELL = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\u115f]$/u;

/** East Asian wide and fullwidth characters, by block, and pictographs. */
const TWO_CELLS =
  /^[\u1100-\u115e\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2fb}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/**
 * How many terminal cells a text takes. Letters with accents, wide letters and emoji are told apart; sequences that
 * some terminals join into one picture are not.
 *
 * @param str The text.
 * @returns The number of cells.
 *
 * @example Usage
 * ```ts
 * import { unicodeWidth } from "@std/cli/unicode-width";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unicodeWidth("ram"), 3);
 * assertEquals(unicodeWidth("天地"), 4);
 * ```
 */
export function unicodeWidth(str: string): number {
  if (/^[\x20-\x7e]*$/.test(str)) return str.length;
  let cells = 0;
  for (const character of str) {
    if (!NO_CELL.test(character)) cells += TWO_CELLS.test(character) ? 2 : 1;
  }
  return cells;
}
