/** A large capture, made in a moment: many events on many channels. @module */

import { MIG_CMD } from "../src/wire/mod.ts";
import { ascii, be, bytesOf, stream } from "./main_stream.ts";
import { CONFIG, packet, padded } from "./load_bytes.ts";
import { multifdChannel, VFIO_TAG } from "./memory_capture.ts";

/** Channels beside the main one. */
const CHANNELS = 15;

/** Packets of each, an event each. */
const PACKETS = 6666;

/** Devices whose buffers they carry. */
const DEVICES = Array.from({ length: 4 }, (_, i) => `0000:00:0${5 + i}.0/vfio`);

/** Bytes of a buffer. */
const BUFFER = 64;

/**
 * Writes a capture directory: 4 devices over 15 multifd channels, a packet an event, buffers slightly out of order.
 *
 * @param directory Is made.
 */
export function writeLargeCapture(directory: string): { readonly events: number; readonly channels: number } {
  Deno.mkdirSync(directory);
  const main = stream("pc-q35-10.1");
  for (const [i, idstr] of DEVICES.entries()) main.start(100 + i, idstr, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
  main.command(MIG_CMD.SWITCHOVER_START);
  for (const i of DEVICES.keys()) main.end(100 + i, VFIO_TAG.end);
  for (const [i, idstr] of DEVICES.entries()) main.full(100 + i, idstr, 1, VFIO_TAG.end);
  const bytes = main.eof().bytes();
  const lines = [0, ...Array.from({ length: CHANNELS }, (_, i) => i + 1)].map((ch) =>
    JSON.stringify({ t: ch, ch, ev: "open" })
  );
  lines.push(JSON.stringify({ t: 100, ch: 0, dir: "s2d", off: 0, len: bytes.length }));
  const file = (ch: number): string => `${directory}/channel-${String(ch).padStart(2, "0")}.s2d`;
  Deno.writeFileSync(file(0), bytes);
  const length = packet(0, new Uint8Array(BUFFER)).length;
  const initial = multifdChannel(0).length;
  const names = DEVICES.map(padded);
  for (let id = 0; id < CHANNELS; id++) {
    const packets = Array.from({ length: PACKETS }, (_, i) => {
      const number = i * CHANNELS + id;
      const idstr = names[number % names.length] ?? new Uint8Array(256);
      return rawPacket(Math.floor(number / names.length), idstr);
    });
    // The configs come last, on the first channel.
    if (id === 0) packets.push(...names.map((idstr, i) => configPacketOf(buffersOf(i), idstr)));
    Deno.writeFileSync(file(id + 1), bytesOf(multifdChannel(id), packets));
    lines.push(JSON.stringify({ t: 50, ch: id + 1, dir: "s2d", off: 0, len: initial }));
  }
  // Rows of the channels, each in another order.
  for (let i = 0; i < PACKETS; i++) {
    for (let k = 0; k < CHANNELS; k++) {
      const id = (k * 7 + i) % CHANNELS;
      const t = 1000 + (i * CHANNELS + k) * 10_000;
      lines.push(JSON.stringify({ t, ch: id + 1, dir: "s2d", off: initial + i * length, len: length }));
    }
  }
  lines.push(JSON.stringify({
    t: 2000 + PACKETS * CHANNELS * 10_000,
    ch: 1,
    dir: "s2d",
    off: initial + PACKETS * length,
    len: names.length * configPacketOf(0, names[0] ?? new Uint8Array(256)).length,
  }));
  Deno.writeFileSync(`${directory}/events.jsonl`, ascii(`${lines.join("\n")}\n`));
  const manifest = { format: "migwire-capture/1", destination: { qemu: "10.1" } };
  Deno.writeTextFileSync(`${directory}/capture.json`, JSON.stringify(manifest));
  return { events: lines.length, channels: CHANNELS + 1 };
}

/** Buffers of a device: the index of its config. */
function buffersOf(device: number): number {
  return Math.ceil((PACKETS * CHANNELS - device) / DEVICES.length);
}

function configPacketOf(idx: number, idstr: Uint8Array): Uint8Array {
  return packet(idx, CONFIG, { idstr, vfioFlags: 1 });
}

/** A device-state packet, made without a copy more than needed. */
function rawPacket(idx: number, idstr: Uint8Array): Uint8Array {
  return bytesOf(
    be(0x11223344, 4),
    be(1, 4),
    be(0x40, 4),
    idstr,
    be(0, 4),
    be(12 + BUFFER, 4),
    be(0, 4),
    be(idx, 4),
    be(0, 4),
    new Uint8Array(BUFFER),
  );
}
