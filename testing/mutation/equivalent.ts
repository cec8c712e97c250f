/** Mutants that do what the original does, so that no test can notice them. Each was looked at, and has its reason. @module */

import type { Mutant } from "./choose.ts";

/** A mutant that is no other program. */
export interface Equivalent extends Pick<Mutant, "file" | "code" | "original" | "shown"> {
  /** Why nothing can be seen of it from outside. */
  readonly reason: string;
}

/** All that are known. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: "src/load/load_capture.ts",
    code: "...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),",
    original: "options.pageSize === undefined",
    shown: "false",
    reason: "`ChannelGrammars` asks for the page size only whether it is undefined, which it is, absent or not",
  },
  {
    file: "src/load/engine/device_loader.ts",
    code: "if (slot === undefined) return false;",
    original: "false",
    shown: "true",
    reason: "never run: `#step` has found the buffer, or a part of it is written, and only `#passed` takes it away",
  },
];

/** Why a mutant is no other program, if it is known to be none. */
export function whyEquivalent(mutant: Omit<Equivalent, "reason">): string | undefined {
  return EQUIVALENT.find(({ file, code, original, shown }) =>
    file === mutant.file && code === mutant.code && original === mutant.original && shown === mutant.shown
  )?.reason;
}
