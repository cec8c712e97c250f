import { InvariantError } from "../guided/target.ts";

/** Everything that does something to a terminal, or hides text. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Throws if a line that is shown has characters that are none to be shown. */
export function noControls(line: string): void {
  const [found] = UNSAFE.exec(line) ?? [];
  if (found !== undefined) {
    throw new InvariantError(`prints U+${found.codePointAt(0)?.toString(16)} in ${JSON.stringify(line.slice(0, 200))}`);
  }
}
