import type { Verdict } from "../../src/load/mod.ts";
import type { DriverParameters } from "./lab.ts";

/** How a destination can end. */
export type Outcome = "completed" | "failed" | "hangs" | "aborts" | "refused";

/** What a destination may do, and a part of what it says then. */
export interface Expected {
  readonly outcome: Outcome;
  readonly words: string;
  /** Why it may do that, if it is not what the engine says. */
  readonly why?: string;
}

/** How a row is shown. */
export interface Shown {
  /** Version of QEMU, if not the newest. */
  readonly version?: "10.0" | "11.1";
  /** How the driver treats the device. */
  readonly driver?: DriverParameters;
  /** What the engine says for that version, if it is not what the row says. */
  readonly expect?: string;
  /** What QEMU does, if it is not what the kind of the verdict says. */
  readonly outcome?: Outcome;
  /** Words of QEMU, if they are not those of the engine. */
  readonly words?: string;
  /** The limit of the destination is for a config as it is forged: the real one is larger. */
  readonly limitGrows?: boolean;
  /** What else a destination may do. */
  readonly also?: readonly Required<Expected>[];
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
