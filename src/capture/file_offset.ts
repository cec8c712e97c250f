/** Powers of 1024 that QEMU's sizes may end with. */
const SUFFIXES = "BKMGTPE";

/**
 * Where in its file a stream begins, by the URI it was written to: `file:PATH,offset=N` (main-channel.md §12.3). N is a
 * QEMU size: decimal with an optional suffix, or hexadecimal. 0 where the URI says nothing, or nothing that is a size.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileOffset } from "./file_offset.ts";
 *
 * assertEquals(fileOffset("file:/var/lib/vm.img,offset=64K"), 65536);
 * assertEquals(fileOffset("file:/var/lib/vm.img,offset=0x10000"), 65536);
 * assertEquals(fileOffset("tcp:localhost:4444"), 0);
 * ```
 */
export function fileOffset(uri: string): number {
  const text = /^file:.*,offset=([^,]*)$/.exec(uri)?.[1] ?? "0";
  const [, digits, suffix] = /^(0x[\da-f]+|\d+)([bkmgtpe]?)$/i.exec(text) ?? [];
  if (digits === undefined) return 0;
  const size = Number(digits) * 1024 ** Math.max(0, SUFFIXES.indexOf((suffix ?? "").toUpperCase() || "B"));
  return Number.isSafeInteger(size) ? size : 0;
}
