import type { Random } from "../bytes/mod.ts";
import { readBytes } from "../capture/mod.ts";
import type { ChangeLog } from "./apply.ts";
import type { CorruptEdit } from "./edit.ts";
import { EditError } from "./edit_error.ts";
import type { Hits } from "./read_sheet.ts";
import { lengthOf, type Rendered } from "./render.ts";
import type { Slip, Track } from "./sheet.ts";
import type { SpliceSource } from "./splice.ts";

/** Bits that one edit flips at most. */
const BITS_LIMIT = 1_000_000;

/** An edited channel, of which bits can be flipped. */
export interface Target {
  readonly track: Track;
  readonly source: SpliceSource;
  readonly rendered: Rendered;
  /** What is flipped, by byte. */
  readonly masks: Map<number, number>;
}

/** A stretch in which bits are flipped. */
interface Stretch {
  readonly target: Target;
  readonly slip: Slip | undefined;
  readonly from: number;
  readonly length: number;
}

/**
 * Flips bits in what all other edits made; different ones, unless there are fewer than are asked for.
 *
 * @throws {EditError} `no-record` if nothing is left of what is to be corrupted, `value`
 */
export function corrupt(
  { bits = 1, bytes }: CorruptEdit,
  number: number,
  hits: Hits,
  targets: readonly Target[],
  random: Random,
  log: ChangeLog,
): void {
  const stretches = [...stretchesOf(hits, targets, bytes)];
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) throw new EditError("no-record", "Cannot flip bits: no byte is left of what is to be corrupted");
  if (bits > BITS_LIMIT || bits > total * 8) {
    throw new EditError("value", `Cannot flip ${bits} bits: ${Math.min(BITS_LIMIT, total * 8)} are the most`);
  }
  const taken = new Set<number>();
  // Two choices: one alone has not enough digits for the bits of a long channel.
  while (taken.size < bits) taken.add(random.below(total) * 8 + random.below(8));
  const bytesOf = Map.groupBy([...taken].sort((a, b) => a - b), (bit) => Math.floor(bit / 8));
  // Stretches and bytes are both in order.
  let [next, before] = [0, 0];
  for (const [place, flipped] of bytesOf) {
    while (place - before >= (stretches[next]?.length ?? Infinity)) before += stretches[next++]?.length ?? 0;
    const stretch = stretches[next];
    if (stretch === undefined) break;
    const byte = place - before;
    const { target, from, slip } = stretch;
    const offset = from + byte;
    const was = (readBytes(target.source, offset, 1)[0] ?? 0) ^ (target.masks.get(offset) ?? 0);
    const numbers = flipped.map((bit) => bit % 8);
    const mask = numbers.reduce((all, bit) => all | 1 << bit, 0);
    target.masks.set(offset, (target.masks.get(offset) ?? 0) ^ mask);
    log.add({
      edit: number,
      action: "corrupt",
      channel: target.track.entry.label,
      offset,
      length: 1,
      ...(slip?.record === undefined ? {} : { kind: slip.record.kind }),
      ...(slip?.section === undefined ? {} : { section: slip.section.idstr }),
      field: `${numbers.length === 1 ? "bit" : "bits"} ${numbers.join(", ")}`,
      before: was,
      after: was ^ mask,
    });
  }
}

function* stretchesOf(hits: Hits, targets: readonly Target[], bytes: CorruptEdit["bytes"]): Generator<Stretch> {
  const within = (start: number, length: number): { from: number; length: number } => {
    const first = Math.min(length, bytes?.from ?? 0);
    return { from: start + first, length: Math.min(length, (bytes?.to ?? Infinity) + 1) - first };
  };
  for (const target of targets) {
    if (hits.tracks.includes(target.track)) {
      yield { target, slip: undefined, ...within(0, target.source.size) };
    }
  }
  for (const slip of hits.slips) {
    for (const target of targets) {
      const start = target.rendered.places.get(slip);
      if (start !== undefined) yield { target, slip, ...within(start, lengthOf(slip)) };
    }
  }
}

/** Puts what was flipped into the channels. */
export function flipBits(targets: readonly Target[]): void {
  for (const { source, masks } of targets) {
    const flips = Array.from(masks, ([offset, mask]) => ({ offset, mask })).filter(({ mask }) => mask !== 0);
    source.flip(flips.sort((a, b) => a.offset - b.offset));
  }
}
