import { assertEquals, assertRejects } from "@std/assert";
import { haveProgram } from "../../capture/files_for_test.ts";
import { runProgram } from "./run_program.ts";
import { SpawnError } from "./spawn_error.ts";

const { signal } = new AbortController();

/** Needs a program that says its version, and one that takes its time. */
const ignore = !haveProgram("sleep");

Deno.test({
  name: "runProgram() gives what a program printed, and its exit code",
  ignore,
  async fn(): Promise<void> {
    const good = await runProgram({ program: "sleep", args: ["--version"], limitMs: 10_000, signal });
    assertEquals([good.code, good.stdout.startsWith("sleep "), good.stderr], [0, true, ""]);
    const bad = await runProgram({ program: "sleep", args: ["--nonsense"], limitMs: 10_000, signal });
    assertEquals([bad.code, bad.stdout, bad.stderr.includes("nonsense")], [1, "", true]);
  },
});

Deno.test({
  name: "runProgram() ends a program alone that it may not end as a group",
  ignore,
  permissions: { run: ["sleep"] },
  async fn(): Promise<void> {
    const late = runProgram({ program: "sleep", args: ["60"], limitMs: 200, signal });
    assertEquals((await assertRejects(() => late, SpawnError)).code, "silent");
  },
});

Deno.test({
  name: "runProgram() says that it may not start a program",
  permissions: "none",
  async fn(): Promise<void> {
    const refused = runProgram({ program: "sleep", args: ["60"], limitMs: 200, signal });
    assertEquals((await assertRejects(() => refused, SpawnError)).code, "not-allowed");
  },
});
