import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { page, RAM_EOS, ramStream, smallStream } from "../../../testing/main_stream.ts";
import { devicePacket, multifdChannel } from "../../../testing/memory_capture.ts";
import { conversation, FLAG, framesOf, type Packet, pcapFile } from "../../../testing/packet_file.ts";
import { MemorySource } from "../source.ts";
import { channelsOf, codesOf, openBytes } from "./helpers_for_test.ts";
import { StreamSource } from "./stream_source.ts";
import { emptySegment } from "./tcp_segment.ts";
import { type AssembledStream, TcpStream } from "./tcp_stream.ts";

const STREAM = smallStream().bytes();

/** A segment of a stream as it is in the file: data at its offset in the stream, so that the file is the stream. */
interface Piece {
  readonly start: number;
  readonly length: number;
}

/** Puts pieces of a stream together whose first sequence number is `first`. */
function assemble(pieces: readonly Piece[], first: number, { syn = true } = {}): AssembledStream {
  const stream = new TcpStream("x", 0);
  if (syn) stream.add({ ...emptySegment(), sequence: (first - 1) >>> 0, flags: FLAG.SYN }, 0);
  for (const [time, { start, length }] of pieces.entries()) {
    const sequence = (first + start) >>> 0;
    stream.add({ ...emptySegment(), sequence, flags: FLAG.ACK, length, captured: length, position: start }, time);
  }
  return stream.assemble();
}

/** A stream of some length, pieces of it in any order, overlapping and repeated, and where it begins. */
const PIECES = fc.integer({ min: 1, max: 400 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    first: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 100)),
    pieces: fc.array(
      fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 60 })).map(([start, length]): Piece => ({
        start,
        length: Math.min(length, size - start),
      })),
      { minLength: 1, maxLength: 60 },
    ),
  })
);

Deno.test("TcpStream puts any pieces together: each byte that came is its own, each gap is named", () => {
  fc.assert(
    fc.property(PIECES, ({ size, first, pieces }) => {
      const file = Uint8Array.from({ length: size }, (_, i) => i % 255 + 1);
      const expected = new Uint8Array(Math.max(...pieces.map(({ start, length }) => start + length)));
      for (const { start, length } of pieces) expected.set(file.subarray(start, start + length), start);
      const stream = assemble(pieces, first);
      const source = new StreamSource(stream, new MemorySource(file));
      const actual = new Uint8Array(expected.length + 10);
      assertEquals(source.readAt(0, actual), expected.length);
      assertEquals(actual.subarray(0, expected.length), expected);
      const lost = new Uint8Array(expected.length).fill(1);
      for (const { offset, length } of stream.gaps()) lost.fill(0, offset, offset + length);
      assertEquals(lost, expected.map((byte) => Math.min(byte, 1)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("TcpStream without a SYN begins with the first byte that was seen", () => {
  fc.assert(fc.property(PIECES, ({ size, first, pieces }) => {
    const file = Uint8Array.from({ length: size }, (_, i) => i % 255 + 1);
    const start = Math.min(...pieces.map((piece) => piece.start));
    const stream = assemble(pieces, first, { syn: false });
    const source = new StreamSource(stream, new MemorySource(file));
    const byte = new Uint8Array(1);
    source.readAt(0, byte);
    assertEquals(byte[0], file[start]);
    assertEquals(source.size, Math.max(...pieces.map((piece) => piece.start + piece.length)) - start);
  }));
});

Deno.test("StreamSource gives the same from any place, in parts of any size", () => {
  fc.assert(fc.property(PIECES, fc.nat(400), fc.integer({ min: 1, max: 50 }), ({ size, first, pieces }, from, part) => {
    const file = Uint8Array.from({ length: size }, (_, i) => i % 255 + 1);
    const source = new StreamSource(assemble(pieces, first), new MemorySource(file));
    const whole = new Uint8Array(source.size);
    source.readAt(0, whole);
    const read: number[] = [];
    for (let at = from; at < source.size;) {
      const into = new Uint8Array(part);
      const count = source.readAt(at, into);
      read.push(...into.subarray(0, count));
      at += count;
    }
    assertEquals(read, [...whole.subarray(from)]);
  }));
});

Deno.test("A stream of more than 4 GiB is put together across the wrap of its sequence numbers", () => {
  const step = 2 ** 30;
  const pieces = Array.from({ length: 9 }, (_, i): Piece => ({ start: i * step, length: 10 }));
  const stream = assemble(pieces, 4_000_000_000);
  assertEquals(stream.size, 8 * step + 10);
  assertEquals([...stream.gaps()].length, 8);
});

Deno.test("openPackets() gives the stream from packets in any order, repeated, and wrapping", () => {
  const packets = conversation(STREAM, { first: 2 ** 32 - 5000, segment: 700 });
  const handshake = packets.slice(0, 2);
  const rest = packets.slice(2);
  const shuffled = fc.shuffledSubarray([...rest, ...rest], { minLength: rest.length * 2 });
  fc.assert(fc.property(shuffled, (list) => {
    const capture = openBytes(pcapFile(framesOf([...handshake, ...list])));
    assertEquals(channelsOf(capture), { "0 s2d": STREAM });
    assertEquals(capture.findings, []);
    const events = [...capture.events ?? []];
    const data = events.filter((event) => event.kind === "data");
    assertEquals(data.reduce((at, event) => (assertEquals(event.offset, at), at + event.length), 0), STREAM.length);
    assertEquals(events.every(({ time }, i) => time >= (events[i - 1]?.time ?? 0)), true);
  }));
});

Deno.test("openPackets() reads up to what is lost, names it, and says what follows", () => {
  const packets = conversation(STREAM, { segment: 1000 });
  const lost = packets.findIndex(({ sequence, data }) => sequence === 1000 + 1000 && data !== undefined);
  const headers = (packet: Packet): boolean => packet !== packets[lost];
  // The first 4 KiB hold page headers: a gap that goes across one cannot be passed.
  const across = conversation(STREAM, { segment: 5000 });
  const second = across.find(({ sequence, data }) => sequence === 6000 && data !== undefined);
  const capture = openBytes(pcapFile(framesOf(across.filter((packet) => packet !== second))));
  assertEquals(channelsOf(capture)["0 s2d"], STREAM.subarray(0, 5000));
  assertEquals(codesOf(capture), ["tcp-gap 5000"]);
  assertEquals(
    capture.findings[0]?.message,
    `5000 bytes missing from the capture: what follows, ${STREAM.length - 10000} bytes, cannot be read`,
  );
  const end = [...capture.events ?? []].filter(({ kind }) => kind === "end");
  assertEquals(end.map((event) => event.kind === "end" && event.direction), ["d2s"]);

  const inside = openBytes(pcapFile(framesOf(packets.filter(headers))));
  const zeroed = STREAM.slice().fill(0, 1000, 2000);
  assertEquals(channelsOf(inside)["0 s2d"], zeroed);
  assertEquals(codesOf(inside), ["tcp-gap 1000"]);
  assertEquals(
    inside.findings[0]?.message,
    "1000 bytes missing from the capture, inside of a page or device state: zeros stand for them",
  );
});

Deno.test("openPackets() names each gap up to a number, and counts the others", () => {
  const pages = Array.from({ length: 30 }, (_, i) => page(i * 4096, i === 0 ? "pc.ram" : undefined));
  const stream = ramStream(0x100000).part(2, [...pages, RAM_EOS]).bytes();
  const first = stream.length - 30 * 4104 - 13;
  const packets = conversation(stream, { segment: 100 });
  // Of each page the second half.
  const capture = openBytes(pcapFile(framesOf(packets.filter(({ sequence, data }) => {
    const at = (sequence - 1000 - first) % 4104;
    return data === undefined || sequence - 1000 < first || sequence - 1000 + 4 > stream.length - 20 || at < 3000 ||
      at > 3900;
  }))));
  assertEquals(capture.findings.length, 21);
  assertEquals(
    capture.findings.at(-1)?.message,
    "10 more gaps inside of pages or device state: zeros stand for what is lost",
  );
  assertEquals(capture.channels[0]?.source?.size, stream.length);
});

Deno.test("openPackets() puts no more zeros for what is lost than there are bytes", () => {
  const stream = concat([multifdChannel(0), devicePacket(0, 100_000)]);
  const packets = conversation(stream, { segment: 10_000 });
  const without = (lost: number): Packet[] => {
    const data = packets.filter(({ data }) => data !== undefined);
    const gone = new Set(data.slice(1, 1 + lost));
    return packets.filter((packet) => !gone.has(packet));
  };
  assertEquals(openBytes(pcapFile(framesOf(without(4)))).channels[0]?.source?.size, stream.length);
  const capture = openBytes(pcapFile(framesOf(without(8))));
  assertEquals([capture.channels[0]?.source?.size, codesOf(capture)], [10_000, ["tcp-gap 10000"]]);
});

Deno.test("openPackets() names what a snap length cut off", () => {
  const capture = openBytes(pcapFile(framesOf(conversation(STREAM, { segment: 8000 }), "ethernet", 512)));
  assertEquals(channelsOf(capture)["0 s2d"], STREAM.subarray(0, 512 - 54));
  assertEquals(codesOf(capture), ["tcp-gap 458", "tcp-gap 8458"]);
});

Deno.test("openPackets() reads a connection whose beginning is not in the capture, and says so", () => {
  const packets = conversation(STREAM).slice(3);
  const capture = openBytes(pcapFile(framesOf(packets)));
  assertEquals(channelsOf(capture), { "0 s2d": STREAM });
  assertEquals(codesOf(capture), ["tcp-start 0"]);
});

Deno.test("openPackets() names a first packet that is lost", () => {
  const main = conversation(STREAM);
  const other = conversation(STREAM, { from: { address: [192, 0, 2, 1], port: 50001 } })
    .filter(({ sequence, data }) => data === undefined || sequence !== 1000);
  const capture = openBytes(pcapFile(framesOf([...main.slice(0, 5), ...other, ...main.slice(5)])));
  assertEquals(channelsOf(capture), { "0 s2d": STREAM, "1 s2d": new Uint8Array(0) });
  assertEquals(codesOf(capture), ["tcp-gap 0"]);
});
