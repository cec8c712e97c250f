/** Recording without payload, held to real migrations: the structures are there, and no memory is. */

import { assert, assertEquals } from "@std/assert";
import { type Capture, openCapture, readBytes, readCapture } from "../capture/mod.ts";
import { type BaseRecord, pageContents, type RamPageRecord } from "../stream/mod.ts";
import { page, RAM_EOS, ramStream, xbzrlePage } from "../../testing/main_stream.ts";
import { devicePacket, multifdChannel } from "../../testing/memory_capture.ts";
import { randomNumbers } from "../../testing/random.ts";
import { channelFiles, inScene, mayRelay, readToEnd, sendPieces } from "./peers_for_test.ts";
import type { RecordResult } from "./mod.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

/** One of each kind of channel and of payload. */
const NAMES = [
  "plain-precopy",
  "plain-xbzrle",
  "plain-multifd-4",
  "plain-multifd-zstd",
  "plain-multifd-7.2",
  "plain-postcopy",
  "plain-postcopy-preempt",
  "plain-postcopy-recover",
  "plain-return-path",
  "plain-dirty-bitmaps",
  "plain-many-devices",
  "plain-aarch64-virt",
  "plain-no-vmdesc",
  "plain-cut",
  "vfio-main",
  "vfio-multifd-4-big",
  "vfio-cut",
  "vfio-two-devices",
] as const;

/** Sends the channels of a capture, one after the other and each in pieces, over a recording without payload. */
async function recordAgain(
  capture: Capture,
  use: (directory: string, result: RecordResult) => void,
): Promise<void> {
  await inScene(async ({ connect, recording, directory }) => {
    const random = randomNumbers(1);
    for (const index of new Set(capture.channels.map((channel) => channel.index))) {
      const { source, destination } = await connect();
      const send = async (socket: Deno.TcpConn, direction: string): Promise<void> => {
        const channel = capture.channels.find((one) => one.index === index && one.direction === direction);
        const bytes = channel?.source && readBytes(channel.source, 0, channel.source.size);
        if (bytes !== undefined) await sendPieces(socket, bytes, () => random(random(3) === 0 ? 9 : 90_000));
        await socket.closeWrite();
      };
      const all = [send(source, "s2d"), send(destination, "d2s"), readToEnd(source), readToEnd(destination)];
      await Promise.all(all);
    }
    use(directory, await recording.finished);
  }, { payload: false });
}

/** Records whose payload stays. */
const KEPT = ["device-state", "vm-description", "dirty-bitmap", "rp-bitmap"];

/** The records of a capture, as text that shows all but where payload is, and the ranges that must be zero. */
function structures(path: string): { records: string[]; memory: Map<string, BaseRecord[]>; problems: string[] } {
  const capture = openCapture(path);
  const [records, problems]: string[][] = [[], []];
  const memory = new Map<string, BaseRecord[]>();
  try {
    readCapture(capture, (record, { label, channel }) => {
      // Where a channel was cut inside of something, that is left out.
      if (record.kind !== "truncated") records?.push(`${label} ${text(record)}`);
      memory.set(channel.label, [...memory.get(channel.label) ?? [], record]);
    }, { report: ({ code, channel }) => problems?.push(`${channel} ${code}`) });
    return { records: records ?? [], memory, problems: problems ?? [] };
  } finally {
    capture.close();
  }
}

function text(record: BaseRecord): string {
  return JSON.stringify(record, (_, value) => typeof value === "bigint" ? `${value}` : value);
}

/** The bytes that a capture without payload must not hold. */
function memoryRanges(record: BaseRecord): { readonly offset: number; readonly length: number }[] {
  if (record.kind === "ram-page") {
    const run = record as RamPageRecord;
    return Array.from({ length: run.count }, (_, i) => pageContents(run, i));
  }
  const isConfig = "vfioFlags" in record && (Number(record.vfioFlags) & 1) !== 0;
  if (record.payload === undefined || KEPT.includes(record.kind) || isConfig || record.kind === "ram-xbzrle") return [];
  return [record.payload];
}

for (const name of NAMES) {
  Deno.test({
    name: `Recording without payload keeps the structures of ${name}, and no memory`,
    ignore: !mayRelay() || !haveCaptures(),
    async fn(): Promise<void> {
      const original = new URL(name, CAPTURES).pathname;
      const capture = openCapture(original);
      try {
        await recordAgain(capture, (directory, { notKept }) => {
          const [whole, sparse] = [structures(original), structures(directory)];
          assertEquals(sparse.records, whole.records);
          assertEquals(notKept, []);
          const files = channelFiles(directory);
          for (const [file, records] of whole.memory) {
            const bytes = files.get(file);
            for (const { offset, length } of records.flatMap(memoryRanges)) {
              const there = bytes?.subarray(offset, offset + length) ?? [];
              assert(there.every((byte) => byte === 0), `${file} has bytes of memory at ${offset}`);
            }
          }
          const made = openCapture(directory);
          assertEquals(made.manifest?.payload, false);
          made.close();
        });
      } finally {
        capture.close();
      }
    },
  });
}

Deno.test({
  name: "Recording without payload keeps nothing of a channel under TLS, and says so",
  ignore: !mayRelay() || !haveCaptures(),
  async fn(): Promise<void> {
    const capture = openCapture(new URL("plain-tls", CAPTURES).pathname);
    try {
      await recordAgain(capture, (directory, { notKept }) => {
        assertEquals(notKept.map(({ connection, direction, offset }) => [connection, direction, offset]), [
          [0, "s2d", 0],
          [0, "d2s", 0],
        ]);
        assertEquals(channelFiles(directory).size, 0);
      });
    } finally {
      capture.close();
    }
  },
});

/** What stands in all of a guest's memory, and in nothing else. */
const MARK = new TextEncoder().encode("PRIVATE-MEMORY-OF-THE-GUEST;");

/** Bytes of a guest's memory. */
function memory(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => MARK[i % MARK.length] ?? 0);
}

/** A page of memory, named or not. */
function memoryPage(offset: number, block?: string): Uint8Array {
  const bytes = page(offset, block);
  bytes.set(memory(4096), bytes.length - 4096);
  return bytes;
}

/** Pages, a difference, and a device's data. */
function privateChannels(): Uint8Array[] {
  const pages = Array.from({ length: 15 }, (_, i) => memoryPage(i * 4096, i === 0 ? "pc.ram" : undefined));
  const difference = Uint8Array.of(0, 100, ...memory(100));
  const main = ramStream().part(2, [...pages, RAM_EOS]).part(2, [xbzrlePage(0, difference, "pc.ram"), RAM_EOS]);
  const packet = devicePacket(0, 5000);
  packet.set(memory(5000), packet.length - 5000);
  return [main.eof().bytes(), multifdChannel(0, packet)];
}

Deno.test({
  name: "Recording without payload leaves no byte of memory in any file, however the bytes are cut",
  ignore: !mayRelay(),
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const random = randomNumbers(3);
      const channels = privateChannels();
      for (const bytes of channels) {
        const { source, destination } = await connect();
        const reading = readToEnd(destination);
        await sendPieces(source, bytes, () => random(random(2) === 0 ? 30 : 9000));
        source.close();
        assertEquals(await reading, bytes);
        destination.close();
      }
      assertEquals((await recording.finished).notKept, []);
      for await (const { name } of Deno.readDir(directory)) {
        const text = new TextDecoder("latin1").decode(await Deno.readFile(`${directory}/${name}`));
        for (let at = 0; at < MARK.length; at++) {
          const part = new TextDecoder().decode(memory(MARK.length + 4).subarray(at, at + 4));
          assert(!text.includes(part), `${name} holds ${part}`);
        }
      }
      const files = channelFiles(directory);
      assertEquals([0, 1].map((i) => files.get(`channel-0${i}.s2d`)?.length), channels.map(({ length }) => length));
    }, { payload: false, graceMs: 300 }),
});

Deno.test({
  name: "Recording without payload never writes what it does not understand",
  ignore: !mayRelay(),
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      const reading = readToEnd(destination);
      await source.write(Uint8Array.fromHex("5145564d0000000399"));
      for (let i = 0; i < 1000; i++) await source.write(MARK);
      source.close();
      assertEquals((await reading).length, 9 + 1000 * MARK.length);
      destination.close();
      const { notKept } = await recording.finished;
      assertEquals(notKept.map(({ label, offset }) => [label, offset]), [["main", 8]]);
      assertEquals(channelFiles(directory).get("channel-00.s2d"), Uint8Array.fromHex("5145564d00000003"));
    }, { payload: false }),
});

Deno.test({
  name: "Recording without payload writes nothing of what comes beyond its size",
  ignore: !mayRelay(),
  fn: () =>
    inScene(async ({ connect, recording, directory }) => {
      const { source, destination } = await connect();
      const reading = readToEnd(destination);
      const sent = Uint8Array.fromHex("5145564d00000003" + "070000000a70632d7133352d392e32" + "00");
      await sendPieces(source, sent, () => 1);
      source.close();
      assertEquals(await reading, sent);
      destination.close();
      assertEquals((await recording.finished).full, true);
      // The configuration is begun, and not whole: it is not understood.
      assertEquals(channelFiles(directory).get("channel-00.s2d"), sent.subarray(0, 8));
    }, { payload: false, maxBytes: 12 }),
});
