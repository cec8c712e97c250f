import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { canWrite, withFiles } from "../capture/files_for_test.ts";
import { DeviceRefusal, type DeviceSink, DigestSink, MemorySink, RefusingSink, TeeSink } from "./sinks.ts";
import { FileSink } from "./file_sink.ts";

const A = Uint8Array.of(1, 2, 3);
const B = Uint8Array.of(4);

function sha256(...pieces: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

Deno.test("MemorySink keeps copies of what it was lent", () => {
  const sink = new MemorySink();
  const lent = A.slice();
  sink.write(lent);
  sink.config(lent);
  lent.fill(0xee);
  sink.write(B);
  assertEquals([sink.bytes(), sink.configBlob], [Uint8Array.of(1, 2, 3, 4), A]);
});

Deno.test("DigestSink tells what it has taken so far, and goes on", () => {
  const sink = new DigestSink();
  assertEquals(sink.digest(), { bytes: 0, sha256: sha256(), configBytes: 0, configSha256: null });
  sink.write(A);
  assertEquals(sink.digest().sha256, sha256(A));
  sink.write(B);
  sink.config(B);
  assertEquals(sink.digest(), { bytes: 4, sha256: sha256(A, B), configBytes: 1, configSha256: sha256(B) });
});

Deno.test({
  name: "FileSink writes state and config to files, and overwrites none",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "old": "precious" }, (directory) => {
      const [state, config] = [`${directory}/state`, `${directory}/config`];
      const sink = new FileSink(state, config);
      sink.write(A);
      sink.write(B);
      sink.config(B);
      sink.close();
      assertEquals([Deno.readFileSync(state), Deno.readFileSync(config)], [Uint8Array.of(1, 2, 3, 4), B]);
      assertThrows(() => new FileSink(`${directory}/old`, config), Deno.errors.AlreadyExists);
      const second = new FileSink(`${directory}/new`, `${directory}/old`);
      assertThrows(() => second.config(A), Deno.errors.AlreadyExists);
      second.close();
      assertEquals(Deno.readTextFileSync(`${directory}/old`), "precious");
    });
  },
});

Deno.test("RefusingSink takes exactly so many bytes, then says no", () => {
  const inner = new MemorySink();
  const sink = new RefusingSink(3, inner);
  sink.write(A);
  const refusal = assertThrows(() => sink.write(B), DeviceRefusal);
  assertEquals([refusal.errno, refusal.message], [5, "the device answers with errno 5"]);
  sink.config(B);
  assertEquals([inner.bytes(), inner.configBlob], [A, B]);
  assertEquals(assertThrows(() => new RefusingSink(0, undefined, 28).write(B), DeviceRefusal).errno, 28);
});

/** A sink that takes its time, and says what it is doing. */
class SlowSink implements DeviceSink {
  readonly log: string[] = [];

  async write(bytes: Uint8Array): Promise<void> {
    this.log.push(`begin ${bytes.length}`);
    await Promise.resolve();
    this.log.push(`end ${bytes.length}`);
  }

  close(): void {
    this.log.push("closed");
  }
}

Deno.test("TeeSink waits for each of its sinks in turn", async () => {
  const [slow, memory] = [new SlowSink(), new MemorySink()];
  const tee = new TeeSink(slow, memory);
  const writing = tee.write(A);
  assertEquals(memory.bytes().length, 0);
  await writing;
  await tee.write(B);
  await tee.config(B);
  await tee.close();
  assertEquals(slow.log, ["begin 3", "end 3", "begin 1", "end 1", "closed"]);
  assertEquals([memory.bytes(), memory.configBlob], [Uint8Array.of(1, 2, 3, 4), B]);
});

Deno.test("TeeSink passes on a refusal", async () => {
  const tee = new TeeSink(new DigestSink(), new RefusingSink(0));
  assert((await assertRejects(() => tee.write(A), DeviceRefusal)) instanceof DeviceRefusal);
});
