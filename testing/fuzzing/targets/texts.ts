/** What users and recorders write. @module */

import { CaptureError, MemorySource, readEvents, readManifest } from "../../../src/capture/mod.ts";
import { forge, ForgeError, parseForgeDescription } from "../../../src/forge/mod.ts";
import { formatSocketAddress, parseSocketAddress } from "../../../src/net/mod.ts";
import { QmpError } from "../../../src/qmp/mod.ts";
import { JsonSplitter } from "../../../src/qmp/json_splitter.ts";
import { InvariantError, refusing, type Target } from "../guided/target.ts";
import { ascii } from "../../main_stream.ts";
import { linePieces, tokenPieces } from "../pieces.ts";

const LINEAR = { steps: { constant: 2_000, perByte: 50 }, bytes: { constant: 5_000, perByte: 100 } };

/** `capture.json`. */
export const MANIFEST: Target = {
  ...LINEAR,
  name: "manifest",
  weight: 2,
  holds: "a wrong field is left out; only CaptureError is thrown, for another format",
  run(input): void {
    const text = new TextDecoder().decode(input);
    refusing([CaptureError], () =>
      readManifest(text, "x", ({ message }) => {
        if (message === "") throw new InvariantError("a finding says nothing");
      }));
  },
  pieces: tokenPieces,
  grown: (times) =>
    ascii(JSON.stringify({
      format: "migwire-capture/1",
      name: "x",
      devices: Array.from({ length: 8 * times }, () => ({ idstr: "x", stateBytes: 5 })),
    })),
};

/** `events.jsonl`. */
export const EVENTS: Target = {
  ...LINEAR,
  // They are read through a buffer of 128 KiB.
  bytes: { constant: 300_000, perByte: 100 },
  name: "events",
  weight: 2,
  holds: "nothing is thrown; numbers are whole, and not negative",
  run(input): void {
    for (const event of readEvents(new MemorySource(input))) {
      const { time, channel } = event;
      if (!(Number.isSafeInteger(time) && time >= 0 && Number.isSafeInteger(channel) && channel >= 0)) {
        throw new InvariantError(`time ${time} of channel ${channel}`);
      }
    }
  },
  pieces: (input) => (input.length % 2 === 0 ? linePieces : tokenPieces)(input),
  grown: (times) => ascii('{"t":5,"ch":0,"dir":"s2d","off":0,"len":12}\n'.repeat(16 * times)),
};

/** A description for `forge`. */
export const FORGE: Target = {
  name: "forge",
  weight: 3,
  holds: "a capture is made that is no larger than FORGE_LIMIT, or ForgeError is thrown",
  // A line can ask for as much as the limit allows.
  steps: { constant: 10_000_000, perByte: 2_000 },
  bytes: { constant: 400_000_000, perByte: 2_000 },
  async run(input): Promise<void> {
    try {
      forge(await parseForgeDescription(new TextDecoder().decode(input)));
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
    }
  },
  pieces: tokenPieces,
  grown: (times) =>
    ascii(`title: x\nsteps:\n  - setup\n  - switchover\n${"  - data: 1\n".repeat(8 * times)}  - finish\n`),
};

/** What a monitor sends. */
export const QMP: Target = {
  ...LINEAR,
  name: "qmp",
  weight: 2,
  holds: "the same objects however the bytes are cut; only QmpError is thrown",
  run(input): void {
    const objects = (step: number): string => {
      const splitter = new JsonSplitter(4096);
      const texts: string[] = [];
      try {
        for (let at = 0; at < input.length; at += step) texts.push(...splitter.push(input.subarray(at, at + step)));
      } catch (error) {
        if (!(error instanceof QmpError)) throw error;
        // All at once gives nothing when something later is wrong; what it is may be shown shorter.
        return error.code;
      }
      return JSON.stringify(texts);
    };
    if (objects(Math.max(1, input.length)) !== objects(5)) throw new InvariantError("in pieces it is another");
  },
  pieces: tokenPieces,
  grown: (times) => ascii('{"event": "STOP", "data": {"x": [1, 2]}}\n'.repeat(8 * times)),
};

/** An address. */
export const ADDRESS: Target = {
  ...LINEAR,
  name: "address",
  weight: 1,
  holds: "an address is written as it is read; only SyntaxError is thrown",
  run(input): void {
    const text = new TextDecoder().decode(input);
    const address = refusing([SyntaxError], () => parseSocketAddress(text));
    if (address === undefined) return;
    const again = parseSocketAddress(formatSocketAddress(address));
    if (JSON.stringify(again) !== JSON.stringify(address)) throw new InvariantError(`${text} is read differently`);
  },
  pieces: tokenPieces,
  grown: (times) => ascii(`tcp:${"a.".repeat(40 * times)}b:4444`),
};
