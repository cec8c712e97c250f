/** Why a recording cannot begin, and what its user is told to do. Without sockets and folders these are ignored. @module */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { SocketAddress } from "../net/mod.ts";
import { RecordError, Recording } from "./mod.ts";
import { inScene, mayRelay } from "./peers_for_test.ts";

const ignore = !mayRelay();

/** A port where nobody listens: nothing is ever sent to it. */
const NOBODY: SocketAddress = { kind: "tcp", host: "127.0.0.1", port: 9 };

function refusal(listen: SocketAddress, to: SocketAddress, directory: string): RecordError {
  const error = assertThrows(() => new Recording({ listen, to, directory }), RecordError);
  // What cannot begin leaves nothing behind.
  assertThrows(() => Deno.statSync(directory));
  return error;
}

Deno.test({
  name: "Recording says that somebody listens at its address already, and what can be done",
  ignore,
  fn: () =>
    inScene(async ({ folder, recording }) => {
      const taken = recording.address;
      const error = refusal(taken, NOBODY, `${folder}/other`);
      assertEquals([error.code, error.hint], ["listen", "choose another port"]);
      assertMatch(error.message, /^Cannot listen at tcp:127\.0\.0\.1:\d+: the address is in use$/);
      const path = `${folder}/socket`;
      using _listener = Deno.listen({ transport: "unix", path });
      const unix = refusal({ kind: "unix", path }, NOBODY, `${folder}/other`);
      assertEquals([unix.code, unix.hint], ["listen", "remove the file if nobody listens there"]);
      await recording.finished;
    }, { signal: AbortSignal.abort() }),
});

Deno.test({
  name: "Recording says in the system's words why it cannot listen",
  ignore,
  fn: () =>
    inScene(async ({ folder, recording }) => {
      // An address for documentation: no machine has it.
      const error = refusal({ kind: "tcp", host: "192.0.2.1", port: 0 }, NOBODY, `${folder}/other`);
      assertEquals(error.code, "listen");
      assertMatch(error.message, /^Cannot listen at tcp:192\.0\.2\.1:0: .*assign/);
      await recording.finished;
    }, { signal: AbortSignal.abort() }),
});

Deno.test({
  name: "Recording removes its Unix socket when it has ended",
  ignore,
  async fn(): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "migwire-record-" });
    try {
      const path = `${folder}/socket`;
      const interrupt = new AbortController();
      const recording = new Recording({
        listen: { kind: "unix", path },
        to: NOBODY,
        directory: `${folder}/capture`,
        signal: interrupt.signal,
      });
      assert((await Deno.stat(path)).isSocket);
      interrupt.abort();
      await recording.finished;
      assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Recording says that a folder is not there to record into",
  ignore,
  fn: () =>
    inScene(async ({ folder, recording }) => {
      const error = refusal({ ...NOBODY, port: 0 }, NOBODY, `${folder}/none/other`);
      assertEquals(error.code, "storage");
      assertMatch(error.message, /^Cannot write .*none\/other: No such file/);
      await recording.finished;
    }, { signal: AbortSignal.abort() }),
});

/** The others are as they are for all tests. */
const INHERIT = { read: "inherit", write: "inherit", env: "inherit", run: "inherit" } as const;

Deno.test({
  name: "Recording names the permission to reach its destination, before a source comes",
  ignore,
  permissions: { ...INHERIT, net: false },
  fn(): void {
    const listen: SocketAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
    const tcp = refusal(listen, NOBODY, "/none/capture");
    assertEquals([tcp.code, tcp.hint], ["not-allowed", "start with --allow-net=127.0.0.1:9"]);
    const six = refusal(listen, { ...NOBODY, host: "::1" }, "/none/capture");
    assertEquals(six.hint, "start with --allow-net=[::1]:9");
    const unix = refusal(listen, { kind: "unix", path: "/none/s" }, "/none/capture");
    assertEquals(unix.hint, "start with --allow-net=unix:/none/s --allow-read=/none/s --allow-write=/none/s");
    assertEquals(unix.message, "Cannot connect to unix:/none/s: Deno has no permission for it");
  },
});

Deno.test({
  name: "Recording names the permission to listen",
  ignore,
  permissions: { ...INHERIT, net: ["127.0.0.1:9"] },
  fn(): void {
    const error = refusal({ ...NOBODY, port: 4444 }, NOBODY, "/none/capture");
    assertEquals([error.code, error.hint], ["not-allowed", "start with --allow-net=127.0.0.1:4444"]);
    assertEquals(error.message, "Cannot listen at tcp:127.0.0.1:4444: Deno has no permission for it");
  },
});

Deno.test({
  name: "Recording names the permissions to write its directory",
  ignore,
  permissions: { ...INHERIT, net: "inherit", write: false },
  fn(): void {
    const error = refusal({ ...NOBODY, port: 0 }, NOBODY, "/none/capture");
    assertEquals([error.code, error.hint], [
      "not-allowed",
      "start with --allow-read=/none/capture --allow-write=/none/capture",
    ]);
  },
});
