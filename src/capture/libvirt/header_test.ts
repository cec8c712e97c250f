import { assertEquals } from "@std/assert";
import { readLibvirtHeader } from "./header.ts";

/** The header of main-channel.md §19.7. */
const HEADER = Uint8Array.fromHex(
  "4c69627669727451656d756453617665" + "02000000e803010001000000" + "00000000" + "84030000" + "00".repeat(56),
);

/** The same, written by a big-endian host. */
function bigEndian(): Uint8Array {
  const swapped = HEADER.slice();
  for (let at = 16; at < 36; at += 4) swapped.subarray(at, at + 4).reverse();
  return swapped;
}

function withField(at: number, value: number): Uint8Array {
  const changed = HEADER.slice();
  new DataView(changed.buffer).setUint32(at, value, true);
  return changed;
}

Deno.test("readLibvirtHeader() reads the header of main-channel.md §19.7 in both byte orders", () => {
  for (const header of [HEADER, bigEndian()]) {
    assertEquals(readLibvirtHeader(header), {
      complete: true,
      version: 2,
      dataLength: 66536,
      wasRunning: true,
      format: "raw",
      streamOffset: 66628,
      cookieOffset: 900,
    });
  }
});

Deno.test("readLibvirtHeader() knows images that were not completed, and how streams are stored", () => {
  const part = HEADER.slice();
  part.set(new TextEncoder().encode("Part"), 12);
  assertEquals(readLibvirtHeader(part)?.complete, false);
  assertEquals(readLibvirtHeader(withField(28, 5))?.format, "zstd");
  assertEquals(readLibvirtHeader(withField(28, 6))?.format, "sparse");
  const version1 = withField(28, 5);
  version1[16] = 1;
  assertEquals(readLibvirtHeader(version1)?.format, "raw");
});

Deno.test("readLibvirtHeader() refuses what it does not know", () => {
  assertEquals(readLibvirtHeader(HEADER.subarray(0, 91)), undefined);
  assertEquals(readLibvirtHeader(new Uint8Array(92)), undefined);
  assertEquals(readLibvirtHeader(withField(16, 0)), undefined);
  assertEquals(readLibvirtHeader(withField(16, 0x01020304)), undefined);
  assertEquals(readLibvirtHeader(withField(20, 0)), undefined);
  assertEquals(readLibvirtHeader(withField(28, 7)), undefined);
});
