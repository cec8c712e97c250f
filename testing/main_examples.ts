/** Main streams in which everything occurs that a main stream may have, without a fault. @module */

import { mainVector } from "./main_vectors.ts";
import {
  be,
  BLOCK,
  blockList,
  bytesOf,
  capabilities,
  compressedPage,
  counted,
  FLUSH,
  MainStream,
  page,
  pageBits,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  subsection,
  word,
  xbzrlePage,
  zeroPage,
} from "./main_stream.ts";

const timer = [word(1000), word(0), word(2000)];

function postcopy(): MainStream {
  const blob = new MainStream()
    .command(4)
    .full(0, "timer", 2, timer)
    .full(11, "gizmo", 1, new Uint8Array(70).fill(0x7e))
    .command(2, be(3, 4))
    .command(5);
  return stream()
    .command(1).command(2, be(1, 4))
    .command(3, word(0x201000), word(0x1000))
    .start(2, "ram", 4, [
      word(0x600000 | 4),
      counted(BLOCK),
      word(0x400000),
      word(0x200000),
      counted("b"),
      word(0x200000),
      RAM_EOS,
    ])
    .part(2, [zeroPage(0, BLOCK), zeroPage(0x1000), page(0x2000), RAM_EOS])
    .command(11)
    .command(6, 0, counted(BLOCK), 0, word(0), word(0x2000), word(0x3000), word(0x1000))
    .packaged(blob)
    .command(2, be(4, 4))
    .part(2, [page(0, "b"), page(0x1000), RAM_EOS])
    .end(2, RAM_EOS)
    .eof();
}

function mapped(): MainStream {
  const begin = stream("pc-q35-10.0", capabilities("mapped-ram"))
    .raw(1, be(2, 4), counted("ram"), be(0, 4), be(4, 4), word(0x6000 | 4));
  for (const [name, length] of [["a", 0x2000], ["bb", 0x4000]] as const) {
    const here = begin.length + 1 + name.length + 8 + 28;
    const pages = Math.ceil((here + 8) / 0x1000) * 0x1000;
    begin.raw(counted(name), word(length), be(1, 4), word(0x1000), word(here), word(pages));
    begin.raw(be(3, 1), new Uint8Array(7), new Uint8Array(pages - here - 8), new Uint8Array(length).fill(0x10));
  }
  return begin.raw(RAM_EOS, 0x7e, be(2, 4)).part(2, RAM_EOS).end(2, RAM_EOS).eof();
}

function otherSections(): MainStream {
  return stream("s390-ccw-virtio-9.1", subsection("configuration/uuid", new Uint8Array(16).fill(9)))
    .start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), FLUSH, RAM_EOS])
    .start(3, "dirty-bitmap", 1, [0x1c, counted("n"), counted("b"), be(512, 4), 1, 0x80, 0x80, 0, 1])
    .start(4, "spapr/htab", 1, be(20, 4))
    .start(5, "s390-storage_attributes", 0, word(1))
    .start(7, "0000:00:05.0/vfio", 1, [word(0xffffffffef100003n), word(0xffffffffef100001n)])
    .part(3, [0x40, word(0), be(100, 4), word(32), new Uint8Array(32).fill(1), 0x42, word(0), be(100, 4), 0x20, 1])
    .part(4, [be(0, 4), be(5, 4), be(2, 2), be(1, 2), new Uint8Array(32).fill(7), word(0)])
    .part(7, [word(0xffffffffef100004n), word(5), 1, 2, 3, 4, 5, word(0xffffffffef100001n)])
    .end(4, be(0xffffffff, 4))
    .end(5, [word(0x3000 | 2), word(3), 1, 2, 3, word(8)])
    .full(8, "s390-skeys", 1, [word(2), word(2), 6, 6, word(1)])
    .full(9, "todclock", 1, [1, 0, word(5)])
    .full(10, "todclock", 1, [0], 1)
    .eof();
}

function pages(): MainStream {
  return ramStream(0x40000)
    .part(2, [page(0, BLOCK), page(0x1000), zeroPage(0x3000), zeroPage(0x4000), zeroPage(0x6000), RAM_EOS])
    .part(2, [page(0x2000), page(0x3000), page(0x3000), page(0x8000, BLOCK), word(0x80), FLUSH, RAM_EOS])
    .part(2, [xbzrlePage(0x9000, Uint8Array.of(0, 1, 0xff)), compressedPage(0xa000, new Uint8Array(42)), RAM_EOS])
    .end(2, RAM_EOS)
    .full(3, "gizmo", 1, new Uint8Array(5000).fill(0x7e))
    .full(4, "gizmo", 1, [1, 2, 3, 0x7e, be(4, 4), 9, 9], 1)
    .full(5, "nothing", 1, [])
    .eof();
}

function liveBlockMigration(): MainStream {
  const block = [word(0x200 | 1), counted("hd0"), new Uint8Array(1 << 20).fill(0x7e)];
  return ramStream()
    .start(3, "block", 1, word(2))
    .part(3, [block, word(0x400 | 9), counted("hd0"), word(50 << 9 | 4), word(2)])
    .end(2, RAM_EOS)
    .eof();
}

/** A page size that nothing tells, and no footers. */
function probed(pageSize: number): MainStream {
  return new MainStream({ footers: false }).header("virt-10.0")
    .start(2, "ram", 4, [blockList({ [BLOCK]: 0x80000 }), RAM_EOS])
    .part(2, [page(0, BLOCK, 0xaa, pageSize), page(pageSize, undefined, 0xbb, pageSize), RAM_EOS])
    .end(2, [page(2 * pageSize, undefined, 0xbb, pageSize), RAM_EOS])
    .full(0, "gizmo", 1, new Uint8Array(40).fill(0x33))
    .full(1, "timer", 2, timer)
    .eof();
}

function ignoreShared(): MainStream {
  const entries = ["a", "b"].map((name) => [counted(name), word(0x2000), word(0x10000)]);
  return stream("virt-10.0", pageBits(14), capabilities("x-ignore-shared"))
    .start(2, "ram", 4, [word(0x4000 | 4), entries, RAM_EOS])
    .end(2, RAM_EOS)
    .eof();
}

/** The streams, by what is in them. */
export const EXAMPLES: { readonly [name: string]: Uint8Array } = {
  "a small stream": smallStream().bytes(),
  "the vector of §19.9": bytesOf(
    mainVector("19.9", "A complete"),
    [6, 0, 0, 4, 0x92],
    mainVector("19.9", "Text of the description"),
  ),
  "postcopy with a package": postcopy().bytes(),
  "mapped-ram": mapped().bytes(),
  "x-ignore-shared": ignoreShared().bytes(),
  "all sections but RAM": otherSections().bytes(),
  "live block migration": liveBlockMigration().bytes(),
  "all kinds of pages": pages().bytes(),
  "pages of 1 KiB and no footers": probed(1024).bytes(),
  "pages of 16 KiB and no footers": probed(16384).bytes(),
  "COLO": ramStream().command(8).eof().description({ devices: [] }).raw(be(0, 4)).bytes(),
  "no configuration": new MainStream().raw(mainVector("19.9", "A complete").subarray(0, 8))
    .full(0, "timer", 2, timer).eof().bytes(),
};
