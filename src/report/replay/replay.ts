import type { Capture } from "../../capture/values.ts";
import type { EmitResult } from "../../emit/mod.ts";
import type { ReplayResult, ReplayVerdictKind } from "../../replay/mod.ts";
import { REPLAY_FORMAT, type ReplayReport, type SentReport } from "./model.ts";

/** What is as it was asked for. */
const OK: readonly ReplayVerdictKind[] = ["completed", "written", "fits"];

/**
 * What became of a replay, as a document.
 *
 * @param capture What was sent.
 * @param result What became of it.
 * @returns The document that `migwire replay --json` prints (schema/replay-1.schema.json).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { replay, replayReport } from "@migwire/migwire/replay";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const report = replayReport(capture, await replay(capture, { target: { kind: "nowhere" } }));
 * assertEquals([report.format, report.verdict.kind], ["migwire-replay/1", "written"]);
 * capture.close();
 * ```
 */
export function replayReport({ name, kind }: Pick<Capture, "name" | "kind">, result: ReplayResult): ReplayReport {
  const { facts, settings, mismatches, spawned = [], notes, emission, outcome, stderr, verdict } = result;
  return {
    format: REPLAY_FORMAT,
    capture: { name, kind },
    ok: OK.includes(verdict.kind),
    verdict,
    target: {
      address: result.target,
      spawned: result.spawned !== undefined,
      qemu: facts?.qemu ?? null,
      package: facts?.package ?? null,
      machine: facts?.machine ?? null,
    },
    settings: settings?.settings ?? [],
    leftOut: settings?.leftOut ?? [],
    mismatches,
    notes: [...spawned, ...notes],
    sent: emission === undefined ? null : sentReport(emission),
    outcome: outcome ?? null,
    stderr: stderr ?? null,
  };
}

function sentReport({ connections, answers, pings, sent, error, sendingMs }: EmitResult): SentReport {
  const sum = (key: "sent" | "planned"): number => connections.reduce((total, one) => total + one[key], 0);
  return {
    all: sent,
    bytes: sum("sent"),
    planned: sum("planned"),
    milliseconds: sendingMs,
    connections,
    answers,
    pings,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}
