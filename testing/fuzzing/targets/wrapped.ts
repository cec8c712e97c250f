/** What a stream can be wrapped in. @module */

import {
  CaptureError,
  gunzip,
  MemorySource,
  openCapture,
  readCapture,
  readLibvirtImage,
} from "../../../src/capture/mod.ts";
import { ZstdFrames } from "../../../src/capture/unpack/zstd_frames.ts";
import { identifyChannel } from "../../../src/stream/mod.ts";
import { InvariantError, refusing, type Target } from "../guided/target.ts";
import { stream } from "../../main_stream.ts";
import { libvirtImage } from "../../libvirt_image.ts";
import { tokenPieces } from "../pieces.ts";

/** Opens an input as standard input, and reads it. */
function readInput(input: Uint8Array): void {
  let at = 0;
  const stdin = (into: Uint8Array): number => {
    const part = input.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  };
  const capture = refusing([CaptureError], () => openCapture("-", { stdin, migration: 1 }));
  if (capture === undefined) return;
  try {
    refusing([CaptureError], () => readCapture(capture, () => {}));
  } finally {
    capture.close();
  }
}

/** A libvirt save image. */
export const LIBVIRT: Target = {
  name: "libvirt",
  weight: 3,
  holds: "an image is read or CaptureError is thrown; its texts are no longer than it",
  steps: { constant: 20_000, perByte: 100 },
  bytes: { constant: 8_000_000, perByte: 400 },
  run(input): void {
    const image = readLibvirtImage(input);
    if (image !== undefined) {
      const { format, xml, cookie = "" } = image;
      if (xml.length > input.length || cookie.length > input.length) throw new InvariantError("more text than bytes");
      // Others need a worker or a program: a target of its own.
      if (format !== "raw") return;
    }
    if (identifyChannel(input, { ended: true }).compression === undefined) readInput(input);
  },
  pieces: tokenPieces,
  grown: (times) => {
    const xml = `<domain type="kvm"><name>x</name>${"<devices><disk/></devices>".repeat(8 * times)}</domain>`;
    return libvirtImage(stream().eof().bytes(), { xml });
  },
};

/** Unpacked bytes that are taken at most. */
const LIMIT = 64 * 1024;

/** A gzip file. */
export const GUNZIP: Target = {
  name: "gunzip",
  weight: 1,
  holds: "no more is unpacked than the limit; only CaptureError is thrown",
  steps: { constant: 200, perByte: 1 },
  bytes: { constant: 10_000, perByte: 10 },
  run(input): void {
    const unpacked = refusing([CaptureError], () => gunzip(new MemorySource(input), "x", LIMIT));
    if (unpacked !== undefined && unpacked.length > LIMIT) throw new InvariantError(`${unpacked.length} bytes`);
  },
};

/** A zstd file, taken apart. */
export const ZSTD_FRAMES: Target = {
  name: "zstd-frames",
  weight: 2,
  holds: "the same pieces however the file is cut; nothing is thrown",
  steps: { constant: 2_000, perByte: 100 },
  bytes: { constant: 5_000, perByte: 50 },
  run(input): void {
    const pieces = (step: number): string => {
      const frames = new ZstdFrames();
      let text = "";
      for (let at = 0; at < input.length; at += step) {
        for (const { bytes, ends } of frames.push(input.subarray(at, at + step))) {
          for (const byte of bytes) text += String.fromCharCode(byte);
          if (ends) text += "|";
        }
      }
      return text + frames.whole;
    };
    const whole = pieces(Math.max(1, input.length));
    if (whole !== pieces(7)) throw new InvariantError("in pieces it is another");
  },
  grown: (times) => {
    const frame = Uint8Array.fromHex("28b52ffd2000010000");
    return Uint8Array.from({ length: 16 * times * frame.length }, (_, i) => frame[i % frame.length] ?? 0);
  },
};

/** A compressed stream on standard input: a worker unpacks it, so that it cannot be counted in steps. */
export const UNPACK: Target = {
  name: "unpack",
  weight: 1,
  holds: "what is damaged is told of; only CaptureError is thrown",
  // Waiting for the worker is counted too.
  steps: { constant: 100_000_000, perByte: 1_000 },
  bytes: { constant: 40_000_000, perByte: 1_000 },
  run(input): void {
    const { compression, role } = identifyChannel(input, { ended: true });
    if (role !== "libvirt" && (compression === "gzip" || compression === "zstd")) readInput(input);
  },
};
