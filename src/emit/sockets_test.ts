/**
 * An emission over real sockets. Without the permission to use them these tests are ignored. That nothing is left open is what
 * the sanitizers of `deno test` see to.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { withFolder } from "../../testing/temporary.ts";
import { canWrite } from "../capture/files_for_test.ts";
import { addressOf, listenAt, type Socket, type SocketAddress, type SocketListener } from "../net/mod.ts";
import { Emission } from "./emission.ts";
import { EmitError } from "./emit_error.ts";
import type { EmitOptions, EmitResult } from "./emit_options.ts";
import type { EmitPlan } from "./plan.ts";
import { noise, planOf } from "./plan_for_test.ts";
import { socketTarget } from "./target.ts";
import { SHUT } from "./target_for_test.ts";

const LOOPBACK: SocketAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

const noTcp = Deno.permissions.querySync({ name: "net", host: "127.0.0.1" }).state !== "granted";

/** Needs a folder besides. */
const noUnix = noTcp || Deno.permissions.querySync({ name: "net" }).state !== "granted" || !canWrite();

/** More than any socket holds. */
const BIG = 8 * 1024 * 1024;

const PLAN = planOf([
  { steps: [{ bytes: noise(1000, 1) }, { bytes: noise(BIG, 2), after: [{ kind: "sent", connection: 1, steps: 1 }] }] },
  { steps: [{ bytes: noise(BIG, 3) }] },
]);

/** Reads so many bytes, or up to the end. */
async function read(socket: Socket, count = Infinity): Promise<number> {
  const buffer = new Uint8Array(256 * 1024);
  let all = 0;
  while (all < count) {
    const got = await socket.read(buffer.subarray(0, Math.min(buffer.length, count - all))).catch(() => null);
    if (got === null) break;
    all += got;
  }
  return all;
}

/** Sends a plan to what `serve` does with the connections. */
async function emit(
  address: SocketAddress,
  plan: EmitPlan,
  serve: (sockets: Socket[], listener: SocketListener) => Promise<unknown>,
  options: EmitOptions = {},
): Promise<EmitResult> {
  using listener = listenAt(address);
  const accepted = (async (): Promise<Socket[]> => {
    const sockets: Socket[] = [];
    for (let i = 0; i < plan.connections.length; i++) sockets.push(await listener.accept());
    return sockets;
  })();
  const served = accepted.then((sockets) => serve(sockets, listener));
  const { finished } = new Emission(plan, socketTarget(addressOf(listener)), options);
  await served;
  const result = await finished;
  for (const socket of await accepted) {
    try {
      socket.close();
    } catch (error) {
      assert(error instanceof Deno.errors.BadResource);
    }
  }
  return result;
}

async function sendsAll(address: SocketAddress): Promise<void> {
  let counts: number[] = [];
  const { error, sent, answers } = await emit(address, PLAN, async (sockets) => {
    counts = await Promise.all(sockets.map((socket, i) => read(socket, i === 0 ? BIG + 1000 : BIG)));
    await sockets[0]?.write(SHUT(0));
    for (const socket of sockets) socket.close();
  });
  assertEquals([error, sent, answers.shut, counts], [undefined, true, 0, [BIG + 1000, BIG]]);
}

/** A target that reads nothing: what waits in a write must end, too. */
async function stalls(address: SocketAddress): Promise<void> {
  const begin = performance.now();
  const { error, connections } = await emit(address, PLAN, () => Promise.resolve(), { limits: { stallMs: 100 } });
  assertEquals(error?.code, "stalled");
  assert(connections.every(({ sent, planned }) => sent < planned));
  assert(performance.now() - begin < 5000);
}

async function isEnded(address: SocketAddress): Promise<void> {
  const user = new AbortController();
  const { error } = await emit(address, PLAN, async ([main]) => {
    if (main !== undefined) await read(main, 500);
    user.abort();
  }, { signal: user.signal });
  assertEquals(error?.code, "interrupted");
}

async function isClosed(address: SocketAddress): Promise<void> {
  // Bytes are left unread, so that the connection is reset.
  const { error, sent } = await emit(address, PLAN, async (sockets) => {
    for (const socket of sockets) await read(socket, 500);
    for (const socket of sockets) socket.close();
  }, { limits: { lastWordsMs: 50 } });
  assertEquals([error?.code, sent], ["closed", false]);
  assertStringIncludes(error?.message ?? "", "after");
}

const tests: readonly [string, (address: SocketAddress) => Promise<void>][] = [
  ["sends all, and hears the answer", sendsAll],
  ["ends when the target takes nothing", stalls],
  ["is ended by the user", isEnded],
  ["is ended by a target that goes", isClosed],
];

for (const [name, test] of tests) {
  Deno.test({ name: `an emission over TCP ${name}`, ignore: noTcp, fn: () => test(LOOPBACK) });
  Deno.test({
    name: `an emission over a Unix socket ${name}`,
    ignore: noUnix,
    fn: () => withFolder((folder) => test({ kind: "unix", path: `${folder}/in` })),
  });
}

async function errorOf(address: SocketAddress): Promise<EmitError> {
  const { error, connections } = await new Emission(PLAN, socketTarget(address)).finished;
  assertEquals(connections.map(({ opened }) => opened), [false, false]);
  assert(error !== undefined);
  return error;
}

Deno.test({
  name: "socketTarget() tells that nobody listens, and what to do",
  ignore: noTcp,
  fn: async () => {
    const listener = listenAt(LOOPBACK);
    const address = addressOf(listener);
    listener.close();
    const error = await errorOf(address);
    assertEquals(error.code, "connect");
    assertStringIncludes(error.message, "Cannot connect to tcp:127.0.0.1:");
    assertStringIncludes(error.hint, "-incoming");
  },
});

Deno.test({
  name: "socketTarget() tells that there is no such Unix socket",
  ignore: noUnix,
  fn: () =>
    withFolder(async (folder) => {
      const error = await errorOf({ kind: "unix", path: `${folder}/none` });
      assertEquals(error.code, "connect");
      assertStringIncludes(error.message, `Cannot connect to unix:${folder}/none: `);
    }),
});

Deno.test({
  name: "socketTarget() tells which permission Deno needs",
  permissions: { net: false, read: false, write: false },
  fn: async () => {
    for (
      const [address, hint] of [
        [{ kind: "tcp", host: "127.0.0.1", port: 5 }, "start with --allow-net=127.0.0.1:5"],
        [{ kind: "tcp", host: "::1", port: 5 }, "start with --allow-net=[::1]:5"],
        [
          { kind: "unix", path: "/tmp/x" },
          "start with --allow-net=unix:/tmp/x --allow-read=/tmp/x --allow-write=/tmp/x",
        ],
      ] as const
    ) {
      const error = await errorOf(address);
      assertEquals([error.code, error.hint], ["not-allowed", hint]);
      assertStringIncludes(error.message, "Deno has no permission for it");
    }
  },
});

Deno.test({
  name: "socketTarget() gives back what comes when nobody waits for it any more",
  ignore: noTcp,
  fn: async () => {
    using listener = listenAt(LOOPBACK);
    const user = new AbortController();
    const connecting = socketTarget(addressOf(listener)).connect(user.signal);
    const accepted = await listener.accept();
    user.abort(new EmitError("interrupted", "Ended"));
    // It has come, or it was given up: in no case it is left.
    await connecting.then((connection) => connection.close(), () => {});
    assertEquals(await read(accepted), 0);
    accepted.close();
    await assertRejects(() => socketTarget(addressOf(listener)).connect(user.signal));
  },
});

Deno.test({
  name: "socketTarget() tries again where the queue of a Unix socket is full, until it is told to stop",
  ignore: noUnix,
  fn: () =>
    withFolder(async (folder) => {
      const address: SocketAddress = { kind: "unix", path: `${folder}/in` };
      using listener = listenAt(address);
      const queued: Socket[] = [];
      // As many as the system lets wait.
      for (let isFull = false; !isFull;) {
        try {
          queued.push(await Deno.connect({ transport: "unix", path: address.path }));
        } catch (error) {
          assert(error instanceof Deno.errors.WouldBlock);
          isFull = true;
        }
      }
      const stop = new AbortController();
      const refused = socketTarget(address).connect(stop.signal);
      stop.abort();
      await assertRejects(() => refused, EmitError, "Cannot connect to unix:");
      const connecting = socketTarget(address).connect(new AbortController().signal);
      const accepted = await listener.accept();
      const connection = await connecting;
      for (const socket of [...queued, accepted, connection]) socket.close();
    }),
});
