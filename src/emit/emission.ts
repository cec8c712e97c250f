import { type Clock, SYSTEM_CLOCK } from "../qmp/mod.ts";
import { AnswerReader } from "./answers.ts";
import { describeWait } from "./describe_wait.ts";
import { EmitError } from "./emit_error.ts";
import {
  EMIT_LIMITS,
  type EmitLimits,
  type EmitOptions,
  type EmitResult,
  type EmittedConnection,
} from "./emit_options.ts";
import { Link, reasonOf } from "./link.ts";
import { type Pace, UNPACED } from "./pace.ts";
import { PieceBuffer } from "./piece_buffer.ts";
import type { EmitPlan, EmitStep, Precondition } from "./plan.ts";
import { Progress } from "./progress.ts";
import type { EmitConnection, EmitTarget } from "./target.ts";
import { Watchdog } from "./watchdog.ts";

/**
 * Carries out a plan: one writer and one reader a connection, all at the same time (destination-engine.md C.2). It never
 * hangs: when nothing goes on for too long it ends, and says what each connection waited for.
 *
 * @example Usage
 * ```ts ignore
 * import { buildPlan, Emission, openCapture, parseSocketAddress, readScore, socketTarget } from "@migwire/migwire";
 *
 * const capture = openCapture("capture");
 * const plan = buildPlan(readScore(capture));
 * const emission = new Emission(plan, socketTarget(parseSocketAddress("tcp::4444")));
 * const { error, connections } = await emission.finished;
 * console.log(error?.message, connections.map(({ label, sent }) => `${label}: ${sent}`));
 * ```
 */
export class Emission {
  /** Settled when it has ended and all connections are closed; never rejected by what happens to the target. */
  readonly finished: Promise<EmitResult>;
  readonly #plan: EmitPlan;
  readonly #target: EmitTarget;
  readonly #options: EmitOptions;
  readonly #limits: EmitLimits;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #links: readonly Link[];
  readonly #progress: Progress;
  readonly #answers: AnswerReader;
  readonly #watchdog: Watchdog;
  /** Aborted when it has failed, or is over. */
  readonly #stop = new AbortController();
  /** Settled when the target has ended a connection. */
  readonly #reading = new Map<Link, Promise<void>>();
  readonly #writers: Promise<void>[] = [];
  readonly #begin: number;
  #lastSent: number;
  #error: EmitError | undefined;
  #allSent = false;

  /** Begins at once. */
  constructor(plan: EmitPlan, target: EmitTarget, options: EmitOptions = {}) {
    this.#plan = plan;
    this.#target = target;
    this.#options = options;
    this.#limits = { ...EMIT_LIMITS, ...options.limits };
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#pace = options.pace ?? UNPACED;
    this.#progress = new Progress(plan.connections.length);
    this.#answers = new AnswerReader((message) => this.#progress.addMessage(message));
    this.#links = plan.connections.map((planned) => new Link(planned, options.tap));
    this.#watchdog = new Watchdog(this.#clock, this.#limits.stallMs, () => this.#fail(this.#stalled()));
    this.#begin = this.#lastSent = this.#clock.now();
    this.finished = this.#run();
  }

  /** How it is now. */
  status(): readonly EmittedConnection[] {
    return this.#links.map(({ status }) => status);
  }

  async #run(): Promise<EmitResult> {
    const { signal, done } = this.#options;
    const interrupt = (): void => this.#fail(new EmitError("interrupted", "Ended by the user"));
    const end = (): void => this.#fail(new EmitError("ended", "The target was done before all was sent"));
    signal?.addEventListener("abort", interrupt);
    done?.addEventListener("abort", end);
    if (signal?.aborted) interrupt();
    if (done?.aborted) end();
    const sending = this.#send();
    await Promise.race([sending, aborted(this.#stop.signal)]);
    this.#watchdog.close();
    if (this.#error === undefined) {
      this.#allSent = true;
      done?.removeEventListener("abort", end);
      this.#options.notice?.({ kind: "sent" });
      await this.#awaitEnd();
    } else await this.#lastWords();
    signal?.removeEventListener("abort", interrupt);
    done?.removeEventListener("abort", end);
    const connections = this.status();
    this.#stop.abort();
    for (const link of this.#links) link.close();
    await Promise.all([sending, ...this.#reading.values()]);
    return {
      connections,
      answers: this.#answers.answers,
      pings: this.#plan.pings,
      sent: this.#allSent,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      sendingMs: this.#lastSent - this.#begin,
    };
  }

  async #send(): Promise<void> {
    await this.#openAll();
    await Promise.all(this.#writers);
  }

  /** The first error counts; it stops all writers. */
  #fail(error: EmitError): void {
    if (this.#error !== undefined || this.#stop.signal.aborted) return;
    this.#error = error;
    this.#stop.abort(error);
  }

  /** Waits until the target is done with what it has got. */
  async #awaitEnd(): Promise<void> {
    if (!this.#target.answers) return;
    // A stream that was cut has no end of its own: its target waits for more until it is told that there is none.
    for (const link of this.#links) if (link.planned.ending === "close") await link.end();
    const { done } = this.#options;
    const ended = done === undefined ? [this.#ended()] : [this.#ended(), aborted(done)];
    await Promise.race([...ended, this.#sleep(this.#limits.verdictMs)]);
    if (done?.aborted) return await this.#lastWords();
    if (this.#last.closed !== undefined || this.#error !== undefined) return;
    const why = `${this.#target.name} has got all, and has not ended within ${seconds(this.#limits.verdictMs)}`;
    this.#fail(new EmitError("stalled", why, "it may wait for something that is not in the stream: migwire load"));
  }

  /** What the target still has to say, if it is quick. */
  async #lastWords(): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#ended(), sleep(this.#clock, this.#limits.lastWordsMs, over.signal)]);
    over.abort();
  }

  /** The connection that the target closes in the end. */
  get #last(): Link {
    const last = this.#links.findLast(({ planned: { role } }) => role === "recovery" || role === "main");
    if (last === undefined) throw new TypeError("Cannot send a plan without a main channel");
    return last;
  }

  /** The target has ended the last main connection. */
  async #ended(): Promise<void> {
    await this.#reading.get(this.#last);
  }

  /** One connection after the other, each with its first bytes at once: a silent one blocks QEMU (C.1). */
  async #openAll(): Promise<void> {
    for (const [index, link] of this.#links.entries()) {
      if (link.planned.after.some(({ kind }) => kind === "recovery")) await this.#recover(link);
      if (!await this.#preconditions(link, link.planned.after)) return;
      link.waiting = "the connection";
      const socket = await this.#connect();
      if (socket === undefined) return;
      link.open(socket);
      this.#progress.addOpened(index);
      this.#watchdog.touch();
      this.#options.notice?.({ kind: "opened", label: link.planned.label });
      if (this.#target.answers) this.#reading.set(link, this.#read(link));
      this.#writers.push(this.#write(link, index));
    }
  }

  async #connect(): Promise<EmitConnection | undefined> {
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener("abort", abort);
    const { name } = this.#target;
    const late = new EmitError(
      "connect",
      `Cannot connect to ${name}: no answer for ${seconds(this.#limits.connectMs)}`,
    );
    const cancel = this.#clock.after(this.#limits.connectMs, () => giveUp.abort(late));
    try {
      return await this.#target.connect(giveUp.signal);
    } catch (error) {
      const why = giveUp.signal.aborted ? giveUp.signal.reason : error;
      this.#fail(
        why instanceof EmitError ? why : new EmitError("connect", `Cannot connect to ${name}: ${reasonOf(why)}`),
      );
      return undefined;
    } finally {
      cancel();
      this.#stop.signal.removeEventListener("abort", abort);
    }
  }

  /** The target has to listen again before a recovery connection is opened. */
  async #recover(link: Link): Promise<void> {
    const { recover } = this.#options;
    link.waiting = "the target to listen again for a recovery";
    // The connections before it break off first.
    await Promise.all(this.#writers);
    if (this.#error !== undefined) return;
    if (!this.#target.answers) return this.#progress.addRecovery();
    if (recover === undefined) {
      const message = "Cannot go on where postcopy was interrupted: the target has to be told to listen again";
      return this.#fail(new EmitError("no-monitor", message, "give its monitor with --qmp"));
    }
    try {
      await this.#watchdog.rest(recover());
      this.#progress.addRecovery();
    } catch (error) {
      this.#fail(new EmitError("closed", `Cannot recover: ${reasonOf(error)}`, undefined, { cause: error }));
    }
  }

  /** Waits until all of these hold; false if it was stopped before. */
  async #preconditions(link: Link, preconditions: readonly Precondition[]): Promise<boolean> {
    const { signal } = this.#stop;
    // A silent target never says anything that could be waited for.
    const heeded = this.#target.answers ? preconditions : preconditions.filter(({ kind }) => kind !== "message");
    for (let missing = this.#progress.missing(heeded); missing; missing = this.#progress.missing(heeded)) {
      if (signal.aborted) return false;
      link.waiting = describeWait(missing, this.#plan);
      await this.#progress.changed(signal);
    }
    return !signal.aborted;
  }

  async #write(link: Link, index: number): Promise<void> {
    const pieces = new PieceBuffer(this.#pace.chunk);
    const { signal } = this.#stop;
    try {
      for (const step of link.planned.steps) {
        if (!await this.#preconditions(link, step.after)) return;
        if (step.phase !== undefined) await this.#phase(step);
        for (const { bytes, ...place } of pieces.fill(step.items)) {
          await this.#pause({ count: bytes.length, ...place });
          if (signal.aborted) return;
          link.waiting = `the target to take ${step.name}`;
          await link.write(bytes, () => this.#watchdog.touch());
        }
        this.#lastSent = this.#clock.now();
        this.#progress.addSent(index);
      }
      link.waiting = undefined;
      if (link.planned.ending === "interrupt") await link.end();
    } catch (error) {
      const broken = `${link.planned.label} was broken off after ${link.sent} bytes: ${reasonOf(error)}`;
      this.#fail(new EmitError("closed", broken, undefined, { cause: error }));
    }
  }

  /** Hears what the target says, and that it ends the connection. */
  async #read(link: Link): Promise<void> {
    const { label, role } = link.planned;
    const isMain = role === "main" || role === "recovery";
    if (isMain) this.#answers.begin();
    await link.read((bytes) => {
      this.#watchdog.touch();
      if (isMain) this.#answers.push(bytes);
    });
    if (link.waiting === undefined || link.closed === undefined) return;
    const { sent, planned } = link.status;
    this.#fail(new EmitError("closed", `${label} was ${link.closed} after ${sent} of ${planned} bytes`));
  }

  #stalled(): EmitError {
    const waits = this.#links.filter(({ waiting }) => waiting !== undefined)
      .map(({ planned: { label }, waiting, sent }) => `${label} waits for ${waiting}, after ${sent} bytes`);
    const message = `Nothing went on for ${seconds(this.#limits.stallMs)}: ${waits.join("; ")}`;
    return new EmitError("stalled", message, "see what the stream needs: migwire check, migwire load");
  }

  async #phase({ phase, name }: EmitStep): Promise<void> {
    if (phase === undefined) return;
    this.#options.notice?.({ kind: "phase", phase, name });
    const gate = this.#options.gate?.(phase, name);
    if (gate !== undefined) await this.#watchdog.rest(gate);
  }

  /** Waits until bytes are due. */
  async #pause(bytes: { count: number; connection: number; end: number }): Promise<void> {
    const now = this.#clock.now() - this.#begin;
    const wait = this.#pace.due(bytes, now) - now;
    if (wait > 0) await this.#watchdog.rest(this.#sleep(wait));
  }

  #sleep(milliseconds: number): Promise<void> {
    return sleep(this.#clock, milliseconds, this.#stop.signal);
  }
}

/** Waits so long, or until `signal` is aborted. */
function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(milliseconds, finish);
    signal.addEventListener("abort", finish);
  });
}

/** Settled when `signal` is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
