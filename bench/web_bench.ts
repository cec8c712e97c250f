/** How fast channels are read as Web Streams, beside the same parser that is called: `deno bench`. Needs no permission. @module */

import { MemorySource, readChannel } from "../src/capture/mod.ts";
import { ChannelParser, type Grammar, MainGrammar, MultifdGrammar } from "../src/stream/mod.ts";
import { PieceStream, RecordStream, SerialiseStream } from "../src/web/mod.ts";
import { allOf, deviceChannel, mainChannel } from "./streams.ts";

/** What a fetch or a file gives at a time. */
const CHUNK = 64 * 1024;

function source(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller): void {
      if (at === bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + CHUNK));
      at = Math.min(at + CHUNK, bytes.length);
    },
  }, { highWaterMark: 0 });
}

async function drain(stream: ReadableStream<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of stream) count++;
  if (count === 0) throw new Error("Cannot measure: nothing was read");
}

const CHANNELS: readonly { readonly name: string; readonly bytes: Uint8Array; readonly grammar: () => Grammar }[] = [
  { name: "64 MiB of pages", bytes: allOf(mainChannel(16_384)), grammar: () => new MainGrammar() },
  {
    name: "64 buffers of 1 MiB",
    bytes: allOf(deviceChannel(64)),
    grammar: () => new MultifdGrammar({ pageSize: 4096 }),
  },
];

// Each is an async function itself: Deno waits for no promise of another.
for (const { name, bytes, grammar } of CHANNELS) {
  Deno.bench(`called: ${name}`, { group: name, baseline: true }, () => {
    readChannel(new MemorySource(bytes), new ChannelParser(grammar()), () => {});
  });
  Deno.bench(`RecordStream: ${name}`, { group: name }, async () => {
    await drain(source(bytes).pipeThrough(new RecordStream(grammar())));
  });
  Deno.bench(`PieceStream: ${name}`, { group: name }, async () => {
    await drain(source(bytes).pipeThrough(new PieceStream(grammar())));
  });
  Deno.bench(`and written again: ${name}`, { group: name }, async () => {
    await drain(source(bytes).pipeThrough(new PieceStream(grammar())).pipeThrough(new SerialiseStream()));
  });
  Deno.bench(`the source alone: ${name}`, { group: name }, async () => {
    await drain(source(bytes));
  });
}
