import { assertEquals } from "@std/assert";
import { FLAG } from "../../../testing/packet_file.ts";
import { Connections } from "./connections.ts";
import { emptyFrame } from "./frame.ts";
import { emptySegment } from "./tcp_segment.ts";

const BYTES = new TextEncoder().encode("GET / HTTP/1.1\r\n");
const FRAME = emptyFrame(BYTES, new DataView(BYTES.buffer));

/** A segment of the connection with this number; with data that no migration begins with. */
function segment(
  number: number,
  flags: number,
  { answer = false, data = false } = {},
): ReturnType<typeof emptySegment> {
  const client = String.fromCharCode(10, number >> 16, number & 0xffff);
  const [from, to] = answer ? ["server", client] : [client, "server"];
  const length = data ? BYTES.length : 0;
  const sequence = data ? 1 : 0;
  return { ...emptySegment(), from, to, sequence, flags, length, captured: length, end: length };
}

function web(connections: Connections, number: number): void {
  connections.add(segment(number, FLAG.SYN), FRAME);
  connections.add(segment(number, FLAG.SYN | FLAG.ACK, { answer: true }), FRAME);
  connections.add(segment(number, FLAG.ACK, { data: true }), FRAME);
  connections.add(segment(number, FLAG.ACK, { answer: true, data: true }), FRAME);
}

Deno.test("Connections forgets any number of those that are none of a migration, and those that only knocked", () => {
  const connections = new Connections();
  for (let i = 0; i < 100_000; i++) {
    if (i % 2 === 0) web(connections, i);
    else connections.add(segment(i, FLAG.SYN), FRAME);
  }
  assertEquals([connections.seen, connections.ignored], [100_000, 0]);
  assertEquals(connections.candidates().length < 65_536, true);
});

Deno.test("Connections leaves out what is too much to be known at the same time, and counts it", () => {
  const connections = new Connections();
  // Without a beginning nothing can be ruled out.
  for (let i = 0; i < 66_000; i++) connections.add(segment(i, FLAG.ACK, { data: true }), FRAME);
  assertEquals([connections.seen, connections.ignored], [65_536, 66_000 - 65_536]);
});
