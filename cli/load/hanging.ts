import { WIDTH, wrap } from "../inspect/layout.ts";

/**
 * Text of any length, its further lines indented.
 *
 * @param text Text that is safe to print, without styles.
 */
export function hanging(text: string): string[] {
  return wrap(text, WIDTH - 2).map((line, i) => i === 0 ? line : `  ${line}`);
}
