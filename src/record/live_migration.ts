import type { BaseRecord, CommandRecord, LongSectionRecord } from "../stream/mod.ts";
import { ChannelGrammars } from "../capture/mod.ts";
import { MIG_CMD } from "../wire/mod.ts";
import { LiveChannel, type LiveObserver, type WrapGrammar } from "./live_channel.ts";
import type { Direction } from "../capture/mod.ts";

/** How far a migration has come, by what its main channel has sent. */
export type RecordPhase =
  /** Nothing has come. */
  | "waiting"
  /** The main channel has begun. */
  | "setup"
  /** Memory is being sent while the guest runs. */
  | "memory"
  /** The guest stands still: the rest, and the devices. */
  | "devices"
  /** The guest runs at the destination; its memory follows. */
  | "postcopy"
  /** The main channel has sent all. */
  | "sent";

/** A migration, read while it flows: what it is about now. */
export class LiveMigration implements LiveObserver {
  readonly #grammars = new ChannelGrammars({});
  readonly #onPhase: (phase: RecordPhase) => void;
  readonly #onIdentified: (channel: LiveChannel) => void;
  readonly #devices = new Set<string>();
  #phase: RecordPhase = "waiting";

  /** A migration of which nothing has come. */
  constructor(tell: { phase(phase: RecordPhase): void; identified(channel: LiveChannel): void }) {
    this.#onPhase = tell.phase;
    this.#onIdentified = tell.identified;
  }

  /** How far it has come. */
  get phase(): RecordPhase {
    return this.#phase;
  }

  /** The sections that have come, in their order, as the stream names them; `ram` is none. */
  get devices(): ReadonlySet<string> {
    return this.#devices;
  }

  /** Postcopy has begun and the main channel has not sent all: once it breaks off, a recovery may follow. */
  get needsRecovery(): boolean {
    const { postcopy } = this.#grammars.state;
    return (postcopy === "listening" || postcopy === "running") && this.#phase !== "sent";
  }

  /** A further channel. */
  channel(index: number, direction: Direction, wrap?: WrapGrammar): LiveChannel {
    return new LiveChannel({ index, direction }, this.#grammars, this, wrap);
  }

  /** It is known what a channel is. */
  identified(channel: LiveChannel): void {
    const role = channel.identity?.role;
    if (role === "main" && this.#phase === "waiting") this.#enter("setup");
    if (role === "recovery") this.#enter("postcopy");
    this.#onIdentified(channel);
  }

  /** A record has come. */
  record(record: BaseRecord, channel: LiveChannel): void {
    const role = channel.identity?.role;
    if (role !== "main" && role !== "recovery") return;
    switch (record.kind) {
      case "section-start":
      case "section-full": {
        const { idstr } = record as LongSectionRecord;
        if (idstr !== "ram") this.#devices.add(idstr);
        return;
      }
      case "section-part":
        return this.#phase === "postcopy" ? undefined : this.#enter("memory");
      case "section-end":
        return this.#phase === "postcopy" ? undefined : this.#enter("devices");
      case "command":
        if ((record as CommandRecord).command === MIG_CMD.POSTCOPY_RUN) this.#enter("postcopy");
        return;
      case "eof":
        return this.#enter("sent");
    }
  }

  #enter(phase: RecordPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#onPhase(phase);
  }
}
