import { assertEquals } from "@std/assert";
import type { Fault } from "../fields.ts";
import type { MultifdContext } from "./context.ts";
import { RamChecks } from "./ram_checks.ts";
import type { MultifdRamHeader } from "./ram_header.ts";

/** A correct header of one page, changed where a test wants it. */
function header(changes: Partial<MultifdRamHeader> = {}): MultifdRamHeader {
  return {
    ...{ magic: 0x11223344, version: 1, flags: 0, pagesAlloc: 128, normalPages: 1, zeroPages: 0, packetNum: 7n },
    ...{ nextPacketSize: 4096, ramblock: "pc.ram", pageSize: 4096, pageOffsets: [0x3000] },
    ...changes,
  };
}

function checks(context: MultifdContext = {}): RamChecks {
  return new RamChecks(4096, context, 3);
}

/** What QEMU says, or the code with its severity where it says nothing. */
function says(fault: Fault | undefined): string {
  if (fault === undefined) return "";
  return fault.qemu === undefined ? `${fault.severity ?? "error"} ${fault.code}` : `${fault.code}: ${fault.qemu}`;
}

const OLD = checks({ qemu: "8.2" });
const NEW = checks({ qemu: "9.0" });

Deno.test("RamChecks takes as many pages as a packet has room for", () => {
  assertEquals([0, 127, 128].map((pages) => says(NEW.pagesAlloc(pages))), ["", "", ""]);
  assertEquals(says(NEW.pagesAlloc(129)), "pages: multifd: received packet with 129 pages, expected 128");
  assertEquals(
    says(OLD.pagesAlloc(129)),
    "pages: multifd: received packet with size 129 and expected a size of 128",
  );
});

Deno.test("RamChecks takes as many pages with content as were announced", () => {
  assertEquals([says(NEW.normalPages(5, { pagesAlloc: 5 })), says(NEW.normalPages(0, {}))], ["", ""]);
  assertEquals(
    says(NEW.normalPages(6, { pagesAlloc: 5 })),
    "normal: multifd: received packet with 6 non-zero pages, which exceeds maximum expected pages 5",
  );
  assertEquals(says(NEW.normalPages(1, {})).startsWith("normal: "), true);
  assertEquals(
    says(OLD.normalPages(6, { pagesAlloc: 5 })),
    "normal: multifd: received packet with 6 pages and expected maximum pages are 5",
  );
});

Deno.test("RamChecks takes as many pages of zeros as are left", () => {
  const zero = (pages: number, pagesAlloc: number, normalPages: number): string =>
    says(NEW.zeroPages(pages, { pagesAlloc, normalPages }));
  assertEquals([zero(3, 5, 2), zero(0, 5, 5)], ["", ""]);
  assertEquals(zero(4, 5, 2), "zero: multifd: received packet with 4 zero pages, expected maximum 3");
  assertEquals(zero(1, 5, 5), "zero: multifd: received packet with 1 zero pages, expected maximum 0");
  assertEquals(zero(1, 5, 6), "", "QEMU has ended the channel for the normal pages");
  assertEquals(says(NEW.zeroPages(1, {})), "zero: multifd: received packet with 1 zero pages, expected maximum 0");
  assertEquals(says(OLD.zeroPages(4, { pagesAlloc: 5, normalPages: 2 })), "", "the field did not exist");
});

Deno.test("RamChecks looks for the block only where there are pages", () => {
  const known = checks({ blocks: new Map([["pc.ram", 0x4000]]) });
  const block = (changes: Partial<MultifdRamHeader>): string => {
    const whole = header({ ramblock: "vga", normalPages: 0, ...changes });
    return says(known.ramblock(whole.ramblock, whole));
  };
  assertEquals(block({}), "");
  assertEquals(block({ normalPages: 1 }), "block: multifd: unknown ram block vga");
  assertEquals(block({ zeroPages: 1 }), "block: multifd: unknown ram block vga");
  assertEquals(block({ normalPages: 1, ramblock: "pc.ram\0x" }), "warning trailing-text");
  assertEquals(says(NEW.ramblock("vga", header({ ramblock: "vga" }))), "");
});

Deno.test("RamChecks takes offsets up to the last page of the block", () => {
  const offset = (used: number, ...pageOffsets: number[]): string =>
    says(checks({ blocks: new Map([["pc.ram", used]]) }).offsets(header({ pageOffsets })));
  assertEquals(offset(0x4000, 0, 0x3000), "");
  assertEquals(offset(0x4000, 0, 0x4000), "offset: multifd: offset too long 16384 (max 4000)");
  assertEquals(offset(0x4000, 0x3001), "offset: multifd: offset too long 12289 (max 4000)");
  assertEquals(offset(0x4000, 0x2001), "warning alignment");
  assertEquals([offset(0x1000, 0), offset(0x1000, 0x1000)], ["", "offset: multifd: offset too long 4096 (max 1000)"]);
  // A block shorter than a page: what QEMU subtracts is below 0, and so very large.
  assertEquals(offset(100, 0x7fff000), "");
  assertEquals(says(NEW.offsets(header({ pageOffsets: [2 ** 52] }))), "", "nothing is known of the block");
  const exactOffsets = [0x1000n, 2n ** 60n];
  assertEquals(
    says(checks({ blocks: new Map([["pc.ram", 0x4000]]) }).offsets(header({ pageOffsets: [0, 0], exactOffsets }))),
    `offset: multifd: offset too long ${2n ** 60n} (max 4000)`,
  );
});

Deno.test("RamChecks holds the compression bits to the destination's method, where there are pages", () => {
  const zlib = checks({ compression: "zlib" });
  const bits = (flags: number, changes: Partial<MultifdRamHeader> = {}): string =>
    says(zlib.compression(header({ flags, ...changes })));
  assertEquals([bits(0x02), bits(0x43)], ["", ""]);
  assertEquals(bits(0x04), "compression: multifd 3: flags received 4 flags expected 2");
  assertEquals(bits(0x01), "compression: multifd 3: flags received 0 flags expected 2");
  assertEquals(
    bits(0x00, { normalPages: 0, zeroPages: 1 }),
    "compression: multifd 3: flags received 0 flags expected 2",
  );
  assertEquals(bits(0x01, { normalPages: 0 }), "");
  assertEquals(bits(0x05, { normalPages: 0 }), "warning flags");
  const uadk = checks({ compression: "uadk" });
  assertEquals(says(uadk.compression(header({ flags: 0x10 }))), "");
  assertEquals(
    says(uadk.compression(header())),
    "compression: multifd 3: flags received 0 flags expected 2",
    "QEMU prints zlib's bit",
  );
  assertEquals(
    says(checks({ compression: "qpl" }).compression(header())),
    "compression: multifd 3: flags received 0 flags expected 8",
  );
});

Deno.test("RamChecks refuses two methods at once, whatever the destination expects", () => {
  const bits = (flags: number, normalPages: number): string => says(NEW.compression(header({ flags, normalPages })));
  assertEquals([bits(0x02, 1), bits(0x00, 1), bits(0x06, 0)], ["", "", ""]);
  assertEquals(bits(0x06, 1), "error compression");
});

Deno.test("RamChecks compares the length with the pages where nothing is compressed", () => {
  const length = (nextPacketSize: number, changes: Partial<MultifdRamHeader> = {}): string =>
    says(NEW.payload(header({ normalPages: 2, nextPacketSize, ...changes })));
  assertEquals([length(8192), length(8192, { flags: 1 })], ["", ""]);
  assertEquals([length(8191), length(0), length(4096)], ["warning length", "warning length", "warning length"]);
  assertEquals(length(5, { normalPages: 0 }), "");
  assertEquals(length(5, { flags: 0x06 }), "", "two methods");
  assertEquals(length(8, { flags: 0x08 }), "codec-length: multifd 3: header len 8 >= packet size 8");
});

Deno.test("RamChecks warns of SYNC in a packet with pages, which only QEMU before 9.0 sends", () => {
  const sync = (of: RamChecks, flags: number, normalPages: number, zeroPages = 0): string =>
    says(of.sync(header({ flags, normalPages, zeroPages })));
  assertEquals([sync(NEW, 1, 1), sync(NEW, 1, 0, 1)], ["warning sync-pages", "warning sync-pages"]);
  assertEquals([sync(NEW, 1, 0), sync(NEW, 2, 1), sync(OLD, 1, 1)], ["", "", ""]);
});

Deno.test("RamChecks says nothing of the length under flags of no compression method", () => {
  const both = 0x2 | 0x4;
  assertEquals(says(NEW.payload(header({ flags: both, normalPages: 0, zeroPages: 1, nextPacketSize: 5 }))), "");
});
