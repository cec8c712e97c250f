/** Targets that end or stop in the middle, and migwire that is told to end: in time, with the reason, and nothing is left. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { EmitPhase } from "../../src/emit/mod.ts";
import { replay, type ReplayVerdictKind } from "../../src/replay/mod.ts";
import type { Case } from "./case.ts";
import { assertGone, processesIn, spawnFolder } from "./replay_command.ts";
import { type Recorded, withCapture } from "./recorded.ts";

/** What happens, before a phase begins. */
interface Fault {
  readonly name: string;
  /** A signal for the target, or the user ends it. */
  readonly signal: "SIGKILL" | "SIGSTOP" | "the user";
  readonly kind: ReplayVerdictKind;
  readonly reason: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: "killed",
    signal: "SIGKILL",
    kind: "failed",
    reason: /^the target ended with SIGKILL while its status was (setup|active|none)/,
  },
  {
    name: "stopped",
    signal: "SIGSTOP",
    kind: "hangs",
    reason: /^the target's monitor does not answer any more, its last status was (setup|active|none)/,
  },
  { name: "ended by the user", signal: "the user", kind: "interrupted", reason: /^Ended by the user/ },
];

const PHASES: readonly EmitPhase[] = ["setup", "iteration", "devices", "end"];

const CAPTURES = ["plain-precopy", "plain-multifd-4", "plain-7.2", "plain-multifd-11.1"] as const;

const LIMITS = { stallMs: 2000, verdictMs: 2000, lastWordsMs: 1000 } as const;

/** With the start of QEMU, and the wait for one that does not take SIGTERM. */
const LIMIT_MS = 15_000;

/** The cases. */
export function faultCases(captures: readonly Recorded[]): Case[] {
  return CAPTURES.flatMap((name) => {
    const recorded = captures.find((one) => one.name === name);
    assert(recorded !== undefined, `${name} is not there`);
    return PHASES.flatMap((phase) =>
      FAULTS.map((fault): Case => ({
        name: `${name}: target ${fault.name} before ${phase}`,
        run: () => run(fault, phase, recorded),
      }))
    );
  });
}

async function run({ signal, kind, reason }: Fault, phase: EmitPhase, recorded: Recorded): Promise<string> {
  const begin = performance.now();
  const user = new AbortController();
  let address = "";
  let happened = false;
  const strike = async (now: EmitPhase): Promise<void> => {
    if (now !== phase || happened) return;
    happened = true;
    if (signal === "the user") return user.abort();
    const pids = await processesIn(spawnFolder(address));
    assertEquals(pids.length, 1, "processes of the target");
    for (const pid of pids) Deno.kill(pid, signal);
  };
  const { verdict } = await withCapture(recorded, (capture) =>
    replay(capture, {
      target: {
        kind: "spawn",
        argv: capture.manifest?.destination?.command ?? [],
        recorded: true,
        binary: recorded.qemu.path,
      },
      limits: LIMITS,
      signal: user.signal,
      gate: strike,
      notice: (notice) => {
        if (notice.kind === "prelude") address = notice.prelude.target;
      },
    }));
  assert(happened, `there was no phase ${phase}`);
  const took = performance.now() - begin;
  assertEquals(verdict.kind, kind, verdict.reason);
  assertMatch(verdict.reason, reason);
  assert(took < LIMIT_MS, `it took ${took} ms`);
  await assertGone(spawnFolder(address));
  return `${verdict.kind}: ${verdict.reason}`;
}
