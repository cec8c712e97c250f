import type { CaptureOutcome } from "../../capture/values.ts";
import type { Facts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** Errors that only say that something else went wrong. */
const SYMPTOMS: readonly string[] = ["destination-failed"];

/** Both sides said that all went well. */
export function bothCompleted(outcome: CaptureOutcome | undefined): boolean {
  return outcome?.source === "completed" && outcome.destination === "completed";
}

/**
 * An error that the recorded destination made a prediction of ours come to nothing is a warning that says so: what went
 * wrong silently must not be passed over.
 */
export function heedOutcome(problem: ProblemDraft, outcome: CaptureOutcome | undefined): ProblemDraft {
  const { expected, lost, severity } = problem;
  if (severity !== "error" || expected?.origin !== "capture" || !bothCompleted(outcome)) return problem;
  const message = `${problem.message}; BOTH SIDES SAY COMPLETED all the same${lost === undefined ? "" : `: ${lost}`}`;
  return { ...problem, severity: "warning", message };
}

/**
 * The recording says that the migration failed, and nothing in the streams explains it.
 *
 * @param errors Those that the other rules and the readers found.
 */
export function* outcomeRule(facts: Facts, errors: readonly ProblemDraft[]): Generator<ProblemDraft> {
  const { outcome } = facts.capture.manifest ?? {};
  const { source = "completed", destination = "completed", error: text, sourceError } = outcome ?? {};
  if (source === "completed" && destination === "completed") return;
  const afterEof = facts.main.eof !== undefined;
  const explained = errors.some(({ code }) => !SYMPTOMS.includes(code) && !(code === "truncated" && afterEof));
  if (explained) return;
  const said = text ?? sourceError;
  yield error({
    code: "recorded-outcome",
    channel: "capture.json",
    offset: 0,
    field: "outcome",
    message: `the recorded migration did not end well (source ${source}, destination ${destination}), although ` +
      (errors.length === 0 ? "the streams themselves are whole" : "the stream is whole up to EOF"),
    ...(said === undefined ? {} : { qemu: said }),
    hint: "the cause is not in the streams: look at the destination, its devices and its log",
  });
}
