/** A main stream with one fault. @module */

import type { Severity } from "../../src/wire/mod.ts";
import { bytesOf, type MainStream, type Piece } from "../main_stream.ts";

/** A stream with one fault. */
export interface Fault {
  /** What is wrong. */
  readonly name: string;
  /** A correct beginning. */
  readonly before: MainStream;
  /** The element or bytes that hold the fault. */
  readonly fault: Piece;
  /** What comes after it; EOF if absent. */
  readonly after?: Piece;
  /** Code of the finding. */
  readonly code: string;
  /** Offset of the finding, counted from the first byte of `fault`; 0 if absent. */
  readonly at?: number;
  /** Wire field of the finding. */
  readonly field?: string;
  /** What QEMU says. */
  readonly qemu?: string;
  /** Error if absent. */
  readonly severity?: Severity;
  /** Kinds of the records that begin at the fault or behind it, in lax mode. */
  readonly then: string;
}

/** The bytes of a stream with a fault. */
export function faultyBytes({ before, fault, after = 0 }: Fault): Uint8Array {
  return bytesOf(before.bytes(), fault, after);
}
