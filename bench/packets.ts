/** A packet capture of any length, as tcpdump writes one of a fast link: frames of 1,514 bytes. @module */

import { concat } from "@std/bytes";
import { FLAG, framesOf, type Packet, pcapFile, SOURCE, TARGET } from "../testing/packet_file.ts";

/** Data of a full frame: Ethernet's 1,500 bytes without headers, with TCP's time stamps. */
const SEGMENT = 1448;

/** Bytes of a frame that stand before its data: the file's, Ethernet's, IP's and TCP's headers, with options. */
const HEADERS: number = 16 + 14 + 20 + 32;

/** Frames that are handed out together. */
const BATCH = 1024;

/** Places in a frame that change from one to the next. */
const PLACE = {
  seconds: 0,
  fraction: 4,
  captured: 8,
  length: 12,
  ipLength: 32,
  sequence: 54,
  acknowledged: 58,
} as const;

/** The file around the data of `pieces`, sent by the source in full frames; every second one is acknowledged. */
export function* packetFile(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield pcapFile(framesOf([
    { from: SOURCE, to: TARGET, sequence: 0, flags: FLAG.SYN },
    { from: TARGET, to: SOURCE, sequence: 0, flags: FLAG.SYN | FLAG.ACK },
  ]));
  const frame = frameBytes({ from: SOURCE, to: TARGET, sequence: 0, options: 12, data: new Uint8Array(SEGMENT) });
  const answer = frameBytes({ from: TARGET, to: SOURCE, sequence: 1, options: 12 });
  const batch: Uint8Array[] = [];
  let sent = 0;
  for (const data of segments(pieces)) {
    batch.push(dataFrame(frame, data, sent));
    sent += data.length;
    if (batch.length % 3 === 2) batch.push(acknowledging(answer, sent));
    if (batch.length >= BATCH) yield concat(batch.splice(0));
  }
  const end = frameBytes({ from: SOURCE, to: TARGET, sequence: 1 + sent, flags: FLAG.FIN | FLAG.ACK });
  yield concat([...batch, end]);
}

function frameBytes(packet: Packet): Uint8Array {
  return pcapFile(framesOf([packet])).subarray(24);
}

/** `template` with other data, which is at `offset` of the stream. */
function dataFrame(template: Uint8Array, data: Uint8Array, offset: number): Uint8Array {
  const bytes = template.slice(0, HEADERS + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(PLACE.fraction, Math.floor(offset / 1250) % 1_000_000, true);
  view.setUint32(PLACE.captured, bytes.length - 16, true);
  view.setUint32(PLACE.length, bytes.length - 16, true);
  view.setUint16(PLACE.ipLength, bytes.length - 30);
  view.setUint32(PLACE.sequence, (1 + offset) >>> 0);
  bytes.set(data, HEADERS);
  return bytes;
}

/** `template` that acknowledges so many bytes: a reader may keep what is not acknowledged. */
function acknowledging(template: Uint8Array, bytes: number): Uint8Array {
  const copy = template.slice();
  new DataView(copy.buffer).setUint32(PLACE.acknowledged, (1 + bytes) >>> 0);
  return copy;
}

/** The bytes of `pieces` in segments. */
function* segments(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let rest = new Uint8Array(0);
  for (const piece of pieces) {
    const bytes = concat([rest, piece]);
    let at = 0;
    for (; at + SEGMENT <= bytes.length; at += SEGMENT) yield bytes.subarray(at, at + SEGMENT);
    rest = bytes.slice(at);
  }
  if (rest.length > 0) yield rest;
}
