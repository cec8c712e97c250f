import { assertEquals, assertThrows } from "@std/assert";
import { type DirtyBitmapRecord, dirtyBitmapRecord } from "./dirty_bitmap.ts";
import { WireError } from "./finding.ts";

/** What a record says, written back to the same bytes; spaces are ignored. */
function read(hex: string): { record: DirtyBitmapRecord; says: (string | undefined)[] } {
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  const says: (string | undefined)[] = [];
  const record = dirtyBitmapRecord.decode(bytes, ({ code, qemu }) => says.push(`${code}: ${qemu}`));
  assertEquals(dirtyBitmapRecord.encode(record), bytes);
  return { record, says };
}

Deno.test("dirtyBitmapRecord reads flags of 1, 2 and 4 bytes, of which the last counts", () => {
  const flags = (hex: string): unknown[] => {
    const { record } = read(hex);
    return [record.flagBytes, record.flags];
  };
  assertEquals(flags("01"), [[1], 1]);
  assertEquals(flags("80 20"), [[0x80, 0x20], 0x20]);
  assertEquals(flags("ff 80 00 01"), [[0xff, 0x80, 0, 1], 1]);
  assertEquals(dirtyBitmapRecord.annotate(Uint8Array.fromHex("80800021"), 7), [
    { offset: 7, length: 4, field: "flags", value: "0x21", meaning: "EOS|COMPLETE" },
  ]);
});

Deno.test("dirtyBitmapRecord reads names where they changed", () => {
  assertEquals(read("08 01 61").record, { flagBytes: [8], flags: 8, node: "a" });
  assertEquals(read("04 01 62").record, { flagBytes: [4], flags: 4, bitmap: "b" });
  assertEquals(read("2c 01 61 01 62").record, { flagBytes: [0x2c], flags: 0x2c, node: "a", bitmap: "b" });
});

Deno.test("dirtyBitmapRecord reads the beginning of a bitmap, and refuses what QEMU does not take", () => {
  const start = (granularity: string, flags: string): unknown => read(`10 ${granularity} ${flags}`).says;
  assertEquals(read("10 00010000 07"), {
    record: { flagBytes: [0x10], flags: 0x10, granularity: 65536, bitmapFlags: 7 },
    says: [],
  });
  assertEquals(start("00000200", "00"), []);
  for (const wrong of ["00000100", "00000300", "00000000", "00000201"]) {
    assertEquals(start(wrong, "00"), ["granularity: aborts on an assertion"], wrong);
  }
  assertEquals(start("00000200", "08"), ["bitmap-flags: Unknown flags in migrated dirty bitmap header: 8"]);
  assertEquals(start("00000200", "80"), ["bitmap-flags: Unknown flags in migrated dirty bitmap header: 80"]);
});

Deno.test("dirtyBitmapRecord reads bits, whose length is there unless they are all zero", () => {
  assertEquals(read("40 0000000000000005 00000006 0000000000002800"), {
    record: { flagBytes: [0x40], flags: 0x40, firstSector: 5n, sectorCount: 6, bufferLength: 10240n },
    says: [],
  });
  assertEquals(read("42 0000000000000005 00000006").record, {
    flagBytes: [0x42],
    flags: 0x42,
    firstSector: 5n,
    sectorCount: 6,
  });
  const error = assertThrows(() => read("40 0000000000000005 00000006 0000000000002801"), WireError);
  assertEquals([error.code, error.offset], ["bitmap-buffer", 13]);
});

Deno.test("dirtyBitmapRecord takes the first of START, COMPLETE and BITS", () => {
  assertEquals(read("50 00000200 00").record.firstSector, undefined);
  assertEquals(read("60").record, { flagBytes: [0x60], flags: 0x60 });
  assertEquals(read("30 00000200 00").record.granularity, 512);
});
