import { decodeText } from "../bytes/mod.ts";
import { ElementGuess, type KnownSections, type Plausibility } from "./plausible_element.ts";

/** What is known of a stream whose sections are being searched for their ends. */
export interface ResyncContext extends KnownSections {
  /** Whether sections have footers; without, the end is a guess. */
  readonly footers: boolean;
}

/** Where a section's body ends; or how many bytes more it takes to tell, and where to go on with them; or that it has none. */
export type SectionEnd =
  | { readonly end: number }
  | { readonly missing: number; readonly resume: number }
  | undefined;

const FOOTER = 0x7e;
const FOOTER_LENGTH = 5;

/**
 * Where the body of a section ends that nothing describes (main-channel.md §8.6): in front of a footer with the section's
 * id, if what follows can be the stream's next element. Without footers, in front of the next section header, the end of
 * the stream or of the package. Not for `ram`: pages may contain anything.
 *
 * @param bytes A window of the channel.
 * @param from Index in it where the body begins, or `resume` of an earlier answer about the same body.
 * @param ended No more bytes will come than `bytes` has.
 * @returns `end` is an index in `bytes`: the footer's first byte, or that of the next element.
 */
export function findSectionEnd(
  bytes: Uint8Array,
  from: number,
  sectionId: number,
  known: ResyncContext,
  ended: boolean,
): SectionEnd {
  const guess = new ElementGuess(bytes, ended, known);
  return known.footers ? beforeFooter(bytes, from, sectionId, guess, ended) : beforeElement(bytes, from, guess, ended);
}

function beforeFooter(
  bytes: Uint8Array,
  from: number,
  sectionId: number,
  guess: ElementGuess,
  ended: boolean,
): SectionEnd {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.indexOf(FOOTER, from); at >= 0; at = bytes.indexOf(FOOTER, at + 1)) {
    const missing = at + FOOTER_LENGTH - bytes.length;
    if (missing > 0) return ended ? undefined : { missing, resume: at };
    if (view.getUint32(at + 1) !== sectionId) continue;
    const verdict = guess.at(at + FOOTER_LENGTH);
    if (verdict === true) return { end: at };
    if (verdict !== false) return { missing: verdict, resume: at };
  }
  return notYet(bytes, ended);
}

function beforeElement(bytes: Uint8Array, from: number, guess: ElementGuess, ended: boolean): SectionEnd {
  for (let at = from; at < bytes.length; at++) {
    const verdict = elementWithoutFooter(bytes, at, guess);
    if (verdict === true) return { end: at };
    if (verdict !== false) return { missing: verdict, resume: at };
  }
  return notYet(bytes, ended);
}

/** Asks for more in steps that grow with the window, so that searching costs no more than its length in all. */
function notYet(bytes: Uint8Array, ended: boolean): SectionEnd {
  return ended ? undefined : { missing: Math.max(64, bytes.length >> 2), resume: bytes.length };
}

/** Only what can hardly be something else, as no footer stands before it. */
function elementWithoutFooter(bytes: Uint8Array, at: number, guess: ElementGuess): Plausibility {
  const first = bytes[at];
  if (first === 0x00) return guess.endOfStream(at);
  if (first === 0x08) return guess.run(at);
  return guess.longHeader(at);
}

/** A subsection seen in a body that nothing describes. */
export interface SeenSubsection {
  /** Index of its first byte in the body. */
  readonly offset: number;
  /** Its full name. */
  readonly name: string;
  /** Its version_id. */
  readonly version: number;
}

/** The vmsd's name in a section's idstr: what follows the bus path. */
export function vmsdNameOf(idstr: string): string {
  return idstr.slice(idstr.lastIndexOf("/") + 1);
}

/**
 * The subsections that a body seems to have, when nothing describes it: a byte 05, and a name that begins with the vmsd's
 * (main-channel.md §8.4). Those of structures inside it, which have other names, are not found.
 */
export function listSubsections(body: Uint8Array, vmsdName: string): SeenSubsection[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const found: SeenSubsection[] = [];
  if (vmsdName === "") return found;
  for (let at = body.indexOf(0x05); at >= 0; at = body.indexOf(0x05, at + 1)) {
    const length = body[at + 1] ?? 0;
    if (length <= vmsdName.length || at + 6 + length > body.length) continue;
    const name = decodeText(body.subarray(at + 2, at + 2 + length));
    if (name.startsWith(vmsdName) && /^[\x21-\x7e]+$/.test(name)) {
      found.push({ offset: at, name, version: view.getUint32(at + 2 + length) });
    }
  }
  return found;
}
