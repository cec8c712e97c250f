import { assert, assertEquals, assertRejects } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import { libvirtImage } from "../../testing/libvirt_image.ts";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { type Capture, CaptureError, identifyChannels, readBytes, writePcapng } from "../capture/mod.ts";
import { openStream } from "./open_stream.ts";
import { chunked, CountingSource, randomLengths } from "./streams_for_test.ts";

/** A real stream: the main channel of a migration. */
import MAIN from "../../testdata/vfio-multifd-2/channel-00.s2d" with { type: "bytes" };
import MULTIFD from "../../testdata/vfio-multifd-2/channel-01.s2d" with { type: "bytes" };

function contents(capture: Capture): Uint8Array[] {
  return capture.channels.map(({ source }) =>
    source === undefined ? new Uint8Array(0) : readBytes(source, 0, Infinity)
  );
}

const WRAPPED: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
  { what: "a stream", bytes: MAIN },
  { what: "a stream under zstd", bytes: new Uint8Array(zstdCompressSync(MAIN)) },
  { what: "a libvirt save image", bytes: libvirtImage(MAIN) },
];

for (const { what, bytes } of WRAPPED) {
  Deno.test(`openStream() opens ${what}`, async () => {
    const stream = chunked(bytes, randomLengths(1, 5000));
    const capture = await openStream(stream);
    assertEquals(contents(capture), [MAIN]);
    assertEquals([capture.findings, stream.locked], [[], false]);
    capture.close();
  });
}

Deno.test("openStream() opens what a browser's CompressionStream has made, from the body of a response", async () => {
  const body = new Response(MAIN).body?.pipeThrough(new CompressionStream("gzip"));
  assert(body !== undefined);
  const capture = await openStream(body);
  assertEquals(contents(capture), [MAIN]);
  capture.close();
});

Deno.test("openStream() opens packets, with all their channels and times", async () => {
  const pieces: Uint8Array[] = [];
  const made = memoryCapture([{ bytes: MAIN }, { bytes: MULTIFD }]);
  for (const _ of writePcapng(made, { write: (bytes) => void pieces.push(bytes.slice()) }));
  const capture = await openStream(ReadableStream.from(pieces));
  assertEquals(capture.kind, "packets");
  assertEquals(identifyChannels(capture).map(({ label }) => label), ["main", "multifd 0"]);
  assertEquals(contents(capture).filter(({ length }) => length > 0), [MAIN, MULTIFD]);
  assert(capture.events !== undefined);
  capture.close();
});

Deno.test("openStream() begins where it is told", async () => {
  const capture = await openStream(chunked(MAIN, [777]), { offset: 100 });
  assertEquals(contents(capture), [MAIN.subarray(100)]);
  capture.close();
});

Deno.test("openStream() refuses what is longer than it may keep, and reads no further", async () => {
  const source = new CountingSource(new Uint8Array(1000), 100);
  const error = await assertRejects(() => openStream(source.stream, { keep: 5000 }), CaptureError);
  assertEquals([error.code, error.message], [
    "too-large",
    "Cannot keep the stream in memory: it has more than 5000 bytes",
  ]);
  assertEquals([source.taken, source.cancelled, source.stream.locked], [6, error, false]);
});

Deno.test("openStream() keeps exactly as much as it may", async () => {
  const capture = await openStream(chunked(MAIN, [777]), { keep: MAIN.length });
  assertEquals(contents(capture), [MAIN]);
  capture.close();
});

Deno.test("openStream() of nothing says so", async () => {
  const error = await assertRejects(() => openStream(chunked(new Uint8Array(0), [1])), CaptureError);
  assertEquals(error.code, "is-empty");
});

Deno.test("openStream() fails with what the stream fails with, or the reason of an abort, and leaves no lock", async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("reset")) });
  await assertRejects(() => openStream(broken), Error, "reset");
  assert(!broken.locked);

  const abort = new AbortController();
  const silent = new ReadableStream<Uint8Array>();
  const waiting = openStream(silent, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  assert(!silent.locked);
});
