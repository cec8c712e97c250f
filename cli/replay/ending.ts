import { CaptureError, MigwireError } from "../../src/public/capture.ts";
import { DealError, EmitError, type EmitErrorCode } from "../../src/public/emit.ts";
import { QmpError } from "../../src/public/qmp.ts";
import type { ReplayReport } from "../../src/public/replay.ts";
import { EXIT, ExitError, UsageError } from "../exit.ts";

/** What is in the way of sending, and no fault of capture or target. */
const BLOCKED: readonly string[] = ["not-seekable", "connect", "not-allowed"] satisfies readonly EmitErrorCode[];

/** The exit code of a replay. */
export function exitCodeOf({ ok, verdict }: Pick<ReplayReport, "ok" | "verdict">): number {
  if (ok) return EXIT.ok;
  if (verdict.kind === "interrupted") return EXIT.interrupted;
  return verdict.kind === "not-sent" ? EXIT.blocked : EXIT.fault;
}

/** What ends the program when nothing was sent: the capture, the target, the command line, or something in the way. */
export function replayError(error: unknown): unknown {
  if (error instanceof CaptureError) return error;
  if (!(error instanceof MigwireError)) return error instanceof RangeError ? new UsageError(error.message) : error;
  const message = error.hint === "" ? error.message : `${error.message}\n${error.hint}`;
  return new ExitError(codeOf(error), message, { cause: error });
}

function codeOf(error: MigwireError): number {
  if (error instanceof EmitError) return BLOCKED.includes(error.code) ? EXIT.blocked : EXIT.fault;
  if (error instanceof DealError) return EXIT.fault;
  // What the target refuses is its own fault; that it cannot be reached is not.
  if (error instanceof QmpError) return error.code === "refused" ? EXIT.fault : EXIT.blocked;
  return EXIT.blocked;
}
