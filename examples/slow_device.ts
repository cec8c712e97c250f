/**
 * Loads a capture into a device of one's own that takes its time. The engine gives it the next bytes when it has taken
 * the ones before; what waits meanwhile stays in the capture, so that memory does not grow with it.
 *
 *     slow_device.ts CAPTURE BYTES_PER_SECOND
 *
 * The rate is on the clock of the load, which the recorded times drive: the queue is as deep as with such a device in a
 * real destination, and nobody has to wait for that.
 */
import { type DeviceSink, loadReport, openCapture } from "@migwire/migwire";

const [path = "", rate = ""] = Deno.args;

/** Bytes that the device takes into its memory before it must work. */
const ROOM = 64 * 1024;

/** A device behind a stream, which may be a file, a program or a connection: whatever says when it is ready for more. */
class SlowDevice implements DeviceSink {
  /** Bytes that it has been given and has not worked off, at most. */
  mostHeld = 0;
  taken = 0;
  readonly #writer = new WritableStream<Uint8Array>({
    write: async (bytes) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.taken += bytes.length;
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: ROOM })).getWriter();
  #given = 0;

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += ROOM / 4) {
      // Bytes are lent until this is settled: who keeps them longer takes a copy.
      const piece = bytes.slice(at, at + ROOM / 4);
      await this.#writer.ready;
      this.#given += piece.length;
      this.mostHeld = Math.max(this.mostHeld, this.#given - this.taken);
      this.#writer.write(piece).catch(() => {});
    }
  }

  async config(blob: Uint8Array): Promise<void> {
    // Bytes are taken in order: when these none are, all state is. A device that refuses it throws a DeviceRefusal.
    await this.#writer.write(new Uint8Array(0));
    console.log(`config: ${blob.length} bytes`);
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }
}

const devices = new Map<string, SlowDevice>();
const capture = openCapture(path);
try {
  const waiting = new Set<number>();
  const { verdict, devices: loaded } = await loadReport(capture, {
    deviceRate: Number(rate),
    sink: (idstr) => devices.set(idstr, new SlowDevice()).get(idstr) ?? new SlowDevice(),
    onEvent: ({ kind, idx = -1, time }) => {
      if (kind === "incoming") waiting.add(idx);
      else if (kind === "loaded") waiting.delete(idx);
      else return;
      console.log(`${(time / 1e6).toFixed(1)} ms  buffer ${idx} ${kind}, ${waiting.size} in the queue`);
    },
  });
  for (const { idstr, bytes, queue } of loaded) {
    const { taken = 0, mostHeld = 0 } = devices.get(idstr) ?? {};
    console.log(`${idstr}: ${taken} of ${bytes} bytes taken, ${queue?.peakBytes} in the queue at most`);
    console.log(`${mostHeld} bytes in the device's memory at most`);
  }
  console.log(`${verdict.kind} ${verdict.reason}`.trim());
} finally {
  capture.close();
}
