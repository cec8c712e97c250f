import { assertEquals, assertMatch } from "@std/assert";
import { EmitError, type EmitErrorCode, type EmitResult } from "../emit/mod.ts";
import type { TargetEnd, TargetOutcome } from "../emit/target/mod.ts";
import type { ReplayVerdictKind } from "./mod.ts";
import { type Evidence, verdictOf } from "./verdict.ts";

/** What became of sending. */
function emission(code?: EmitErrorCode, shut?: number, opened = true): EmitResult {
  return {
    connections: [{ label: "main", opened, sent: 1, planned: 2, received: 0 }],
    answers: { pongs: 0, switchoverAcks: 0, pageRequests: 0, ...(shut === undefined ? {} : { shut }) },
    pings: 0,
    sent: code === undefined,
    ...(code === undefined ? {} : { error: new EmitError(code, `it was ${code}`) }),
    sendingMs: 1,
  };
}

function outcome(status: TargetEnd, error?: string, last = "active"): TargetOutcome {
  return { status, last, ...(error === undefined ? {} : { error }) };
}

const CODES: readonly (EmitErrorCode | undefined)[] = [
  undefined,
  "closed",
  "stalled",
  "ended",
  "connect",
  "not-allowed",
  "no-monitor",
];

/** QEMU's own words, and what they mean. */
const SAID: readonly (readonly [TargetEnd, ReplayVerdictKind, string])[] = [
  ["completed", "completed", "query-migrate"],
  ["failed", "failed", "query-migrate"],
  ["cancelled", "failed", "query-migrate"],
  ["postcopy-paused", "failed", "query-migrate"],
  ["exited", "failed", "the end of its process"],
  ["silent", "hangs", "query-migrate"],
  ["stuck", "hangs", "query-migrate"],
];

Deno.test("what the target says counts more than anything else, but that the user ended it", () => {
  for (const [status, kind, by] of SAID) {
    for (const code of CODES) {
      for (const shut of [undefined, 0, 1]) {
        for (const [multifd, interrupted] of [[false, false], [true, false], [true, true]] as const) {
          const evidence = { emission: emission(code, shut), outcome: outcome(status), multifd, interrupted };
          const verdict = verdictOf(evidence);
          assertEquals([verdict.kind, verdict.by], [kind, by], `${status} ${code} ${shut}`);
        }
      }
    }
    const evidence = { emission: emission("interrupted"), outcome: outcome(status), multifd: true };
    assertEquals(verdictOf(evidence).kind, "interrupted");
  }
});

/** Without the target's word: how it ended, SHUT, multifd, and what it means. */
const UNSAID: readonly (readonly [EmitErrorCode | undefined, number | undefined, boolean, ReplayVerdictKind])[] = [
  [undefined, 0, false, "completed"],
  [undefined, 0, true, "unconfirmed"],
  [undefined, undefined, false, "unconfirmed"],
  [undefined, undefined, true, "unconfirmed"],
  [undefined, 1, false, "failed"],
  [undefined, 1, true, "failed"],
  ["closed", undefined, true, "failed"],
  ["closed", 0, false, "failed"],
  ["closed", 1, false, "failed"],
  ["stalled", undefined, true, "hangs"],
  ["stalled", 0, false, "hangs"],
  ["stalled", 1, false, "failed"],
  ["connect", undefined, true, "unconfirmed"],
  ["ended", undefined, true, "unconfirmed"],
  ["interrupted", 0, false, "interrupted"],
];

Deno.test("without the target's word SHUT 0 is a proof for a main channel alone", () => {
  for (const [code, shut, multifd, kind] of UNSAID) {
    const verdict = verdictOf({ emission: emission(code, shut), multifd });
    assertEquals(verdict.kind, kind, `${code} ${shut} ${multifd}`);
  }
});

Deno.test("a monitor that was followed in vain counts more than SHUT 0, and less than SHUT 1 and the connections", () => {
  const stopped = outcome("stopped");
  for (const [code, shut, multifd, kind] of UNSAID) {
    const verdict = verdictOf({ emission: emission(code, shut), multifd, outcome: stopped });
    const unknown = code === undefined && shut !== 1;
    assertEquals(verdict.kind, unknown ? "hangs" : kind, `${code} ${shut} ${multifd}`);
    if (unknown) assertEquals(verdict.reason, "all is sent, and the target stays active");
    const ended = verdictOf({ emission: emission(code, shut), multifd, outcome: stopped, interrupted: true });
    assertEquals(ended.kind, "interrupted");
  }
});

Deno.test("where no connection was opened nothing was sent", () => {
  for (const code of ["connect", "not-allowed", "stalled"] as const) {
    const { kind, by, reason } = verdictOf({ emission: emission(code, undefined, false), multifd: true });
    assertEquals([kind, by, reason], ["not-sent", "migwire", `it was ${code}`]);
  }
});

Deno.test("a target that completes, and has dropped channels, has failed", () => {
  for (const [dropped, words] of [[1, "one multifd channel"], [2, "2 multifd channels"]] as const) {
    const evidence = { emission: emission(), outcome: outcome("completed"), multifd: true, dropped };
    const { kind, by, reason } = verdictOf(evidence);
    assertEquals([kind, by], ["failed", "migwire"]);
    assertEquals(reason, `the target says completed, but drops ${words}: what was sent there is missing in it`);
    const { reason: longer } = verdictOf({ ...evidence, stderr: "qemu: ignoring\n" });
    assertEquals(longer, `ignoring; ${reason}`);
  }
});

const STDERR = "2026-11-25T10:00:00.000001Z qemu-system-x86_64: warning: old\n" +
  "2026-11-25T10:00:01Z qemu-system-x86_64: no such section\n/usr/bin/qemu: load of migration failed\n\n";

const PRINTED = "no such section; load of migration failed";

/** What is known, and the reason that is given. */
const REASONS: readonly (readonly [Partial<Evidence>, string])[] = [
  [{ outcome: outcome("completed", "never mind"), stderr: STDERR }, "the target says completed"],
  [{ outcome: outcome("failed") }, "the target says failed"],
  [{ outcome: outcome("cancelled") }, "the target says cancelled"],
  [{ outcome: outcome("failed", "bad page") }, "bad page"],
  [{ outcome: outcome("failed", "bad page"), stderr: STDERR }, `${PRINTED}; bad page`],
  [{ outcome: outcome("failed", "no such section"), stderr: STDERR }, PRINTED],
  [{ outcome: outcome("failed"), stderr: STDERR }, PRINTED],
  [{ outcome: outcome("failed"), stderr: "qemu: warning: old\n" }, "the target says failed"],
  [{ outcome: outcome("exited"), stderr: STDERR }, PRINTED],
  [{ outcome: outcome("exited", "garbled") }, "garbled"],
  [{ outcome: outcome("exited") }, "the target ended while its status was active"],
  [
    { outcome: outcome("exited"), emission: emission("closed"), exit: { code: 1 } },
    "the target ended with exit code 1 while its status was active (it was closed)",
  ],
  [
    { outcome: outcome("exited"), exit: { code: 134, signal: "SIGABRT" } },
    "the target ended with SIGABRT while its status was active",
  ],
  [
    { outcome: outcome("silent") },
    "the target's monitor does not answer any more, its last status was active",
  ],
  [{ outcome: outcome("stuck"), emission: emission("stalled") }, "the target stays active (it was stalled)"],
  [{ outcome: outcome("stuck"), stderr: STDERR }, `${PRINTED}; the target stays active`],
  [{ outcome: outcome("postcopy-paused") }, "the connection broke in postcopy, and nobody recovers it"],
  [{ emission: emission(undefined, 1) }, "the target answers with SHUT 1: it has failed"],
  [{ emission: emission(undefined, 0) }, "the target answers with SHUT 0"],
  [{ emission: emission("interrupted") }, "it was interrupted"],
  [{ outcome: outcome("stopped"), interrupted: true }, "Ended by the user, when all was sent"],
];

Deno.test("the reason is in the target's own words where there are some", () => {
  for (const [evidence, reason] of REASONS) {
    assertEquals(verdictOf({ emission: emission(), multifd: false, ...evidence }).reason, reason);
  }
});

Deno.test("who cannot know more is told to ask the monitor", () => {
  for (const shut of [undefined, 0]) {
    assertMatch(
      verdictOf({ emission: emission(undefined, shut), multifd: true }).reason,
      /: ask its monitor with --qmp$/,
    );
  }
});
