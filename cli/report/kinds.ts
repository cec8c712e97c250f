/** What the kinds of contents are called, and how they look. @module */

import type { ContentKind } from "../../src/public/report.ts";
import type { Style } from "../style.ts";

/** How a kind looks. */
export interface KindLook {
  /** Which. */
  readonly kind: ContentKind;
  /** What it is called. */
  readonly name: string;
  /** What fills it in a terminal with Unicode. */
  readonly glyph: string;
  /** What fills it in any terminal. */
  readonly letter: string;
  /** Its colour in a terminal; as other text if not said. */
  readonly colour?: keyof Style;
}

/** All kinds, in the order in which they are stacked, from the bottom. */
export const KIND_LOOKS: readonly KindLook[] = [
  { kind: "ram", name: "RAM", glyph: "▓", letter: "R", colour: "blue" },
  { kind: "zero", name: "zero pages", glyph: "░", letter: "z", colour: "cyan" },
  { kind: "device", name: "other device state", glyph: "▒", letter: "d", colour: "green" },
  { kind: "vfio", name: "VFIO state", glyph: "█", letter: "V", colour: "red" },
  { kind: "config", name: "VFIO config", glyph: "▄", letter: "C", colour: "magenta" },
  { kind: "frame", name: "headers, description", glyph: "─", letter: "-" },
  { kind: "sync", name: "sync marks", glyph: "│", letter: "s", colour: "bold" },
  { kind: "answer", name: "answers", glyph: "◄", letter: "<", colour: "yellow" },
  { kind: "unread", name: "not understood", glyph: "?", letter: "?", colour: "dim" },
];
