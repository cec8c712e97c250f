import { AnswerReader } from "./answers.ts";
import { Course } from "./course.ts";
import { EmitError, type EmitErrorCode } from "./emit_error.ts";
import type { EmitOptions, EmitResult, EmittedConnection } from "./emit_options.ts";
import type { Link } from "./link.ts";
import { sendAll } from "./opener.ts";
import type { EmitPlan } from "./plan.ts";
import type { EmitTarget } from "./target.ts";
import { aborted, seconds, sleep } from "./waits.ts";

/** Errors after which a target may have something to say. */
const ENDINGS: readonly EmitErrorCode[] = ["closed", "ended"];

/**
 * Carries out a plan: one writer and one reader a connection, all at the same time (destination-engine.md C.2). It never
 * hangs: when nothing goes on for too long it ends, and says what each connection waited for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { buildPlan, Emission, readScore, SILENT_TARGET } from "@migwire/migwire/emit";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const emission = new Emission(buildPlan(readScore(capture)), SILENT_TARGET);
 * const { sent, error, connections } = await emission.finished;
 * assertEquals([sent, error], [true, undefined]);
 * assertEquals(connections.map(({ label, sent }) => [label, sent]), [
 *   ["main", 76856],
 *   ["multifd 0", 394012],
 *   ["multifd 1", 334368],
 * ]);
 * capture.close();
 * ```
 */
export class Emission {
  /**
   * Settled when it has ended and all connections are closed. What happens to the target is in the result. Rejected by
   * what is no fault of it, after all the same: `CaptureError` if the capture cannot be read, and what a tap, a gate or a
   * notice throws.
   */
  readonly finished: Promise<EmitResult>;
  readonly #course: Course;
  readonly #answers: AnswerReader;
  /** Settled when the target has ended a connection. */
  readonly #reading = new Map<Link, Promise<void>>();
  #allSent = false;

  /** Begins at once. */
  constructor(plan: EmitPlan, target: EmitTarget, options: EmitOptions = {}) {
    const course = new Course(plan, target, options);
    this.#course = course;
    this.#answers = new AnswerReader((message) => course.progress.addMessage(message));
    this.finished = this.#run();
  }

  /** How it is now. */
  status(): readonly EmittedConnection[] {
    return this.#course.links.map(({ status }) => status);
  }

  async #run(): Promise<EmitResult> {
    const course = this.#course;
    this.#heed();
    const sending = sendAll(course, (link) => {
      if (course.target.answers) this.#reading.set(link, this.#read(link));
    });
    await Promise.race([sending, aborted(course.signal)]);
    course.stopWatching();
    if (course.error === undefined) await this.#conclude().catch((error) => course.fail(error));
    await this.#lastWords();
    const connections = this.status();
    course.finish();
    const closing = course.links.map(async (link) => await link.close());
    await Promise.all([sending, ...this.#reading.values(), ...closing]);
    return this.#result(connections);
  }

  /** What ends it from outside. */
  #heed(): void {
    const course = this.#course;
    const { signal, done } = course.options;
    const on = (outer: AbortSignal | undefined, then: () => void): void => {
      if (outer?.aborted) then();
      else outer?.addEventListener("abort", then, { signal: course.signal });
    };
    on(signal, () => course.fail(new EmitError("interrupted", "Ended by the user")));
    on(done, () => {
      if (!this.#allSent) course.fail(new EmitError("ended", "The target was done before all was sent"));
    });
  }

  /** All is sent. Waits until the target is done with it. */
  async #conclude(): Promise<void> {
    const course = this.#course;
    const { target, options: { done, notice }, limits: { verdictMs }, clock, signal } = course;
    this.#allSent = true;
    notice?.({ kind: "sent" });
    if (!target.answers) return;
    const over = new AbortController();
    const ended = done === undefined ? [this.#ended()] : [this.#ended(), aborted(done, signal)];
    const settled = (ms: number): Promise<void> =>
      Promise.race([...ended, aborted(signal, over.signal), sleep(clock, ms, over.signal)]);
    await this.#endCut(settled);
    await settled(verdictMs);
    over.abort();
    if (done?.aborted || this.#last.closed !== undefined) return;
    const why = `${target.name} has got all, and has not ended within ${seconds(verdictMs)}`;
    course.fail(new EmitError("stalled", why, "it may wait for something that is not in the stream: migwire load"));
  }

  /**
   * A stream that was cut has no end of its own: its target waits for more until it is told that there is none. First of the
   * connections that are to be closed, so that it speaks of them; if it has nothing to say, of all.
   */
  async #endCut(settled: (ms: number) => Promise<void>): Promise<void> {
    const { plan, links, limits: { lastWordsMs } } = this.#course;
    if (plan.whole) return;
    const [first, rest] = [true, false].map((cut) =>
      links.filter(({ planned }) => (planned.ending === "close") === cut)
    );
    for (const link of first ?? []) await link.end();
    if (rest === undefined || rest.length === 0) return;
    await settled(lastWordsMs);
    if (this.#last.closed === undefined) { for (const link of rest) await link.end(); }
  }

  /** What a target that ends before its connections do still has to say, if it is quick. */
  async #lastWords(): Promise<void> {
    const { error, clock, limits: { lastWordsMs }, options: { done } } = this.#course;
    const isEnding = error === undefined ? done?.aborted : error instanceof EmitError && ENDINGS.includes(error.code);
    if (!isEnding) return;
    const over = new AbortController();
    await Promise.race([this.#ended(), sleep(clock, lastWordsMs, over.signal)]);
    over.abort();
  }

  /** The connection that the target closes in the end. */
  get #last(): Link {
    const last = this.#course.links.findLast(({ planned: { role } }) => role === "recovery" || role === "main");
    if (last === undefined) throw new TypeError("Cannot send a plan without a main channel");
    return last;
  }

  /** The target has ended the last main connection. */
  async #ended(): Promise<void> {
    await this.#reading.get(this.#last);
  }

  /** Hears what the target says, and that it ends the connection. */
  async #read(link: Link): Promise<void> {
    const course = this.#course;
    const { label, role } = link.planned;
    const answers = role === "main" || role === "recovery" ? this.#answers.begin() : undefined;
    try {
      await link.read((bytes) => {
        course.touch();
        answers?.push(bytes);
      });
    } catch (error) {
      return course.fail(error);
    }
    if (link.closed !== undefined) answers?.end();
    if (link.closed === undefined || !link.hasMore) return;
    const { sent, planned } = link.status;
    course.fail(new EmitError("closed", `${label} was ${link.closed} after ${sent} of ${planned} bytes`));
  }

  #result(connections: readonly EmittedConnection[]): EmitResult {
    const { error, plan: { pings }, lastSent, begin } = this.#course;
    if (error !== undefined && !(error instanceof EmitError)) throw error;
    return {
      connections,
      answers: this.#answers.answers,
      pings,
      sent: this.#allSent,
      ...(error === undefined ? {} : { error }),
      sendingMs: lastSent - begin,
    };
  }
}
