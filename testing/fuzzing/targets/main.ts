import { MainGrammar } from "../../../src/stream/mod.ts";
import { MemorySource, readDescription } from "../../../src/capture/mod.ts";
import type { Target } from "../guided/target.ts";
import { page, RAM_EOS, ramStream, stream, zeroPage } from "../../main_stream.ts";
import { channelTarget } from "./channel.ts";

/** A main channel whose description is not known. */
export const MAIN: Target = channelTarget({
  name: "main",
  weight: 8,
  // A record of a dirty bitmap can have one byte.
  steps: { constant: 30_000, perByte: 300 },
  bytes: { constant: 100_000, perByte: 200 },
  grammar: () => new MainGrammar(),
  grown: (times) => {
    const main = ramStream(0x10_0000);
    for (let i = 0; i < 8 * times; i++) main.part(2, [page(0, "pc.ram"), zeroPage(0x1000), RAM_EOS]);
    return main.end(2, RAM_EOS).eof().bytes();
  },
});

/** A main channel that is whole: its description is read from its end first. */
export const MAIN_DESCRIBED: Target = channelTarget({
  name: "main-described",
  weight: 6,
  steps: { constant: 30_000, perByte: 400 },
  bytes: { constant: 200_000, perByte: 300 },
  grammar: (input) => {
    const description = readDescription(new MemorySource(input));
    return new MainGrammar(description === undefined ? {} : { description });
  },
  grown: (times) => {
    const main = stream();
    const devices = Array.from({ length: 8 * times }, (_, i) => ({
      name: `device-${i}`,
      instance_id: 0,
      vmsd_name: "device",
      version: 1,
      fields: [{ name: "a", type: "uint32", size: 4 }, { name: "b", type: "buffer", size: 8 }],
    }));
    for (const [i, { name }] of devices.entries()) main.full(i, name, 1, new Uint8Array(12));
    return main.eof().description({ page_size: 4096, devices }).bytes();
  },
});
