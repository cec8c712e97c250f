import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatBytes, formatHex, parseOffset, parseSize } from "./units.ts";

Deno.test("formatBytes() uses the largest unit that is filled", () => {
  const cases: [number | bigint, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [1023, "1023 bytes"],
    [1024, "1 KiB"],
    [1_048_575, "1 MiB"],
    [1_572_864, "1.5 MiB"],
    [64 * 2 ** 20, "64 MiB"],
    [2 ** 40, "1 TiB"],
    [2n ** 64n - 1n, "16 EiB"],
  ];
  for (const [bytes, expected] of cases) assertEquals(formatBytes(bytes), expected);
});

Deno.test("formatHex() pads, and takes bigints", () => {
  assertEquals(formatHex(0), "0x0");
  assertEquals(formatHex(2n ** 64n - 1n), "0xffffffffffffffff");
  assertEquals(formatHex(0x1f, 4), "0x001f");
});

Deno.test("parseSize() reads plain numbers, hex, and units of 1024", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["4096", 4096],
    ["0x1000", 4096],
    ["64MiB", 64 * 2 ** 20],
    ["64mib", 64 * 2 ** 20],
    ["64M", 64 * 2 ** 20],
    ["1.5 G", 1.5 * 2 ** 30],
    ["12 bytes", 12],
    ["1B", 1],
  ];
  for (const [text, expected] of cases) assertEquals(parseSize(text), expected, text);
});

Deno.test("parseSize() reads back what formatBytes() writes of whole units", () => {
  const size = fc.record({ count: fc.integer({ min: 1, max: 1023 }), unit: fc.nat({ max: 4 }) });
  fc.assert(fc.property(size, ({ count, unit }) => {
    const bytes = count * 1024 ** unit;
    assertEquals(parseSize(formatBytes(bytes)), bytes);
  }));
});

Deno.test("parseSize() refuses what is no size, no whole number, or not exact", () => {
  for (const text of ["", "-1", "MiB", "1e3", "64Q", "0x", "1 2", "١"]) {
    assertThrows(() => parseSize(text), SyntaxError, `Cannot read the size "${text}"`);
  }
  assertThrows(() => parseSize("64MB"), SyntaxError, "write MiB");
  assertThrows(() => parseSize("1.5"), RangeError, "no whole number");
  assertThrows(() => parseSize("16E"), RangeError, "above 2^53");
});

Deno.test("parseOffset() reads decimal and hex, and nothing else", () => {
  assertEquals(parseOffset("0x10"), 16);
  assertEquals(parseOffset("10"), 10);
  for (const text of ["", "10h", "-4", "1.5", "1K", "0x"]) {
    assertThrows(() => parseOffset(text), SyntaxError, `Cannot read the offset "${text}"`);
  }
  assertThrows(() => parseOffset("0xffffffffffffffff"), RangeError, "above 2^53");
});
