import { createPageCodec } from "../../../src/wire/codec.ts";
import { type MultifdCompression, WireError } from "../../../src/wire/mod.ts";
import { ChannelParser, MultifdGrammar, type MultifdRamRecord } from "../../../src/stream/mod.ts";
import { InvariantError, type Target } from "../guided/target.ts";
import { devicePacket, multifdChannel } from "../../memory_capture.ts";
import { recordPieces } from "../pieces.ts";
import { channelTarget } from "./channel.ts";

const PAGE = 4096;

const grown = (times: number): Uint8Array =>
  multifdChannel(0, ...Array.from({ length: 8 * times }, (_, i) => devicePacket(i, 100)));

/** A multifd channel whose page size is known. */
export const MULTIFD: Target = channelTarget({
  name: "multifd",
  weight: 4,
  steps: { constant: 10_000, perByte: 50 },
  bytes: { constant: 50_000, perByte: 100 },
  grammar: () => new MultifdGrammar({ pageSize: PAGE }),
  grown,
});

/** A multifd channel by itself: its page size is found by trial. */
export const MULTIFD_ALONE: Target = channelTarget({
  name: "multifd-alone",
  weight: 3,
  steps: { constant: 10_000, perByte: 50 },
  bytes: { constant: 50_000, perByte: 100 },
  grammar: () => new MultifdGrammar(),
  grown,
});

const METHODS: readonly MultifdCompression[] = ["none", "zlib", "zstd", "qpl", "uadk", "qatzip"];

/** Pages that one packet may give: a packet of QEMU has 128 of these. */
const MOST_PAGES = 128;

/** Compressed pages of a multifd channel; the first byte says how they are compressed. */
export const MULTIFD_PAGES: Target = {
  name: "multifd-pages",
  weight: 3,
  holds: "a packet gives as many pages as its header says, or WireError is thrown",
  steps: { constant: 10_000, perByte: 50 },
  bytes: { constant: 2_000_000, perByte: 2_000 },
  async run(input): Promise<void> {
    const method = METHODS[(input[0] ?? 0) % METHODS.length] ?? "none";
    const channel = input.subarray(1);
    const parser = new ChannelParser(new MultifdGrammar({ pageSize: PAGE }));
    const records = [...parser.push(channel), ...parser.end()];
    const codec = createPageCodec(method, PAGE);
    try {
      for (const record of records) {
        if (record.kind !== "multifd-ram" || record.payload === undefined) continue;
        const packet = record as MultifdRamRecord;
        const { offset, length } = record.payload;
        const pages = await codec.inflate(packet, channel.subarray(offset, offset + length));
        if (pages.length !== packet.normalPages * PAGE || packet.normalPages > MOST_PAGES) {
          throw new InvariantError(`${pages.length} bytes of ${packet.normalPages} pages`);
        }
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    } finally {
      codec.close();
    }
  },
  pieces: (input) => [
    { bytes: input.subarray(0, 1), fields: [{ offset: 0, length: Math.min(1, input.length) }] },
    ...recordPieces(() => new MultifdGrammar({ pageSize: PAGE }))(input.subarray(1)),
  ],
};
