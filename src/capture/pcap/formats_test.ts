import { assertEquals, assertThrows } from "@std/assert";
import { be, bytesOf, smallStream } from "../../../testing/main_stream.ts";
import {
  conversation,
  FLAG,
  framesOf,
  LINKS,
  NgSection,
  type Packet,
  pcapFile,
  SOURCE6,
  TARGET6,
} from "../../../testing/packet_file.ts";
import { CaptureError } from "../capture_error.ts";
import { openCapture } from "../open.ts";
import { canWrite, withFiles } from "../files_for_test.ts";
import { channelsOf, codesOf, openBytes } from "./helpers_for_test.ts";
import { isPacketCapture } from "./mod.ts";

const STREAM = smallStream().bytes();
const ANSWER = bytesOf(be(1, 2), be(4, 2), be(0, 4));
const BOTH = { "0 s2d": STREAM, "0 d2s": ANSWER };

function talk(fields: Partial<Packet> = {}, version: 4 | 6 = 4): Packet[] {
  const ends = version === 4 ? {} : { from: SOURCE6, to: TARGET6 };
  return conversation(STREAM, { answer: ANSWER, fields, ...ends });
}

Deno.test("openPackets() reads pcap files of both byte orders, with microseconds and nanoseconds", () => {
  for (const little of [true, false]) {
    for (const nanoseconds of [true, false]) {
      const bytes = pcapFile(framesOf(talk()), { little, nanoseconds });
      assertEquals(isPacketCapture(bytes), true);
      const capture = openBytes(bytes);
      assertEquals(channelsOf(capture), BOTH);
      assertEquals(capture.findings, []);
      const events = [...capture.events ?? []];
      assertEquals(events[0], { kind: "open", time: 0, channel: 0 });
      assertEquals(events[1], { kind: "data", time: 3000, channel: 0, direction: "s2d", offset: 0, length: 1448 });
      const last = events.length === 0 ? undefined : events.at(-1);
      assertEquals(last?.kind, "end");
    }
  }
});

Deno.test("openPackets() reads each link layer, with IPv4 and IPv6", () => {
  for (const [link, { type }] of Object.entries(LINKS)) {
    for (const version of [4, 6] as const) {
      const capture = openBytes(pcapFile(framesOf(talk({}, version), link), { linkType: type }));
      assertEquals(channelsOf(capture), BOTH, `${link}, IPv${version}`);
    }
  }
});

Deno.test("openPackets() passes TCP options, IPv6 extension headers and padding, and takes IP length 0 as offload", () => {
  const extensions = [[0, [0, new Uint8Array(6)]], [43, [1, new Uint8Array(14)]], [60, [0, new Uint8Array(6)]], [
    51,
    [4, new Uint8Array(22)],
  ]] as const;
  const wholeFragment = [[44, [0, be(0, 2), be(7, 4)]]] as const;
  const cases: readonly [Partial<Packet>, 4 | 6][] = [
    [{ options: 12 }, 4],
    [{ padding: 5 }, 4],
    [{ offload: true }, 4],
    [{ offload: true }, 6],
    [{ extensions }, 6],
    [{ extensions: wholeFragment, options: 40 }, 6],
  ];
  for (const [fields, version] of cases) {
    assertEquals(channelsOf(openBytes(pcapFile(framesOf(talk(fields, version))))), BOTH, JSON.stringify(fields));
  }
});

Deno.test("openPackets() reads pcapng: sections, byte orders, interfaces, resolutions, every packet block", () => {
  const frames = framesOf(talk());
  const raw = framesOf(talk(), "raw");
  const first = new NgSection(true).interface({ linkType: 1 }).block(0x0bad, new Uint8Array(9));
  first.interface({ linkType: 101, resolution: 9, offset: 3600n });
  const second = new NgSection(false).interface({ linkType: 1, resolution: 0x80 | 30 });
  for (const [i, frame] of frames.entries()) {
    if (i < 4) first.enhanced(frame);
    else if (i < 6) first.obsolete({ ...raw[i] ?? frame, from: 1 });
    else if (i < 8) second.enhanced(frame);
    else second.simple(frame);
  }
  const capture = openBytes(bytesOf(first.bytes, second.bytes));
  assertEquals(channelsOf(capture), BOTH);
  assertEquals(capture.findings, []);
  const times = [...capture.events ?? []].filter(({ kind }) => kind === "data").map(({ time }) => time);
  assertEquals(times.slice(0, 2), [3000, 5000]);
  // A clock of 2^-30 s is off by a nanosecond.
  assertEquals(
    times.slice(2).map((time) => Math.round(time / 1000)),
    Array.from(times.slice(2), (_, i) => [7][i] ?? 7),
  );
});

Deno.test("openPackets() names fragments, link types that it does not understand, and a cut file", () => {
  const packets = talk();
  const fragments = packets.slice(0, 2).map((packet) => ({ ...packet, fragment: 0x2000 }));
  const fragmented = openBytes(pcapFile(framesOf([...packets, ...fragments])));
  assertEquals(codesOf(fragmented), ["ip-fragments 0"]);
  assertEquals(fragmented.findings[0]?.message, "2 IP fragments left out: they are not put together");

  const section = new NgSection().interface({ linkType: 1 }).interface({ linkType: 147 });
  for (const frame of framesOf(packets)) section.enhanced(frame).enhanced({ ...frame, from: 1 });
  const strange = openBytes(section.bytes);
  assertEquals(strange.findings[0]?.message, `link types that are not understood: 147 (${packets.length} frames)`);
  assertEquals(channelsOf(strange), BOTH);

  const whole = pcapFile(framesOf([...packets, ...packets.slice(0, 1)]));
  for (const length of [whole.length - 1, whole.length - 60]) {
    assertEquals(codesOf(openBytes(whole.subarray(0, length)))[0]?.split(" ")[0], "pcap-cut");
  }
  assertThrows(() => openBytes(whole.subarray(0, 10)), CaptureError, "of 0 TCP connections none begins like one");
});

Deno.test("openPackets() stops at damage, and says where", () => {
  const frames = framesOf(talk());
  const good = pcapFile(frames);
  const bad = bytesOf(good, be(0, 8), be(0x7fffffff, 4), be(0, 4), new Uint8Array(100));
  assertEquals(codesOf(openBytes(bad)), [`pcap-damaged ${good.length}`]);
  const section = new NgSection().interface({ linkType: 1 });
  for (const frame of frames) section.enhanced(frame);
  const cut = bytesOf(section.bytes, section.n(6, 4), section.n(13, 4), new Uint8Array(20));
  assertEquals(codesOf(openBytes(cut)), [`pcap-damaged ${section.bytes.length}`]);
});

Deno.test("openPackets() says of a file without a migration what it holds", () => {
  const web = conversation(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"), {
    answer: new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"),
  });
  const none = assertThrows(() => openBytes(pcapFile(framesOf(web))), CaptureError);
  assertEquals([none.code, none.message], [
    "no-channels",
    "Cannot find a migration in x.pcap: of 1 TCP connection none begins like one",
  ]);
  const strange = assertThrows(() => openBytes(pcapFile(framesOf(web), { linkType: 147 })), CaptureError);
  assertEquals(strange.hint, `${web.length} frames could not be read, of link type 147`);
});

Deno.test("isPacketCapture() is not fooled by a stream", () => {
  assertEquals(isPacketCapture(STREAM), false);
  assertEquals(isPacketCapture(Uint8Array.of(0xa1)), false);
});

Deno.test({
  name: "openCapture() finds a packet capture by its content, from a file and a pipe",
  ignore: !canWrite(),
  fn(): void {
    const bytes = pcapFile(framesOf(talk()));
    withFiles({ "stream.bin": bytes }, (directory) => {
      const capture = openCapture(`${directory}/stream.bin`);
      assertEquals(channelsOf(capture), BOTH);
      capture.close();
      const error = assertThrows(() => openCapture(`${directory}/stream.bin`, { migration: 2 }), CaptureError);
      assertEquals(error.code, "migration");
    });
    let at = 0;
    const stdin = (into: Uint8Array): number => {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    };
    assertEquals(channelsOf(openCapture("-", { stdin })), BOTH);
    at = 0;
    const error = assertThrows(() => openCapture("-", { stdin, keep: bytes.length - 1 }), CaptureError);
    assertEquals([error.code, error.hint], ["too-large", "give it as a file"]);
  },
});

Deno.test("openPackets() takes a connection reset as the end of what was sent", () => {
  const packets = talk().filter(({ flags = 0 }) => (flags & FLAG.FIN) === 0);
  const [first] = packets;
  if (first === undefined) throw new Error("no packets");
  const reset = { ...first, sequence: 1000 + STREAM.length, flags: FLAG.RST };
  const capture = openBytes(pcapFile(framesOf([...packets, reset])));
  assertEquals(channelsOf(capture), BOTH);
  assertEquals([...capture.events ?? []].at(-1), {
    kind: "reset",
    time: packets.length * 1000,
    channel: 0,
    direction: "s2d",
    offset: STREAM.length,
    error: "Connection reset by peer",
  });
});
