import type { Capture } from "../capture/mod.ts";
import { formatSocketAddress, type SocketAddress } from "../net/mod.ts";
import { isObject, QmpClient, QmpError, SYSTEM_CLOCK } from "../qmp/mod.ts";
import {
  Emission,
  EMIT_LIMITS,
  EmitError,
  type EmitErrorCode,
  type EmitLimits,
  type EmitOptions,
  type EmitPlan,
  type EmitResult,
  type EmitTap,
  type Score,
  SILENT_TARGET,
  socketTarget,
  type StreamNeeds,
} from "../emit/mod.ts";
import { SPAWN_LIMITS, SpawnedQemu } from "../emit/spawn/mod.ts";
import {
  examineTarget,
  followTarget,
  type Mismatch,
  mismatchesOf,
  prepareTarget,
  settingOf,
  type TargetFacts,
  type TargetFollower,
  type TargetOptions,
  type TargetOutcome,
  type TargetSettings,
  targetSettings,
} from "../emit/target/mod.ts";
import { Holds } from "./holds.ts";
import { planReplay, replayScore } from "./plan_replay.ts";
import type { ReplayOptions, ReplayResult, ReplayTarget, ReplayVerdict } from "./replay_options.ts";
import { postcopyRuns } from "./postcopy_runs.ts";
import { uuidText } from "./uuid_change.ts";
import { type Evidence, verdictOf } from "./verdict.ts";

/** A target that is somewhere. */
type RealTarget = Exclude<ReplayTarget, { readonly kind: "nowhere" }>;

/** Errors after which the target may still be about to tell how it ended. */
const TELLING: readonly (EmitErrorCode | undefined)[] = [undefined, "closed", "ended"];

/**
 * Sends a capture to a target, and says what becomes of it: "does this capture load in that QEMU?"
 *
 * With its monitor the target is looked at first, set as the stream needs it, and asked for its verdict. What is found
 * not to fit is told before the first byte is sent; it is sent all the same, for the target's own words about it.
 *
 * Whatever happens, no connection and no process is left behind.
 *
 * @param capture The capture; its channels must be possible to read twice. It is not closed.
 * @param options The target, and what is changed on the way.
 * @returns What became of it.
 * @throws {EmitError} If the capture cannot be sent.
 * @throws {DealError} If its packets cannot be dealt as it is wished.
 * @throws {SpawnError} If the target cannot be started.
 * @throws {QmpError} If its monitor cannot be talked to, or refuses a setting.
 * @throws {CaptureError} If bytes of the capture cannot be had.
 * @throws The reason of `options.signal`, if it is aborted before sending has begun; later it is a verdict, `interrupted`.
 *
 * @example
 * ```ts
 * import { openCapture } from "@migwire/migwire/capture";
 * import { parseSocketAddress, replay } from "@migwire/migwire/replay";
 *
 * // Whether the capture loads in the QEMU that listens there.
 * async function loads(path: string, address: string): Promise<boolean> {
 *   const capture = openCapture(path);
 *   try {
 *     const { verdict } = await replay(capture, { target: { kind: "address", to: parseSocketAddress(address) } });
 *     return verdict.kind === "completed";
 *   } finally {
 *     capture.close();
 *   }
 * }
 * ```
 */
export async function replay(capture: Capture, options: ReplayOptions): Promise<ReplayResult> {
  const { target, targetUuid, changes: { uuid, ...changes } = {} } = options;
  // The UUID of the target is not known yet.
  const score = replayScore(capture, targetUuid || uuid === undefined ? changes : { ...changes, uuid });
  await using stack = new AsyncDisposableStack();
  const run = new Replay(capture, options, score, stack);
  try {
    return target.kind === "nowhere" ? await run.write(target.name) : await run.send(target);
  } catch (error) {
    // The caller ended it: that it broke the monitor off says nothing.
    if (error instanceof QmpError && error.code === "aborted") options.signal?.throwIfAborted();
    throw error;
  }
}

/** Where the target is, once it is there. */
interface Place {
  readonly to: SocketAddress;
  readonly listen: SocketAddress;
  readonly qmp?: QmpClient;
  readonly spawned?: SpawnedQemu;
}

/** What was found out about the target by its monitor. */
interface Examined {
  readonly facts: TargetFacts;
  readonly settings: TargetSettings;
  readonly mismatches: readonly Mismatch[];
}

class Replay {
  readonly #capture: Capture;
  readonly #options: ReplayOptions;
  readonly #score: Score;
  /** What is given back in the end, the last first. */
  readonly #stack: AsyncDisposableStack;
  readonly #limits: EmitLimits;
  readonly #signal: AbortSignal;
  readonly #holds = new Holds(SYSTEM_CLOCK);
  #tap: EmitTap | undefined;

  constructor(capture: Capture, options: ReplayOptions, score: Score, stack: AsyncDisposableStack) {
    this.#capture = capture;
    this.#options = options;
    this.#score = score;
    this.#stack = stack;
    this.#limits = { ...EMIT_LIMITS, ...options.limits };
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /** Sends it to nobody. */
  async write(name: string = SILENT_TARGET.name): Promise<ReplayResult> {
    const { needs, notes } = this.#score;
    const prelude = { target: name, needs, mismatches: [], notes };
    this.#options.notice?.({ kind: "prelude", prelude });
    const plan = await this.#plan();
    const emission = await this.#emit(new Emission(plan, SILENT_TARGET, this.#emitOptions()));
    return {
      ...prelude,
      emission,
      verdict: emission.error === undefined
        ? { kind: "written", by: "migwire", reason: "all that would be sent is there" }
        : verdictOf({ emission, multifd: false }),
    };
  }

  /** Sends it to a target. */
  async send(target: RealTarget): Promise<ReplayResult> {
    const { needs, notes } = this.#score;
    const place = await this.#reach(target);
    const { qmp, spawned } = place;
    const examined = qmp === undefined ? undefined : await this.#examine(qmp);
    const prelude = {
      target: formatSocketAddress(place.to),
      needs,
      notes,
      ...(spawned === undefined ? {} : { spawned: spawned.notes }),
      ...(examined ?? { mismatches: [] }),
    };
    this.#options.notice?.({ kind: "prelude", prelude });
    if (this.#options.examineOnly) return { ...prelude, verdict: this.#fit(examined) };
    // Planned first: what cannot be sent is no reason to touch the target.
    const plan = await this.#plan(examined?.facts);
    const { emission, outcome } = await this.#carryOut(plan, place, examined);
    const evidence = {
      emission,
      multifd: plan.needs.multifdChannels > 0,
      interrupted: this.#signal.aborted,
      dropped: droppedChannels(plan, examined),
      ...(outcome === undefined ? {} : { outcome }),
    };
    const completed = verdictOf(evidence).kind === "completed";
    const unwell = completed && this.#options.cont && qmp !== undefined ? await letRun(qmp) : undefined;
    const last = await lastOf(spawned, outcome);
    return {
      ...prelude,
      emission,
      ...(outcome === undefined ? {} : { outcome }),
      ...(last.stderr === undefined ? {} : { stderr: last.stderr }),
      verdict: unwell ?? verdictOf({ ...evidence, ...last }),
    };
  }

  async #reach(target: RealTarget): Promise<Place> {
    if (target.kind === "address") {
      const { to, qmp: monitor, listen = to } = target;
      const qmp = monitor === undefined ? undefined : await this.#monitor(monitor);
      return { to, listen, ...(qmp === undefined ? {} : { qmp }) };
    }
    const { argv, recorded, binary } = target;
    const version = this.#capture.manifest?.destination?.qemu;
    const { blocks, machine } = this.#score.needs;
    const spawned = await SpawnedQemu.start({
      argv,
      recorded,
      blocks,
      signal: this.#signal,
      // Whoever is ready to wait long for a target is so from its start.
      limits: { startMs: Math.max(SPAWN_LIMITS.startMs, this.#limits.stallMs) },
      ...(version === undefined ? {} : { version }),
      ...(machine === undefined ? {} : { machine }),
      ...(binary === undefined ? {} : { binary }),
    });
    this.#stack.defer(() => spawned.stop());
    return { to: spawned.incoming, listen: spawned.incoming, qmp: await this.#monitor(spawned.qmp), spawned };
  }

  async #monitor(address: SocketAddress): Promise<QmpClient> {
    const { connectMs, stallMs } = this.#options.limits ?? {};
    const limits = {
      ...(connectMs === undefined ? {} : { connectMs, greetingMs: connectMs }),
      ...(stallMs === undefined ? {} : { answerMs: stallMs }),
    };
    const qmp = await QmpClient.connect(address, { signal: this.#signal, limits });
    this.#stack.defer(() => qmp.close());
    return qmp;
  }

  async #examine(qmp: QmpClient): Promise<Examined> {
    const facts = await examineTarget(qmp);
    const needs = this.#changedNeeds(facts);
    const { destination: recorded, outcome } = this.#capture.manifest ?? {};
    const settings = targetSettings({
      needs,
      facts,
      options: this.#wishes,
      ...(recorded === undefined ? {} : { recorded }),
      ...(outcome === undefined ? {} : { outcome }),
    });
    const mismatches = mismatchesOf(needs, facts, settings);
    return { facts, settings, mismatches };
  }

  /** What the stream asks for when it is changed as it is wished. */
  #changedNeeds(facts: TargetFacts): StreamNeeds {
    const { changes: { channels, uuid } = {}, targetUuid } = this.#options;
    const { uuid: own, ...needs } = this.#score.needs;
    const isWritten = uuid !== undefined && (own !== undefined || needs.multifdChannels > 0);
    const sent = targetUuid ? facts.uuid : isWritten ? uuidText(uuid) : own;
    return {
      ...needs,
      ...(sent === undefined ? {} : { uuid: sent }),
      multifdChannels: channels ?? needs.multifdChannels,
    };
  }

  /** That packets are dealt to so many channels is the user's wish, too. */
  get #wishes(): TargetOptions {
    const { settings, changes: { channels } = {} } = this.#options;
    if (channels === undefined) return settings ?? {};
    return { ...settings, parameters: { "multifd-channels": channels, ...settings?.parameters } };
  }

  #fit(examined: Examined | undefined): ReplayVerdict {
    if (examined === undefined) {
      const reason = "the target was not looked at: its monitor is needed (--qmp, --spawn)";
      return { kind: "unconfirmed", by: "migwire", reason };
    }
    const errors = examined.mismatches.filter(({ severity }) => severity === "error");
    if (errors.length === 0) return { kind: "fits", by: "migwire", reason: "nothing is known that would not fit" };
    return { kind: "does-not-fit", by: "migwire", reason: errors.map(({ message }) => message).join("; ") };
  }

  async #plan(facts?: TargetFacts): Promise<EmitPlan> {
    const { changes = {}, targetUuid } = this.#options;
    if (targetUuid && facts?.uuid === undefined) {
      throw new EmitError(
        "no-monitor",
        "Cannot take over the UUID of the target: it does not say it",
        "give its monitor with --qmp",
      );
    }
    const uuid = targetUuid ? facts?.uuid : undefined;
    const plan = uuid === undefined
      ? await planReplay(this.#capture, changes, this.#score)
      : await planReplay(this.#capture, { ...changes, uuid });
    this.#signal.throwIfAborted();
    this.#tap = this.#options.tap?.();
    return plan;
  }

  async #carryOut(
    plan: EmitPlan,
    { to, listen, qmp }: Place,
    examined: Examined | undefined,
  ): Promise<{ readonly emission: EmitResult; readonly outcome?: TargetOutcome }> {
    if (qmp === undefined || examined === undefined) {
      const emission = new Emission(plan, socketTarget(to), this.#emitOptions());
      return { emission: await this.#emit(emission) };
    }
    const { exitsOnError } = await prepareTarget(qmp, examined.facts, examined.settings, { listen });
    const done = new AbortController();
    /** Bytes that went either way; the follower is there before anything is sent. */
    let moved = (): number => 0;
    const follower = followTarget(qmp, {
      exitsOnError,
      recovers: plan.connections.some(({ role }) => role === "recovery"),
      // Longer than the connections are waited for: when they are closed a target may say what it has.
      silentMs: this.#limits.stallMs + this.#limits.lastWordsMs / 2,
      activity: () => moved(),
      signal: this.#signal,
      onStatus: (status) => this.#options.notice?.({ kind: "status", status }),
    });
    const emission = new Emission(plan, socketTarget(to), {
      ...this.#emitOptions(),
      done: done.signal,
      interruptible: () => postcopyRuns(qmp, { limitMs: this.#limits.stallMs, clock: SYSTEM_CLOCK }),
      recover: () => follower.recover(listen),
    });
    moved = (): number =>
      emission.status().reduce((sum, { sent, received }) => sum + sent + received, this.#holds.count());
    const outcome = follower.finished.finally(() => done.abort());
    const result = await this.#emit(emission);
    return { emission: result, outcome: await this.#lastStatus(result, follower, outcome) };
  }

  /** What the target says when nothing is sent any more. One that waits for ever need not be waited for. */
  async #lastStatus(
    { error, answers: { shut = 0 } }: EmitResult,
    follower: TargetFollower,
    outcome: Promise<TargetOutcome>,
  ): Promise<TargetOutcome> {
    const { lastWordsMs, verdictMs } = this.#limits;
    // QEMU 11.1 says SHUT 1 when it fails in postcopy, and can stay `postcopy-device` for ever.
    const isOver = !TELLING.includes(error?.code) || shut !== 0;
    const limit = error?.code === "interrupted" ? 0 : isOver ? lastWordsMs : verdictMs;
    const stopClock = SYSTEM_CLOCK.after(limit, () => follower.stop());
    try {
      return await outcome;
    } finally {
      stopClock();
    }
  }

  async #emit(emission: Emission): Promise<EmitResult> {
    const planned = emission.status().reduce((sum, connection) => sum + connection.planned, 0);
    this.#options.notice?.({
      kind: "sending",
      planned,
      sent: () => emission.status().reduce((sum, { sent }) => sum + sent, 0),
    });
    return await emission.finished;
  }

  #emitOptions(): EmitOptions {
    const { pace, gate, limits, signal, notice } = this.#options;
    const tap = this.#tap;
    return {
      ...(pace === undefined ? {} : { pace: this.#holds.paced(pace) }),
      ...(gate === undefined ? {} : { gate: this.#holds.gated(gate) }),
      ...(limits === undefined ? {} : { limits }),
      ...(signal === undefined ? {} : { signal }),
      ...(tap === undefined ? {} : { tap }),
      ...(notice === undefined ? {} : { notice }),
    };
  }
}

/** How many multifd channels are sent and not taken. */
function droppedChannels({ needs: { multifdChannels } }: EmitPlan, examined: Examined | undefined): number {
  if (multifdChannels === 0 || examined === undefined) return 0;
  const { settings, facts } = examined;
  if (settingOf(settings, facts, "capability", "multifd") !== true) return multifdChannels;
  const taken = settingOf(settings, facts, "parameter", "multifd-channels");
  return typeof taken === "number" ? Math.max(0, multifdChannels - taken) : 0;
}

/** Lets the guest of a target run. What is wrong then; undefined if nothing is. */
async function letRun(qmp: QmpClient): Promise<ReplayVerdict | undefined> {
  const failed = (reason: string): ReplayVerdict => ({ kind: "failed", by: "cont", reason });
  try {
    await qmp.call("cont");
    const answer = await qmp.call("query-status");
    const status = isObject(answer) ? answer.status : undefined;
    return status === "running"
      ? undefined
      : failed(`the target says completed, but when it is to run it is ${status}`);
  } catch (error) {
    // That the user ended it is no failure of the target.
    if (error instanceof QmpError && error.code !== "aborted") {
      return failed(`the target says completed, but does not run: ${error.message}`);
    }
    throw error;
  }
}

/** Until a QEMU that has closed its monitor has ended. */
const EXIT_MS = 1000;

/** What the QEMU that we started has printed, and how it ended. One that has ended is waited for, to hear all of it. */
async function lastOf(
  spawned: SpawnedQemu | undefined,
  outcome: TargetOutcome | undefined,
): Promise<Pick<Evidence, "stderr" | "exit">> {
  if (spawned === undefined) return {};
  if (outcome?.status !== "exited") return { stderr: spawned.stderr() };
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const stopClock = SYSTEM_CLOCK.after(EXIT_MS, () => resolve(undefined));
  const exit = await Promise.race([spawned.exited, late]);
  stopClock();
  await spawned.stop();
  return { stderr: spawned.stderr(), ...(exit === undefined ? {} : { exit }) };
}
