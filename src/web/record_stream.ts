import { type BaseRecord, ChannelParser, type Grammar, type ParserOptions } from "../stream/mod.ts";
import { needBytes } from "./need_bytes.ts";

/**
 * A channel's bytes go in, in pieces of any size, and its records come out: a `ChannelParser` as a Web Stream. A payload
 * is a range of the channel, as everywhere; who wants the bytes too takes a {@linkcode PieceStream}.
 *
 * It holds what the parser holds, the beginning of a record, and the records of one chunk. While nobody reads them no more
 * is taken from the source. Cancelling, aborting and errors go both ways, as with every `TransformStream`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ReturnPathGrammar } from "@migwire/migwire/stream";
 * import { RecordStream } from "@migwire/migwire/web";
 *
 * const body = new Response(Uint8Array.fromHex("00020004000000010001000400000000")).body;
 * const kinds: string[] = [];
 * for await (const { kind } of body?.pipeThrough(new RecordStream(new ReturnPathGrammar())) ?? []) kinds.push(kind);
 * assertEquals(kinds, ["rp-pong", "rp-shut"]);
 * ```
 */
export class RecordStream extends TransformStream<Uint8Array, BaseRecord> {
  /**
   * A stream of the channel that `grammar` describes; `grammar` is to be fresh.
   *
   * With `strict` the first problem is an error of the stream, a `WireError`; otherwise `report` is told of problems, and
   * the end of the input never is an error.
   */
  constructor(grammar: Grammar, options: ParserOptions = {}) {
    const parser = new ChannelParser(grammar, options);
    const enqueue = (
      controller: TransformStreamDefaultController<BaseRecord>,
      records: readonly BaseRecord[],
    ): void => {
      for (const record of records) controller.enqueue(record);
    };
    super({
      transform: (bytes, controller) => enqueue(controller, parser.push(needBytes(bytes))),
      flush: (controller) => enqueue(controller, parser.end()),
    });
  }
}
