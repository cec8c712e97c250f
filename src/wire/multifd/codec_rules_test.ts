import { assertEquals } from "@std/assert";
import { pageCodecFault } from "./codec_rules.ts";
import type { MultifdCompression } from "./constants.ts";

/** What QEMU says of a packet on channel 3. */
function says(method: MultifdCompression, normalPages: number, nextPacketSize: number, zeroPages = 0): string {
  const fault = pageCodecFault(method, { normalPages, zeroPages, nextPacketSize }, 3);
  return fault === undefined ? "" : `${fault.code}: ${fault.qemu}`;
}

const ROOM = 1048576;

Deno.test("pageCodecFault() looks at nothing where pages are not compressed, or where there are none", () => {
  assertEquals(says("none", 1, ROOM + 1), "");
  for (const method of ["zlib", "zstd", "qpl", "uadk", "qatzip"] as const) assertEquals(says(method, 0, ROOM + 1), "");
});

Deno.test("pageCodecFault() takes as much as QEMU's buffer has room for", () => {
  for (const method of ["zlib", "zstd"] as const) {
    const large = `codec-size: multifd 3: next_packet_size ${ROOM + 1} exceeds allocated ${ROOM}`;
    assertEquals([says(method, 1, ROOM), says(method, 1, ROOM + 1)], ["", large]);
    assertEquals(says(method, 0, ROOM + 1, 1), large);
  }
  const large = "codec-size: multifd 3: received unexpectedly large packet";
  assertEquals([says("qatzip", 1, ROOM), says("qatzip", 1, ROOM + 1)], ["", large]);
  assertEquals(says("qatzip", 0, ROOM + 1, 1), "codec-empty: multifd 3: expected empty packet");
  for (const method of ["qpl", "uadk"] as const) assertEquals(says(method, 1, ROOM + 1), "");
});

Deno.test("pageCodecFault() wants nothing for pages of zeros alone", () => {
  for (const method of ["zlib", "zstd", "qpl", "uadk", "qatzip"] as const) {
    assertEquals([says(method, 0, 0, 1), says(method, 0, 1, 1)], ["", "codec-empty: multifd 3: expected empty packet"]);
  }
});

Deno.test("pageCodecFault() wants more than the length words where there are some", () => {
  for (const method of ["qpl", "uadk"] as const) {
    assertEquals(says(method, 5, 19), "codec-length: multifd 3: header len 20 >= packet size 19");
    assertEquals(says(method, 5, 20), "codec-length: multifd 3: header len 20 >= packet size 20");
    assertEquals(says(method, 5, 21), "");
  }
  for (const method of ["zlib", "zstd", "qatzip"] as const) assertEquals(says(method, 5, 1), "");
});

Deno.test("pageCodecFault() looks at a packet that has as many pages of zeros as others", () => {
  assertEquals(says("zlib", 2, ROOM + 1, 2).startsWith("codec-size"), true);
});
