import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { assertTiles } from "../../../testing/channels.ts";
import { ascii, be, bytesOf, smallStream } from "../../../testing/main_stream.ts";
import { type Capture, readBytes } from "../../capture/mod.ts";
import { eachCapture, FEW_CAPTURES, linesOf, memoryCapture, NO_CAPTURES, pipedCapture } from "./captures_for_test.ts";
import type { RecordLine } from "./line.ts";
import { RecordViewer } from "./viewer.ts";

/** The only line of a kind. */
function lineOf(capture: Capture, kind: string): RecordLine {
  const [line, ...others] = linesOf(capture).filter((line) => line.kind === kind);
  assert(line !== undefined && others.length === 0);
  return line;
}

Deno.test("RecordViewer takes a device's state apart, by the description behind it", () => {
  const capture = memoryCapture(smallStream().bytes());
  const line = lineOf(capture, "device-state");
  const viewer = new RecordViewer(capture);
  assertEquals(viewer.summary(line).at(-1), { name: "fields", value: 3, as: "count" });
  const { fields, payload, words } = viewer.dump(line, 64);
  assertEquals(fields.map(({ field, value, bytes }) => [field, value, bytes.toHex()]), [
    ["cpu_ticks_offset", "1000 (0x3e8)", "00000000000003e8"],
    ["unused", "0", "0000000000000000"],
    ["cpu_clock_offset", "2000 (0x7d0)", "00000000000007d0"],
  ]);
  assertEquals([payload, words], [undefined, []]);
});

Deno.test("RecordViewer says that bytes are not at hand when they came through a pipe", () => {
  const capture = pipedCapture(smallStream().bytes());
  const lines = linesOf(capture);
  const viewer = new RecordViewer(capture);
  const [header, state, text] = [0, -4, -1].map((index) => lines.at(index));
  assert(header && state && text);
  assertEquals(viewer.dump(header, 64).fields.map(({ bytes }) => bytes.toHex()), ["5145564d", "00000003"]);
  assertEquals(state.kind, "device-state");
  assertEquals(viewer.summary(state).some(({ name }) => name === "fields"), false);
  assertEquals(viewer.dump(state, 64).payload, { offset: state.offset, length: 24, bytes: undefined });
  assertEquals(viewer.dump(text, 64).fields.length, 2);
});

Deno.test("RecordViewer shows no more of a payload than it is asked for", () => {
  const capture = memoryCapture(smallStream().bytes());
  const line = lineOf(capture, "vm-description");
  const { payload } = new RecordViewer(capture).dump(line, 4);
  assertEquals([payload?.offset, payload?.bytes?.length], [line.offset + 5, 4]);
});

Deno.test({
  name: "RecordViewer's fields and payload tile every record of every capture",
  ignore: NO_CAPTURES,
  fn(): void {
    let decoded = 0;
    let described = 0;
    eachCapture((capture, name) => {
      const viewer = new RecordViewer(capture);
      for (const line of linesOf(capture, { pages: "single" })) {
        const where = `${name} ${line.channel.label} ${line.kind} at ${line.offset}`;
        const { fields, payload, words } = viewer.dump(line, 16);
        const pieces = fields.filter(({ length }) => length > 0).map(({ field: kind, offset, length }) => ({
          kind,
          offset,
          length,
        }));
        if (payload !== undefined) pieces.push({ kind: "payload", ...payload });
        assertTiles(pieces.map((piece) => ({ ...piece, offset: piece.offset - line.offset })), line.length);
        const shown = concat([...fields.map(({ bytes }) => bytes), payload?.bytes ?? new Uint8Array(0)]);
        const { source } = line.channel.channel;
        assert(source !== undefined && readBytes(source, line.offset, shown.length).toHex() === shown.toHex(), where);
        if (line.kind === "device-state" && payload === undefined) decoded++;
        if (words.length > 0) described++;
      }
    });
    assert(decoded > 10 && described > 0);
    assert(FEW_CAPTURES || (decoded > 800 && described > 15), `${decoded} states, ${described} configs`);
  },
});

Deno.test({
  name: "RecordViewer tells a VFIO device's config in words, on the main channel and in a packet",
  ignore: FEW_CAPTURES,
  fn(): void {
    eachCapture((capture, name) => {
      if (name !== "vfio-main" && name !== "vfio-multifd-2") return;
      const viewer = new RecordViewer(capture);
      const texts = linesOf(capture).map((line) => viewer.dump(line, 0).words).filter((words) => words.length > 0);
      assertEquals(texts.length, 1, name);
      assertStringIncludes(texts[0]?.[0] ?? "", "Device [");
    });
  },
});

Deno.test("RecordViewer shows a config packet that is none as the bytes that it carries", () => {
  const data = Uint8Array.from({ length: 20 }, (_, i) => i);
  const idstr = bytesOf(ascii("0000:00:05.0/vfio"), new Uint8Array(239));
  const start = bytesOf(be(0x11223344, 4), be(1, 4), be(0x40, 4), idstr, be(0, 4), be(12 + data.length, 4));
  const init = bytesOf(be(0x11223344, 4), be(1, 4), new Uint8Array(56));
  const capture = memoryCapture(bytesOf(init, start, be(0, 4), be(7, 4), be(1, 4), data));
  const { fields, payload, words } = new RecordViewer(capture).dump(lineOf(capture, "multifd-device-state"), 64);
  assertEquals(fields.at(-1)?.field, "vfio.flags");
  assertEquals([payload?.bytes, words], [data, []]);
});
