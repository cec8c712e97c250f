import type { Found } from "./compare.ts";
import type { Both } from "./difference.ts";
import type { DiffSideName, RangeDifference } from "./model.ts";
import { pathText } from "./path.ts";
import { type BlockContents, differingRanges, type RamContents } from "./ram_contents.ts";
import type { Side } from "./side.ts";

/** Ranges that are kept. */
const RANGE_LIMIT = 1000;

/** Compares the contents of the blocks that both captures have. */
export function* compareRam(sides: Both<Side>, ram: Both<RamContents>): Generator<Found> {
  for (const [name, a] of ram.a.blocks) {
    const b = ram.b.blocks.get(name);
    if (b === undefined) continue;
    const path = ["ram", "blocks", name, "contents"];
    const unknown = unknownSide(sides, { a, b });
    if (unknown !== undefined) yield { kind: "not-compared", path, missing: unknown };
    else if (a.usedLength !== b.usedLength || a.sha256 !== b.sha256) yield blockDiffers(sides, { a, b }, path);
  }
}

/** The side of which the contents are not known: they are no part of the stream, or did not come to their end. */
function unknownSide(sides: Both<Side>, blocks: Both<BlockContents>): DiffSideName | undefined {
  for (const name of ["a", "b"] as const) {
    if (blocks[name].ignored) return name;
    const other = sides[name === "a" ? "b" : "a"];
    const isCut = !sides[name].report.complete && other.report.complete;
    if (isCut && blocks[name].pagesNeverSent > 0) return name;
  }
  return undefined;
}

function blockDiffers(sides: Both<Side>, { a, b }: Both<BlockContents>, path: readonly string[]): Found {
  const ranges: RangeDifference[] = [];
  let more = 0;
  for (const range of differingRanges(a, b)) {
    if (ranges.length < RANGE_LIMIT) ranges.push(range);
    else more++;
  }
  const place = (side: Side): object => {
    const found = side.gathered.blocks.get(path[2] ?? "")?.place;
    return found === undefined ? {} : { [side.name]: found };
  };
  return {
    path,
    name: pathText(path),
    kind: "changed",
    a: { bytes: a.usedLength, sha256: a.sha256 },
    b: { bytes: b.usedLength, sha256: b.sha256 },
    ranges,
    ...(more === 0 ? {} : { moreRanges: more }),
    where: { ...place(sides.a), ...place(sides.b) },
  };
}
