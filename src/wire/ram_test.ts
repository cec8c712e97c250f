import { assertEquals, assertThrows } from "@std/assert";
import { Decoder } from "./decoder.ts";
import { type Finding, WireError } from "./finding.ts";
import {
  type BlockListShape,
  compressBound,
  isTargetPageSize,
  mappedBitmapBytes,
  mappedRamHeader,
  ramBlockEntry,
  ramBlockList,
  ramFlagNames,
  ramMark,
  ramPageHeader,
  ramXbzrle,
  ramZero,
} from "./ram.ts";

/** Bytes written as hexadecimal, spaces ignored. */
function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

const PLAIN: BlockListShape = { addresses: false, mapped: false, hostPageSizes: 0n };

Deno.test("isTargetPageSize() takes powers of two from 256 to 65536", () => {
  const sizes = [0, 1, 128, 255, 256, 257, 384, 512, 3000, 4096, 6144, 16384, 65535, 65536, 65537, 131072];
  assertEquals(sizes.filter(isTargetPageSize), [256, 512, 4096, 16384, 65536]);
});

Deno.test("ramFlagNames() names each bit, and gives bits without a name as a number", () => {
  const names = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map(ramFlagNames);
  assertEquals(names, [
    ...["0x1", "ZERO", "MEM_SIZE", "PAGE", "EOS", "CONTINUE", "XBZRLE", "HOOK", "COMPRESS_PAGE", "MULTIFD_FLUSH"],
    "0x400",
  ]);
  assertEquals([ramFlagNames(0), ramFlagNames(0x3), ramFlagNames(0x22)], ["0", "ZERO|0x1", "ZERO|CONTINUE"]);
});

Deno.test("a RAM word has 10 bits of flags, and an offset of up to 53 bits", () => {
  const words: readonly (readonly [string, number, number])[] = [
    ["0000000000000000", 0, 0],
    ["00000000000003ff", 0, 0x3ff],
    ["0000000000000400", 0x400, 0],
    ["00000000fffffc10", 0xfffffc00, 0x10],
    ["0000000180000408", 0x180000400, 0x08],
    ["001ffffffffffc10", 0x1ffffffffffc00, 0x10],
  ];
  for (const [word, pageOffset, flags] of words) {
    assertEquals(ramMark.decode(hex(word)), { pageOffset, flags }, word);
    assertEquals(ramMark.encode({ pageOffset, flags }), hex(word));
  }
  const error = assertThrows(() => ramMark.decode(hex("0020000000000010")), WireError);
  assertEquals([error.code, error.field, error.offset], ["offset", "word", 0]);
});

Deno.test("a RAM word shows its offset and its flags", () => {
  assertEquals(ramMark.annotate(hex("0000000100000410"), 100), [
    { offset: 100, length: 8, field: "word", value: "0x100000400 | 0x10", meaning: "offset in the block | EOS" },
  ]);
  assertEquals(ramMark.annotate(hex("0000000000000804"))[0]?.meaning, "total bytes | MEM_SIZE");
});

Deno.test("a page has a block name unless it goes on with the block before", () => {
  assertEquals(ramPageHeader.decode(hex("0000000000003008 02 6162")), { pageOffset: 0x3000, flags: 8, block: "ab" });
  assertEquals(ramPageHeader.decode(hex("0000000000003028 02 6162")), { pageOffset: 0x3000, flags: 0x28 });
});

Deno.test("a page of one byte value refuses another than 0, and a difference another encoding than 1", () => {
  const findings: Finding[] = [];
  assertEquals(ramZero.decode(hex("0000000000003022 07"), (finding) => findings.push(finding)).fill, 7);
  assertEquals(findings.map(({ code, offset, qemu }) => [code, offset, qemu]), [
    ["fill", 8, "Found a zero page with value 7"],
  ]);
  for (const encoding of ["00", "02"]) {
    const error = assertThrows(() => ramXbzrle.decode(hex(`0000000000003060 ${encoding} 0003`)), WireError);
    assertEquals(error.code, "xbzrle-encoding");
  }
});

Deno.test("mappedRamHeader refuses what no reader knows", () => {
  const header = (version: string, pageSize: string): string => {
    try {
      mappedRamHeader.decode(hex(`${version} ${pageSize} 0000000000001234 0000000000100000`));
      return "read";
    } catch (error) {
      return error instanceof WireError ? `${error.code} at ${error.offset}` : "no finding";
    }
  };
  assertEquals(header("00000000", "0000000000001000"), "read");
  assertEquals(header("00000001", "0000000000001000"), "read");
  assertEquals(header("00000002", "0000000000001000"), "mapped-ram-version at 0");
  assertEquals(header("00000001", "0000000000001001"), "page-size at 4");
});

Deno.test("a block's length is one of whole pages, of the smallest there are", () => {
  const codes = (length: string): string[] => {
    const found: string[] = [];
    ramBlockEntry(PLAIN).decode(hex(`01 61 ${length}`), ({ code, severity }) => found.push(`${severity} ${code}`));
    return found;
  };
  assertEquals(["0000000000000000", "0000000000000100", "00000000000ff300"].flatMap(codes), []);
  assertEquals(codes("0000000000000180"), ["warning block-length"]);
  assertEquals(codes("0000000000000101"), ["warning block-length"]);
  const error = assertThrows(() => ramBlockEntry(PLAIN).decode(hex("00 0000000000000100")), WireError);
  assertEquals([error.code, error.offset], ["block", 0]);
});

Deno.test("a block's host page size is a power of two out of those that were announced", () => {
  const entry = ramBlockEntry({ ...PLAIN, hostPageSizes: 0x201000n });
  const size = (word: string): unknown => entry.decode(hex(`01 61 0000000000200000 ${word}`)).hostPageSize;
  assertEquals([size("0000000000001000"), size("0000000000200000")], [0x1000, 0x200000]);
  assertEquals(size("0000000000201000"), undefined, "two bits");
  assertEquals(size("0000000000002000"), undefined, "not announced");
  assertEquals(size("0000000000000800"), undefined, "a flag word");
  assertEquals(size("0100000000001000"), undefined, "a name of one byte");
  assertEquals([size(""), size("00000000002000")], [undefined, undefined], "cut");
  assertEquals(ramBlockEntry(PLAIN).decode(hex("01 61 0000000000200000 0000000000001000")).hostPageSize, undefined);
  const small = ramBlockEntry({ ...PLAIN, hostPageSizes: 0x800n });
  assertEquals(small.decode(hex("01 61 0000000000200000 0000000000000800")).hostPageSize, undefined);
});

Deno.test("ramBlockList reads entries until they make up the total, exactly", () => {
  const list = ramBlockList(PLAIN);
  const blocks = "01 61 0000000000001000 01 62 0000000000000400";
  assertEquals(list.decode(hex(`0000000000001404 ${blocks}`)).blocks, [
    { block: "a", usedLength: 0x1000 },
    { block: "b", usedLength: 0x400 },
  ]);
  assertEquals(list.decode(hex("0000000000000004")).blocks, []);
  // The second has 1024 bytes, of which the total leaves 512.
  const short = hex(`0000000000001004 ${blocks.replace("1000", "0e00")}`);
  const error = assertThrows(() => list.decode(short), WireError);
  assertEquals([error.code, error.field, error.offset], ["block-total", "usedLength", 18]);
  assertEquals(error.finding.message, 'blocks add up to more than the total: "b" has 1024 bytes, 512 were left');
});

Deno.test("ramBlockList of a mapped-ram file is only the word", () => {
  const list = ramBlockList({ ...PLAIN, mapped: true });
  assertEquals(list.decode(hex("0000000000001404")), { pageOffset: 0x1400, flags: 4, blocks: [] });
});

Deno.test("ramBlockList takes 10000 blocks, and no more", () => {
  const bytes = (count: number): Uint8Array => {
    const all = new Uint8Array(8 + 10 * count);
    const view = new DataView(all.buffer);
    view.setUint32(4, 0x400 * count + 4);
    for (let i = 0; i < count; i++) {
      all.set([1, 0x61], 8 + 10 * i);
      view.setUint32(8 + 10 * i + 6, 0x400);
    }
    return all;
  };
  const list = ramBlockList(PLAIN);
  assertEquals(list.decode(bytes(10_000)).blocks.length, 10_000);
  assertEquals(assertThrows(() => list.decode(bytes(10_001)), WireError).code, "block-count");
});

Deno.test("mappedBitmapBytes() has one bit a page, in words of 64", () => {
  const pages = [0, 1, 63, 64, 65, 128, 129];
  assertEquals(pages.map((count) => mappedBitmapBytes(4096 * count, 4096)), [0, 8, 8, 8, 16, 16, 24]);
  assertEquals(mappedBitmapBytes(64 * 4096 + 1, 4096), 16);
});

Deno.test("compressBound() is that of zlib", () => {
  // zlib.h's formula: sourceLen + (sourceLen >> 12) + (sourceLen >> 14) + (sourceLen >> 25) + 13.
  const sizes = [1024, 4095, 4096, 8192, 16384, 65536, 2 ** 25];
  assertEquals(sizes.map(compressBound), [1037, 4108, 4110, 8207, 16402, 65569, 33564686]);
});

Deno.test("a page of zeros that says so is fine", () => {
  const findings: Finding[] = [];
  ramZero.decode(hex("0000000000003022 00"), (finding) => findings.push(finding));
  assertEquals(findings, []);
});

Deno.test("a block list goes on until not a byte is left of the total", () => {
  const { blocks } = ramBlockList(PLAIN).decode(
    hex("0000000000000404 01 61 00000000000003ff 01 62 0000000000000001"),
    () => {},
  );
  assertEquals(blocks.map(({ usedLength }) => usedLength), [0x3ff, 1]);
});

Deno.test("a block's entry asks for no more bytes where a name follows instead of a page size", () => {
  const entry = ramBlockEntry({ ...PLAIN, hostPageSizes: 0x201000n });
  const decoder = new Decoder(hex("01 61 0000000000200000 01 62"));
  assertEquals([entry.read(decoder).hostPageSize, decoder.pos], [undefined, 10]);
});
