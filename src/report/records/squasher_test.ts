import { assertEquals } from "@std/assert";
import { BLOCK, blockList, page, RAM_EOS, ramStream, stream, zeroPage } from "../../../testing/main_stream.ts";
import { linesOf, memoryCapture } from "./captures_for_test.ts";
import type { ListOptions } from "./list_records.ts";

/** The page lines of a stream: kind, offset in the channel, and what of the block they hold. */
function pages(bytes: Uint8Array, options: ListOptions = {}): unknown[] {
  return linesOf(memoryCapture(bytes), { pages: "squashed", ...options })
    .filter(({ kind }) => kind === "ram-page" || kind === "ram-zero")
    .map(({ kind, length, squashed }) => [kind, length, squashed]);
}

Deno.test("Squasher joins pages of a block that follow each other in the stream only", () => {
  const body = [page(0x8000, BLOCK), page(0x2000), page(0x3000), page(0x1000)];
  const squashed = { block: BLOCK, pages: 4, start: 0x1000, end: 0x9000, runs: 3 };
  assertEquals(pages(ramStream().part(2, [body, RAM_EOS]).bytes()), [["ram-page", 4 * 4104 + 7, squashed]]);
});

Deno.test("Squasher keeps apart what is not alike, or has something between", () => {
  const body = [
    [page(0, BLOCK), zeroPage(0x1000), zeroPage(0x3000)],
    [page(0x2000, "vga"), page(0x4000, BLOCK), RAM_EOS],
  ];
  const blocks = [blockList({ [BLOCK]: 0x10000, vga: 0x10000 }), RAM_EOS];
  const bytes = stream().start(2, "ram", 4, blocks).part(2, body).part(2, [page(0x5000, BLOCK), RAM_EOS]).bytes();
  const zeros = { block: BLOCK, pages: 2, start: 0x1000, end: 0x4000, runs: 2, fill: 0 };
  assertEquals(pages(bytes), [
    ["ram-page", 4111, undefined],
    ["ram-zero", 18, zeros],
    ["ram-page", 4108, undefined],
    ["ram-page", 4111, undefined],
    ["ram-page", 4111, undefined],
  ]);
});

Deno.test("Squasher does not join over what a filter left out", () => {
  const bytes = ramStream().part(2, [page(0, BLOCK), zeroPage(0x1000), page(0x2000), RAM_EOS]).bytes();
  assertEquals(pages(bytes, { kinds: new Set(["ram-page"]) }).length, 2);
});
