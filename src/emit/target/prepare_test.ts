import { assertEquals, assertRejects } from "@std/assert";
import { QmpError } from "../../qmp/mod.ts";
import { type Answers, Refusal } from "../../qmp/monitor_for_test.ts";
import type { TargetFacts } from "./facts.ts";
import { type PreparedTarget, prepareTarget } from "./prepare.ts";
import { type TargetOptions, targetSettings } from "./settings.ts";
import { FACTS, NO_NEEDS, withMonitor } from "./target_for_test.ts";

const LISTEN = { kind: "unix", path: "/run/in.sock" } as const;
const OLD: TargetFacts = {
  ...FACTS,
  version: { major: 7, minor: 2, micro: 22 },
  qemu: "7.2.22",
  capabilities: { multifd: false, events: false },
  knowsExitOnError: false,
};
const ACCEPTS: Answers = {
  "migrate-set-capabilities": () => ({}),
  "migrate-set-parameters": () => ({}),
  "migrate-incoming": () => ({}),
};

/** What is called for a stream with four channels, and what comes out. */
async function prepare(
  facts: TargetFacts,
  options?: TargetOptions,
  exitOnError?: boolean,
): Promise<[calls: unknown[], prepared: PreparedTarget]> {
  const needs = { ...NO_NEEDS, multifdChannels: 4, capabilities: ["multifd"] };
  return await withMonitor(ACCEPTS, async (client, monitor) => {
    const settings = targetSettings({ needs, facts, ...(options === undefined ? {} : { options }) });
    const prepared = await prepareTarget(client, facts, settings, {
      listen: LISTEN,
      ...(exitOnError === undefined ? {} : { exitOnError }),
    });
    return [monitor.received.map(({ execute, arguments: args }) => [execute, args]), prepared];
  });
}

const MULTIFD = { capability: "multifd", state: true };
const EVENTS = { capability: "events", state: true };
const CHANNELS = ["migrate-set-parameters", { "multifd-channels": 4 }];

Deno.test("prepareTarget() sets capabilities, then parameters, then lets the target listen", async () => {
  const [calls, prepared] = await prepare(FACTS);
  assertEquals(calls, [
    ["migrate-set-capabilities", { capabilities: [MULTIFD, EVENTS] }],
    CHANNELS,
    ["migrate-incoming", { uri: "unix:/run/in.sock", "exit-on-error": false }],
  ]);
  assertEquals(prepared, { hasStarted: true, exitsOnError: false });
});

Deno.test("prepareTarget() says nothing of exit-on-error to a QEMU that does not know it", async () => {
  const [calls, prepared] = await prepare(OLD);
  assertEquals(calls.at(-1), ["migrate-incoming", { uri: "unix:/run/in.sock" }]);
  assertEquals(prepared, { hasStarted: true, exitsOnError: true });
});

Deno.test("prepareTarget() lets QEMU end if that is wished", async () => {
  const [calls, prepared] = await prepare(FACTS, {}, true);
  assertEquals(calls.at(-1), ["migrate-incoming", { uri: "unix:/run/in.sock", "exit-on-error": true }]);
  assertEquals(prepared.exitsOnError, true);
});

Deno.test("prepareTarget() sends nothing that is set already, and no events to those who have them off on purpose", async () => {
  const facts = { ...FACTS, capabilities: { multifd: true, events: false }, parameters: { "multifd-channels": 4 } };
  const [calls] = await prepare(facts, { capabilities: { events: false } });
  assertEquals(calls, [["migrate-incoming", { uri: "unix:/run/in.sock", "exit-on-error": false }]]);
});

Deno.test("prepareTarget() sends nothing that the target does not know", async () => {
  const [calls] = await prepare({ ...OLD, capabilities: {}, parameters: {}, hasBegun: true });
  assertEquals(calls, []);
});

Deno.test("prepareTarget() leaves a target that listens as it is, but for what is to be set", async () => {
  const [calls, prepared] = await prepare({ ...FACTS, hasBegun: true, capabilities: { multifd: true, events: false } });
  assertEquals(calls, [CHANNELS]);
  assertEquals(prepared, { hasStarted: false, exitsOnError: true });
});

Deno.test("prepareTarget() gives QEMU's words when it refuses, and goes no further", async () => {
  const text = "Postcopy is not yet compatible with multifd";
  await withMonitor({
    ...ACCEPTS,
    "migrate-set-capabilities": () => {
      throw new Refusal(text);
    },
  }, async (client, monitor) => {
    const settings = targetSettings({ needs: { ...NO_NEEDS, capabilities: ["postcopy-ram"] }, facts: FACTS });
    const error = await assertRejects(() => prepareTarget(client, FACTS, settings, { listen: LISTEN }), QmpError);
    assertEquals([error.code, error.command, error.qemu], ["refused", "migrate-set-capabilities", text]);
    assertEquals(monitor.names(), ["migrate-set-capabilities"]);
  });
});
