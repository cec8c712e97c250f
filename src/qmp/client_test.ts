import { assert, assertEquals, assertRejects } from "@std/assert";
import { TurnedClock } from "./clock_for_test.ts";
import { QmpClient, QmpError } from "./mod.ts";
import { FakeMonitor, GREETING, NO_ANSWER, Refusal } from "./monitor_for_test.ts";

/** What the promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<QmpError> {
  return await assertRejects(() => promise, QmpError);
}

Deno.test("QmpClient calls commands, several at a time", async () => {
  const monitor = new FakeMonitor({
    "query-status": () => ({ status: "inmigrate" }),
    "qom-get": ({ path }) => path,
  });
  using qmp = await QmpClient.connect(monitor.connection);
  const answers = await Promise.all([
    qmp.call("query-status"),
    qmp.call("qom-get", { path: "/a" }),
    qmp.call("qom-get", { path: "/b" }),
  ]);
  assertEquals(answers, [{ status: "inmigrate" }, "/a", "/b"]);
});

Deno.test("QmpClient matches answers by their numbers, not by their order", async () => {
  const monitor = new FakeMonitor({ a: () => NO_ANSWER, b: () => NO_ANSWER });
  using qmp = await QmpClient.connect(monitor.connection);
  const both = Promise.all([qmp.call("a"), qmp.call("b")]);
  monitor.say('{"return": "of b", "id": 3}{"return": "of a", "id": 2}');
  assertEquals(await both, ["of a", "of b"]);
});

Deno.test("QmpClient gives QEMU's words when it refuses", async () => {
  const monitor = new FakeMonitor({
    "migrate-incoming": () => {
      throw new Refusal("The incoming migration has already been started");
    },
  });
  using qmp = await QmpClient.connect(monitor.connection);
  const { code, message, command, qemu, qemuClass } = await errorOf(qmp.call("migrate-incoming"));
  assertEquals([code, command, qemuClass], ["refused", "migrate-incoming", "GenericError"]);
  assertEquals(qemu, "The incoming migration has already been started");
  assertEquals(message, "QEMU refuses migrate-incoming: The incoming migration has already been started");
  assertEquals((await errorOf(qmp.call("nothing"))).qemuClass, "CommandNotFound");
  assert(!qmp.isClosed);
});

Deno.test("QmpClient begins anew with a monitor that was opened twice while QEMU started", async () => {
  let forgotten = true;
  const monitor = new FakeMonitor({
    "query-version": () => {
      if (!forgotten) return "10.0";
      forgotten = false;
      throw new Refusal("Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound");
    },
  }, GREETING + GREETING);
  using qmp = await QmpClient.connect(monitor.connection);
  assertEquals(await qmp.call("query-version"), "10.0");
  assertEquals([monitor.negotiations, monitor.names().length], [2, 2]);
});

Deno.test("QmpClient begins anew once only", async () => {
  const text = "Expecting capabilities negotiation with 'qmp_capabilities'";
  const monitor = new FakeMonitor({
    "query-version": () => {
      throw new Refusal(text, "CommandNotFound");
    },
  });
  using qmp = await QmpClient.connect(monitor.connection);
  assertEquals((await errorOf(qmp.call("query-version"))).qemu, text);
  assertEquals(monitor.names().length, 2);
});

Deno.test("QmpClient tells of events, and keeps the latest", async () => {
  const seen: string[] = [];
  const monitor = new FakeMonitor({ a: () => 1 }, GREETING + '{"event": "EARLY"}');
  using qmp = await QmpClient.connect(monitor.connection, { onEvent: ({ name }) => seen.push(name) });
  const later: string[] = [];
  const stop = qmp.onEvent(({ name }) => later.push(name));
  monitor.event("MIGRATION", { status: "setup" });
  await qmp.call("a");
  stop();
  for (let i = 0; i < 1100; i++) monitor.event(`E${i}`);
  await qmp.call("a");
  assertEquals(seen.slice(0, 3), ["EARLY", "MIGRATION", "E0"]);
  assertEquals(later, ["MIGRATION"]);
  assertEquals(qmp.events.length, 1000);
  assertEquals(qmp.events.at(-1), { kind: "event", name: "E1099", data: {}, time: 1000.5 });
});

Deno.test("QmpClient does not wait for ever for a greeting", async () => {
  const clock = new TurnedClock();
  const monitor = new FakeMonitor({}, "");
  const failed = errorOf(QmpClient.connect(monitor.connection, { clock, limits: { greetingMs: 3000 } }));
  await clock.turn(3000);
  const { code, message, hint } = await failed;
  assertEquals([code, message], ["silent", "Cannot use the monitor: it has not greeted for 3 s"]);
  assert(hint.includes("one program at a time"));
  assertEquals([monitor.isClosed, clock.alarms], [true, 0]);
});

Deno.test("QmpClient does not wait for ever for the answer to qmp_capabilities", async () => {
  const clock = new TurnedClock();
  const monitor = new FakeMonitor();
  monitor.isMute = true;
  const failed = errorOf(QmpClient.connect(monitor.connection, { clock }));
  await clock.turn(20_000);
  const { code, command } = await failed;
  assertEquals([code, command, monitor.isClosed, clock.alarms], ["silent", "qmp_capabilities", true, 0]);
});

Deno.test("QmpClient does not wait for ever for an answer, and passes over one that comes too late", async () => {
  const clock = new TurnedClock();
  const monitor = new FakeMonitor({ a: () => NO_ANSWER, b: () => "of b" });
  using qmp = await QmpClient.connect(monitor.connection, { clock });
  const failed = errorOf(qmp.call("a", {}, { limitMs: 500 }));
  await clock.turn(500);
  const { code, message, command } = await failed;
  assertEquals([code, command, message], ["silent", "a", "Cannot do a: the monitor has not answered for 0.5 s"]);
  monitor.say('{"return": "of a", "id": 2}');
  assertEquals(await qmp.call("b"), "of b");
  assertEquals(clock.alarms, 0);
});

Deno.test("QmpClient rejects all that waits when the monitor closes", async () => {
  const monitor = new FakeMonitor({ a: () => NO_ANSWER });
  const qmp = await QmpClient.connect(monitor.connection);
  const calls = [errorOf(qmp.call("a")), errorOf(qmp.call("a"))];
  monitor.hangUp();
  for (const { code, message } of await Promise.all(calls)) {
    assertEquals(code, "closed");
    assertEquals(message, "Cannot do a: the connection to the monitor has ended: QEMU has closed it");
  }
  assertEquals((await qmp.closed).code, "closed");
  assertEquals((await errorOf(qmp.call("a"))).code, "closed");
  assert(qmp.isClosed && monitor.isClosed);
});

Deno.test("QmpClient fails when the monitor closes before the greeting", async () => {
  const monitor = new FakeMonitor({}, "");
  monitor.hangUp();
  assertEquals((await errorOf(QmpClient.connect(monitor.connection))).code, "closed");
});

Deno.test("QmpClient closes on whoever does not speak QMP", async () => {
  for (const said of ["HTTP/1.1 400 Bad Request\r\n", `{${" ".repeat(17 * 1024 * 1024)}`, '{"QMP": {}} {"x": 1}']) {
    const monitor = new FakeMonitor({}, said);
    assertEquals((await errorOf(QmpClient.connect(monitor.connection))).code, "protocol");
    assert(monitor.isClosed);
  }
});

Deno.test("QmpClient ends by its signal, at once and at any time", async () => {
  const late = new AbortController();
  const monitor = new FakeMonitor({ a: () => NO_ANSWER });
  const qmp = await QmpClient.connect(monitor.connection, { signal: late.signal });
  const failed = errorOf(qmp.call("a"));
  late.abort();
  assertEquals((await failed).code, "aborted");
  const early = new FakeMonitor();
  const connecting = QmpClient.connect(early.connection, { signal: AbortSignal.abort() });
  assertEquals((await errorOf(connecting)).code, "aborted");
  assert(early.isClosed);
});

Deno.test("QmpClient can be closed twice, and calls nothing then", async () => {
  const monitor = new FakeMonitor({ a: () => 1 });
  const qmp = await QmpClient.connect(monitor.connection);
  qmp.close();
  qmp.close();
  assertEquals((await errorOf(qmp.call("a"))).message, "Cannot do a: the connection to the monitor is closed");
  assertEquals(monitor.names(), []);
});
