import { assertEquals, assertThrows } from "@std/assert";
import { canReadAndWrite, SMALL } from "../../cli/small_capture_for_test.ts";
import { CaptureError, captureOf, identifyChannels, MemorySource, openCapture, readBytes } from "./mod.ts";

Deno.test({
  name: "captureOf() makes of a directory's bytes what openCapture() makes of the directory",
  ignore: !canReadAndWrite(),
  fn(): void {
    const opened = openCapture(SMALL);
    try {
      const made = captureOf(
        [2, 0, 1].map((index) => ({ index, bytes: Deno.readFileSync(`${SMALL}/channel-0${index}.s2d`) })),
        {
          manifest: Deno.readTextFileSync(`${SMALL}/capture.json`),
          events: Deno.readFileSync(`${SMALL}/events.jsonl`),
        },
      );
      assertEquals([made.name, made.kind, made.manifest], [opened.name, opened.kind, opened.manifest]);
      assertEquals([...made.events ?? []], [...opened.events ?? []]);
      assertEquals(made.findings, opened.findings);
      const seen = ({ channels }: typeof made): unknown[] =>
        channels.map(({ source, ...channel }) => [channel, source === undefined ? "" : readBytes(source, 0, 1e9)]);
      assertEquals(seen(made), seen(opened));
      made.close();
    } finally {
      opened.close();
    }
  },
});

Deno.test("captureOf() numbers channels by their places, and puts the two directions of one together", () => {
  const bytes = Uint8Array.fromHex("5145564d0000000300");
  const answers = {
    bytes: new MemorySource(Uint8Array.fromHex("0002000400000001")),
    direction: "d2s",
    index: 0,
  } as const;
  const capture = captureOf([{ bytes }, { bytes: new Uint8Array(0) }, answers], { name: "mine" });
  assertEquals(capture.channels.map(({ label }) => label), ["channel-00.s2d", "channel-00.d2s", "channel-01.s2d"]);
  assertEquals(identifyChannels(capture).map(({ label }) => label), ["main", "return path", "empty"]);
  assertEquals([capture.name, capture.events, capture.manifest], ["mine", undefined, undefined]);
  assertEquals(captureOf([]).name, "memory");
});

Deno.test("captureOf() takes events as they are, and reports what is wrong with a manifest", () => {
  const events = [{ kind: "open", time: 0, channel: 0 }] as const;
  assertEquals([...captureOf([], { events }).events ?? []], [...events]);
  assertEquals(captureOf([], { manifest: "nonsense" }).findings.length, 1);
  const other = assertThrows(() => captureOf([], { manifest: '{"format":"something/1"}' }), CaptureError);
  assertEquals(other.code, "format");
});
