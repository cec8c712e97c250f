import { formatSocketAddress, type SocketAddress } from "../../net/mod.ts";
import { type Clock, type QmpClient, QmpError, SYSTEM_CLOCK } from "../../qmp/mod.ts";
import { objectOr, textOf } from "./ask.ts";

/** How a migration ended at the target. */
export type TargetEnd =
  /** QEMU's word: it has loaded everything. The guest runs, or stands still if QEMU was started with `-S`. */
  | "completed"
  /** QEMU's word. */
  | "failed"
  /** QEMU's word. */
  | "cancelled"
  /** QEMU's word: the connection broke in postcopy, and nobody recovers it. */
  | "postcopy-paused"
  /** QEMU has closed its monitor: mostly it has ended. */
  | "exited"
  /** The monitor does not answer, and nothing moves: QEMU waits for something that does not come. */
  | "silent"
  /** The status does not change, and nothing moves, though the monitor answers. */
  | "stuck"
  /** It was not followed any more. */
  | "stopped";

/** What came of a migration at the target. */
export interface TargetOutcome {
  /** How it ended. */
  readonly status: TargetEnd;
  /** The last status that QEMU gave; `none` if it gave none. */
  readonly last: string;
  /** What QEMU says about it; absent if it says nothing, as before QEMU 9.1 and when it has ended. */
  readonly error?: string;
  /** Milliseconds that it took, where QEMU says it. */
  readonly totalTime?: number;
  /** Milliseconds that the guest stood still, where QEMU says it. */
  readonly downtime?: number;
}

/** How a target is followed. All times are milliseconds. */
export interface FollowOptions {
  /** QEMU ends when the migration fails: then `failed` is waited upon a little, to see it end. */
  readonly exitsOnError?: boolean;
  /** postcopy-paused is not the end: somebody calls {@linkcode TargetFollower.recover}. */
  readonly recovers?: boolean;
  /** Between questions; 100 if absent. */
  readonly pollMs?: number;
  /** Nothing may move so long at most; 30000 if absent. */
  readonly silentMs?: number;
  /**
   * A number that changes while something moves: the bytes that were sent. A QEMU that waits for data on its other channels
   * does not answer; that is no harm as long as they are sent. Whoever sends late on purpose lets it change nevertheless.
   * Without it, only answers count as movement.
   */
  readonly activity?: () => number;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** What the times are measured by; the system's if absent. */
  readonly clock?: Clock;
  /** Called with each new status of QEMU. */
  readonly onStatus?: (status: string) => void;
}

/** Statuses from which a destination does not go on. */
const ENDS = ["completed", "failed", "cancelled"] as const;

/** Between questions. */
const POLL_MS = 100;

/** Nothing moves so long at most. */
const SILENT_MS = 30_000;

/** An answer comes within this, even from a QEMU that has much to do, unless its main loop stands still. */
const ANSWER_GRACE_MS = 3000;

/** A QEMU that ends on an error does so at once; this is how long it is waited for. */
const EXIT_MS = 3000;

/** An answer is waited for as long as the target is followed. */
const ANSWER_MS = 0x7fffffff;

/** Somebody waits for a status. */
interface Waiting {
  readonly statuses: readonly string[];
  readonly resolve: (status: string | undefined) => void;
}

/**
 * Follows a migration at the target, by its monitor, until it has ended. It asks again and again, one question at a time; an
 * event `MIGRATION` makes it ask at once. Nothing of it rejects.
 *
 * @example
 * ```ts ignore
 * const follower = followTarget(qmp, { silentMs: 30_000, activity: () => bytesSent });
 * const { status, error } = await follower.finished;
 * ```
 */
export function followTarget(monitor: FollowedMonitor, options: FollowOptions = {}): TargetFollower {
  return new TargetFollower(monitor, options);
}

/** What is followed. */
export type FollowedMonitor = Pick<QmpClient, "call" | "onEvent" | "closed">;

/** A migration that is followed at the target. */
export class TargetFollower {
  /** How it ended. Never rejected. */
  readonly finished: Promise<TargetOutcome>;
  readonly #monitor: FollowedMonitor;
  readonly #options: FollowOptions;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  /** Ends the pause that is made now. */
  #wake: () => void = () => {};
  #status = "none";
  #hasEnded = false;
  #isStopped = false;
  /** Why the monitor is not there any more. */
  #gone: QmpError | undefined;
  readonly #silentMs: number;
  /** When something moved last. */
  #moved: number;
  #activity: number | undefined;

  /** Begins to follow. */
  constructor(monitor: FollowedMonitor, options: FollowOptions) {
    this.#monitor = monitor;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#silentMs = options.silentMs ?? SILENT_MS;
    this.#moved = this.#clock.now();
    this.finished = this.#run();
  }

  /** The status that QEMU gave last; `none` as long as it gave none. */
  get status(): string {
    return this.#status;
  }

  /** Does not follow any more. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /**
   * Waits until QEMU has one of the statuses.
   *
   * @returns Which; undefined if the migration ended without.
   */
  async reached(...statuses: string[]): Promise<string | undefined> {
    if (statuses.includes(this.#status)) return this.#status;
    if (this.#hasEnded) return undefined;
    return await new Promise((resolve) => this.#waiting.add({ statuses, resolve }));
  }

  /**
   * Waits until postcopy is paused, and makes QEMU listen for the connection that it goes on with. Needs `recovers`.
   *
   * @throws {QmpError} `refused` if QEMU does not do it, `closed` if the migration ended before.
   */
  async recover(listen: SocketAddress): Promise<void> {
    if (await this.reached("postcopy-paused") === undefined) {
      throw new QmpError(
        "closed",
        `Cannot recover the migration: it is ${this.#status} at the target, not postcopy-paused`,
      );
    }
    await this.#monitor.call("migrate-recover", { uri: formatSocketAddress(listen) });
    this.#moved = this.#clock.now();
    this.#wake();
  }

  async #run(): Promise<TargetOutcome> {
    const stop = (): void => this.stop();
    const stopListening = this.#monitor.onEvent(({ name }) => name === "MIGRATION" && this.#wake());
    this.#monitor.closed.then((why) => {
      this.#gone = why;
      this.#wake();
    });
    this.#options.signal?.addEventListener("abort", stop, { once: true });
    if (this.#options.signal?.aborted) stop();
    try {
      return await this.#follow();
    } finally {
      this.#hasEnded = true;
      stopListening();
      this.#options.signal?.removeEventListener("abort", stop);
      for (const { resolve } of this.#waiting) resolve(undefined);
      this.#waiting.clear();
    }
  }

  async #follow(): Promise<TargetOutcome> {
    while (true) {
      const answer = await this.#ask();
      if (typeof answer === "string") return this.#outcome(answer);
      const end = this.#read(answer);
      if (end === "failed" && this.#options.exitsOnError) await this.#seeExit();
      if (end !== undefined) return this.#outcome(this.#gone === undefined ? end : "exited", answer);
      await this.#pause(this.#options.pollMs ?? POLL_MS);
      // Without an activity a target that answers may take as long as it likes.
      const still = this.#isOver() ?? (this.#isStill(this.#options.activity !== undefined) ? "stuck" : undefined);
      if (still !== undefined) return this.#outcome(still, answer);
    }
  }

  /** What `query-migrate` says, or why it says nothing. */
  async #ask(): Promise<{ readonly [field: string]: unknown } | TargetEnd> {
    let answer: { readonly [field: string]: unknown } | TargetEnd | undefined;
    const asked = this.#clock.now();
    // One that answers at all is not silent, however long nothing has moved.
    const isSilent = (): boolean => this.#clock.now() - asked >= Math.min(this.#silentMs, ANSWER_GRACE_MS);
    this.#monitor.call("query-migrate", {}, { limitMs: ANSWER_MS }).then(
      (value) => answer = objectOr(value),
      () => answer = this.#isOver() ?? "exited",
    ).then(() => this.#wake());
    while (answer === undefined) {
      await this.#pause(this.#options.pollMs ?? POLL_MS);
      // What has come meanwhile counts.
      answer ??= this.#isOver() ?? (this.#isStill(true) && isSilent() ? "silent" : undefined);
    }
    return answer;
  }

  async #seeExit(): Promise<void> {
    const end = this.#clock.now() + EXIT_MS;
    while (this.#gone === undefined && !this.#isStopped && this.#clock.now() < end) {
      await this.#pause(end - this.#clock.now());
    }
  }

  /** Whether nobody follows any more, or there is nobody to follow. */
  #isOver(): TargetEnd | undefined {
    if (this.#isStopped) return "stopped";
    if (this.#gone === undefined) return undefined;
    return this.#gone.code === "aborted" ? "stopped" : "exited";
  }

  /** Whether nothing has moved for too long. What does not count is taken for movement. */
  #isStill(counts: boolean): boolean {
    const activity = this.#options.activity?.();
    if (activity !== this.#activity || !counts) this.#moved = this.#clock.now();
    this.#activity = activity;
    return this.#clock.now() - this.#moved >= this.#silentMs;
  }

  /** Takes a new status, and tells if it is an end. */
  #read(answer: { readonly [field: string]: unknown }): TargetEnd | undefined {
    const status = textOf(answer.status) ?? "none";
    if (status !== this.#status) {
      this.#status = status;
      this.#moved = this.#clock.now();
      this.#options.onStatus?.(status);
      for (const waiting of this.#waiting) {
        if (!waiting.statuses.includes(status)) continue;
        this.#waiting.delete(waiting);
        waiting.resolve(status);
      }
    }
    if (status === "postcopy-paused" && !this.#options.recovers) return status;
    return ENDS.find((end) => end === status);
  }

  #outcome(status: TargetEnd, answer: { readonly [field: string]: unknown } = {}): TargetOutcome {
    const garbled = this.#gone?.code === "protocol" ? this.#gone.message : undefined;
    const error = textOf(answer["error-desc"]) ?? garbled;
    const { "total-time": totalTime, downtime } = answer;
    return {
      status,
      last: this.#status,
      ...(error === undefined ? {} : { error }),
      ...(typeof totalTime === "number" ? { totalTime } : {}),
      ...(typeof downtime === "number" ? { downtime } : {}),
    };
  }

  /** Waits for `ms`, or until it is woken. */
  async #pause(ms: number): Promise<void> {
    if (this.#isStopped || this.#gone !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const stopClock = this.#clock.after(ms, resolve);
    await promise;
    stopClock();
  }
}
