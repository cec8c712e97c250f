import type { EmitErrorCode, EmitResult } from "../emit/mod.ts";
import type { Exit } from "../emit/spawn/mod.ts";
import type { TargetEnd, TargetOutcome } from "../emit/target/mod.ts";
import type { ReplayVerdict } from "./replay_options.ts";

/** What is known in the end. */
export interface Evidence {
  /** What became of sending. */
  readonly emission: EmitResult;
  /** How the migration ended at the target, where its monitor could be asked. */
  readonly outcome?: TargetOutcome;
  /** What the target printed, where we started it. */
  readonly stderr?: string;
  /** How its process ended, where we started it and it ended by itself. */
  readonly exit?: Exit;
  /** It has multifd channels. */
  readonly multifd: boolean;
  /** The user has ended it, perhaps when all was sent. */
  readonly interrupted?: boolean;
  /** Multifd channels that the target drops, since it takes fewer than there are. */
  readonly dropped?: number;
}

/** QEMU's own word that it has loaded everything, or has not. */
const SAID: { readonly [end in TargetEnd]?: ReplayVerdict["kind"] } = {
  "completed": "completed",
  "failed": "failed",
  "cancelled": "failed",
  "exited": "failed",
  "postcopy-paused": "failed",
  "silent": "hangs",
  "stuck": "hangs",
};

/** What it means that the connections ended so. */
const KINDS: { readonly [code in EmitErrorCode]?: ReplayVerdict["kind"] } = { "stalled": "hangs", "closed": "failed" };

/**
 * What became of a replay. The target's monitor counts most; then what came on the return path, where SHUT with 0 is a proof
 * for a main channel alone: of multifd channels and devices it says nothing (destination-engine.md A.5).
 */
export function verdictOf(evidence: Evidence): ReplayVerdict {
  const { emission, outcome, multifd, stderr = "", interrupted = false } = evidence;
  const { error, answers } = emission;
  if (error?.code === "interrupted" || (interrupted && outcome?.status === "stopped")) {
    return { kind: "interrupted", by: "the user", reason: error?.message ?? "Ended by the user, when all was sent" };
  }
  const said = outcome === undefined ? undefined : SAID[outcome.status];
  const { dropped = 0 } = evidence;
  if (said === "completed" && dropped > 0) {
    // QEMU drops what comes beyond its number, and may not miss it (destination-engine.md B.7, row 94).
    const channels = dropped === 1 ? "one multifd channel" : `${dropped} multifd channels`;
    const reason = `the target says completed, but drops ${channels}: what was sent there is missing in it`;
    return { kind: "failed", by: "migwire", reason: after(ownWords(stderr), reason) };
  }
  if (outcome !== undefined && said !== undefined) {
    const by = outcome.status === "exited" ? "the end of its process" : "query-migrate";
    return { kind: said, by, reason: reasonOf(outcome, evidence) };
  }
  if (answers.shut !== undefined && answers.shut !== 0) {
    return { kind: "failed", by: "SHUT", reason: `the target answers with SHUT ${answers.shut}: it has failed` };
  }
  if (error !== undefined) {
    const isOpened = emission.connections.some(({ opened }) => opened);
    const kind = isOpened ? KINDS[error.code] ?? "unconfirmed" : "not-sent";
    const last = kind === "hangs" && outcome !== undefined ? `; the status of the target is ${outcome.last}` : "";
    return { kind, by: isOpened ? "the connections" : "migwire", reason: `${error.message}${last}` };
  }
  if (outcome !== undefined) {
    // Its monitor could be asked, and counts more than SHUT.
    return { kind: "hangs", by: "query-migrate", reason: `all is sent, and the target stays ${outcome.last}` };
  }
  if (answers.shut === 0 && !multifd) {
    return { kind: "completed", by: "SHUT", reason: "the target answers with SHUT 0" };
  }
  const why = answers.shut === 0
    ? "the target is content with the main channel (SHUT 0), which says nothing of multifd channels and devices"
    : "the target has closed the connections, which says nothing about why";
  return { kind: "unconfirmed", by: "the connections", reason: `${why}: ask its monitor with --qmp` };
}

/** The target's own words, or the best that there is. */
function reasonOf({ status, error, last }: TargetOutcome, evidence: Evidence): string {
  const { emission: { error: broken }, stderr = "", exit } = evidence;
  if (status === "completed") return "the target says completed";
  const printed = ownWords(stderr);
  // The text of query-migrate can be less than what was printed before it.
  const said = error === undefined || printed?.includes(error) ? printed : after(printed, error);
  switch (status) {
    case "exited":
      return printed ?? error ??
        `the target ended${how(exit)} while its status was ${last}${because(broken?.message)}`;
    case "silent":
      return after(
        said,
        `the target's monitor does not answer any more, its last status was ${last}${because(broken?.message)}`,
      );
    case "stuck":
      return after(said, `the target stays ${last}${because(broken?.message)}`);
    case "postcopy-paused":
      return "the connection broke in postcopy, and nobody recovers it";
    default:
      return said ?? `the target says ${status}`;
  }
}

function how(exit: Exit | undefined): string {
  if (exit === undefined) return "";
  return exit.signal === undefined ? ` with exit code ${exit.code}` : ` with ${exit.signal}`;
}

/** The target's own words first, where there are some. */
function after(printed: string | undefined, reason: string): string {
  return printed === undefined ? reason : `${printed}; ${reason}`;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}

/** What QEMU printed, without the time and its name in front of each line. */
function ownWords(stderr: string): string | undefined {
  const lines = stderr.split("\n").map((line) =>
    line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, "").replace(/^[^\s:]*qemu[^\s:]*: /, "").trim()
  ).filter((line) => line !== "" && !line.startsWith("warning: "));
  return lines.length === 0 ? undefined : lines.join("; ");
}
