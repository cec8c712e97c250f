import {
  type BaseRecord,
  type ChannelIdentity,
  ChannelParser,
  type ChannelRole,
  type Grammar,
  IDENTIFY_MAX_BYTES,
  identifyChannel,
} from "../stream/mod.ts";
import type { ChannelGrammars, Direction } from "../capture/mod.ts";
import { reasonOf } from "./record_error.ts";

/** What a {@linkcode LiveChannel} tells. */
export interface LiveObserver {
  /** It is known what the channel is; once, before its first record. */
  identified(channel: LiveChannel): void;
  /** A record has come. */
  record(record: BaseRecord, channel: LiveChannel): void;
}

/** Wraps a channel's grammar, once it is known what the channel is. */
export type WrapGrammar = (grammar: Grammar, identity: ChannelIdentity) => Grammar;

const NAMES: { readonly [role in ChannelRole]?: string } = { "return-path": "return path", tls: "TLS" };

/**
 * One direction of a connection, read while it flows: first what it is, then its records. It never throws: a migration is
 * worth more than what can be said of it.
 */
export class LiveChannel {
  /** Number of the connection. */
  readonly index: number;
  /** Who sends. */
  readonly direction: Direction;
  readonly #grammars: ChannelGrammars;
  readonly #observer: LiveObserver;
  readonly #wrap: WrapGrammar;
  #head = new Uint8Array(0);
  #identity: ChannelIdentity | undefined;
  #parser: ChannelParser | undefined;
  #multifdId: number | undefined;
  #failure: string | undefined;

  /** A channel of the migration that `grammars` reads. */
  constructor(
    place: { readonly index: number; readonly direction: Direction },
    grammars: ChannelGrammars,
    observer: LiveObserver,
    wrap: WrapGrammar = (grammar) => grammar,
  ) {
    this.index = place.index;
    this.direction = place.direction;
    this.#grammars = grammars;
    this.#observer = observer;
    this.#wrap = wrap;
  }

  /** What it is; undefined as long as too little of it has come. */
  get identity(): ChannelIdentity | undefined {
    return this.#identity;
  }

  /** What it is called: `main`, `multifd 1`. */
  get label(): string {
    const role = this.#identity?.role;
    if (role === undefined) return "?";
    const name = NAMES[role] ?? role;
    return this.#multifdId === undefined ? name : `${name} ${this.#multifdId}`;
  }

  /** Channel offset behind what the parser has been given; 0 as long as it is not known what the channel is. */
  get offset(): number {
    return this.#parser?.offset ?? 0;
  }

  /** Bytes from {@linkcode offset} on that nobody will look at. */
  get passing(): number {
    return this.#failure === undefined ? this.#parser?.skippable ?? 0 : 0;
  }

  /** Why it is not read any more, by a mistake of the reader; undefined as long as it is. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Takes the next bytes. They are not kept. */
  push(bytes: Uint8Array): void {
    this.#attempt(() => {
      if (this.#parser !== undefined) return this.#deliver(this.#parser.push(bytes));
      const head = new Uint8Array(this.#head.length + bytes.length);
      head.set(this.#head);
      head.set(bytes, this.#head.length);
      this.#head = head;
      this.#identify(false);
    });
  }

  /** Nothing more will come. */
  end(): void {
    this.#attempt(() => {
      if (this.#parser === undefined && this.#head.length > 0) this.#identify(true);
      if (this.#parser !== undefined) this.#deliver(this.#parser.end());
    });
  }

  #attempt(read: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      read();
    } catch (error) {
      this.#failure = `the reader failed: ${reasonOf(error)}`;
    }
  }

  #identify(ended: boolean): void {
    const head = this.#head;
    const final = ended || head.length >= IDENTIFY_MAX_BYTES;
    const identity = identifyChannel(head, { direction: this.direction, ended: final });
    if (!final && identity.needed > head.length) return;
    this.#identity = identity;
    this.#head = new Uint8Array(0);
    const { index, direction } = this;
    const channel = { label: this.label, index, direction, isFile: false };
    const grammar = this.#wrap(this.#grammars.for({ label: channel.label, identity, channel }), identity);
    this.#parser = new ChannelParser(grammar, { channel: channel.label });
    this.#observer.identified(this);
    this.#deliver(this.#parser.push(head));
  }

  #deliver(records: readonly BaseRecord[]): void {
    for (const record of records) {
      if (record.kind === "multifd-init" && "id" in record) this.#multifdId = Number(record.id);
      this.#observer.record(record, this);
    }
  }
}
