import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BLOCK, blockList, type MainStream, page, RAM_EOS, stream, zeroPage } from "../../testing/main_stream.ts";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { readBytes, readCapture } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import type { PageFields } from "../stream/mod.ts";
import { edited } from "./edit_for_test.ts";
import { type EditAction, EditError, editText, parseEdit } from "./mod.ts";
import { isPage, pageCount } from "./page_runs.ts";

const OTHER = "other:block";

/** A stream with a run of four pages, one of three zero pages, and pages of another block. */
function ram(): MainStream {
  const run = [page(0, BLOCK, 1), page(0x1000, undefined, 2), page(0x2000, undefined, 3), page(0x3000, undefined, 4)];
  const zeros = [zeroPage(0x4000), zeroPage(0x5000), zeroPage(0x6000)];
  const others = [page(0, OTHER, 5), page(0x1000, undefined, 6)];
  return stream()
    .start(1, "ram", 4, [blockList({ [BLOCK]: 0x8000, [OTHER]: 0x4000 }), RAM_EOS])
    .end(1, [run, zeros, others, RAM_EOS]).eof();
}

/** The bytes of an edited stream. */
function edit(...edits: [EditAction, string][]): Uint8Array {
  const source = edited(memoryCapture([{ bytes: ram().bytes() }]), edits).channels[0]?.source;
  assert(source !== undefined);
  return readBytes(source, 0, source.size);
}

/** Each page: whether it is of the other block, its number, and its first byte; `z` for zero pages. */
function pages(of: Uint8Array): string {
  const capture = memoryCapture([{ bytes: of }]);
  assertEquals(checkCapture(capture, {}).problems.filter(({ severity }) => severity === "error"), []);
  const found: string[] = [];
  readCapture(capture, (record) => {
    if (!isPage(record)) return;
    const { block, pageOffset, pageSize, kind, offset, length } = record as PageFields;
    for (let i = 0; i < pageCount(record); i++) {
      const byte = kind === "ram-zero" ? "z" : of[offset + length - (pageCount(record) - i) * 4104 + 8];
      found.push(`${block === OTHER ? "o" : ""}${(pageOffset + i * pageSize) / 4096}:${byte}`);
    }
  });
  return found.join(" ");
}

const ALL = "0:1 1:2 2:3 3:4 4:z 5:z 6:z o0:5 o1:6";

function without(...gone: string[]): string {
  return ALL.split(" ").filter((one) => !gone.includes(one)).join(" ");
}

Deno.test("a page of a run is dropped alone, and the next one has the block's name where it has to", () => {
  assertEquals(pages(ram().bytes()), ALL);
  assertEquals(pages(edit(["drop", "page=pc.ram:0x2000"])), without("2:3"));
  // Any byte of it says which.
  assertEquals(pages(edit(["drop", "page=pc.ram:0x2fff"])), without("2:3"));
  assertEquals(pages(edit(["drop", "page=pc.ram:0"])), without("0:1"));
  assertEquals(pages(edit(["drop", "page=pc.ram:0x3000"])), without("3:4"));
  assertEquals(pages(edit(["drop", "page=pc.ram:0x1fff..0x2000"])), without("1:2", "2:3"));
  assertEquals(pages(edit(["drop", "page=pc.*:0..0xffffffff"])), "o0:5 o1:6");
  const some = edit(["drop", "page=pc.ram:0x1000"], ["drop", "page=other:block:0"]);
  assertEquals(pages(some), without("1:2", "o0:5"));
});

Deno.test("zero pages and pages of every block are found, as far as other words let them", () => {
  assertEquals(pages(edit(["drop", "page=0x5000"])), without("5:z"));
  assertEquals(pages(edit(["drop", "page=0x1000"])), without("1:2", "o1:6"));
  assertEquals(pages(edit(["drop", "page=0..0xffffff,kind=ram-zero"])), without("4:z", "5:z", "6:z"));
  assertEquals(pages(edit(["drop", "page=0..0xffffff,nth=3..5"])), without("2:3", "3:4", "4:z"));
  assertEquals(pages(edit(["drop", "page=0..0xffffff,kind=ram-page,nth=6"])), without("o1:6"));
});

Deno.test("a page of a run is sent twice, gets other contents or another place, or is moved", () => {
  assertEquals(pages(edit(["duplicate", "page=0x2000"])), "0:1 1:2 2:3 2:3 3:4 4:z 5:z 6:z o0:5 o1:6");
  assertEquals(pages(edit(["set", `page=0x3000,data=${"09".repeat(4096)}`])), ALL.replace("3:4", "3:9"));
  assertEquals(pages(edit(["set", "page=0x3000,pageOffset=0x7000"])), ALL.replace("3:4", "7:4"));
  const moved = edit(["reorder", "page=pc.ram:0 after page=other:block:0"]);
  assertEquals(pages(moved), "1:2 2:3 3:4 4:z 5:z 6:z o0:5 0:1 o1:6");
  const back = edit(["reorder", "page=other:block:0x1000 before page=pc.ram:0x1000"]);
  assertEquals(pages(back), "0:1 o1:6 1:2 2:3 3:4 4:z 5:z 6:z o0:5");
});

Deno.test("bits of one page are flipped, and the stream ends in one", () => {
  const [whole, bad] = [ram().bytes(), edit(["corrupt", "page=pc.ram:0x2000,bits=5,bytes=8..4103"])];
  const differ = [...whole].flatMap((byte, at) => byte === bad[at] ? [] : [at]);
  const start = whole.indexOf(3, 8300);
  assert(differ.length > 0 && differ.every((at) => at >= start - 8 && at < start + 4096), String(differ));
  const cut = edit(["truncate", "page=pc.ram:0x2000,within=100"]);
  assertEquals(cut, whole.slice(0, start - 8 + 100));
});

Deno.test("an edit of a whole run has all of it, also where another one is for a page of it", () => {
  assertEquals(pages(edit(["drop", "kind=ram-page,nth=1"], ["drop", "page=0x1000"])), "4:z 5:z 6:z o0:5");
  assertEquals(pages(edit(["drop", "page=0x1000"], ["drop", "kind=ram-page,nth=2"])), without("1:2", "o0:5", "o1:6"));
});

Deno.test("a page that is nowhere, and what is no page, is told", () => {
  assertThrows(() => edit(["drop", "page=0x7000"]), EditError, "Cannot find a record for page=28672");
  assertThrows(() => edit(["drop", "page=rom:0"]), EditError, "Cannot find a record for page=rom:0");
  assertThrows(() => edit(["drop", "page=0,nth=3"]), EditError, "Cannot find a record");
  assertThrows(() => edit(["drop", "page=:0"]), EditError, "it has no block");
  assertThrows(() => edit(["drop", "page=pc.ram"]), EditError, "it is no whole number");
  assertThrows(() => edit(["drop", "page=pc.ram:"]), EditError, "it is no whole number");
  assertEquals(editText(parseEdit("drop", "page=a:b:0x10..0x20,nth=2")), "drop page=a:b:16..32,nth=2");
});

Deno.test("whichever pages are dropped, all others are there, in their order", () => {
  const all = ALL.split(" ");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(8)), (gone) => {
    const edits = gone.map((i): [EditAction, string] => ["drop", `page=0..0xffffff,nth=${i + 1}`]);
    const bytes = gone.length === 0 ? ram().bytes() : edit(...edits);
    assertEquals(pages(bytes), all.filter((_, i) => !gone.includes(i)).join(" "));
  }));
});
