const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/**
 * A number of bytes for people.
 *
 * @param bytes The number.
 * @returns It in the largest unit that it fills, with at most one decimal.
 *
 * @example Usage
 * ```ts
 * import { formatBytes } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatBytes(1_572_864), "1.5 MiB");
 * assertEquals(formatBytes(1), "1 byte");
 * ```
 */
export function formatBytes(bytes: number | bigint): string {
  let amount = Number(bytes);
  if (amount === 1) return "1 byte";
  let unit = 0;
  // Rounded before it is compared: 1023.97 KiB is 1 MiB, not 1024 KiB.
  while (unit < UNITS.length - 1 && Math.round(amount * 10) / 10 >= 1024) {
    amount /= 1024;
    unit++;
  }
  return `${Math.round(amount * 10) / 10} ${UNITS[unit]}`;
}

/**
 * An offset or another number whose bits matter.
 *
 * @param value The number.
 * @param digits The least number of digits, for columns.
 * @returns It as `0x1f0`.
 *
 * @example Usage
 * ```ts
 * import { formatHex } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatHex(496), "0x1f0");
 * assertEquals(formatHex(8, 8), "0x00000008");
 * ```
 */
export function formatHex(value: number | bigint, digits: number = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/**
 * Reads a size as people write it: `4096`, `0x1000`, `64MiB`, `64M`, `1.5G`. As in QEMU, `K`, `M`, `G` count in 1024.
 *
 * @param text What was written.
 * @returns The number of bytes.
 * @throws {SyntaxError} If it is no size.
 * @throws {RangeError} If it is no whole number of bytes, or too large to be exact.
 *
 * @example Usage
 * ```ts
 * import { parseSize } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseSize("64MiB"), 67_108_864);
 * ```
 */
export function parseSize(text: string): number {
  if (/^0x[0-9a-f]+$/i.test(text)) return exact(Number(text), text);
  const match = /^(\d+(?:\.\d+)?) ?(?:([KMGTPE])(?:iB)?|B|bytes?)?$/i.exec(text);
  if (!match) {
    // MB is a million bytes to some and 1048576 to others.
    const hint = /^[\d.]+ ?[KMGTPE]B$/i.test(text)
      ? "MB has two meanings, write MiB"
      : "write it as 4096, 0x1000 or 64MiB";
    throw new SyntaxError(`Cannot read the size "${text}": ${hint}`);
  }
  const power = match[2] ? " KMGTPE".indexOf(match[2].toUpperCase()) : 0;
  return exact(Number(match[1]) * 1024 ** power, text);
}

/**
 * Reads an offset: `4096`, `0x1000`.
 *
 * @param text What was written.
 * @returns The offset.
 * @throws {SyntaxError} If it is no offset.
 * @throws {RangeError} If it is too large to be exact.
 *
 * @example Usage
 * ```ts
 * import { parseOffset } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseOffset("0x10"), 16);
 * ```
 */
export function parseOffset(text: string): number {
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return exact(Number(text), text);
  throw new SyntaxError(`Cannot read the offset "${text}": write it as 4096 or 0x1000`);
}

function exact(value: number, text: string): number {
  if (Number.isSafeInteger(value)) return value;
  const reason = Number.isInteger(value) ? "it is above 2^53" : "it is no whole number of bytes";
  throw new RangeError(`Cannot use "${text}": ${reason}`);
}
