import { assertEquals } from "@std/assert";
import { withMonitor } from "../emit/target/target_for_test.ts";
import { SYSTEM_CLOCK } from "../qmp/mod.ts";
import { Refusal } from "../qmp/monitor_for_test.ts";
import { postcopyRuns } from "./postcopy_runs.ts";

/** Waits for a monitor that has these states one after the other; gives how often it was asked. */
async function asked(states: readonly string[], limitMs = 10_000): Promise<number> {
  let count = 0;
  const answers = { "query-status": () => ({ status: states[Math.min(count++, states.length - 1)] }) };
  await withMonitor(answers, (client) => postcopyRuns(client, { limitMs, clock: SYSTEM_CLOCK }));
  return count;
}

Deno.test("postcopyRuns asks until the machine is no more inmigrate", async () => {
  assertEquals(await asked(["inmigrate", "inmigrate", "paused"]), 3);
  assertEquals(await asked(["running"]), 1);
});

Deno.test("postcopyRuns does not wait longer than its limit", async () => {
  assertEquals(await asked(["inmigrate"], 1), 1);
});

Deno.test("postcopyRuns leaves it to others to tell of a monitor that does not answer", async () => {
  const answers = {
    "query-status": (): never => {
      throw new Refusal("no");
    },
  };
  await withMonitor(answers, (client) => postcopyRuns(client, { limitMs: 10_000, clock: SYSTEM_CLOCK }));
});
