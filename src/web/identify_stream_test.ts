import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import fc from "fast-check";
import { smallStream } from "../../testing/main_stream.ts";
import { multifdChannel } from "../../testing/memory_capture.ts";
import {
  type ChannelRole,
  identifyChannel,
  MainGrammar,
  MultifdGrammar,
  OpaqueGrammar,
  PreemptGrammar,
  ReturnPathGrammar,
  TlsGrammar,
} from "../stream/mod.ts";
import { grammarFor, identifyStream } from "./mod.ts";
import { bytesOfStream, chunked, CountingSource, settled } from "./streams_for_test.ts";

const CHANNELS: readonly Uint8Array[] = [
  smallStream().bytes(),
  multifdChannel(3),
  Uint8Array.fromHex("0002000400000001"),
  new TextEncoder().encode("GET / HTTP/1.1"),
  new Uint8Array(0),
];

Deno.test("identifyStream() says what identifyChannel() says, and gives all bytes, however they are cut", async () => {
  const lengths = fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }).map((some) => [...some, 1]);
  const property = fc.asyncProperty(fc.constantFrom(...CHANNELS), lengths, async (bytes, pieces) => {
    const { identity, stream } = await identifyStream(chunked(bytes, pieces));
    const { role, reason } = identifyChannel(bytes, { ended: true });
    assertEquals(identity.role, role);
    if (role !== "unknown") assertEquals(identity.reason, reason);
    assertEquals(await bytesOfStream(stream as ReadableStream<Uint8Array<ArrayBuffer>>), bytes);
  });
  await fc.assert(property);
});

Deno.test("identifyStream() heeds who sent the channel", async () => {
  const bytes = Uint8Array.fromHex("0002000400000001");
  const role = async (direction: "s2d" | "d2s"): Promise<string> =>
    (await identifyStream(chunked(bytes, [8]), { direction })).identity.role;
  assertEquals([await role("d2s"), await role("s2d")], ["return-path", "unknown"]);
});

Deno.test("identifyStream() takes no more than it needs before it is asked for", async () => {
  const source = new CountingSource(multifdChannel(0), 10);
  const { stream } = await identifyStream(source.stream);
  await settled();
  assertEquals(source.taken, 1);
  const reason = new Error("enough");
  await stream.cancel(reason);
  assertEquals([source.cancelled, source.stream.locked], [reason, false]);
});

Deno.test("identifyStream() ends when it is aborted, cancels the stream and leaves no lock", async () => {
  let cancelled: unknown;
  const silent = new ReadableStream<Uint8Array>({
    cancel: (reason): void => {
      cancelled = reason;
    },
  });
  const abort = new AbortController();
  const waiting = identifyStream(silent, { signal: abort.signal });
  abort.abort(new Error("too slow"));
  await assertRejects(() => waiting, Error, "too slow");
  assertEquals([(cancelled as Error).message, silent.locked], ["too slow", false]);

  const other = new CountingSource(new Uint8Array(8), 1);
  await assertRejects(() => identifyStream(other.stream, { signal: abort.signal }), Error, "too slow");
  assertEquals([other.taken, other.stream.locked], [0, false]);
});

Deno.test("what a stream fails with, identifyStream() and the stream that it gives fail with", async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("reset")) });
  await assertRejects(() => identifyStream(broken), Error, "reset");
  assert(!broken.locked);

  let pulls = 0;
  const later = new ReadableStream<Uint8Array>({
    pull(controller): void {
      if (pulls++ === 0) controller.enqueue(multifdChannel(0));
      else controller.error(new Error("reset"));
    },
  }, { highWaterMark: 0 });
  const { identity, stream } = await identifyStream(later);
  assertEquals(identity.role, "multifd");
  await assertRejects(() => Array.fromAsync(stream), Error, "reset");
  assert(!later.locked);
});

Deno.test("grammarFor() gives each channel its grammar, and to others one that understands nothing", () => {
  const expected: readonly [ChannelRole, new (...args: never[]) => unknown][] = [
    ["main", MainGrammar],
    ["recovery", MainGrammar],
    ["preempt", PreemptGrammar],
    ["multifd", MultifdGrammar],
    ["return-path", ReturnPathGrammar],
    ["tls", TlsGrammar],
    ["qcow2", OpaqueGrammar],
    ["unknown", OpaqueGrammar],
  ];
  for (const [role, kind] of expected) assertInstanceOf(grammarFor({ role, reason: "" }), kind);
});

Deno.test("grammarFor() passes on what the main channel told", () => {
  const main = new MainGrammar({ pageSize: 16384 });
  const { state } = main;
  const multifd = grammarFor({ role: "multifd", reason: "" }, { resume: state, qemu: "10.0" }) as MultifdGrammar;
  assertEquals(multifd.pageSize, 16384);
  const recovery = grammarFor({ role: "recovery", reason: "" }, { resume: state }) as MainGrammar;
  assertEquals(recovery.state, state);
  const other = grammarFor({ role: "main", reason: "" }, { resume: state }) as MainGrammar;
  assert(other.state !== state, "a main channel begins anew");
});
