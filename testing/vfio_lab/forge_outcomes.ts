import type { Verdict } from "../../src/load/mod.ts";
import type { Shown } from "./forge_rows.ts";

/** How a destination can end. */
export type Outcome = "completed" | "failed" | "hangs" | "aborts" | "refused";

/** What a destination may do, and a part of what it says then. */
export interface Expected {
  readonly outcome: Outcome;
  readonly words: string;
  /** Why it may do that, if it is not what the engine says. */
  readonly why?: string;
}

/** What a QEMU does, by what the engine says that it does. */
const OUTCOMES: { readonly [kind in Verdict["kind"]]: Outcome } = {
  "ok": "completed",
  "lost-state": "completed",
  "error": "failed",
  "would-hang": "hangs",
  "would-abort": "aborts",
};

/** What a destination has to do for this verdict; besides that only what the row says, for its reason. */
export function outcomesOf(verdict: Verdict, { outcome, also = [], words }: Shown): Expected[] {
  const said = words ?? (verdict.kind === "error" ? verdict.qemu ?? "" : "");
  return [{ outcome: outcome ?? OUTCOMES[verdict.kind], words: said }, ...also];
}
