import type { ChannelReader, Grammar } from "./channel_reader.ts";
import type { OpaqueRecord } from "./record.ts";

/**
 * A channel of which nothing is understood: one opaque record, which may be passed over unread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, OpaqueGrammar } from "@migwire/migwire/stream";
 *
 * const parser = new ChannelParser(new OpaqueGrammar("a gzip file"));
 * parser.push(Uint8Array.of(0x1f, 0x8b));
 * parser.skip(1000);
 * assertEquals(parser.end().map(({ kind, length }) => [kind, length]), [["opaque", 1002]]);
 * ```
 */
export class OpaqueGrammar implements Grammar {
  /** What may come here. */
  readonly expecting = "anything";
  /** The channel may end anywhere. */
  readonly complete = true;
  readonly #reason: string;

  /** A channel that is not understood, because of `reason`, a phrase such as "a gzip file". */
  constructor(reason: string) {
    this.#reason = reason;
  }

  /** Everything from here on is one record; its length is known when the channel ends. */
  step(reader: ChannelReader): void {
    const offset = reader.decoder.offset;
    reader.decoder.note({
      severity: "warning",
      code: "not-understood",
      message: `the channel is not understood: ${this.#reason}`,
    });
    const length = Number.MAX_SAFE_INTEGER - offset;
    const rest: OpaqueRecord = { kind: "opaque", offset, length, reason: this.#reason, payload: { offset, length } };
    reader.pass(rest);
  }
}
