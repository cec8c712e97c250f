/**
 * Sends a capture's channels in an order that a source could have sent them in.
 *
 * {@linkcode readScore} reads what can be sent, {@linkcode buildPlan} says what must precede what, {@linkcode Emission}
 * carries it out. `replay()` of `/replay` does all of it, and asks the target for its verdict.
 *
 * @module
 */
export { DealError, type DealErrorCode } from "../emit/deal/mod.ts";
export {
  type AwaitedMessage,
  buildPlan,
  type ConnectOrder,
  Emission,
  EMIT_LIMITS,
  type EmitAnswers,
  type EmitConnection,
  EmitError,
  type EmitErrorCode,
  type EmitLimits,
  type EmitNotice,
  type EmitOptions,
  type EmitPhase,
  type EmitPlan,
  type EmitResult,
  type EmitRole,
  type EmitStep,
  type EmitTap,
  type EmitTarget,
  type EmittedConnection,
  type Interval,
  type Item,
  type Lane,
  limitedPace,
  type LineScore,
  type Mark,
  type NeededBlock,
  type NeededDevice,
  type Pace,
  type PacedBytes,
  type PlannedConnection,
  type PlanOptions,
  type Precondition,
  readScore,
  recordedPace,
  type Score,
  type ScoreOptions,
  SILENT_TARGET,
  socketTarget,
  type StreamNeeds,
  type Stretch,
  UNPACED,
} from "../emit/mod.ts";
