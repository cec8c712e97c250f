/** Beginnings that faults of several kinds come after. @module */

import { be, counted, MainStream, type Piece, RAM_EOS, ramStream, stream } from "../main_stream.ts";

/** A stream of no bytes. */
export const header = (): MainStream => new MainStream();

/** In the body of a PART of `ram`, at a record's first byte. */
export const inRam = (usedLength?: number): MainStream => ramStream(usedLength).raw(2, be(2, 4));

/** The end of that PART. */
export const ramEnd: Piece = [RAM_EOS, 0x7e, be(2, 4), 0];

/** In the body of the START of `ram`. */
export const inList = (...subsections: Piece[]): MainStream => listAt(stream("pc-q35-9.2", ...subsections));

/** The same after another beginning. */
export const listAt = (before: MainStream): MainStream => before.raw(1, be(2, 4), counted("ram"), be(0, 4), be(4, 4));

/** In the body of the START of an entry. */
export const inBody = (idstr: string, version: number): MainStream =>
  ramStream().raw(1, be(9, 4), counted(idstr), be(0, 4), be(version, 4));
