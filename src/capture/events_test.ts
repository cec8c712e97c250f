import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Finding } from "../wire/mod.ts";
import { type ArrivalQuery, arrivalTimes, type CaptureEvent, readEvents } from "./events.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { FileSource } from "./file_source.ts";
import { type ByteSource, MemorySource } from "./source.ts";

function sourceOf(text: string): ByteSource {
  return new MemorySource(new TextEncoder().encode(text));
}

function read(text: string): { events: CaptureEvent[]; findings: Finding[] } {
  const findings: Finding[] = [];
  return { events: [...readEvents(sourceOf(text), (finding) => findings.push(finding))], findings };
}

Deno.test("readEvents() reads the four kinds of FORMAT.md", () => {
  const { events, findings } = read(
    '{"t":0,"ch":0,"ev":"open"}\n' +
      '{"t":9,"ch":0,"dir":"s2d","off":0,"len":128}\n' +
      '{"t":9,"ch":0,"dir":"s2d","ev":"end","off":128}\n' +
      '{"t":10,"ch":1,"dir":"d2s","ev":"reset","off":0,"error":"Connection reset by peer"}\n',
  );
  assertEquals<unknown>(events, [
    { kind: "open", time: 0, channel: 0 },
    { kind: "data", time: 9, channel: 0, direction: "s2d", offset: 0, length: 128 },
    { kind: "end", time: 9, channel: 0, direction: "s2d", offset: 128 },
    { kind: "reset", time: 10, channel: 1, direction: "d2s", offset: 0, error: "Connection reset by peer" },
  ]);
  assertEquals(findings, []);
});

Deno.test("readEvents() leaves out lines that are no events, and says which", () => {
  const bad = [
    "nonsense",
    "[]",
    "null",
    '{"t":-1,"ch":0,"ev":"open"}',
    '{"t":1.5,"ch":0,"ev":"open"}',
    '{"t":1,"ev":"open"}',
    '{"t":1,"ch":0,"ev":"dance","dir":"s2d","off":0}',
    '{"t":1,"ch":0,"dir":"up","off":0,"len":1}',
    '{"t":1,"ch":0,"dir":"s2d","off":0}',
    '{"t":1,"ch":0,"dir":"s2d","off":"0","len":1}',
  ];
  const { events, findings } = read([...bad, '{"t":2,"ch":0,"ev":"open"}', ""].join("\n"));
  assertEquals(events.length, 1);
  assertEquals(findings.map((f) => f.message), bad.map((_, i) => `line ${i + 1} is not an event`));
  assertEquals(findings[1]?.offset, 9);
});

Deno.test("readEvents() takes a cut last line for what a killed recorder leaves", () => {
  const { events, findings } = read('{"t":1,"ch":0,"ev":"open"}\n{"t":2,"ch":0,"dir":"s2d","off":0,"le');
  assertEquals(events.length, 1);
  assertEquals(findings.map((f) => [f.severity, f.code, f.offset, f.message]), [
    ["warning", "event-cut", 27, "line 2 is cut: the recording was broken off"],
  ]);
  assertEquals(read('{"t":1,"ch":0,"ev":"open"}').events.length, 1);
  assertEquals(read("").events, []);
});

Deno.test("readEvents() warns of time that runs backwards", () => {
  const { events, findings } = read('{"t":5,"ch":0,"ev":"open"}\n{"t":3,"ch":1,"ev":"open"}\n');
  assertEquals(events.length, 2);
  assertEquals(findings.map((f) => f.message), ["line 2 is 2 ns earlier than the one before"]);
});

Deno.test("readEvents() keeps no line of any length: what is too long is left out", () => {
  const { events, findings } = read(`{"x":"${"y".repeat(300_000)}"}\n{"t":1,"ch":0,"ev":"open"}\n`);
  assertEquals(events.length, 1);
  assertEquals(findings.map((f) => f.code), ["event-line"]);
});

Deno.test("readEvents() gives the same for reads of any size, and for lines that end in CR LF", () => {
  const text = '{"t":1,"ch":0,"ev":"open"}\r\n\n{"t":2,"ch":10,"ev":"open"}\nbad\n{"t":3,"ch":0,"ev":"op';
  const expected = read(text);
  assertEquals(expected.events.length, 2);
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), (size) => {
    const inner = sourceOf(text);
    const slow: ByteSource = {
      size: inner.size,
      readAt: (offset, into) => inner.readAt(offset, into.subarray(0, size)),
      close: () => {},
    };
    const findings: Finding[] = [];
    assertEquals([...readEvents(slow, (finding) => findings.push(finding))], expected.events);
    assertEquals(findings, expected.findings);
  }));
});

Deno.test("arrivalTimes() tells when so many bytes were there, for queries in any order", () => {
  const text = [[10, 0, "s2d", 0, 100], [20, 1, "s2d", 0, 64], [30, 0, "d2s", 0, 8], [40, 0, "s2d", 100, 50]]
    .map(([t, ch, dir, off, len]) => `${JSON.stringify({ t, ch, dir, off, len })}\n`).join("");
  const query = (channel: number, direction: "s2d" | "d2s", offset: number): ArrivalQuery => ({
    channel,
    direction,
    offset,
  });
  const answers: [ArrivalQuery, number | undefined][] = [
    [query(0, "s2d", 150), 40],
    [query(0, "s2d", 101), 40],
    [query(0, "s2d", 100), 10],
    [query(0, "s2d", 0), 10],
    [query(0, "s2d", 151), undefined],
    [query(0, "d2s", 8), 30],
    [query(1, "s2d", 64), 20],
    [query(1, "s2d", 64), 20],
    [query(2, "s2d", 0), undefined],
  ];
  fc.assert(fc.property(fc.shuffledSubarray(answers, { minLength: 0 }), (some) => {
    assertEquals(arrivalTimes(readEvents(sourceOf(text)), some.map(([q]) => q)), some.map(([, time]) => time));
  }));
});

Deno.test({
  name: "readEvents() reads the events of every real capture, and their bytes add up to the channels",
  ignore: !haveCaptures(),
  fn(): void {
    let captures = 0;
    for (const { name } of Deno.readDirSync(CAPTURES)) {
      const folder = `${CAPTURES.pathname}${name}`;
      let source: FileSource;
      try {
        source = new FileSource(`${folder}/events.jsonl`);
      } catch {
        continue;
      }
      const arrived = new Map<string, number>();
      const findings: Finding[] = [];
      for (const event of readEvents(source, (finding) => findings.push(finding))) {
        if (event.kind !== "data") continue;
        const file = `channel-${String(event.channel).padStart(2, "0")}.${event.direction}`;
        assertEquals(event.offset, arrived.get(file) ?? 0, `${name}/${file}`);
        arrived.set(file, event.offset + event.length);
      }
      for (const [file, bytes] of arrived) assertEquals(Deno.statSync(`${folder}/${file}`).size, bytes);
      assertEquals(findings, [], name);
      source.close();
      captures++;
    }
    assert(captures > 50, `only ${captures} captures`);
  },
});
