import { DEVICE_BUFFER, mainChannel, PAGE } from "../../bench/streams.ts";
import { syncPacket } from "../../src/forge/packets.ts";
import { CONFIG, configPacket, packet } from "../load_bytes.ts";
import { MainStream } from "../main_stream.ts";
import { DEVICE, multifdChannel, VFIO_TAG } from "../memory_capture.ts";

const MIB = 1024 * 1024;
const SECTION = 100;
const SWITCHOVER_START = 11;
/** Multifd channels. */
const CHANNELS = 2;

/**
 * Writes a capture of so many MiB that loads: half of it pages on the main channel, half state of a device on two others.
 *
 * @param path Is made.
 */
export async function writeLargeMigration(path: string, size: number): Promise<void> {
  await Deno.mkdir(path);
  const buffers = size * MIB / 2 / DEVICE_BUFFER;
  write(`${path}/channel-00.s2d`, main(size * MIB / 2 / PAGE));
  for (let id = 0; id < CHANNELS; id++) write(`${path}/channel-0${id + 1}.s2d`, channel(id, buffers));
  const destination = {
    qemu: "10.2.2",
    command: ["qemu-system-x86_64", "-device", "vfio-pci,host=0000:00:05.0,addr=05.0,x-migration-multifd-transfer=on"],
    capabilities: { multifd: true },
    parameters: { "multifd-channels": CHANNELS },
  };
  const manifest = { format: "migwire-capture/1", name: `large-${size}`, destination };
  await Deno.writeTextFile(`${path}/capture.json`, JSON.stringify(manifest));
}

/** The main channel of a benchmark, with a device in it. */
function* main(pages: number): Generator<Uint8Array> {
  const device = new MainStream().start(SECTION, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
  const stop = new MainStream().command(SWITCHOVER_START).end(SECTION, VFIO_TAG.end).full(
    SECTION,
    DEVICE,
    1,
    VFIO_TAG.end,
  );
  let isFirst = true;
  for (const piece of mainChannel(pages, true)) {
    // The EOF byte.
    if (piece.length === 1) yield stop.bytes();
    yield piece;
    if (isFirst) yield device.bytes();
    isFirst = false;
  }
}

/** Every second buffer of the device, and the config on the first channel. */
function* channel(id: number, buffers: number): Generator<Uint8Array> {
  yield multifdChannel(id, syncPacket());
  const bytes = packet(0, new Uint8Array(DEVICE_BUFFER).fill(id + 1));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let idx = id; idx < buffers; idx += CHANNELS) {
    // Behind the packet's header: VFIO's version, then the number of the buffer.
    view.setUint32(bytes.length - DEVICE_BUFFER - 8, idx);
    yield bytes;
  }
  if (id === 0) yield configPacket(buffers, CONFIG);
}

function write(path: string, pieces: Iterable<Uint8Array>): void {
  using file = Deno.openSync(path, { write: true, createNew: true });
  for (const piece of pieces) for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
}
