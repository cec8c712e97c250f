import { inBody } from "./beginnings.ts";
import type { Fault } from "./fault.ts";
import { be, type Piece, word } from "../main_stream.ts";

/** The footer of that entry. */
const bodyEnd: Piece = [0x7e, be(9, 4), 0];

/** Dirty bitmaps and other sections (main-channel.md §6, §7). */
export const OTHER_SECTIONS: readonly Fault[] = [
  // Dirty bitmaps (§6)
  {
    name: "a granularity that is no power of two",
    before: inBody("dirty-bitmap", 1),
    fault: [0x10, be(768, 4), 1],
    after: [1, bodyEnd],
    code: "granularity",
    at: 1,
    field: "granularity",
    qemu: "aborts on an assertion",
    then: "dirty-bitmap dirty-bitmap section-footer eof",
  },
  {
    name: "reserved flags of a bitmap",
    before: inBody("dirty-bitmap", 1),
    fault: [0x10, be(65536, 4), 0x81],
    after: [1, bodyEnd],
    code: "bitmap-flags",
    at: 5,
    field: "bitmapFlags",
    qemu: "Unknown flags in migrated dirty bitmap header: 81",
    then: "dirty-bitmap dirty-bitmap section-footer eof",
  },
  {
    name: "bits of more than 10 KiB",
    before: inBody("dirty-bitmap", 1),
    fault: [0x40, word(0), be(1, 4), word(10241)],
    code: "bitmap-buffer",
    at: 13,
    field: "bufferLength",
    qemu: "Bitmap migration stream buffer allocation request is too large",
    then: "opaque",
  },

  // Other sections (§7)
  {
    name: "a hash table in a PART",
    before: inBody("spapr/htab", 1).raw(be(20, 4), 0x7e, be(9, 4), 2, be(9, 4)),
    fault: be(20, 4),
    code: "htab-header",
    field: "header",
    then: "opaque",
  },
  {
    name: "a hash table larger than any",
    before: inBody("spapr/htab", 1),
    fault: be(65, 4),
    code: "htab-header",
    field: "header",
    then: "opaque",
  },
  {
    name: "storage attributes with unknown flags",
    before: inBody("s390-storage_attributes", 0),
    fault: word(0x10),
    code: "flags",
    field: "word",
    qemu: "Unexpected storage attribute flag data: 0x10",
    then: "opaque",
  },
  {
    name: "storage attributes that the source could not read",
    before: inBody("s390-storage_attributes", 0),
    fault: word(4),
    after: [word(1), bodyEnd],
    code: "incomplete",
    field: "word",
    qemu: "Storage attributes data is incomplete",
    then: "s390-storage-attributes s390-storage-attributes section-footer eof",
  },
  {
    name: "more storage attributes than any memory has",
    before: inBody("s390-storage_attributes", 0),
    fault: [word(2), word((1n << 32n) + 1n)],
    code: "count",
    at: 8,
    field: "count",
    then: "opaque",
  },
  {
    name: "storage keys with unknown flags",
    before: inBody("s390-skeys", 1),
    fault: word(0x8),
    code: "flags",
    field: "word",
    qemu: "Unexpected storage key flag data: 0x8",
    then: "opaque",
  },
  {
    name: "storage keys that the source could not read",
    before: inBody("s390-skeys", 1),
    fault: word(4),
    after: bodyEnd,
    code: "incomplete",
    field: "word",
    qemu: "Storage key data is incomplete",
    then: "s390-skeys section-footer eof",
  },
  {
    name: "a record of `block` with unknown flags",
    before: inBody("block", 1),
    fault: word(0x10),
    code: "flags",
    field: "word",
    qemu: "Unknown block migration flags: 0x10",
    then: "opaque",
  },
];
