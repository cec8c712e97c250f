/**
 * Names on the wire are bytes of no stated character set. They become strings that can always be turned back: valid
 * UTF-8 is decoded as such, otherwise each byte above 0x7f becomes a lone surrogate U+DC80..U+DCFF, which UTF-8 cannot
 * produce.
 *
 * @module
 */

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();

/**
 * The bytes of a wire name as a string that {@linkcode encodeText} turns back into the same bytes.
 *
 * @example Bytes that are not UTF-8 survive
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeText, encodeText } from "./text.ts";
 *
 * const bytes = Uint8Array.of(0x70, 0x63, 0xff);
 * assertEquals(encodeText(decodeText(bytes)), bytes);
 * ```
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
    return text;
  }
}

/** Names are hardly longer. Below that the runtime's encoder takes longer than a loop. */
const SHORT = 64;

/** The bytes of ASCII text; undefined if it is not. */
function encodeAscii(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return undefined;
    out[i] = code;
  }
  return out;
}

/**
 * The bytes that {@linkcode decodeText} made a string of; any other string as UTF-8.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeText } from "./text.ts";
 *
 * assertEquals(encodeText("pc"), Uint8Array.of(0x70, 0x63));
 * ```
 */
export function encodeText(text: string): Uint8Array {
  const ascii = text.length <= SHORT ? encodeAscii(text) : undefined;
  if (ascii !== undefined) return ascii;
  if (!/[\udc80-\udcff]/.test(text) || text.isWellFormed()) return toUtf8.encode(text);
  const out = new Uint8Array(text.length * 4);
  let length = 0;
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char.length === 1 && code >= 0xdc80 && code <= 0xdcff) out[length++] = code - 0xdc00;
    else length += toUtf8.encodeInto(char, out.subarray(length)).written;
  }
  return out.slice(0, length);
}
