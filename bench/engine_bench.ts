/**
 * How fast the engine is, in memory: `deno bench bench/engine_bench.ts`.
 *
 * Large buffers are compared with a plain copy of the same bytes: the goal is four fifths of its speed. Small ones come in
 * an order that is mixed over a window of 10,000: the goal is two million a second.
 *
 * @module
 */

import { DeviceLoader, type IncomingBuffer } from "../src/load/engine/mod.ts";
import { randomNumbers } from "../testing/random.ts";

const MIB = 1024 * 1024;
const LARGE = 256;
const SMALL = 200_000;
const WINDOW = 10_000;

/** Loads buffers that a config follows; gives how many bytes the device took. */
function load(buffers: readonly IncomingBuffer<Uint8Array>[], device: (bytes: Uint8Array) => void): number {
  const loader: DeviceLoader<Uint8Array> = new DeviceLoader({ name: "device" }, {
    write(_idx, data, from, length): void {
      device(from === 0 ? data : data.subarray(from));
      loader.written(length - from);
    },
    loadConfig: () => loader.configLoaded(),
  });
  loader.start();
  for (const buffer of buffers) loader.packet(buffer);
  loader.packet({ idx: buffers.length, length: 0, config: true, data: new Uint8Array(0) });
  if (loader.state !== "done") throw new Error("the device was not loaded");
  return loader.statistics.bytesLoaded;
}

const large: IncomingBuffer<Uint8Array>[] = Array.from({ length: LARGE }, (_, idx) => ({
  idx,
  length: MIB,
  config: false,
  data: new Uint8Array(MIB).fill(idx),
}));
const target = new Uint8Array(LARGE * MIB).fill(1);

Deno.bench({ name: `copy ${LARGE} buffers of 1 MiB`, group: "large", baseline: true }, () => {
  let at = 0;
  for (const { data } of large) {
    target.set(data, at);
    at += data.length;
  }
});

Deno.bench({ name: `load ${LARGE} buffers of 1 MiB, copying`, group: "large" }, () => {
  let at = 0;
  load(large, (bytes) => {
    target.set(bytes, at);
    at += bytes.length;
  });
});

/** Indices that are mixed over a window: no buffer comes more than that away from its place. */
function mixed(count: number, window: number): number[] {
  const random = randomNumbers(1);
  const indices = [...Array(count).keys()];
  for (let start = 0; start < count; start += window) {
    for (let i = Math.min(window, count - start) - 1; i > 0; i--) {
      const a = start + i;
      const b = start + random(i + 1);
      [indices[a], indices[b]] = [indices[b] ?? 0, indices[a] ?? 0];
    }
  }
  return indices;
}

const bytes = new Uint8Array(64 * WINDOW);
const small: IncomingBuffer<Uint8Array>[] = mixed(SMALL, WINDOW).map((idx) => ({
  idx,
  length: 64,
  config: false,
  data: bytes.subarray(64 * (idx % WINDOW), 64 * (idx % WINDOW) + 64),
}));
const out = new Uint8Array(64);

Deno.bench({ name: `load ${SMALL} buffers of 64 bytes, mixed over ${WINDOW}`, group: "small" }, (context) => {
  context.start();
  load(small, (data) => out.set(data));
  context.end();
});
