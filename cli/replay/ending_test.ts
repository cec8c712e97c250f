import { assert, assertEquals } from "@std/assert";
import { DealError } from "../../src/emit/deal/mod.ts";
import { EmitError } from "../../src/emit/mod.ts";
import { SpawnError } from "../../src/emit/spawn/mod.ts";
import { QmpError } from "../../src/qmp/mod.ts";
import { RecordError } from "../../src/record/mod.ts";
import type { ReplayVerdictKind } from "../../src/replay/mod.ts";
import { EXIT, ExitError, UsageError } from "../exit.ts";
import { exitCodeOf, replayError } from "./ending.ts";

Deno.test("exitCodeOf() is 0 only for what is as it was asked for", () => {
  const codes: readonly (readonly [ReplayVerdictKind, number])[] = [
    ["completed", EXIT.ok],
    ["written", EXIT.ok],
    ["fits", EXIT.ok],
    ["failed", EXIT.fault],
    ["hangs", EXIT.fault],
    ["unconfirmed", EXIT.fault],
    ["does-not-fit", EXIT.fault],
    ["not-sent", EXIT.blocked],
    ["interrupted", EXIT.interrupted],
  ];
  for (const [kind, code] of codes) {
    assertEquals(exitCodeOf({ ok: code === EXIT.ok, verdict: { kind, by: "", reason: "" } }), code, kind);
  }
});

Deno.test("replayError() says whose fault it is, and what to do about it", () => {
  for (
    const [error, code, message] of [
      [new EmitError("encrypted", "Cannot", "hint"), EXIT.fault, "Cannot\nhint"],
      [new EmitError("plan", "Cannot"), EXIT.fault, "Cannot"],
      [new EmitError("not-seekable", "Cannot"), EXIT.blocked, "Cannot"],
      [new DealError("page-size", "Cannot", "hint"), EXIT.fault, "Cannot\nhint"],
      [new SpawnError("ended", "Cannot"), EXIT.blocked, "Cannot"],
      [new QmpError("refused", "QEMU refuses"), EXIT.fault, "QEMU refuses"],
      [new QmpError("silent", "Cannot", { hint: "hint" }), EXIT.blocked, "Cannot\nhint"],
      [new RecordError("exists", "Cannot", "hint"), EXIT.blocked, "Cannot\nhint"],
    ] as const
  ) {
    const ending = replayError(error);
    assert(ending instanceof ExitError);
    assertEquals([ending.exitCode, ending.message, ending.cause], [code, message, error]);
  }
  assert(replayError(new RangeError("Cannot")) instanceof UsageError);
  const other = new TypeError("a bug");
  assertEquals(replayError(other), other);
});
