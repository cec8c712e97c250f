import { assert, assertEquals, assertThrows } from "@std/assert";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { be, stream } from "../../testing/main_stream.ts";
import { CORPUS_FOLDERS } from "../../testing/corpus_folders.ts";
import { type CaptureEvent, MemorySource, OffsetSource, openCapture, readBytes } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { DescriptionEditor } from "./description.ts";
import { EditedEvents } from "./edited_events.ts";
import { edited, smallCapture, verdictOf } from "./edit_for_test.ts";
import { EditError, editText, parseEdit } from "./mod.ts";
import { jsonSpans } from "./json_spans.ts";
import { editValue } from "./report.ts";
import { SpliceSource } from "./splice.ts";

const [shared] = CORPUS_FOLDERS;

Deno.test("jsonSpans() says where things are, and what is no JSON", () => {
  const text = '{"a": [1, "x,]\\"", {}], "a": true}';
  const spans = jsonSpans(text);
  assertEquals(spans?.members?.map(([key]) => key), ["a", "a"]);
  const items = spans?.members?.[0]?.[1].items ?? [];
  assertEquals(items.map(({ start, end }) => text.slice(start, end)), ["1", '"x,]\\""', "{}"]);
  for (const wrong of ["", "{", "[1", "[1 2]", '{"a" 1}', '{"a":}', "{1:2}", "}", "[,]", "[".repeat(1000)]) {
    assertEquals(jsonSpans(wrong), undefined, wrong);
  }
});

Deno.test("a description that is none is not edited", () => {
  for (const text of ["", "[]", "{}", '{"devices": 5}']) assertEquals(DescriptionEditor.of(text), undefined, text);
  const odd = DescriptionEditor.of('{"devices": [{"name": 5}, {"name": "a", "instance_id": 0}]}');
  odd?.drop({ idstr: "b", instanceId: 0, ordinal: 0 });
  odd?.copy({ idstr: "b", instanceId: 0, ordinal: 0 });
  odd?.move({ idstr: "b", instanceId: 0, ordinal: 0 }, "before", { idstr: "a", instanceId: 0, ordinal: 0 });
  odd?.growMachine(5);
  assertEquals(odd?.text, '{"devices": [{"name": 5}, {"name": "a", "instance_id": 0}]}');
  const broken = stream().full(1, "a", 1, be(7, 4)).eof().description("{ no JSON");
  const capture = memoryCapture([{ bytes: broken.bytes() }]);
  assertEquals(
    edited(capture, [["drop", "section=a"]]).report.changes.every(({ repair }) => repair === undefined),
    true,
  );
});

Deno.test("SpliceSource reads across its parts, and flips bits where they are", () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
  const part = (offset: number, length: number) => ({ source: new MemorySource(bytes), offset, length });
  const source = new SpliceSource([part(5, 3), part(0, 2), part(9, 1)]);
  assertEquals([...readBytes(source, 0, 99)], [5, 6, 7, 0, 1, 9]);
  assertEquals([...readBytes(source, 2, 2)], [7, 0]);
  assertEquals(source.readAt(6, new Uint8Array(4)), 0);
  source.flip([{ offset: 0, mask: 1 }, { offset: 4, mask: 0x80 }]);
  assertEquals([...readBytes(source, 0, 99)], [4, 6, 7, 0, 0x81, 9]);
  assertEquals([...readBytes(source, 3, 2)], [0, 0x81]);
  source.close();
});

Deno.test("bytes of an edited channel arrive with those that they were made from", () => {
  const data = (time: number, offset: number, length: number): CaptureEvent => ({
    kind: "data",
    time,
    channel: 0,
    direction: "s2d",
    offset,
    length,
  });
  const arrivals = [{ length: 4, from: 0, to: 10 }, { length: 5, from: 10, to: 10 }, { length: 10, from: 10, to: 20 }];
  const told = (events: CaptureEvent[], gone: number[] = []): unknown[] =>
    [...new EditedEvents(events, [{ channel: 0, direction: "s2d", arrivals }], new Set(gone))]
      .map((event) => event.kind === "data" ? [event.time, event.offset, event.length] : event.kind);
  assertEquals(told([data(1, 0, 2), data(2, 2, 8), data(3, 10, 4), data(4, 14, 6)]), [
    [1, 0, 2],
    [2, 2, 7],
    [3, 9, 4],
    [4, 13, 6],
  ]);
  // What the events did not tell of comes at their end.
  assertEquals(told([{ kind: "open", time: 5, channel: 0 }]), ["open", [5, 0, 19]]);
  assertEquals(told([{ kind: "end", time: 5, channel: 0, direction: "d2s", offset: 0 }], [0]), [[5, 0, 19]]);
});

Deno.test("an edit is written as it is read", () => {
  for (
    const text of [
      "set index=1,idx=5,data=00",
      "drop channel=multifd 1",
      "duplicate section=a,instance=2,times=3",
      "reorder device=a,index=3 before device=a,index=1",
      "shuffle device=a",
      "renumber device=a",
      "truncate channel=main,at=-5",
      "truncate kind=eof,nth=1..2,within=0",
      "corrupt channel=main,bits=3,bytes=1..2",
    ]
  ) {
    const at = text.indexOf(" ");
    assertEquals(editText(parseEdit(text.slice(0, at) as "set", text.slice(at + 1))), text);
  }
  const bytes = parseEdit("set", "index=1,data=@x", { readFile: () => new Uint8Array(20) });
  assertEquals(editText(bytes), `set index=1,data=${"00".repeat(16)}… (20 bytes)`);
  assertEquals(parseEdit("set", "device=a,.index=3"), {
    action: "set",
    select: { device: "a" },
    fields: [{ field: "index", value: "3" }],
  });
});

Deno.test("values in a report are what JSON has", () => {
  assertEquals(
    [undefined, null, 5, 5n, "a", true, Uint8Array.of(1), [1], new Uint8Array(65)].map(editValue),
    [null, null, 5, "5", "a", true, "01", "[1]", `${"00".repeat(64)}… (65 bytes)`],
  );
});

Deno.test("a stream in the middle of a file stays there", () => {
  const inner = stream().full(1, "a", 1, be(7, 4)).eof().bytes();
  const file = new Uint8Array(inner.length + 30).fill(0x55);
  file.set(inner, 10);
  const whole = new MemorySource(file);
  const capture = memoryCapture([{ bytes: inner }]);
  const [channel] = capture.channels;
  assert(channel !== undefined);
  const source = new OffsetSource(whole, 10, inner.length);
  const placed = { ...channel, source, container: { source: whole, offset: 10 } };
  const [now] = edited({ ...capture, channels: [placed] }, [["set", "section=a,idstr=longer"]]).channels;
  const all = readBytes(now?.container?.source ?? whole, 0, 999);
  assertEquals(all.length, file.length + 5);
  assertEquals([all[9], all[10], all.at(-1), now?.container?.offset], [0x55, 0x51, 0x55, 10]);
});

Deno.test({
  name: "in a mapped-ram file nothing moves that is before the pages",
  ignore: shared?.captures.includes("plain-mapped-ram") !== true,
  async fn(): Promise<void> {
    const capture = openCapture(decodeURIComponent(new URL("plain-mapped-ram", shared?.url).pathname));
    const error = assertThrows(
      () => edited(capture, [["set", "kind=configuration,machine=another-machine"]]),
      EditError,
      "it is a mapped-ram file",
    );
    assertEquals(error.code, "mapped-ram");
    assertThrows(() => edited(capture, [["duplicate", "kind=configuration"]]), EditError, "it is a mapped-ram file");
    const behind = edited(capture, [["drop", "section=timer"]]);
    assertEquals(await verdictOf(behind), "ok");
    assertEquals(checkCapture(behind, {}).problems.filter(({ severity }) => severity === "error"), []);
    capture.close();
  },
});

Deno.test("what a config packet carries is set by its fields", async () => {
  const capture = smallCapture();
  assertEquals(await verdictOf(edited(capture, [["set", "index=4,config.intxA=1"]])), "ok");
  assertThrows(() => edited(capture, [["set", "index=4,config.pci.command=0x10000"]]), EditError, "it has 16 bits");
  assertThrows(() => edited(capture, [["set", "index=4,config.pci.command=x"]]), EditError, "it is a number");
  assertThrows(() => edited(capture, [["set", "index=4,config.pci.comand=1"]]), EditError, "no record for index=4");
  assertThrows(() => edited(capture, [["set", "index=4,config.colour=1"]]), EditError, "no record for index=4");
  assertThrows(() => edited(capture, [["set", "index=1,config.intxA=1"]]), EditError, "no record for index=1");
  const twice = edited(capture, [["set", "index=4,config.intxA=1,config.intxB=1"], ["set", "index=4,data=00"]]);
  assertEquals(await verdictOf(twice), "error(config-tag)");
});
