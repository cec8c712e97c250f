/** Changes that broken or hostile senders make, guided by what the bytes are. @module */

import { concat } from "@std/bytes";
import type { Random } from "./random.ts";
import type { Piece, Seed } from "./seed.ts";

/** Values at the borders of what a field can hold, or code can stand. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0xffn,
  0x100n,
  0xfffn,
  0x1000n,
  0x7fffn,
  0xffffn,
  0x10_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

/** Changes that are made to one mutant at most; half of them have one. */
const CHANGES = 4;

/** A mutant of `seed`; what is spliced in comes from `others`. */
export function mutant(
  seed: Pick<Seed, "pieces">,
  others: readonly Pick<Seed, "pieces">[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const pieces = [...seed.pieces];
  for (let i = random.once(2) ? 0 : random.below(CHANGES); i >= 0; i--) {
    if (random.once(3)) rearrange(pieces, random.pick(others).pieces, random);
    else if (pieces.length > 0) {
      const at = random.below(pieces.length);
      pieces[at] = changed(pieces[at] ?? random.pick(pieces), random);
    }
  }
  const bytes = concat(pieces.map((piece) => piece.bytes));
  return random.once(8) ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
}

/** Changes the order of records. */
function rearrange(pieces: Piece[], others: readonly Piece[], random: Random): void {
  const at = random.below(pieces.length + 1);
  const count = 1 + random.below(3);
  switch (random.below(5)) {
    case 0:
      pieces.splice(at, count);
      break;
    case 1:
      pieces.splice(at, 0, ...pieces.slice(random.below(pieces.length)).slice(0, count));
      break;
    case 2:
      pieces.splice(random.below(pieces.length + 1), 0, ...pieces.splice(at, count));
      break;
    case 3: {
      const from = random.below(others.length);
      pieces.splice(at, random.below(2), ...others.slice(from, from + count));
      break;
    }
    default:
      pieces.splice(at, 0, { bytes: random.bytes(random.below(24)), fields: [] });
  }
}

/** Changes the bytes of a record. */
function changed(piece: Piece, random: Random): Piece {
  const bytes = piece.bytes.slice();
  changeBytes(bytes, piece.fields, random);
  return { ...piece, bytes };
}

/** Changes `bytes` in place: mostly one of `fields`, otherwise any byte. */
export function changeBytes(bytes: Uint8Array, fields: Piece["fields"], random: Random): void {
  if (bytes.length === 0) return;
  if (fields.length > 0 && !random.once(4)) {
    const { offset, length } = random.pick(fields);
    if (length <= 8 && random.once(2)) return putEdge(bytes.subarray(offset, offset + length), random);
    return changeByte(bytes, offset + random.below(length), random);
  }
  changeByte(bytes, random.below(bytes.length), random);
}

function changeByte(bytes: Uint8Array, at: number, random: Random): void {
  const old = bytes[at] ?? 0;
  bytes[at] = random.once(2) ? old ^ (1 << random.below(8)) : random.below(256);
}

/** Puts an edge value, or one beside the old, into an integer field. */
function putEdge(field: Uint8Array, random: Random): void {
  let old = 0n;
  for (const byte of field) old = old << 8n | BigInt(byte);
  let value = random.once(2) ? random.pick(EDGES) : old + BigInt(random.below(9) - 4);
  for (let i = field.length - 1; i >= 0; i--) {
    field[i] = Number(value & 0xffn);
    value >>= 8n;
  }
}
