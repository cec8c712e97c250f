import { assert, assertEquals } from "@std/assert";
import { assertTiles } from "../../testing/channels.ts";
import { CAPTURE_NAMES, channelBytes, recordsOf, withCapture } from "../../testing/main_captures.ts";
import type { AnyRecord } from "../../testing/main_channel.ts";
import { serialise } from "../stream/mod.ts";
import type { Capture, CaptureChannel } from "./capture.ts";
import { readDescription } from "./description.ts";

/** Registers a test on every recorded capture. */
function onEachCapture(what: string, test: (capture: Capture) => void): void {
  for (const name of CAPTURE_NAMES) Deno.test(`${name}: ${what}`, () => withCapture(name, test));
  if (CAPTURE_NAMES.length === 0) Deno.test({ name: `each capture: ${what}`, ignore: true, fn: () => {} });
}

onEachCapture("each byte of each channel is in one record, and is written again as it was", (capture) => {
  const { channels, records } = recordsOf(capture);
  assertEquals(new Set(channels.map(({ label }) => label)).size, channels.length);
  for (const entry of channels) {
    const bytes = channelBytes(entry);
    const list = records.get(entry.label) ?? [];
    assertTiles(list, bytes.length);
    assertEquals(list.filter(({ kind }) => kind === "opaque"), [], entry.label);
    for (const record of list) {
      let at = record.offset;
      for (const part of serialise(record)) {
        const original = part instanceof Uint8Array ? bytes.subarray(at, at + part.length) : { ...part, offset: at };
        assertEquals(part, original, `${record.kind} at ${record.offset}`);
        at += part.length;
      }
      assertEquals(at, record.offset + record.length, `${record.kind} at ${record.offset}`);
    }
  }
});

/** How the ends of the device bodies of a capture were found. */
function extents(capture: Capture): { label: string; extent: string; offset: number; length: number }[] {
  const { records } = recordsOf(capture);
  return [...records].flatMap(([label, list]) =>
    (list as AnyRecord[]).filter(({ kind }) => kind === "device-state")
      .map(({ extent, offset, length }) => ({ label, extent, offset, length }))
  );
}

onEachCapture("device bodies are as the VM description says, where there is one", (capture) => {
  const described = capture.channels.some(({ source }) =>
    source !== undefined && readDescription(source) !== undefined
  );
  const found = new Set(extents(capture).map(({ extent }) => extent));
  if (described) assertEquals([...found], ["described"]);
  else assert(!found.has("described"));
});

/** A channel that can be read once from its beginning, so that nobody sees the VM description beforehand. */
function asPipe(channel: CaptureChannel): CaptureChannel {
  const { source, ...rest } = channel;
  if (source === undefined) return channel;
  const head = new Uint8Array(4096);
  let at = 0;
  const read = (into: Uint8Array): number => {
    const count = source.readAt(at, into.subarray(0, 10_000));
    at += count;
    return count;
  };
  return { ...rest, pipe: { head: head.subarray(0, source.readAt(0, head)), read } };
}

onEachCapture("device bodies end at the same places when the VM description is not known beforehand", (capture) => {
  const places = (from: Capture): unknown => extents(from).map(({ extent: _extent, ...place }) => place);
  assertEquals(places({ ...capture, channels: capture.channels.map(asPipe) }), places(capture));
});
