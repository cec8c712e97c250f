import { assertEquals, assertThrows } from "@std/assert";
import { blockMigrationFlags, blockMigrationRecord } from "./block_migration.ts";
import { type Finding, WireError } from "./finding.ts";
import { type PageValues, pageValuesFlags, storageAttributes, storageKeys, todClock } from "./s390.ts";
import { htabHeader } from "./spapr_htab.ts";
import type { Struct } from "./struct.ts";

/** What reading a word with flags comes to: the count behind it, or what is wrong. */
function read(layout: Struct<PageValues>, hex: string): string {
  const findings: Finding[] = [];
  try {
    const { count } = layout.decode(Uint8Array.fromHex(hex), (finding) => findings.push(finding));
    return findings[0]?.qemu ?? (count === undefined ? "read" : `${count} pages`);
  } catch (error) {
    if (error instanceof WireError) return `fatal ${error.finding.qemu ?? error.code}`;
    throw error;
  }
}

const word = (flags: number): string => (0x7000 + flags).toString(16).padStart(16, "0");

Deno.test("storageAttributes knows its flags, each alone, and a count behind MORE", () => {
  const pages = "0000000000000003";
  assertEquals(read(storageAttributes, word(1)), "read");
  assertEquals(read(storageAttributes, word(2) + pages), "3 pages");
  assertEquals(read(storageAttributes, word(4)), "Storage attributes data is incomplete");
  assertEquals(read(storageAttributes, word(8)), "read");
  for (const flags of [0, 3, 5, 0x10, 0x801]) {
    const text = `fatal Unexpected storage attribute flag data: 0x${flags.toString(16)}`;
    assertEquals(read(storageAttributes, word(flags) + pages), text);
  }
});

Deno.test("storageKeys knows its flags, of which DONE is none", () => {
  assertEquals(read(storageKeys, word(1)), "read");
  assertEquals(read(storageKeys, word(2) + "0000000000080000"), "524288 pages");
  assertEquals(read(storageKeys, word(4)), "Storage key data is incomplete");
  assertEquals(read(storageKeys, word(8)), "fatal Unexpected storage key flag data: 0x8");
});

Deno.test("storageKeys believes 2^32 pages, and no more", () => {
  assertEquals(read(storageKeys, word(2) + "0000000100000000"), "4294967296 pages");
  assertEquals(read(storageKeys, word(2) + "0000000100000001"), "fatal count");
});

Deno.test("pageValuesFlags() has 12 bits, the address the others", () => {
  assertEquals([pageValuesFlags({ word: 0x1fffn }), pageValuesFlags({ word: 0x1000n }), pageValuesFlags({})], [
    0xfff,
    0,
    0,
  ]);
  const [annotation] = storageKeys.annotate(Uint8Array.fromHex(word(1)));
  assertEquals(annotation?.meaning, "0x7000 | 0x1");
});

Deno.test("todClock has values unless the clock is missing", () => {
  const clock = (hex: string): unknown => todClock.decode(Uint8Array.fromHex(hex));
  assertEquals(clock("00"), { present: 0 });
  assertEquals(clock("01020000000000000003"), { present: 1, high: 2, low: 3n });
  assertEquals(clock("02020000000000000003"), { present: 2, high: 2, low: 3n });
});

Deno.test("blockMigrationRecord knows a block, a block of zeros, the progress and the end", () => {
  const device = (flags: number): string | undefined => {
    const bytes = Uint8Array.fromHex((0x600 + flags).toString(16).padStart(16, "0") + "0161");
    return blockMigrationRecord.decode(bytes).device;
  };
  assertEquals([device(1), device(9), device(2), device(4)], ["a", "a", undefined, undefined]);
  for (const flags of [0, 3, 5, 6, 8, 10, 0x101]) {
    const error = assertThrows(() => device(flags), WireError);
    assertEquals(error.finding.qemu, `Unknown block migration flags: 0x${flags.toString(16)}`);
  }
});

Deno.test("blockMigrationFlags() has 9 bits, the sector the others", () => {
  assertEquals([blockMigrationFlags({ word: 0x3ffn }), blockMigrationFlags({ word: 0x200n })], [0x1ff, 0]);
  const [annotation] = blockMigrationRecord.annotate(Uint8Array.fromHex("0000000000000602"));
  assertEquals(annotation?.meaning, "3 | 0x2");
});

Deno.test("htabHeader tells a size from no table, and from chunks", () => {
  const meaning = (hex: string): string | undefined => htabHeader.annotate(Uint8Array.fromHex(hex))[0]?.meaning;
  assertEquals([meaning("ffffffff"), meaning("00000000"), meaning("00000018"), meaning("fffffffe")], [
    "no hash table",
    "chunks follow",
    "table of 2^24 bytes",
    "table of 2^4294967294 bytes",
  ]);
});
