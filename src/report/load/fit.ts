import type { CheckProblem } from "../check/mod.ts";
import type { Verdict } from "../../load/mod.ts";

/**
 * Problems of a capture with a destination that are no matter of VFIO devices or multifd, and that QEMU comes to before
 * any of these: the engine does not know them, the checker does.
 */
const BEFORE_DEVICES: readonly string[] = [
  "magic",
  "version",
  "machine",
  "ram-size",
  "capability",
  "postcopy-ram",
  "compression",
  "uuid",
  "transfer-unsupported",
];

/** What makes QEMU refuse the stream before it comes to the devices; undefined if nothing does. */
export function refusal(problems: readonly CheckProblem[]): Verdict | undefined {
  const problem = problems.find(({ severity, code }) => severity === "error" && BEFORE_DEVICES.includes(code));
  if (problem === undefined) return undefined;
  const { code, message, qemu } = problem;
  return { kind: "error", code, reason: message, ...(qemu === undefined ? {} : { qemu }) };
}
