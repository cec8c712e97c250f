import { MainGrammar } from "../../../src/stream/mod.ts";
import type { Target } from "../guided/target.ts";
import { be, bytesOf, counted, stream } from "../../main_stream.ts";
import { checkChannel } from "../check_channel.ts";
import { recordPieces } from "../pieces.ts";
import type { Piece } from "../seed.ts";
import { Random } from "../random.ts";

const SECTION = 3;

/** Before and behind the input: the section that it is in. */
const AROUND = stream().start(SECTION, "dirty-bitmap", 1, new Uint8Array(0)).bytes();
const BEFORE = AROUND.subarray(0, -5);
const AFTER = AROUND.subarray(-5);

/** A dirty-bitmap section. */
export const DIRTY_BITMAP: Target = {
  name: "dirty-bitmap",
  weight: 2,
  holds: "as main, with the input as a section's body",
  steps: { constant: 30_000, perByte: 300 },
  bytes: { constant: 100_000, perByte: 200 },
  run(input): void {
    const channel = bytesOf(BEFORE, input, AFTER);
    checkChannel(channel, () => new MainGrammar(), new Random(input.length));
  },
  pieces(input): Piece[] {
    let at = -BEFORE.length;
    return recordPieces(() => new MainGrammar())(bytesOf(BEFORE, input)).filter(({ bytes }) => {
      at += bytes.length;
      return at > 0;
    });
  },
  grown: (times) => {
    // START of a bitmap, BITS that are all zero, COMPLETE, and EOS.
    const bits = Array.from({ length: 16 * times }, (_, i) => [0x42, be(128 * i, 8), be(128, 4)]);
    return bytesOf(0x1c, counted("node"), counted("bitmap"), be(65536, 4), 0, bits, 0x20, 0x01);
  },
};
