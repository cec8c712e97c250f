import { assertEquals, assertRejects } from "@std/assert";
import { TurnedClock } from "../../qmp/clock_for_test.ts";
import { QmpClient, QmpError } from "../../qmp/mod.ts";
import { FakeMonitor, NO_ANSWER, Refusal } from "../../qmp/monitor_for_test.ts";
import { type FollowOptions, followTarget, type TargetFollower } from "./follow.ts";

/** A target that is followed, and what a test turns of it. */
class Followed {
  /** The time. */
  readonly clock = new TurnedClock();
  /** The statuses that were told. */
  readonly told: string[] = [];
  /** What QEMU says. */
  migration: object = {};
  /** QEMU does not answer. */
  hangs = false;
  readonly monitor: FakeMonitor;

  /** A target that follows the script. */
  constructor() {
    this.monitor = new FakeMonitor({ "query-migrate": () => this.hangs ? NO_ANSWER : this.migration });
  }

  /** Begins to follow. */
  async follow(options: FollowOptions = {}): Promise<TargetFollower> {
    const client = await QmpClient.connect(this.monitor.connection, { clock: this.clock });
    return followTarget(client, { clock: this.clock, onStatus: (status) => this.told.push(status), ...options });
  }

  /** Lets QEMU have a status. */
  async become(status: string, ms = 100): Promise<void> {
    this.migration = { status };
    await this.clock.turn(ms);
  }
}

Deno.test("followTarget() follows a migration until it is completed", async () => {
  const target = new Followed();
  const follower = await target.follow();
  assertEquals(follower.status, "none");
  for (const status of ["setup", "active", "active"]) await target.become(status);
  target.migration = { status: "completed", "total-time": 12, downtime: 3 };
  await target.clock.turn(100);
  assertEquals(await follower.finished, { status: "completed", last: "completed", totalTime: 12, downtime: 3 });
  assertEquals(target.told, ["setup", "active", "completed"]);
  assertEquals(target.clock.alarms, 0);
});

Deno.test("followTarget() asks at once when an event comes", async () => {
  const target = new Followed();
  const follower = await target.follow({ pollMs: 10_000 });
  await target.clock.turn(0);
  target.migration = { status: "completed" };
  target.monitor.event("STOP");
  target.monitor.event("MIGRATION", { status: "completed" });
  assertEquals((await follower.finished).status, "completed");
  assertEquals(target.monitor.names().length, 2);
});

Deno.test("followTarget() gives the error of a migration that failed", async () => {
  const target = new Followed();
  const follower = await target.follow();
  target.migration = { status: "failed", "error-desc": "load of migration failed: Invalid argument" };
  await target.clock.turn(100);
  assertEquals(await follower.finished, {
    status: "failed",
    last: "failed",
    error: "load of migration failed: Invalid argument",
  });
});

Deno.test("followTarget() sees a QEMU end that ends on an error, and one that does not", async () => {
  for (const ends of [true, false]) {
    const target = new Followed();
    const follower = await target.follow({ exitsOnError: true });
    await target.become("failed", 500);
    if (ends) target.monitor.hangUp();
    await target.clock.turn(3000);
    assertEquals(await follower.finished, { status: ends ? "exited" : "failed", last: "failed" });
    assertEquals(target.clock.alarms, 0);
  }
});

Deno.test("followTarget() sees a QEMU end in the middle, whether it is asked then or not", async () => {
  for (const hangs of [true, false]) {
    const target = new Followed();
    const follower = await target.follow();
    await target.become("active");
    target.hangs = hangs;
    await target.clock.turn(150);
    target.monitor.hangUp();
    assertEquals(await follower.finished, { status: "exited", last: "active" });
  }
});

Deno.test("followTarget() gives up on a monitor that is silent", async () => {
  const target = new Followed();
  const follower = await target.follow({ silentMs: 5000 });
  await target.become("active");
  target.hangs = true;
  await target.clock.turn(6000);
  assertEquals(await follower.finished, { status: "silent", last: "active" });
});

Deno.test("followTarget() waits for a silent monitor as long as something is sent", async () => {
  const target = new Followed();
  let sent = 0;
  const follower = await target.follow({ silentMs: 5000, activity: () => sent });
  await target.become("active");
  target.hangs = true;
  for (let i = 0; i < 10; i++) {
    sent++;
    await target.clock.turn(4000);
  }
  assertEquals(follower.status, "active");
  // It goes on, and the answer to the question of before comes.
  target.hangs = false;
  target.monitor.say('{"return": {"status": "completed"}, "id": 4}');
  await target.clock.turn(0);
  assertEquals((await follower.finished).status, "completed");
});

Deno.test("followTarget() gives up on a target that answers, while nothing moves", async () => {
  const target = new Followed();
  const follower = await target.follow({ silentMs: 5000, activity: () => 7 });
  await target.become("active", 6000);
  assertEquals(await follower.finished, { status: "stuck", last: "active" });
});

Deno.test("followTarget() does not take a target for silent that it has only just asked", async () => {
  const target = new Followed();
  const follower = await target.follow({ silentMs: 5000, pollMs: 2000, activity: () => 7 });
  await target.become("active", 4500);
  // Answers late, when nothing has moved for longer than 5 seconds.
  target.hangs = true;
  await target.clock.turn(3600);
  target.monitor.say(`{"return": {"status": "active"}, "id": ${target.monitor.received.at(-1)?.id}}`);
  await target.clock.turn(2000);
  assertEquals((await follower.finished).status, "stuck");
});

Deno.test("followTarget() lets a target that answers take its time, if nobody tells what is sent", async () => {
  const target = new Followed();
  const follower = await target.follow({ silentMs: 5000 });
  await target.become("active", 60_000);
  await target.become("completed");
  assertEquals((await follower.finished).status, "completed");
});

Deno.test("followTarget() can be told to stop, by a call and by a signal, and at once", async () => {
  const target = new Followed();
  const follower = await target.follow();
  await target.become("active");
  follower.stop();
  assertEquals(await follower.finished, { status: "stopped", last: "active" });

  const other = new Followed();
  other.hangs = true;
  const stopping = new AbortController();
  const second = await other.follow({ signal: stopping.signal });
  stopping.abort();
  assertEquals((await second.finished).status, "stopped");
  const third = await new Followed().follow({ signal: AbortSignal.abort() });
  assertEquals((await third.finished).status, "stopped");
});

Deno.test("followTarget() takes postcopy-paused for the end, if nobody recovers it", async () => {
  const target = new Followed();
  const follower = await target.follow();
  await target.become("postcopy-active");
  await target.become("postcopy-paused");
  assertEquals((await follower.finished).status, "postcopy-paused");
});

Deno.test("TargetFollower recovers postcopy when it is paused", async () => {
  const target = new Followed();
  const follower = await target.follow({ recovers: true });
  target.monitor.change({ "migrate-recover": () => ({}) });
  const recovered = follower.recover({ kind: "unix", path: "/run/again.sock" });
  await target.become("postcopy-active");
  await target.become("postcopy-paused");
  await recovered;
  const { arguments: args } = target.monitor.received.find(({ execute }) => execute === "migrate-recover") ?? {};
  assertEquals(args, { uri: "unix:/run/again.sock" });
  await target.become("postcopy-recover");
  await target.become("completed");
  assertEquals((await follower.finished).status, "completed");
  assertEquals(target.told, ["postcopy-active", "postcopy-paused", "postcopy-recover", "completed"]);
});

Deno.test("TargetFollower does not recover what has ended, or what QEMU does not", async () => {
  const target = new Followed();
  const follower = await target.follow({ recovers: true });
  const recovered = assertRejects(() => follower.recover({ kind: "unix", path: "/x" }), QmpError);
  await target.become("completed");
  const error = await recovered;
  assertEquals(error.message, "Cannot recover the migration: it is completed at the target, not postcopy-paused");
  assertEquals(await follower.reached("active"), undefined);
  assertEquals(await follower.reached("completed"), "completed");

  const other = new Followed();
  other.monitor.change({
    "migrate-recover": () => {
      throw new Refusal("Migrate recover can only be run when postcopy is paused.");
    },
  });
  const second = await other.follow({ recovers: true });
  await other.become("postcopy-paused");
  assertEquals((await assertRejects(() => second.recover({ kind: "unix", path: "/x" }), QmpError)).code, "refused");
  second.stop();
  await second.finished;
});

Deno.test("followTarget() says what was wrong with a monitor that talks nonsense", async () => {
  const target = new Followed();
  const follower = await target.follow();
  target.monitor.say("nonsense");
  const { status, error } = await follower.finished;
  assertEquals(status, "exited");
  assertEquals(error?.startsWith("Cannot read the monitor"), true);
});
