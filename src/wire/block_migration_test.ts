import { assertEquals, assertThrows } from "@std/assert";
import { blockMigrationRecord } from "./block_migration.ts";
import { WireError } from "./finding.ts";

Deno.test("blockMigrationRecord shows the sector and the flags of its first word", () => {
  const meaning = (word: string, name = ""): string | undefined =>
    blockMigrationRecord.annotate(Uint8Array.fromHex(word + name))[0]?.meaning;
  assertEquals(meaning("0000000000100009", "0161"), "2048 | 0x9");
  assertEquals(meaning("0000000000100201", "0161"), "2049 | 0x1");
  assertEquals(meaning("0000000000000002"), "0 | 0x2");
});

Deno.test("blockMigrationRecord refuses flags that nobody knows, in QEMU's words", () => {
  const { finding } = assertThrows(
    () => blockMigrationRecord.decode(Uint8Array.fromHex("0000000000000103")),
    WireError,
  );
  assertEquals([finding.code, finding.qemu], ["flags", "Unknown block migration flags: 0x103"]);
});
