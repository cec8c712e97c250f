import { QmpError } from "./qmp_error.ts";

/** Bytes of JSON's grammar. */
const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** Bytes that may stand between two objects: tab, line feed, carriage return, space. */
const BLANK: readonly number[] = [0x09, 0x0a, 0x0d, 0x20];

/** Bytes of a wrong beginning that an error shows. */
const SHOWN = 60;

/**
 * Cuts what a monitor sends into JSON objects. It goes by the braces, not by lines: a monitor started with
 * `-qmp-pretty` spreads an object over many lines. What it keeps is bounded, and whoever does not speak JSON is found out
 * by the first byte.
 */
export class JsonSplitter {
  readonly #maxBytes: number;
  /** Pieces of an object that has not ended. */
  #pieces: Uint8Array[] = [];
  #kept = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;

  /** A splitter for objects of at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes, and copies what it keeps of them.
   *
   * @returns The text of each object that has ended in them.
   * @throws {QmpError} `protocol` if something else than an object begins, or one is too large. It must not be used then.
   */
  push(bytes: Uint8Array): string[] {
    const texts: string[] = [];
    let start = this.#depth > 0 ? 0 : -1;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
      } else if (this.#depth === 0) {
        if (BLANK.includes(byte)) continue;
        if (byte !== OPEN_BRACE) throw noObject(bytes.subarray(i, i + SHOWN));
        start = i;
        this.#depth = 1;
      } else if (byte === QUOTE) this.#inText = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.#depth === 0) {
        texts.push(this.#take(bytes.subarray(start, i + 1)));
        start = -1;
      }
    }
    if (start >= 0) this.#keep(bytes.subarray(start));
    return texts;
  }

  #keep(bytes: Uint8Array): void {
    this.#kept += bytes.length;
    if (this.#kept > this.#maxBytes) {
      throw new QmpError("protocol", `Cannot read the monitor: an object of more than ${this.#maxBytes} bytes`);
    }
    this.#pieces.push(bytes.slice());
  }

  #take(last: Uint8Array): string {
    this.#keep(last);
    const whole = new Uint8Array(this.#kept);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#kept = 0;
    return new TextDecoder().decode(whole);
  }
}

function noObject(bytes: Uint8Array): QmpError {
  const text = JSON.stringify(new TextDecoder().decode(bytes));
  const human = /^"QEMU [\d.]+ monitor/.test(text);
  return new QmpError("protocol", `Cannot read the monitor: what came is not QMP, it begins with ${text}`, {
    hint: human
      ? "this is the monitor for people (-monitor): give the address of a -qmp"
      : "give the address of QEMU's -qmp, not that of the migration",
  });
}
