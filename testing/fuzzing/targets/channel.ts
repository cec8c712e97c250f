import type { Grammar } from "../../../src/stream/mod.ts";
import { checkChannel } from "../check_channel.ts";
import type { Bound, Target } from "../guided/target.ts";
import { recordPieces } from "../pieces.ts";
import { Random } from "../random.ts";

/** What a target of one channel says of itself. */
export type ChannelDraft = Pick<Target, "name" | "weight" | "grown"> & {
  readonly steps: Bound;
  readonly bytes: Bound;
  /** A grammar for the input. */
  grammar(input: Uint8Array): Grammar;
};

/** A target of one kind of channel. */
export function channelTarget({ grammar, ...draft }: ChannelDraft): Target {
  return {
    ...draft,
    holds:
      "records tile the channel, do not depend on how it is cut, and give the same bytes; only WireError is thrown",
    run: (input): void => checkChannel(input, () => grammar(input), new Random(input.length, input[0] ?? 0)),
    pieces: (input) => recordPieces(() => grammar(input))(input),
  };
}
