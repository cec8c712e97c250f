const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Bytes as hexadecimal digits, two for each. Runtimes of today that are not the newest have no `toHex` of their own.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hexText } from "./hex.ts";
 *
 * assertEquals(hexText(Uint8Array.of(0, 0xab)), "00ab");
 * ```
 */
export function hexText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte] ?? "";
  return text;
}

/**
 * The bytes that hexadecimal digits stand for.
 *
 * @param text Pairs of digits and nothing else; whoever calls has seen to that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesOfHex } from "./hex.ts";
 *
 * assertEquals(bytesOfHex("00AB"), Uint8Array.of(0, 0xab));
 * ```
 */
export function bytesOfHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length >> 1 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}
