/** The client over real sockets. Without the permission to use them these tests are ignored. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressOf, listenAt, type Socket, type SocketAddress } from "../net/mod.ts";
import { QmpClient, QmpError } from "./mod.ts";
import { GREETING } from "./monitor_for_test.ts";

const LOOPBACK: SocketAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

const ignore = Deno.permissions.querySync({ name: "net", host: "127.0.0.1" }).state !== "granted";

/** A monitor that answers each command with its name. */
async function answer(socket: Socket): Promise<void> {
  await socket.write(new TextEncoder().encode(GREETING));
  const buffer = new Uint8Array(4096);
  let rest = "";
  for (let count: number | null; (count = await socket.read(buffer)) !== null;) {
    const lines = (rest + new TextDecoder().decode(buffer.subarray(0, count))).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { execute, id } = JSON.parse(line);
      await socket.write(new TextEncoder().encode(`${JSON.stringify({ return: execute, id })}\r\n`));
    }
  }
  socket.close();
}

async function talkAt(address: SocketAddress): Promise<void> {
  using listener = listenAt(address);
  const served = listener.accept().then(answer);
  const qmp = await QmpClient.connect(addressOf(listener));
  assertEquals(await Promise.all(["a", "b"].map((name) => qmp.call(name))), ["a", "b"]);
  qmp.close();
  await served;
}

Deno.test({ name: "QmpClient talks over TCP", ignore, fn: () => talkAt(LOOPBACK) });

Deno.test({
  name: "QmpClient talks over a Unix socket",
  // Needs a folder besides.
  ignore: ignore || Deno.permissions.querySync({ name: "net" }).state !== "granted",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "migwire-qmp-" });
    try {
      await talkAt({ kind: "unix", path: `${folder}/m.sock` });
      const error = await assertRejects(
        () => QmpClient.connect({ kind: "unix", path: `${folder}/none.sock` }),
        QmpError,
        "Cannot connect to the monitor at unix:",
      );
      assertEquals(error.code, "connect");
      assert(error.hint.includes("-qmp unix:"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "QmpClient says that nobody is there, and leaves no socket open",
  ignore,
  fn: async () => {
    const listener = listenAt(LOOPBACK);
    const address = addressOf(listener);
    listener.close();
    const error = await assertRejects(
      () => QmpClient.connect(address),
      QmpError,
      "Cannot connect to the monitor at tcp:",
    );
    assertEquals(error.code, "connect");
  },
});

Deno.test({
  name: "QmpClient gives up on a monitor that serves somebody else",
  ignore,
  fn: async () => {
    using listener = listenAt(LOOPBACK);
    const connecting = QmpClient.connect(addressOf(listener), { limits: { greetingMs: 20 } });
    const error = await assertRejects(() => connecting, QmpError, "it has not greeted for 0.02 s");
    assertEquals(error.code, "silent");
  },
});

Deno.test({
  name: "QmpClient stops to connect by its signal",
  ignore,
  fn: async () => {
    using listener = listenAt(LOOPBACK);
    const connecting = QmpClient.connect(addressOf(listener), { signal: AbortSignal.abort() });
    assertEquals((await assertRejects(() => connecting, QmpError)).code, "aborted");
  },
});

Deno.test({
  name: "QmpClient says which permission it needs",
  permissions: { net: false },
  fn: async () => {
    const error = await assertRejects(
      () => QmpClient.connect({ kind: "tcp", host: "::1", port: 4445 }),
      QmpError,
      "Deno has no permission for it",
    );
    assertEquals([error.code, error.hint], ["not-allowed", "start with --allow-net=[::1]:4445"]);
  },
});
