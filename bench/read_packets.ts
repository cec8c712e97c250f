/** Reads all bytes of all channels of a packet capture, and nothing else: `read_packets.ts FILE`. @module */

import { openCapture } from "../src/capture/mod.ts";

const [path = ""] = Deno.args;
const capture = openCapture(path);
const buffer = new Uint8Array(256 * 1024);
let bytes = 0;
for (const { source } of capture.channels) {
  for (let at = 0; source !== undefined && at < source.size;) {
    const count = source.readAt(at, buffer);
    if (count === 0) break;
    at += count;
    bytes += count;
  }
}
capture.close();
console.log(bytes);
