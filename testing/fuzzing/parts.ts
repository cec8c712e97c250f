/** Inputs of several parts: each part but the last has its length before it. @module */

import { concat } from "@std/bytes";

/** No input has more parts. */
const MOST = 12;

/** Takes an input apart. Every input has at least `least` parts, of which the last may be empty. */
export function splitParts(input: Uint8Array, least = 2): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (parts.length < MOST && input.length - at >= 4) {
    const length = new DataView(input.buffer, input.byteOffset + at).getUint32(0);
    if (length > input.length - at - 4) break;
    parts.push(input.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  parts.push(input.subarray(at));
  while (parts.length < least) parts.push(new Uint8Array(0));
  return parts;
}

/** Puts parts together. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concat(parts.flatMap((part, i) => {
    if (i === parts.length - 1) return [part];
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, part.length);
    return [length, part];
  }));
}
