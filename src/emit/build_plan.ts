import { type BarrierPoints, barrierPoints } from "./barriers.ts";
import { type ConnectOrder, inConnectOrder } from "./connect_order.ts";
import type { Lane } from "./lane.ts";
import type { EmitPlan, EmitStep, PlannedConnection, Precondition } from "./plan.ts";
import { type LanePlan, planLane } from "./plan_lane.ts";
import { awaitedMessages, stretchesToPostcopy } from "./postcopy.ts";
import type { LineScore, Score } from "./score.ts";
import type { AwaitedMessage, Mark, Stretch } from "./stretch.ts";

/** How a plan is made. */
export interface PlanOptions {
  /** In which order connections are opened; `main-first` if absent. */
  readonly connectOrder?: ConnectOrder;
  /**
   * Whether device packets are sent after SWITCHOVER_START, as a source does, or all that can be before it: then they
   * are queued at the destination, and count against its limits (destination-engine.md C.3, B.5).
   */
  readonly switchoverStart?: "before-packets" | "after-packets";
  /** Keep the packets of multifd channels apart, to be put into another order; otherwise those that stand behind each other go as one. */
  readonly apart?: boolean;
  /** The multifd channels to send, if not those of the capture. */
  readonly lanes?: readonly Lane[];
}

/**
 * What is sent of a capture, and what must precede what (destination-engine.md C.3):
 *
 * - SYNC `k` of every channel before the main channel's barrier `k`, and that before what follows the SYNC;
 * - SWITCHOVER_START before device packets, or the other way round;
 * - the acknowledgement of the switchover before the guest stops, where a device needs it;
 * - a preempt channel before postcopy begins, its pages when it has begun, and before the end;
 * - a recovery after the interruption.
 *
 * @param score Of {@linkcode readScore}.
 * @param options The order.
 * @returns Connections, with their steps and what each waits for.
 * @throws {RangeError} If `connectOrder` does not name each channel once.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { buildPlan, readScore } from "@migwire/migwire/emit";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const { connections } = buildPlan(readScore(capture), { connectOrder: "main-last" });
 * assertEquals(connections.map(({ label }) => label), ["multifd 0", "multifd 1", "main"]);
 * capture.close();
 * ```
 */
export function buildPlan(score: Score, options: PlanOptions = {}): EmitPlan {
  return new Builder(score, options).plan();
}

/** A connection whose place is known, and not yet what it waits for. */
interface Draft {
  readonly recorded: number;
  readonly lane?: Lane;
  readonly line?: LineScore;
}

class Builder {
  readonly #score: Score;
  readonly #packetsFirst: boolean;
  readonly #apart: boolean;
  /** In the order in which they are opened. */
  readonly #drafts: readonly Draft[];
  readonly #main: number;
  readonly #preempt: number;
  readonly #points: BarrierPoints;
  readonly #lanePlans: ReadonlyMap<number, LanePlan>;

  constructor(score: Score, options: PlanOptions) {
    const { lanes, connectOrder = "main-first", switchoverStart, apart = false } = options;
    this.#apart = apart;
    this.#score = score;
    this.#packetsFirst = switchoverStart === "after-packets";
    const multifd = (lanes ?? score.lanes).map((lane): Draft => ({ lane, recorded: lane.init.connection }));
    const line = (score: LineScore): Draft => ({ line: score, recorded: score.entry.channel.index });
    // Those come when the others are there, each when its time has come.
    const later = [...score.preempts, ...score.recoveries].map(line).sort((a, b) => a.recorded - b.recorded);
    this.#drafts = [...inConnectOrder([line(score.main), ...multifd], connectOrder), ...later];
    this.#main = this.#drafts.findIndex((draft) => draft.line === score.main);
    this.#preempt = this.#drafts.findIndex((draft) => isRole(draft, "preempt"));
    // Without multifd channels the main channel waits for nobody.
    const points = barrierPoints(score.main.stretches);
    this.#points = multifd.length === 0 ? { ...points, barriers: [] } : points;
    this.#lanePlans = this.#planLanes();
  }

  plan(): EmitPlan {
    const { needs, notes, main, recoveries } = this.#score;
    return {
      connections: this.#drafts.map((draft, index) => this.#connection(draft, index)),
      needs: { ...needs, multifdChannels: this.#lanePlans.size },
      pings: [main, ...recoveries].reduce((sum, { pings }) => sum + pings, 0),
      whole: needs.whole,
      notes,
    };
  }

  #planLanes(): Map<number, LanePlan> {
    const plans = new Map<number, LanePlan>();
    const { barriers, start, startInterval } = this.#points;
    for (const [connection, { lane }] of this.#drafts.entries()) {
      if (lane === undefined) continue;
      const plan = planLane(lane, {
        apart: this.#apart,
        released: (interval) => this.#mainSent(barriers[interval - 1]),
        // Sooner they cannot wait for it: the main channel would wait for their SYNC.
        devices: (interval) => this.#packetsFirst || interval < startInterval ? [] : this.#mainSent(start),
      });
      plans.set(connection, plan);
    }
    return plans;
  }

  /** The main channel's stretch `at` is sent, if there is one. */
  #mainSent(at: number | undefined): Precondition[] {
    return at === undefined ? [] : [{ kind: "sent", connection: this.#main, steps: at + 1 }];
  }

  #connection({ lane, line, recorded }: Draft, index: number): PlannedConnection {
    const { whole } = this.#score.needs;
    const steps = this.#lanePlans.get(index)?.steps;
    if (lane !== undefined && steps !== undefined) {
      const label = lane.id < 0 ? "multifd" : `multifd ${lane.id}`;
      return { role: "multifd", label, after: [], steps, ending: whole ? "keep" : "close" };
    }
    if (line === undefined) throw new TypeError("Cannot plan a connection without contents");
    const isInterrupted = this.#drafts.some((other) => other.recorded > recorded && isRole(other, "recovery"));
    return {
      role: roleOf(line),
      label: line.entry.label,
      after: this.#opening(line, recorded),
      steps: line.stretches.map((stretch, at) => this.#step(line, stretch, at)),
      ending: isInterrupted ? "interrupt" : whole ? "keep" : "close",
    };
  }

  #opening(line: LineScore, recorded: number): Precondition[] {
    const role = roleOf(line);
    if (role === "recovery") return [{ kind: "recovery" }];
    const isLater = this.#drafts.some((other) => other.recorded < recorded && isRole(other, "recovery"));
    // A source makes it when the destination has answered: then the main channel is known as such.
    const isAsked = role === "preempt" && !isLater && this.#score.main.pings > 0;
    return isAsked ? [{ kind: "message", message: "pong", count: 1 }] : [];
  }

  #step(line: LineScore, { name, phase, items, marks }: Stretch, at: number): EmitStep {
    const after = marks.flatMap((mark) => this.#before(mark, line));
    if (line === this.#score.main) after.push(...this.#syncs(at));
    if (at === 0 && roleOf(line) === "preempt") after.push(...this.#postcopyBegun(line));
    if (phase === "end") after.push(...this.#preemptsSent());
    return { name, after, items, ...(phase === undefined ? {} : { phase }) };
  }

  /** What comes before a mark. */
  #before(mark: Mark, line: LineScore): Precondition[] {
    switch (mark.kind) {
      case "stop":
        return line.needsAck ? [{ kind: "message", message: "switchover-ack", count: 1 }] : [];
      case "package":
        return this.#preempt < 0 ? [] : [{ kind: "opened", connection: this.#preempt }];
      case "await":
        return mark.count === 0 ? [] : [{
          kind: "message",
          message: mark.message,
          count: mark.count + this.#awaitedBefore(line, mark.message),
        }];
      case "switchover-start":
        return this.#packetsFirst ? this.#lanesSent(({ upToDevices }) => upToDevices[this.#points.startInterval]) : [];
      case "barrier":
        return [];
    }
  }

  /** Messages that the recoveries before this one wait for. */
  #awaitedBefore(line: LineScore, message: AwaitedMessage): number {
    const { recoveries } = this.#score;
    const before = recoveries.slice(0, Math.max(0, recoveries.indexOf(line)));
    return before.reduce((sum, { stretches }) => sum + awaitedMessages(stretches, message), 0);
  }

  /** All urgent pages: at the end of the main channel the destination leaves unread what it has not asked for itself. */
  #preemptsSent(): Precondition[] {
    return this.#drafts.flatMap(({ line }, connection) =>
      line !== undefined && roleOf(line) === "preempt"
        ? [{ kind: "sent", connection, steps: line.stretches.length }]
        : []
    );
  }

  /** The destination is in postcopy, again after a recovery: only then it reads the pages of a preempt channel. */
  #postcopyBegun({ entry: { channel: { index } } }: LineScore): Precondition[] {
    const connection = this.#drafts.findLastIndex((other) =>
      other.recorded < index && (other.line === this.#score.main || isRole(other, "recovery"))
    );
    const steps = stretchesToPostcopy(this.#drafts[connection]?.line?.stretches ?? []);
    return steps === 0 ? [] : [{ kind: "sent", connection, steps }];
  }

  /** The SYNC packets that come before a barrier; of channels that end before, none. */
  #syncs(at: number): Precondition[] {
    const number = this.#points.barriers.indexOf(at);
    return number < 0 ? [] : this.#lanesSent(({ upToSync }) => upToSync[number]);
  }

  #lanesSent(steps: (plan: LanePlan) => number | undefined): Precondition[] {
    return [...this.#lanePlans].flatMap(([connection, plan]) => {
      const count = steps(plan);
      return count === undefined ? [] : [{ kind: "sent", connection, steps: count }];
    });
  }
}

function roleOf({ entry: { identity: { role } } }: LineScore): "main" | "recovery" | "preempt" {
  return role === "recovery" || role === "preempt" ? role : "main";
}

function isRole({ line }: Draft, role: "recovery" | "preempt"): boolean {
  return line !== undefined && roleOf(line) === role;
}
