import { assertEquals } from "@std/assert";
import { Connections } from "./connections.ts";
import { fileFindings, gapFindings } from "./findings.ts";
import { SegmentList } from "./segment_list.ts";
import { AssembledStream } from "./tcp_stream.ts";

/** A stream of these pieces, `[offset, length]`, that begins at `base`. */
function stream(pieces: readonly (readonly [number, number])[], size: number, base = 1000): AssembledStream {
  const list = new SegmentList();
  for (const [offset, length] of pieces) list.add(base + offset, length, 0, 0);
  return new AssembledStream(list, base, size);
}

function told(assembled: AssembledStream, size: number): [number, string][] {
  return [...gapFindings("main", assembled, size)].map(({ offset, message }) => [offset, message]);
}

Deno.test("gapFindings() says of each gap what becomes of the bytes after it", () => {
  // Reading ends at 200; the gap before is filled with zeros.
  const assembled = stream([[0, 50], [60, 140], [201, 99], [310, 5]], 320);
  assertEquals(told(assembled, 200), [
    [50, "10 bytes missing from the capture, inside of a page or device state: zeros stand for them"],
    [200, "1 byte missing from the capture: what follows, 104 bytes, cannot be read"],
    [300, "10 bytes missing from the capture, in what cannot be read"],
    [315, "5 bytes missing from the capture, in what cannot be read"],
  ]);
  assertEquals(told(stream([[0, 50]], 60), 50), [[50, "10 bytes missing from the capture, and none after them"]]);
  assertEquals(told(stream([[0, 50]], 50), 50), []);
});

Deno.test("gapFindings() names 20 gaps and the one where reading ends, and counts the others", () => {
  const pieces = Array.from({ length: 60 }, (_, i) => [i * 10, 5] as const);
  const all = told(stream(pieces, 595), 405);
  assertEquals(all.length, 23);
  assertEquals(all.slice(20), [
    [405, "5 bytes missing from the capture: what follows, 95 bytes, cannot be read"],
    [0, "20 more gaps inside of pages or device state: zeros stand for what is lost"],
    [405, "18 more gaps in what cannot be read"],
  ]);
});

Deno.test("fileFindings() says what of a file is left out, and why", () => {
  const connections = new Connections();
  connections.ignored = 7;
  const scan = {
    connections,
    frames: { tcp: 0, other: 0, fragment: 1, "link-type": 10 },
    linkTypes: new Map(Array.from({ length: 10 }, (_, i) => [200 + i, 1] as const)),
    problems: [{ code: "pcap-cut", message: "cut", offset: 24 }],
  };
  const findings = [...fileFindings("a.pcap", scan, 2)].map(({ code, message, offset }) => [code, message, offset]);
  assertEquals(findings.map(([code]) => code), [
    "pcap-cut",
    "ip-fragments",
    "link-type",
    "too-many-connections",
    "too-many-connections",
  ]);
  assertEquals(findings[0], ["pcap-cut", "cut", 24]);
  assertEquals(findings[1]?.[1], "1 IP fragment left out: they are not put together");
  // A file can name a link type a frame.
  assertEquals(String(findings[2]?.[1]).match(/\d+ \(1 frame\)/g)?.length, 8);
  assertEquals(findings[3]?.[1], "7 packets left out: there are too many connections at a time");
  assertEquals(findings[4]?.[1], "2 connections of the migration left out: they are too many");
});
