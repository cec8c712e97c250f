import { assertEquals } from "@std/assert";
import { fileOffset } from "./file_offset.ts";

Deno.test("fileOffset() reads the sizes that QEMU reads, and 0 for anything else", () => {
  const cases: [string, number][] = [
    ["file:a,offset=0", 0],
    ["file:a,offset=10", 10],
    ["file:a,offset=1M", 1 << 20],
    ["file:a,offset=2g", 2 * 2 ** 30],
    ["file:a,offset=16B", 16],
    ["file:a,b,offset=0x1F", 31],
    ["file:a,offset=", 0],
    ["file:a,offset=-1", 0],
    ["file:a,offset=1x", 0],
    ["file:a,offset=99999999999999999999", 0],
    ["file:a", 0],
    ["exec:cat,offset=5", 0],
  ];
  for (const [uri, offset] of cases) assertEquals(fileOffset(uri), offset, uri);
});
