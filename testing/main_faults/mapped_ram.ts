import { inList, listAt, ramEnd } from "./beginnings.ts";
import type { Fault } from "./fault.ts";
import { be, BLOCK, capabilities, counted, type MainStream, page, type Piece, stream, word } from "../main_stream.ts";

/** The word of a mapped-ram list, then an entry up to its header. */
const inMapped = (usedLength = 0x2000, total = usedLength): MainStream =>
  inList(capabilities("mapped-ram")).raw(word(total | 4), counted(BLOCK), word(usedLength));
/** The header of a mapped-ram entry. */
const mappedHeader = (version: number, pageSize: number, bitmapOffset: number, pagesOffset: number): Piece => [
  be(version, 4),
  word(pageSize),
  word(bitmapOffset),
  word(pagesOffset),
];
/** Where that header begins. */
const mappedAt = inMapped().length + 28;

/** mapped-ram files (main-channel.md §12). */
export const MAPPED_RAM: readonly Fault[] = [
  {
    name: "a page in a mapped-ram file",
    before: listAt(stream("pc-q35-9.2", capabilities("mapped-ram"))).raw(word(4)),
    fault: page(0, BLOCK),
    after: ramEnd,
    code: "ram-flags",
    field: "word",
    qemu: "Unexpected RAM flags: 8",
    then: "ram-page ram-eos section-footer eof",
  },
  {
    name: "a mapped-ram header of a later version",
    before: inMapped(),
    fault: mappedHeader(2, 4096, mappedAt, 0x100000),
    code: "mapped-ram-version",
    field: "version",
    qemu: "Migration mapped-ram capability version not supported (expected <= 1, got 2)",
    then: "",
  },
  {
    name: "mapped-ram pages of 3000 bytes",
    before: inMapped(),
    fault: mappedHeader(1, 3000, mappedAt, 0x100000),
    code: "page-size",
    at: 4,
    field: "pageSize",
    then: "",
  },
  {
    name: "a mapped-ram bitmap somewhere else",
    before: inMapped(),
    fault: mappedHeader(1, 4096, mappedAt + 1, 0x100000),
    code: "mapped-ram-offset",
    at: -15,
    then: "",
  },
  {
    name: "mapped-ram pages before their bitmap",
    before: inMapped(),
    fault: mappedHeader(1, 4096, mappedAt, mappedAt),
    code: "mapped-ram-offset",
    at: -15,
    then: "",
  },
  {
    name: "mapped-ram pages that are not aligned",
    before: inMapped(),
    fault: [mappedHeader(1, 4096, mappedAt, 0x1001), new Uint8Array(0x1001 + 0x2000 - mappedAt)],
    after: ramEnd,
    code: "mapped-ram-alignment",
    at: -15,
    field: "pagesOffset",
    qemu: "Error reading ramblock pc.ram pages, region has bad alignment",
    then: "ram-mapped-bitmap ram-mapped-gap ram-mapped-pages ram-eos section-footer eof",
  },
  {
    name: "a mapped-ram block longer than the total",
    before: inMapped(0x2000, 0x1000),
    fault: mappedHeader(1, 4096, mappedAt, 0x100000),
    code: "block-total",
    at: -15,
    then: "",
  },
  {
    name: "a mapped-ram file that is not there",
    before: inMapped().raw(mappedHeader(1, 4096, mappedAt, 0x100000)),
    fault: [],
    after: [],
    code: "truncated",
    qemu: "load of migration failed: Input/output error",
    then: "truncated",
  },
];
