import type { ChannelReader, Grammar } from "./channel_reader.ts";
import { MigrationState } from "./migration_state.ts";
import { RamBody } from "./ram_body.ts";

/**
 * Grammar of a postcopy-preempt channel (main-channel.md §11): RAM records and nothing else. It ends by closing, on old
 * machine types with one EOS record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, PreemptGrammar } from "@migwire/migwire/stream";
 *
 * const parser = new ChannelParser(new PreemptGrammar(), { channel: "preempt" });
 * const records = parser.push(Uint8Array.fromHex("0000000000000010"));
 * assertEquals(records.map(({ kind }) => kind), ["ram-eos"]);
 * ```
 */
export class PreemptGrammar implements Grammar {
  readonly expecting = "RAM record";
  /** Closing between records is the end. */
  readonly complete = true;
  readonly #body: RamBody;

  /** The channel of the migration whose main channel gave `state`. */
  constructor(state: MigrationState = new MigrationState()) {
    this.#body = new RamBody(state);
  }

  /** Reads one record. */
  step(reader: ChannelReader): void {
    this.#body.step(reader);
  }
}
