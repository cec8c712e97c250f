import { type Clock, SYSTEM_CLOCK } from "../qmp/mod.ts";
import { describeWait } from "./describe_wait.ts";
import { EmitError } from "./emit_error.ts";
import { EMIT_LIMITS, type EmitLimits, type EmitOptions } from "./emit_options.ts";
import { Link } from "./link.ts";
import type { EmitPlan, EmitStep, Precondition } from "./plan.ts";
import { Progress } from "./progress.ts";
import type { EmitTarget } from "./target.ts";
import { seconds, unlessAborted } from "./waits.ts";
import { Watchdog } from "./watchdog.ts";

/** What the parts of an emission share: how far it has come, and that it ends for one reason, at once and everywhere. */
export class Course {
  /** What is sent. */
  readonly plan: EmitPlan;
  /** Where to. */
  readonly target: EmitTarget;
  /** How. */
  readonly options: EmitOptions;
  /** How long things are waited for. */
  readonly limits: EmitLimits;
  /** The time. */
  readonly clock: Clock;
  /** When it began. */
  readonly begin: number;
  /** The connections of the plan. */
  readonly links: readonly Link[];
  /** How far it has come. */
  readonly progress: Progress;
  /** When the system took the last bytes. */
  lastSent: number;
  readonly #stop = new AbortController();
  readonly #watchdog: Watchdog;
  #error: unknown;

  /** Begins now. */
  constructor(plan: EmitPlan, target: EmitTarget, options: EmitOptions) {
    this.plan = plan;
    this.target = target;
    this.options = options;
    this.limits = { ...EMIT_LIMITS, ...options.limits };
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.begin = this.lastSent = this.clock.now();
    this.links = plan.connections.map((planned) => new Link(planned, options.tap));
    this.progress = new Progress(plan.connections.length);
    this.#watchdog = new Watchdog(this.clock, this.limits.stallMs, () => this.fail(this.#stalled()));
  }

  /** Aborted when it has failed, or is over. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Why it has ended early: an {@linkcode EmitError}, or something that is no fault of the target. */
  get error(): unknown {
    return this.#error;
  }

  /** The first error counts; it stops everything. */
  fail(error: unknown): void {
    if (this.signal.aborted) return;
    this.#error = error;
    this.#stop.abort(error);
  }

  /** Nothing more is sent: how long the target may be silent now is another matter. */
  stopWatching(): void {
    this.#watchdog.close();
  }

  /** It is over, well or not. */
  finish(): void {
    this.#watchdog.close();
    this.#stop.abort();
  }

  /** Something went on. */
  touch(): void {
    this.#watchdog.touch();
  }

  /** Waits for something that is no fault of the target, or until it is over. */
  async rest(wait: Promise<unknown>): Promise<void> {
    await this.#watchdog.rest(unlessAborted(wait, this.signal));
  }

  /** Waits until all of these hold; false if it was stopped before. */
  async reached(link: Link, preconditions: readonly Precondition[]): Promise<boolean> {
    // A silent target never says anything that could be waited for.
    const heeded = this.target.answers ? preconditions : preconditions.filter(({ kind }) => kind !== "message");
    for (let missing = this.progress.missing(heeded); missing; missing = this.progress.missing(heeded)) {
      if (this.signal.aborted) return false;
      link.waiting = describeWait(missing, this.plan);
      await this.progress.changed(this.signal);
    }
    return !this.signal.aborted;
  }

  /** Asks whoever steps through it whether the phase of a step may begin. */
  async permitted(link: Link, { phase, name }: EmitStep): Promise<void> {
    const gate = phase === undefined ? undefined : this.options.gate?.(phase, name);
    if (gate === undefined) return;
    link.waiting = `leave to begin: ${name}`;
    await this.rest(gate);
  }

  #stalled(): EmitError {
    const waits = this.links.filter(({ waiting }) => waiting !== undefined)
      .map(({ planned: { label }, waiting, sent }) => `${label} waits for ${waiting}, after ${sent} bytes`);
    const message = `Nothing went on for ${seconds(this.limits.stallMs)}: ${waits.join("; ")}`;
    return new EmitError("stalled", message, "see what the stream needs: migwire check, migwire load");
  }
}
