import { Cursor } from "../bytes/mod.ts";
import { type Finding, type FindingDraft, WireError } from "./finding.ts";

/** One field of an annotated view: which bytes, what they are, what they say. */
export interface Annotation {
  /** Channel offset of the first byte. */
  readonly offset: number;
  /** Bytes the field takes; 0 for a heading. */
  readonly length: number;
  /** Name of the field, with the names of what it is inside of: `blocks[0].usedLength`. */
  readonly field: string;
  /** The value, for people. */
  readonly value: string;
  /** What the value means, where that is not plain. */
  readonly meaning?: string;
}

/** What a {@linkcode Decoder} tells while it reads. */
export interface DecoderOptions {
  /** The channel's label in findings. */
  readonly channel?: string;
  /** Throw on findings of severity error instead of handing them to `report`. */
  readonly strict?: boolean;
  /** Receives findings. */
  readonly report?: (finding: Finding) => void;
  /** Receives each field as it is read. */
  readonly trace?: (annotation: Annotation) => void;
  /** No bytes will come after these. */
  readonly ended?: boolean;
}

/**
 * A {@linkcode Cursor} that knows where findings and annotations go.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Decoder, sectionFooter } from "@migwire/migwire/wire";
 *
 * const decoder = new Decoder(Uint8Array.fromHex("7e00000002"), 0x40, { channel: "main" });
 * assertEquals(sectionFooter.read(decoder), { marker: 0x7e, sectionId: 2 });
 * assertEquals(decoder.offset, 0x45);
 * ```
 */
export class Decoder extends Cursor {
  /** The channel's label in findings. */
  channel: string;
  /** Throw on errors. */
  readonly strict: boolean;
  /** Receives each field, or nothing does. */
  readonly trace: ((annotation: Annotation) => void) | undefined;
  /** Path of the structure being read, for annotations; empty at the top. */
  path = "";
  /** What is being read, for the message when it turns out to be cut. */
  reading = "";
  /** No bytes will come after those that are there: what looks ahead must decide on them. */
  ended: boolean;
  readonly #report: (finding: Finding) => void;

  /** A decoder over `bytes`, whose first byte stands at `base` in the channel. */
  constructor(bytes: Uint8Array = new Uint8Array(0), base = 0, options: DecoderOptions = {}) {
    super(bytes, base);
    this.channel = options.channel ?? "?";
    this.strict = options.strict ?? false;
    this.trace = options.trace;
    this.ended = options.ended ?? false;
    this.#report = options.report ?? (() => {});
  }

  /** Notes a finding at `draft.offset`, or at the next byte. An error throws in strict mode. */
  note(draft: FindingDraft): void {
    const finding = { ...draft, channel: this.channel, offset: draft.offset ?? this.offset };
    if (this.strict && finding.severity === "error") throw new WireError(finding);
    this.#report(finding);
  }

  /** Gives up: what follows cannot be understood. Always throws. */
  fail(draft: Omit<FindingDraft, "severity">): never {
    throw new WireError({
      ...draft,
      severity: "error",
      channel: this.channel,
      offset: draft.offset ?? this.offset,
    });
  }

  /**
   * Whether `count` bytes are there to look at. Throws `Incomplete` where they may still come, so that the answer is the
   * same however the input arrives.
   */
  canPeek(count: number): boolean {
    if (this.available >= count) return true;
    if (!this.ended) this.need(count);
    return false;
  }

  /** Reads `read()` with `name` added to the path. */
  within<T>(name: string, read: () => T): T {
    if (this.trace === undefined) return read();
    const outer = this.path;
    this.path = outer === "" ? name : `${outer}.${name}`;
    try {
      return read();
    } finally {
      this.path = outer;
    }
  }
}
