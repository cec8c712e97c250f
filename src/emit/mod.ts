/** Sends a capture to a real destination: what must precede what, and the senders. @module */
export type { EmitAnswers } from "./answers.ts";
export { type BarrierPoints, barrierPoints } from "./barriers.ts";
export { buildPlan, type PlanOptions } from "./build_plan.ts";
export type { ConnectOrder } from "./connect_order.ts";
export { Emission } from "./emission.ts";
export { EmitError, type EmitErrorCode } from "./emit_error.ts";
export {
  EMIT_LIMITS,
  type EmitLimits,
  type EmitNotice,
  type EmitOptions,
  type EmitResult,
  type EmitTap,
  type EmittedConnection,
} from "./emit_options.ts";
export { interleave } from "./interleave.ts";
export type { Item } from "./item.ts";
export type { Interval, Lane } from "./lane.ts";
export type { NeededBlock, NeededDevice, StreamNeeds } from "./needs.ts";
export { limitedPace, type Pace, type PacedBytes, recordedPace, UNPACED } from "./pace.ts";
export type { EmitPlan, EmitRole, EmitStep, PlannedConnection, Precondition } from "./plan.ts";
export { type LineScore, readScore, type Score, type ScoreOptions } from "./score.ts";
export { type PlannedStep, simulate } from "./simulate.ts";
export type { AwaitedMessage, EmitPhase, Mark, Stretch } from "./stretch.ts";
export { type EmitConnection, type EmitTarget, SILENT_TARGET, socketTarget } from "./target.ts";
