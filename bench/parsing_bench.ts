/** How fast channels are read from memory, beside copying the same bytes: `deno bench`. Needs no permission. @module */

import { MemorySource, readChannel } from "../src/capture/mod.ts";
import { ChannelParser, type Grammar, MainGrammar, MultifdGrammar, ReturnPathGrammar } from "../src/stream/mod.ts";
import { decodeDeviceBody, type DeviceDescription } from "../src/wire/mod.ts";
import { bytesOf, word } from "../testing/main_stream.ts";
import { multifdChannel } from "../testing/memory_capture.ts";
import { allOf, deviceChannel, mainChannel } from "./streams.ts";

function readAll(bytes: Uint8Array, grammar: Grammar): void {
  let count = 0;
  readChannel(new MemorySource(bytes), new ChannelParser(grammar), () => count++);
  if (count === 0) throw new Error("Cannot measure: nothing was read");
}

function copyAll(bytes: Uint8Array): void {
  const buffer = new Uint8Array(256 * 1024);
  const source = new MemorySource(bytes);
  for (let at = 0; at < bytes.length;) at += source.readAt(at, buffer);
}

const main = allOf(mainChannel(16_384));
Deno.bench("main channel, 64 MiB of pages", { group: "pages", baseline: true }, () => readAll(main, new MainGrammar()));
Deno.bench("copy of the same bytes", { group: "pages" }, () => copyAll(main));

const device = allOf(deviceChannel(64));
const grammar = (): Grammar => new MultifdGrammar({ pageSize: 4096 });
Deno.bench("multifd channel, 64 packets of device state", { group: "device", baseline: true }, () => {
  readAll(device, grammar());
});
Deno.bench("copy of the same bytes (device)", { group: "device" }, () => copyAll(device));

/** A packet of 128 zero pages, which is nothing but its header (multifd.md §3). */
function zeroPages(number: number): Uint8Array {
  const header = new Uint8Array(64 + 256 + 128 * 8);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x11223344);
  view.setUint32(4, 1);
  view.setUint32(12, 128);
  view.setBigUint64(24, BigInt(number));
  view.setUint32(32, 128);
  header.set(new TextEncoder().encode("pc.ram"), 64);
  for (let i = 0; i < 128; i++) view.setBigUint64(320 + i * 8, BigInt(i * 4096));
  return header;
}

const headers = multifdChannel(0, Array.from({ length: 1000 }, (_, i) => zeroPages(i)));
Deno.bench("multifd channel, 1000 headers of 128 pages", () => readAll(headers, grammar()));

const requests = bytesOf(
  // REQ_PAGES_ID, length 19: start, length, name.
  [0, 4, 0, 19, word(0), 0, 0, 0x10, 0, 6, new TextEncoder().encode("pc.ram")],
  Array.from({ length: 9999 }, (_, i) => [0, 3, 0, 12, word(i * 4096), 0, 0, 0x10, 0]),
);
Deno.bench("return path, 10000 requests for pages", () => readAll(requests, new ReturnPathGrammar()));

const description: DeviceDescription = {
  name: "device",
  instanceId: 0,
  vmsdName: "device",
  version: 1,
  fields: [
    { name: "registers", type: "uint32", size: 4, arrayLen: 256, inline: [] },
    { name: "memory", type: "buffer", size: 1024, inline: [] },
    {
      name: "queues",
      type: "struct",
      size: 12,
      arrayLen: 64,
      struct: {
        vmsdName: "queue",
        version: 1,
        fields: [
          { name: "address", type: "uint64", size: 8, inline: [] },
          { name: "head", type: "uint16", size: 2, inline: [] },
          { name: "tail", type: "uint16", size: 2, inline: [] },
        ],
        subsections: [],
      },
      inline: [],
    },
  ],
  subsections: [],
};
const body = new Uint8Array(256 * 4 + 1024 + 64 * 12);
if (decodeDeviceBody(body, description).findings.length > 0) throw new Error("Cannot measure: the body does not fit");
Deno.bench("device body of 2816 bytes, 449 values", () => {
  decodeDeviceBody(body, description);
});
