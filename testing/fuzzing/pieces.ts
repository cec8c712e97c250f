/** Takes inputs apart as their formats do, for changes that a writer of the format could make. @module */

import { ChannelParser, type Grammar } from "../../src/stream/mod.ts";
import { fieldsOf, type Piece } from "./seed.ts";

/** More pieces than that are left together. */
const MOST = 400;

/** The records of a channel, with their fields. */
export function recordPieces(grammar: () => Grammar): (input: Uint8Array) => Piece[] {
  return (input) => {
    const parser = new ChannelParser(grammar());
    return [...parser.push(input), ...parser.end()].slice(0, MOST).map((record) => {
      const bytes = input.slice(record.offset, record.offset + record.length);
      return { bytes, fields: fieldsOf(record, bytes) };
    });
  };
}

/** The words, numbers, texts and signs of a text. */
export function tokenPieces(input: Uint8Array): Piece[] {
  // Of this encoding every byte is a character.
  const text = new TextDecoder("latin1").decode(input);
  return Array.from(
    text.matchAll(/"(?:[^"\\]|\\.)*"|[\w.+]+|\s+|<\/?\w+|[^]/g),
    ({ 0: { length }, index }) => whole(input.subarray(index, index + length)),
  ).slice(0, MOST * 4);
}

/** The lines of a text. */
export function linePieces(input: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < input.length && pieces.length < MOST;) {
    const end = input.indexOf(0x0a, at) + 1 || input.length;
    pieces.push(whole(input.subarray(at, end)));
    at = end;
  }
  return pieces;
}

/** The packets of a pcap file, or the blocks of a pcapng file. */
export function packetPieces(input: Uint8Array): Piece[] {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const isNg = input.length >= 12 && view.getUint32(0) === 0x0a0d0d0a;
  const little = input.length < 12 || view.getUint8(isNg ? 11 : 3) === (isNg ? 0x1a : 0xa1);
  const head = isNg ? 0 : Math.min(24, input.length);
  const pieces: Piece[] = head === 0 ? [] : [words(input.subarray(0, head), head)];
  for (let at = head; at < input.length && pieces.length < MOST;) {
    const [lengthAt, extra, fields] = isNg ? [at + 4, 0, 28] : [at + 8, 16, 16];
    const length = lengthAt + 4 <= input.length ? view.getUint32(lengthAt, little) + extra : 0;
    const end = length < 12 || length > input.length - at ? input.length : at + length;
    // Behind the header of a packet come those of Ethernet, IP and TCP.
    pieces.push(words(input.subarray(at, end), fields + 60));
    at = end;
  }
  return pieces;
}

function whole(bytes: Uint8Array): Piece {
  return { bytes, fields: [{ offset: 0, length: bytes.length }] };
}

/** A piece whose first bytes are fields of two bytes. */
function words(bytes: Uint8Array, count: number): Piece {
  const length = Math.min(bytes.length, count) >> 1;
  return { bytes, fields: Array.from({ length }, (_, i) => ({ offset: 2 * i, length: 2 })) };
}
