import { concat } from "@std/bytes/concat";
import { assertEquals } from "@std/assert";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ZstdFrames } from "./zstd_frames.ts";

const NOISE = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 7) >> 5);

function packed(content: Uint8Array): Uint8Array {
  return new Uint8Array(zstdCompressSync(content));
}

/** What is skipped, with some bytes in it. */
const SKIPPABLE = Uint8Array.fromHex("532a4d18" + "05000000" + "28b52ffd00");

/** The frames in `file`, which comes in chunks of `size` bytes. */
function framesOf(file: Uint8Array, size: number): { frames: Uint8Array[]; rest: Uint8Array; whole: boolean } {
  const frames: Uint8Array[] = [];
  const splitter = new ZstdFrames();
  let parts: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += size) {
    for (const { bytes, ends } of splitter.push(file.subarray(at, at + size))) {
      parts.push(bytes.slice());
      if (!ends) continue;
      frames.push(concat(parts));
      parts = [];
    }
  }
  return { frames, rest: concat(parts), whole: splitter.whole };
}

Deno.test("ZstdFrames gives each frame as it is, however the file comes, and leaves out what is to be skipped", () => {
  const [one, two, empty] = [packed(NOISE), packed(new Uint8Array(1000)), packed(new Uint8Array(0))];
  const file = concat([SKIPPABLE, one, empty, SKIPPABLE, two, SKIPPABLE]);
  for (const size of [1, 7, 1000, file.length]) {
    const { frames, rest, whole } = framesOf(file, size);
    assertEquals(frames, [one, empty, two]);
    assertEquals([rest.length, whole], [0, true]);
  }
  assertEquals(new Uint8Array(zstdDecompressSync(one)), NOISE);
});

Deno.test("ZstdFrames tells a file that is cut from one that is whole", () => {
  const file = concat([packed(new Uint8Array(100)), packed(new Uint8Array(100))]);
  const between = file.length / 2;
  for (let length = 0; length <= file.length; length++) {
    const { whole } = framesOf(file.subarray(0, length), 5);
    assertEquals(whole, length === 0 || length === between || length === file.length, `${length} bytes`);
  }
});

Deno.test("ZstdFrames leaves out padding after a frame", () => {
  const frame = packed(NOISE);
  const { frames, rest, whole } = framesOf(concat([frame, new Uint8Array(1000)]), 600);
  assertEquals([frames, rest.length, whole], [[frame], 0, true]);
});
