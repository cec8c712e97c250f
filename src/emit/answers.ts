import { ChannelParser, ReturnPathGrammar, type ReturnPathRecord } from "../stream/mod.ts";
import type { Finding } from "../wire/mod.ts";
import type { AwaitedMessage } from "./stretch.ts";

/** What the target sent on the return path. */
export interface EmitAnswers {
  /** PONGs. */
  readonly pongs: number;
  /** SWITCHOVER_ACKs. */
  readonly switchoverAcks: number;
  /** Requests for pages, in postcopy. */
  readonly pageRequests: number;
  /** The value of SHUT: 0 if the target is content with the main stream; undefined if none came. */
  readonly shut?: number;
  /** The first thing that could not be read. */
  readonly problem?: Finding;
}

const AWAITED: { readonly [kind: string]: AwaitedMessage | undefined } = {
  "rp-pong": "pong",
  "rp-switchover-ack": "switchover-ack",
  // The whole of it is there when its mark is.
  "rp-bitmap-end": "recv-bitmap",
  "rp-resume-ack": "resume-ack",
};

/** What comes back over one connection. */
export interface AnswerStream {
  /** The next bytes. */
  push(bytes: Uint8Array): void;
  /** Nothing more comes: a message that was begun is a problem. */
  end(): void;
}

/** Reads what the target sends back, on one or more connections. */
export class AnswerReader {
  readonly #told: (message: AwaitedMessage) => void;
  #pongs = 0;
  #acks = 0;
  #requests = 0;
  #shut: number | undefined;
  #problem: Finding | undefined;

  /** Tells of each message that a source waits for. */
  constructor(told: (message: AwaitedMessage) => void) {
    this.#told = told;
  }

  /** A connection begins. The one before it may still have something to say. */
  begin(): AnswerStream {
    const parser = new ChannelParser(new ReturnPathGrammar(), {
      channel: "return path",
      report: (finding) => {
        // That it has failed can be read well.
        if (finding.severity === "error" && finding.code !== "destination-failed") this.#problem ??= finding;
      },
    });
    return {
      push: (bytes) => parser.push(bytes).forEach((record) => this.#take(record as ReturnPathRecord)),
      end: () => void parser.end(),
    };
  }

  /** What came so far. */
  get answers(): EmitAnswers {
    return {
      pongs: this.#pongs,
      switchoverAcks: this.#acks,
      pageRequests: this.#requests,
      ...(this.#shut === undefined ? {} : { shut: this.#shut }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  #take(record: ReturnPathRecord): void {
    switch (record.kind) {
      case "rp-shut":
        this.#shut = record.value;
        break;
      case "rp-pong":
        this.#pongs++;
        break;
      case "rp-switchover-ack":
        this.#acks++;
        break;
      case "rp-req-pages":
      case "rp-req-pages-id":
        this.#requests++;
        break;
    }
    const awaited = AWAITED[record.kind];
    if (awaited !== undefined) this.#told(awaited);
  }
}
