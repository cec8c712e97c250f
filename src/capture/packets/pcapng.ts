/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), as few as there must be.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const ETHERNET = 1;

const OPTION_END = 0;
/** In a section header: what made the file. */
const OPTION_APPLICATION = 4;
/** Of an interface: times count in 10 to the minus so many seconds. */
const OPTION_TIME_RESOLUTION = 9;

/** How the file begins: one section of unknown length, one Ethernet interface with times in nanoseconds. */
export function pcapngStart(application: string): Uint8Array {
  const name = new TextEncoder().encode(application);
  const section = concat([
    words(BYTE_ORDER_MAGIC, 0x0000_0001, 0xffff_ffff, 0xffff_ffff),
    option(OPTION_APPLICATION, name),
    option(OPTION_END, new Uint8Array(0)),
  ]);
  const description = concat([
    words(ETHERNET, 0),
    option(OPTION_TIME_RESOLUTION, Uint8Array.of(9)),
    option(OPTION_END, new Uint8Array(0)),
  ]);
  return concat([block(SECTION_HEADER, section), block(INTERFACE, description)]);
}

/**
 * A packet.
 *
 * @param time Nanoseconds.
 * @param frame All of the packet, from its Ethernet header on.
 */
export function pcapngPacket(time: number, frame: Uint8Array): Uint8Array {
  const high = Math.floor(time / 2 ** 32);
  return block(ENHANCED_PACKET, concat([words(0, high, time - high * 2 ** 32, frame.length, frame.length), frame]));
}

/** A block around `body`, which is filled up to a multiple of 4 bytes. */
function block(type: number, body: Uint8Array): Uint8Array {
  const padded = body.length + 3 & ~3;
  const whole = new Uint8Array(12 + padded);
  const view = new DataView(whole.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, whole.length, true);
  whole.set(body, 8);
  view.setUint32(8 + padded, whole.length, true);
  return whole;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const whole = new Uint8Array(4 + (value.length + 3 & ~3));
  const view = new DataView(whole.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  whole.set(value, 4);
  return whole;
}

/** Little-endian words, as most machines write them. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}
