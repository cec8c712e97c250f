import { assertEquals, assertThrows } from "@std/assert";
import { be, bytesOf, smallStream, stream } from "../../../testing/main_stream.ts";
import { multifdChannel } from "../../../testing/memory_capture.ts";
import { conversation, type Endpoint, FLAG, framesOf, type Packet, pcapFile } from "../../../testing/packet_file.ts";
import { CaptureError } from "../capture_error.ts";
import type { Capture } from "../capture.ts";
import { identifyChannels } from "../reading.ts";
import { channelsOf, codesOf, openBytes } from "./helpers_for_test.ts";

const MAIN = smallStream().bytes();
const MULTIFD = multifdChannel(1);
const RECOVERY = bytesOf(0x08, be(0x0a, 2), be(0, 2));
const HELLO = Uint8Array.fromHex("16030100c8010000c40303");

function host(last: number, port: number): Endpoint {
  return { address: [192, 0, 2, last], port };
}

/** Connections one after the other: each is opened before the one before is closed. */
function overlapping(...connections: readonly Packet[][]): Packet[] {
  return [
    ...connections.flatMap((packets) => packets.slice(0, -2)),
    ...connections.flatMap((packets) => packets.slice(-2)),
  ];
}

function open(packets: readonly Packet[], migration?: number): Capture {
  return openBytes(pcapFile(framesOf(packets)), migration);
}

function from(
  port: number,
  bytes: Uint8Array,
  options: { from?: number; to?: Endpoint; answer?: Uint8Array } = {},
): Packet[] {
  const { to = host(9, 4444), answer } = options;
  const ends = { from: host(options.from ?? 1, port), to };
  return conversation(bytes, answer === undefined ? ends : { ...ends, answer });
}

function labelsOf(capture: Capture): string[] {
  return identifyChannels(capture).map(({ label, channel }) => `${label}: ${channel.index}`);
}

Deno.test("The connections of a migration are found among others", () => {
  const web = (port: number, to: Endpoint): Packet[] =>
    from(port, new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"), {
      to,
      answer: new TextEncoder().encode("HTTP/1.1"),
    });
  const capture = open(overlapping(
    web(40000, host(9, 80)),
    from(50000, MAIN),
    web(40001, host(9, 4444)),
    from(50001, MULTIFD),
    from(50002, MULTIFD),
    from(40002, HELLO, { to: host(9, 443) }),
  ));
  assertEquals(labelsOf(capture), ["main: 0", "multifd 1: 1", "multifd 1 (connection 2): 2"]);
  assertEquals(capture.channels.map(({ label }) => label)[0], "192.0.2.1:50000 > 192.0.2.9:4444");
  assertEquals(capture.findings, []);
});

Deno.test("Several migrations are listed, and chosen by number", () => {
  const packets = [
    ...overlapping(from(50000, MAIN), from(50001, MULTIFD)),
    ...from(50002, stream().eof().bytes()),
    ...from(50000, MAIN, { from: 2, to: host(8, 5555) }),
  ];
  const error = assertThrows(() => open(packets), CaptureError);
  assertEquals(error.code, "several-migrations");
  assertEquals(
    error.hint.replace(/\d+ bytes/g, "N bytes").replace(/0\.\d{3} s/g, "T"),
    [
      "choose one with --migration N:",
      "  1: 192.0.2.1 to 192.0.2.9:4444, 2 connections, N bytes, at T",
      "  2: 192.0.2.1 to 192.0.2.9:4444, 1 connection, N bytes, at T",
      "  3: 192.0.2.2 to 192.0.2.8:5555, 1 connection, N bytes, at T",
    ].join("\n"),
  );
  assertEquals(channelsOf(open(packets, 2)), { "0 s2d": stream().eof().bytes() });
  assertEquals(labelsOf(open(packets, 1)), ["main: 0", "multifd 1: 1"]);
  assertEquals(assertThrows(() => open(packets, 4), CaptureError).code, "migration");
  assertEquals(assertThrows(() => open(packets, 0), CaptureError).code, "migration");
});

Deno.test("A recovery goes on with the migration between its hosts, on another port", () => {
  const packets = [
    ...from(50000, MAIN),
    ...overlapping(from(50001, RECOVERY, { to: host(9, 4545) }), from(50002, new Uint8Array(0), { to: host(9, 4545) })),
  ];
  const capture = open(packets);
  assertEquals(labelsOf(capture), ["main: 0", "recovery: 1"]);
  assertEquals(capture.findings.map(({ message }) => message), [
    "nothing was sent on the connection 192.0.2.1:50002 > 192.0.2.9:4545",
  ]);
});

Deno.test("A connection that was opened before the main one is of its migration if it is still open", () => {
  const early = from(50001, new Uint8Array(20).fill(0x55));
  assertEquals(labelsOf(open(overlapping(early, from(50000, MAIN)))), ["main: 1", "unknown: 0"]);
  assertEquals(labelsOf(open([...early, ...from(50000, MAIN)])), ["main: 0"]);
});

Deno.test("Connections under TLS are taken for a migration if there is nothing else", () => {
  const capture = open(overlapping(from(50000, HELLO), from(50001, HELLO)));
  assertEquals(labelsOf(capture), ["TLS: 0", "TLS (connection 1): 1"]);
});

Deno.test("A port that is used again is another connection", () => {
  const second = conversation(MAIN, { from: host(1, 50000), to: host(9, 4444), first: 77_000_000 });
  const packets = [...from(50000, MAIN), ...second];
  assertEquals(channelsOf(open(packets, 2)), { "0 s2d": MAIN });
  assertEquals(channelsOf(open(packets, 1)), { "0 s2d": MAIN });
});

Deno.test("Who is the source is told by what is sent where the handshake is not in the capture", () => {
  const packets = from(50000, MAIN, { answer: bytesOf(be(1, 2), be(4, 2), be(0, 4)) }).slice(4);
  const [answer] = packets.splice(
    packets.findIndex(({ sequence, data }) => sequence === 5001 && data !== undefined),
    1,
  );
  if (answer === undefined) throw new Error("no answer");
  const data = from(50000, MAIN).filter((packet) => packet.data !== undefined);
  const capture = open([answer, ...data]);
  assertEquals(labelsOf(capture), ["main: 0", "return path: 0"]);
  assertEquals(codesOf(capture), ["tcp-start 0", "tcp-start 0"]);
});

Deno.test("A handshake that was repeated or came late is of the same connection", () => {
  const packets = from(50000, MAIN);
  const [syn, answer, ...rest] = packets;
  if (syn === undefined || answer === undefined) throw new Error("no handshake");
  const capture = open([...rest.slice(0, 4), syn, syn, answer, ...rest.slice(4)]);
  assertEquals(channelsOf(capture), { "0 s2d": MAIN });
  assertEquals(capture.findings, []);
});

Deno.test("Sockets that only knocked leave nothing behind", () => {
  const knocks = Array.from({ length: 300 }, (_, i): Packet[] => {
    const ends = { from: host(3, 30000 + i), to: host(9, 22) };
    return [{ ...ends, sequence: 1, flags: FLAG.SYN }, { from: ends.to, to: ends.from, sequence: 0, flags: FLAG.RST }];
  });
  assertEquals(labelsOf(open([...knocks.flat(), ...from(50000, MAIN)])), ["main: 0"]);
});
