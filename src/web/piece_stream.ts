import { type BaseRecord, ChannelParser, type Grammar, type ParserOptions } from "../stream/mod.ts";
import { HeldBytes } from "./held_bytes.ts";
import { needBytes } from "./need_bytes.ts";
import { type ChannelPiece, PIECE_LIMIT } from "./piece.ts";

/** A run of RAM pages is cut here, so that it is no long record and its pages can be had. */
const LONGEST_RUN = PIECE_LIMIT / 2;

/** So much of a chunk is parsed at a time, so that a large one does not make more be held. */
const SLICE = 64 * 1024;

/**
 * A channel's bytes go in, and its records come out together with their bytes: pages of RAM and buffers of device state can
 * be looked at, changed, and written again with {@linkcode SerialiseStream}.
 *
 * It holds {@linkcode PIECE_LIMIT} and 64 KiB at most, however long the channel and its records are, beside one chunk of
 * the source and what the parser holds. While nobody reads it takes no more from the source. A record that is longer comes
 * in several pieces, its fields with the last. A run of RAM pages does not grow beyond 1 MiB here: what is one record
 * elsewhere may be several.
 *
 * A chunk belongs to the stream once it is written: its bytes must not change.
 *
 * @example The pages of a guest, as they come
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MigrationState, pageContents, PreemptGrammar, type RamPageRecord } from "@migwire/migwire/stream";
 * import { PieceStream } from "@migwire/migwire/web";
 *
 * const page = "0000000000003008" + "0670632e72616d" + "ab".repeat(4096);
 * const state = new MigrationState();
 * state.learnPageSize(4096, "option");
 * const body = new Response(Uint8Array.fromHex(page)).body;
 * for await (const { record, bytes, offset } of body?.pipeThrough(new PieceStream(new PreemptGrammar(state))) ?? []) {
 *   const contents = pageContents(record as RamPageRecord, 0);
 *   assertEquals(bytes.at(contents.offset - offset), 0xab);
 * }
 * ```
 */
export class PieceStream extends TransformStream<Uint8Array, ChannelPiece> {
  /** A stream of the channel that `grammar` describes, which is to be fresh; see {@linkcode RecordStream}. */
  constructor(grammar: Grammar, options: Omit<ParserOptions, "longestRun"> = {}) {
    const parser = new ChannelParser(grammar, { ...options, longestRun: LONGEST_RUN });
    const held = new HeldBytes();
    type Controller = TransformStreamDefaultController<ChannelPiece>;
    const deliver = (controller: Controller, records: readonly BaseRecord[]): void => {
      for (const record of records) {
        const { offset } = held;
        controller.enqueue({ offset, bytes: held.take(record.offset + record.length - offset), record });
      }
    };
    const take = (chunk: Uint8Array, controller: Controller): void => {
      held.push(chunk);
      deliver(controller, parser.push(chunk));
      if (held.length <= PIECE_LIMIT) return;
      const { offset } = held;
      controller.enqueue({ offset, bytes: held.take(held.length) });
    };
    super({
      transform(chunk, controller): void {
        const bytes = needBytes(chunk);
        for (let at = 0; at < bytes.length; at += SLICE) take(bytes.subarray(at, at + SLICE), controller);
      },
      flush: (controller) => deliver(controller, parser.end()),
    });
  }
}
