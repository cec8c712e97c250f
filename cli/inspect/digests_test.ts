import { assertEquals } from "@std/assert";
import { makeStyle } from "../terminal.ts";
import { digestLines } from "./digests.ts";

const NONE = { blocks: [], devices: [] };
const STYLE = makeStyle(false);
const DIGEST = "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7";

Deno.test("digestLines() says what is not in a digest", () => {
  const block = { name: "pc.ram", usedLength: 4096, sha256: DIGEST, pagesNeverSent: 0, ignored: false };
  const lines = digestLines({
    ...NONE,
    blocks: [block, { ...block, pagesNeverSent: 1 }, { ...block, sha256: null, pagesNeverSent: 1, ignored: true }],
  }, STYLE);
  assertEquals(lines, [
    "SHA-256 of RAM",
    "  pc.ram (4 KiB)",
    `    ${DIGEST}`,
    "  pc.ram (4 KiB), 1 page never came",
    `    ${DIGEST}`,
    "  pc.ram (4 KiB)",
    "    not in the stream: shared memory",
  ]);
});

Deno.test("digestLines() shows state and config of a device", () => {
  const device = { idstr: "0000:00:05.0/vfio", instanceId: 0, stateBytes: 2, stateSha256: DIGEST, configSha256: null };
  assertEquals(digestLines({ ...NONE, devices: [device] }, STYLE), [
    "SHA-256 of VFIO devices",
    "  0000:00:05.0/vfio state (2 bytes)",
    `    ${DIGEST}`,
    "  0000:00:05.0/vfio config",
    "    did not come",
  ]);
});

Deno.test("digestLines() makes names safe to print, and shows nothing for nothing", () => {
  const block = { name: "a\x1b[2J", usedLength: 4096, sha256: DIGEST, pagesNeverSent: 0, ignored: false };
  assertEquals(digestLines({ ...NONE, blocks: [block] }, STYLE)[1], "  a\\x1b[2J (4 KiB)");
  assertEquals(digestLines(NONE, STYLE), []);
});
