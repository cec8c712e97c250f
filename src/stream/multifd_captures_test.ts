import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertTiles, parseChannel, type Parsed, serialise } from "../../testing/channels.ts";
import {
  captureBytes,
  type CapturedChannel,
  captureOutcome,
  captureTrace,
  multifdChannels,
} from "../../testing/multifd_captures.ts";
import { createPageCodec } from "../wire/codec.ts";
import { multifdCompression } from "../wire/mod.ts";
import { MultifdGrammar } from "./multifd.ts";
import { MULTIFD_LAYOUTS, type MultifdRamRecord, type MultifdRecord } from "./multifd_records.ts";
import { haveCaptures } from "../../testing/real_captures.ts";

const ignore = !haveCaptures();
const CHANNELS = multifdChannels();

function parse(bytes: Uint8Array, pieces: Iterable<number> = []): Parsed<MultifdRecord> {
  return parseChannel<MultifdRecord>(new MultifdGrammar(), bytes, pieces);
}

function packetsOf(records: readonly MultifdRecord[]): MultifdRamRecord[] {
  return records.filter(({ kind }) => kind === "multifd-ram" || kind === "multifd-sync") as MultifdRamRecord[];
}

Deno.test({
  name: "MultifdGrammar reads every captured channel to its end, and it is written back as it was",
  ignore,
  fn(): void {
    assert(CHANNELS.length >= 60);
    for (const channel of CHANNELS) {
      const bytes = captureBytes(channel);
      const grammar = new MultifdGrammar();
      const { records, findings } = parseChannel<MultifdRecord>(grammar, bytes);
      const name = `${channel.capture}/${channel.file}`;
      assertTiles(records, bytes.length);
      assertEquals(serialise(records, MULTIFD_LAYOUTS, bytes), bytes, name);
      assertEquals(grammar.pageSize, packetsOf(records).length > 0 ? 4096 : undefined, name);
      // What QEMU 7.2 is known for; nothing else is odd about what any QEMU wrote.
      const known = channel.capture === "plain-multifd-7.2" ? ["stale-offset", "sync-pages"] : [];
      assertEquals(findings.map(({ code }) => code).filter((code) => !known.includes(code)), [], name);
    }
  },
});

Deno.test({
  name: "MultifdGrammar reads captured channels the same however they are cut into pieces",
  ignore,
  fn(): void {
    const channels = CHANNELS.filter((channel) => captureBytes(channel).length < 400_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...channels),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1 }),
        (channel, pieces) => {
          const bytes = captureBytes(channel);
          assertEquals(parse(bytes, pieces), parse(bytes));
        },
      ),
      { seed: 20261125, numRuns: 150 },
    );
  },
});

Deno.test({
  name: "MultifdGrammar reads a captured channel the same byte by byte",
  ignore,
  fn(): void {
    for (const capture of ["plain-multifd-7.2", "plain-channel-count-fewer"]) {
      const bytes = captureBytes({ capture, file: "channel-02.s2d" });
      assertEquals(parse(bytes, bytes.values().map(() => 1)), parse(bytes));
    }
  },
});

/** A packet as QEMU's trace tells it. */
const TRACED = new RegExp(
  "(multifd_recv|multifd_recv_unfill|multifd_send|multifd_send_fill) channel (\\d+) packet_num (\\d+)" +
    "(?: (?:normal )?pages (\\d+))? flags 0x([0-9a-f]+) next packet size (\\d+)",
  "g",
);

/** The packets of each channel number in a trace, in order: number, flags, next packet size, pages if told. */
function tracedPackets(trace: string): Map<number, string[]> {
  const packets = new Map<number, string[]>();
  for (const [, , channel, number, pages, flags, size] of trace.matchAll(TRACED)) {
    const list = packets.get(Number(channel)) ?? [];
    list.push([number, flags, size, pages ?? "-"].join(" "));
    packets.set(Number(channel), list);
  }
  return packets;
}

function asTraced(packet: MultifdRamRecord, withPages: boolean): string {
  const pages = withPages ? packet.normalPages : "-";
  return [packet.packetNum, packet.flags.toString(16), packet.nextPacketSize, pages].join(" ");
}

Deno.test({
  name: "MultifdGrammar gives the packets that QEMU's own traces tell, in their order",
  ignore,
  fn(): void {
    let compared = 0;
    for (const channel of CHANNELS) {
      const { records } = parse(captureBytes(channel));
      const [init] = records;
      const id = init?.kind === "multifd-init" ? init.id : -1;
      const packets = packetsOf(records);
      for (const side of ["source", "destination"] as const) {
        const traced = tracedPackets(captureTrace(channel.capture, side) ?? "").get(id);
        if (traced === undefined) continue;
        const found = packets.map((packet) => asTraced(packet, !traced[0]?.endsWith("-")));
        compareWithTrace(channel, side, found, traced);
        compared++;
      }
    }
    assert(compared >= 90, `only ${compared} traces were compared`);
  },
});

/** A side that failed, or that had fewer channels, has not seen every packet, or traced one that never got through. */
function compareWithTrace(
  { capture, file }: CapturedChannel,
  side: "source" | "destination",
  found: string[],
  traced: string[],
): void {
  const outcome = captureOutcome(capture);
  const completed = outcome.source === "completed" && outcome.destination === "completed" &&
    !capture.startsWith("plain-channel-count");
  const shorter = completed ? undefined : Math.min(found.length, traced.length);
  assertEquals(found.slice(0, shorter), traced.slice(0, shorter), `${capture}/${file} and ${side}.trace`);
}

Deno.test({
  name: "createPageCodec() inflates every packet of every captured channel to the size of its pages",
  ignore,
  async fn(): Promise<void> {
    const methods = new Set<string>();
    for (const channel of CHANNELS) {
      const bytes = captureBytes(channel);
      const packets = packetsOf(parse(bytes).records).filter(({ payload }) => payload !== undefined);
      const method = multifdCompression(packets[0]?.flags ?? 0) ?? "none";
      const codec = createPageCodec(method, 4096, { channel: channel.file });
      for (const packet of packets) {
        const { offset = 0, length = 0 } = packet.payload ?? {};
        const pages = await codec.inflate(packet, bytes.subarray(offset, offset + length));
        assertEquals(pages.length, packet.normalPages * 4096);
      }
      codec.close();
      if (packets.length > 0) methods.add(method);
    }
    assertEquals([...methods].sort(), ["none", "zlib", "zstd"]);
  },
});
