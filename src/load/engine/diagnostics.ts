import type { Verdict } from "./verdict.ts";

/** A suspicion that does not end the load. */
export interface LoadWarning {
  /** Stable, for programs. */
  readonly code: string;
  /** For people. */
  readonly message: string;
}

/** Warnings that are kept. */
const WARNING_LIMIT = 1000;

/**
 * What went wrong so far, and what is suspicious. The main channel and the multifd channels keep their first error each, which
 * ends the reading there; what QEMU prints in the end is the first of all (destination-engine.md A.5).
 */
export class Diagnostics {
  readonly #warnings: LoadWarning[] = [];
  readonly #errors: Verdict[] = [];
  #main: Verdict | undefined;
  #channels: Verdict | undefined;

  /** Every error that QEMU records, in order. */
  get errors(): readonly Verdict[] {
    return this.#errors;
  }

  /** What was suspicious. */
  get warnings(): readonly LoadWarning[] {
    return this.#warnings;
  }

  /** The main stream failed: SHUT 1 for the source. */
  get main(): Verdict | undefined {
    return this.#main;
  }

  /** A multifd channel failed, and all of them with it. */
  get channels(): Verdict | undefined {
    return this.#channels;
  }

  /** The main channel is not read on. */
  failMain(verdict: Verdict): void {
    if (this.#main !== undefined) return;
    this.#main = verdict;
    this.#errors.push(verdict);
  }

  /** No multifd channel is read on (row 86). */
  failChannels(verdict: Verdict): void {
    if (this.#channels !== undefined) return;
    this.#channels = verdict;
    this.#errors.push(verdict);
  }

  /** A device's load thread ended with an error: nothing notices before the end of the main channel. */
  failThread(verdict: Verdict): void {
    this.#errors.push(verdict);
  }

  /** Something is suspicious. */
  warn(code: string, message: string): void {
    if (this.#warnings.length < WARNING_LIMIT) this.#warnings.push({ code, message });
  }
}
