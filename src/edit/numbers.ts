import { EditError } from "./edit_error.ts";

/** Numbers that a selector takes. */
export interface NumberRange {
  /** The least. */
  readonly from: number;
  /** The greatest. */
  readonly to: number;
}

/** A whole number, `12` or `0x1f`; undefined for another text. */
export function wholeNumber(text: string): number | undefined {
  const number = Number(text);
  return /^(?:0x[0-9a-f]+|\d+)$/i.test(text) && Number.isSafeInteger(number) ? number : undefined;
}

/**
 * Reads a whole number, `12` or `0x1f`.
 *
 * @throws {EditError} `syntax`
 */
export function readNumber(key: string, text: string): number {
  const number = wholeNumber(text);
  if (number !== undefined) return number;
  throw new EditError("syntax", `Cannot use ${key}=${text}: it is no whole number`, `write ${key}=12 or ${key}=0x1f`);
}

/**
 * Reads a number, or a range `2..5`, both ends included.
 *
 * @throws {EditError} `syntax`
 */
export function readRange(key: string, text: string): NumberRange {
  const [first = "", last = first, ...more] = text.split("..");
  const [from, to] = [readNumber(key, first), readNumber(key, last)];
  if (more.length === 0 && from <= to) return { from, to };
  throw new EditError("syntax", `Cannot use ${key}=${text}: it is no range`, `write ${key}=2..5`);
}
