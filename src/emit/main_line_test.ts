import { assert, assertEquals } from "@std/assert";
import {
  be,
  BLOCK,
  counted,
  FLUSH,
  MainStream,
  page,
  type Piece,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  word,
} from "../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";
import { MIG_CMD } from "../wire/mod.ts";
import type { BaseRecord } from "../stream/mod.ts";
import { itemBytes } from "./deal/mod.ts";
import { type LineScore, readScore, type ScoreOptions } from "./score.ts";
import type { Mark } from "./stretch.ts";

function lineOf(bytes: Uint8Array, options: ScoreOptions = {}): LineScore {
  return readScore(memoryCapture([{ bytes }]), { pageSize: 4096, ...options }).main;
}

function textOf(mark: Mark): string {
  if (mark.kind === "barrier") return `barrier ${mark.style}`;
  return mark.kind === "await" ? `${mark.count} ${mark.message}` : mark.kind;
}

/** Stretches as lines: name, phase that begins, marks. */
function linesOf({ stretches }: LineScore): string[] {
  return stretches.map(({ name, phase, marks }) => [name, phase ?? "-", ...marks.map(textOf)].join(", "));
}

const { OPEN_RETURN_PATH, PING, POSTCOPY_ADVISE, POSTCOPY_LISTEN, POSTCOPY_RESUME, POSTCOPY_RUN } = MIG_CMD;
const { RECV_BITMAP, SWITCHOVER_START } = MIG_CMD;

/** A timer's state. */
const timer: Piece = [word(1), word(0), word(2)];

/** A stream of RAM: a setup, an iteration, an end; then what follows. */
function wholeOf(before: (stream: MainStream) => MainStream = (all) => all): Uint8Array {
  const begun = before(ramStream().part(2, [page(0, BLOCK), RAM_EOS]));
  return begun.end(2, [page(0x1000), RAM_EOS]).full(0, "timer", 2, timer).full(1, "timer", 2, timer, 1).eof().bytes();
}

Deno.test("MainLine cuts a stream at its phases, and at each end of a RAM section", () => {
  assertEquals(linesOf(lineOf(smallStream().bytes())), [
    "setup, setup",
    "end of a RAM section, -, barrier section",
    "RAM iteration 1, iteration",
    "end of a RAM section, -, barrier section",
    "END section of ram, switchover, stop",
    "end of a RAM section, -, barrier section",
    "FULL section of timer, devices",
    "EOF, end",
  ]);
});

Deno.test("MainLine begins each iteration anew, and devices once", () => {
  const twice = wholeOf((all) => all.part(2, [page(0x2000), RAM_EOS]));
  assertEquals(linesOf(lineOf(twice)).filter((line) => !line.includes("end of")), [
    "setup, setup",
    "RAM iteration 1, iteration",
    "RAM iteration 2, iteration",
    "END section of ram, switchover, stop",
    "FULL section of timer, devices",
    "EOF, end",
  ]);
});

Deno.test("MainLine cuts at each MULTIFD_FLUSH", () => {
  const bytes = stream().start(2, "ram", 4, [
    word(0x1000 | 4),
    6,
    new TextEncoder().encode(BLOCK),
    word(0x1000),
    FLUSH,
    RAM_EOS,
  ])
    .part(2, [FLUSH, RAM_EOS]).end(2, [FLUSH, FLUSH, RAM_EOS]).eof().bytes();
  assertEquals(linesOf(lineOf(bytes)).filter((line) => line.includes("barrier")), [
    "MULTIFD_FLUSH, -, barrier round",
    "end of a RAM section, -, barrier section",
    "MULTIFD_FLUSH, -, barrier round",
    "end of a RAM section, -, barrier section",
    "MULTIFD_FLUSH, -, barrier round",
    "MULTIFD_FLUSH, -, barrier round",
    "end of a RAM section, -, barrier section",
  ]);
});

Deno.test("MainLine stops the guest at SWITCHOVER_START, and not again at END sections", () => {
  const lines = linesOf(lineOf(wholeOf((all) => all.command(SWITCHOVER_START))));
  assertEquals(lines.filter((line) => line.includes("stop")), ["SWITCHOVER_START, switchover, stop, switchover-start"]);
});

Deno.test("MainLine counts PINGs, and knows that a device needs an acknowledgement", () => {
  const { pings, needsAck } = lineOf(
    wholeOf((all) => all.command(OPEN_RETURN_PATH).command(PING, be(1, 4)).command(PING, be(2, 4))),
  );
  assertEquals([pings, needsAck], [2, false]);
  const device = stream().start(5, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .part(5, [vfioData(10), VFIO_TAG.initDataSent]).end(5, VFIO_TAG.end).eof().bytes();
  assertEquals(lineOf(device).needsAck, true);
  assertEquals(linesOf(lineOf(device)), [
    "setup, setup",
    `END section of ${DEVICE}, switchover, stop`,
    "EOF, end",
  ]);
});

Deno.test("MainLine marks the package, in which there are no phases, and what follows it", () => {
  const inner = new MainStream().command(POSTCOPY_LISTEN).full(0, "timer", 2, timer).command(POSTCOPY_RUN);
  const bytes = ramStream().command(POSTCOPY_ADVISE, word(4096), word(4096)).part(2, [page(0, BLOCK), RAM_EOS])
    .packaged(inner).part(2, [page(0x1000), RAM_EOS]).part(2, [page(0x2000), RAM_EOS]).end(2, RAM_EOS).eof().bytes();
  assertEquals(linesOf(lineOf(bytes)), [
    "setup, setup",
    "end of a RAM section, -, barrier section",
    "RAM iteration 1, iteration",
    "end of a RAM section, -, barrier section",
    "PACKAGED, postcopy, stop, package",
    "RAM in postcopy, -",
    "EOF, end",
  ]);
});

Deno.test("MainLine marks what a recovery waits for", () => {
  const main = ramStream().command(POSTCOPY_ADVISE, word(4096), word(4096))
    .packaged(new MainStream().command(POSTCOPY_LISTEN).command(POSTCOPY_RUN)).part(2, [page(0, BLOCK), RAM_EOS])
    .bytes();
  const recovery = new MainStream().command(RECV_BITMAP, counted(BLOCK)).command(POSTCOPY_RESUME)
    .part(2, [page(0x1000, BLOCK), RAM_EOS]).end(2, RAM_EOS).eof().bytes();
  const { recoveries: [line] } = readScore(memoryCapture([{ bytes: main }, { bytes: recovery }]));
  assertEquals(line === undefined ? [] : linesOf(line), [
    "begin, -",
    "POSTCOPY_RESUME, recovery, 1 recv-bitmap",
    "after POSTCOPY_RESUME, postcopy, 1 resume-ack",
    "EOF, end",
  ]);
});

Deno.test("MainLine keeps what is cut off or not understood, and a stretch is one range of the channel", () => {
  for (const bytes of [smallStream().bytes().subarray(0, 5000), smallStream().raw(9, 9, 9).bytes()]) {
    const { stretches } = lineOf(bytes);
    const items = stretches.flatMap(({ items }) => items);
    assertEquals(items.length, stretches.length);
    assert(items.map(itemBytes).map((one) => one.toHex()).join("") === bytes.toHex());
  }
});

Deno.test("MainLine begins with whatever is there: a preempt channel has no header", () => {
  const main = ramStream().eof().bytes();
  const { preempts: [line] } = readScore(memoryCapture([{ bytes: main }, { bytes: page(0, BLOCK) }]));
  assertEquals(line?.stretches.map(({ name }) => name), ["begin"]);
});

Deno.test("a changed record is sent from its fields, all others as they stand", () => {
  const bytes = wholeOf();
  const change = (record: BaseRecord): BaseRecord =>
    record.kind === "configuration" ? { ...record, machine: "pc-q35-9.1" } as BaseRecord : record;
  const { stretches } = lineOf(bytes, { change });
  const sent = stretches.flatMap(({ items }) => items).map(itemBytes).map((one) => one.toHex()).join("");
  const expected = new MainStream().header("pc-q35-9.1").bytes().toHex() +
    bytes.subarray(new MainStream().header().length).toHex();
  assert(sent === expected);
  const items = stretches[0]?.items.map(({ kind, parts, sentLength }) => [kind, parts !== undefined, sentLength]);
  assertEquals(items?.slice(0, 3), [
    ["file-header", false, undefined],
    ["configuration", true, 15],
    ["section-start", false, undefined],
  ]);
});

Deno.test("a score says what is not sent, and why", () => {
  const main = smallStream().bytes();
  const channels = [{ bytes: main }, { bytes: main }, { bytes: new TextEncoder().encode("hello, hello, hello") }];
  const { notes } = readScore(memoryCapture([...channels, { bytes: multifdChannel(0).subarray(0, 40) }]));
  assertEquals(notes.length, 2);
  assertEquals(notes.map((note) => note.replace(/:.*/, "")), [
    "unknown is not sent",
    "main (connection 1) is not sent",
  ]);
});
