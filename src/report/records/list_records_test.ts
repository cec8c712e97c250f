import { assert, assertEquals } from "@std/assert";
import { BLOCK, bytesOf, page, RAM_EOS, ramStream, smallStream, stream, word } from "../../../testing/main_stream.ts";
import { assertTiles } from "../../../testing/channels.ts";
import { type ByteSource, MemorySource } from "../../capture/mod.ts";
import type { Finding } from "../../wire/mod.ts";
import { eachCapture, kindsOf, linesOf, memoryCapture, NO_CAPTURES, pipedCapture } from "./captures_for_test.ts";
import { listRecords } from "./list_records.ts";

/** The initial packet of a multifd channel. */
function multifd(id: number): Uint8Array {
  return bytesOf(word(0x1122334400000001n), new Uint8Array(16), id, new Uint8Array(39));
}

/** A stream longer than what is read at a time: 1 MiB of pages that do not follow each other. */
function longStream(): Uint8Array {
  const pages = Array.from({ length: 256 }, (_, i) => page(0x2000 * i, i === 0 ? BLOCK : undefined));
  return ramStream(0x200000).part(2, [pages, RAM_EOS]).eof().bytes();
}

/** A source that counts the bytes that are read from it. */
function counting(bytes: Uint8Array): { source: ByteSource; read(): number } {
  const inner = new MemorySource(bytes);
  let read = 0;
  const source: ByteSource = {
    size: inner.size,
    readAt(offset, into): number {
      const count = inner.readAt(offset, into);
      read += count;
      return count;
    },
    close(): void {},
  };
  return { source, read: () => read };
}

Deno.test({
  name: "listRecords() leaves out no byte of any capture, whatever it does with pages",
  ignore: NO_CAPTURES,
  fn(): void {
    eachCapture((capture) => {
      for (const pages of ["runs", "single", "squashed"] as const) {
        const byChannel = Map.groupBy(linesOf(capture, { pages }), ({ channel }) => channel.channel);
        for (const [{ source }, lines] of byChannel) assertTiles(lines, source?.size ?? -1);
      }
    });
  },
});

Deno.test("listRecords() gives what overlaps a range", () => {
  const all = linesOf(memoryCapture(smallStream().bytes()));
  const [header, configuration, start] = all;
  assert(header && configuration && start);
  const kinds = (from?: number, to?: number): string[] =>
    kindsOf(memoryCapture(smallStream().bytes()), {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
  assertEquals(kinds(undefined, 8), ["file-header"]);
  assertEquals(kinds(undefined, 9), ["file-header", "configuration"]);
  assertEquals(kinds(8, start.offset), ["configuration"]);
  assertEquals(kinds(start.offset - 1, start.offset + 1), ["configuration", "section-start"]);
  assertEquals(kinds(all.at(-1)?.offset), ["vm-description"]);
  assertEquals(kinds(5, 5), ["file-header"]);
});

Deno.test("listRecords() gives only the pages of a run that overlap a range", () => {
  const bytes = ramStream().part(2, [page(0, BLOCK), page(0x1000), page(0x2000), RAM_EOS]).bytes();
  const run = linesOf(memoryCapture(bytes)).find(({ kind }) => kind === "ram-page");
  assert(run);
  const options = { from: run.offset + 4111, to: run.offset + 4112 };
  assertEquals(linesOf(memoryCapture(bytes), options).map(({ length }) => length), [run.length]);
  assertEquals(linesOf(memoryCapture(bytes), { ...options, pages: "single" }).map(({ length }) => length), [4104]);
});

Deno.test("listRecords() gives the place of a truncated record of no bytes", () => {
  const bytes = stream().bytes();
  assertEquals(kindsOf(memoryCapture(bytes), { from: bytes.length }), ["truncated"]);
  assertEquals(kindsOf(memoryCapture(bytes), { from: bytes.length + 1 }), []);
});

Deno.test("listRecords() stops reading once it is past the range, and finds nothing wrong with that", () => {
  const bytes = longStream();
  const { source, read } = counting(bytes);
  const findings: Finding[] = [];
  const lines = linesOf(memoryCapture({ source }), { to: 100, report: (finding) => findings.push(finding) });
  assertEquals(lines.at(-1)?.kind, "ram-page");
  assert(read() < bytes.length / 2, `${read()} of ${bytes.length} bytes`);
  assertEquals(findings, []);
});

Deno.test("listRecords() stops reading a pipe as well", () => {
  assertEquals(kindsOf(pipedCapture(longStream()), { to: 9 }), ["file-header", "configuration"]);
});

Deno.test("listRecords() does not report what is behind the range", () => {
  const bytes = stream().command(99).command(1).bytes();
  const codes = (to: number): string[] => {
    const codes: string[] = [];
    linesOf(memoryCapture(bytes), { to, report: ({ code }) => codes.push(code) });
    return codes;
  };
  assertEquals(codes(9), []);
  assertEquals(codes(bytes.length + 1), ["unknown-command", "truncated"]);
});

Deno.test("listRecords() gives only channels that are asked for, with findings only of those", () => {
  const capture = memoryCapture(stream().bytes(), multifd(0), multifd(1));
  const findings: Finding[] = [];
  const options = { channels: new Set(["multifd 1"]), report: (finding: Finding) => findings.push(finding) };
  const lines = linesOf(capture, options);
  assertEquals(lines.map(({ channel, kind }) => [channel.label, kind]), [["multifd 1", "multifd-init"]]);
  assertEquals(findings, []);
});

Deno.test("listRecords() reads a channel to its end if another one needs what it tells", () => {
  const bytes = longStream();
  for (const [label, all] of [["multifd 0", true], ["main", false]] as const) {
    const { source, read } = counting(bytes);
    linesOf(memoryCapture({ source }, multifd(0)), { channels: new Set([label]), to: 16 });
    assertEquals(read() >= bytes.length, all, label);
  }
});

Deno.test("listRecords() gives lines whose channels can be read", () => {
  const bytes = longStream();
  const { source } = counting(bytes);
  const [line] = linesOf(memoryCapture({ source }), { to: 8 });
  assertEquals(line?.channel.channel.source, source);
});

Deno.test("listRecords() gives the records of a device on all channels", () => {
  const idstr = bytesOf(new TextEncoder().encode("0000:00:05.0/vfio"), new Uint8Array(239));
  const start = [word(0x1122334400000001n), 0, 0, 0, 0x40];
  const packet = bytesOf(start, idstr, new Uint8Array(4), [0, 0, 0, 13], new Uint8Array(13));
  const main = stream().start(9, "0000:00:05.0/vfio", 1, word(0xffffffffef100001n)).command(1).eof().bytes();
  const capture = memoryCapture(main, bytesOf(multifd(0), packet));
  assertEquals(kindsOf(capture, { devices: new Set(["0000:00:05.0/vfio"]) }), [
    "section-start",
    "vfio-end-of-state",
    "section-footer",
    "multifd-device-state",
  ]);
});

Deno.test("listRecords() tells what it read beside what it listed", () => {
  const only = { kinds: new Set(["eof"]) };
  const listing = listRecords(memoryCapture(smallStream().bytes()), () => {}, only);
  assertEquals([listing.lines, listing.understood], [1, 21]);
  assert(listing.kinds.has("vm-description"));
  const nothing = listRecords(memoryCapture(Uint8Array.of(1, 2, 3)), () => {});
  assertEquals([nothing.lines, nothing.understood, [...nothing.kinds]], [1, 0, ["opaque"]]);
});
