import { concat } from "@std/bytes/concat";
import { serialise } from "../stream/mod.ts";
import { type ChannelPiece, isWhole } from "./piece.ts";

/**
 * Writes a channel again: pieces of a {@linkcode PieceStream} go in, bytes come out. A record that is whole is made from
 * its fields, its payload from the piece's bytes: whoever changes a field, or leaves a piece out, gets another channel.
 * What came in several pieces is passed on as it is.
 *
 * Nothing is held. Lengths and offsets in other records are not put right: that is for whoever changes something.
 *
 * @example Another UUID for the source of a multifd channel
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MultifdGrammar, type MultifdInitRecord } from "@migwire/migwire/stream";
 * import { type ChannelPiece, PieceStream, SerialiseStream } from "@migwire/migwire/web";
 *
 * const uuid = Uint8Array.fromHex("ab".repeat(16));
 * const rewrite = new TransformStream<ChannelPiece, ChannelPiece>({
 *   transform(piece, controller) {
 *     if (piece.record?.kind !== "multifd-init") return controller.enqueue(piece);
 *     controller.enqueue({ ...piece, record: { ...piece.record, uuid } as MultifdInitRecord });
 *   },
 * });
 * const init = Uint8Array.fromHex("1122334400000001" + "00".repeat(16) + "03" + "00".repeat(39));
 * const written = new Response(init).body
 *   ?.pipeThrough(new PieceStream(new MultifdGrammar())).pipeThrough(rewrite).pipeThrough(new SerialiseStream());
 * const bytes = await new Response(written).bytes();
 * assertEquals(bytes.subarray(8, 24), uuid);
 * ```
 */
export class SerialiseStream extends TransformStream<ChannelPiece, Uint8Array<ArrayBuffer>> {
  /** A stream of one channel. A payload that is not in its piece is an error of the stream, a `RangeError`. */
  constructor() {
    super({
      transform(piece, controller): void {
        const bytes = bytesOf(piece);
        if (bytes.length > 0) controller.enqueue(bytes);
      },
    });
  }
}

function bytesOf(piece: ChannelPiece): Uint8Array<ArrayBuffer> {
  const { record, bytes } = piece;
  if (record === undefined || !isWhole(piece)) return bytes.slice();
  const parts: Uint8Array[] = [];
  for (const part of serialise(record)) {
    if (part instanceof Uint8Array) parts.push(part);
    else parts.push(payload(piece, part.offset - piece.offset, part.length));
  }
  return concat(parts);
}

function payload({ bytes, record, offset }: ChannelPiece, start: number, length: number): Uint8Array {
  if (start >= 0 && start + length <= bytes.length) return bytes.subarray(start, start + length);
  throw new RangeError(
    `Cannot write ${record?.kind} at ${offset}: its payload is not in its ${bytes.length} bytes`,
  );
}
