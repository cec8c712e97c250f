import { type DiffNode, groupNode, plainNode, valueNode } from "./node.ts";
import type { GatheredBitmap } from "./gathered.ts";
import type { Side } from "./side.ts";
import { Span } from "./span.ts";

/** Section of the dirty bitmaps, and of the clock of s390: QEMU codes both by hand. */
const [DIRTY_BITMAP, TODCLOCK] = ["dirty-bitmap", "todclock"];

/** What sections say that neither vmstate describes nor VFIO owns, as devices. */
export function otherDevices({ gathered, partial }: Side): DiffNode {
  const nodes = new Map<string, GatheredBitmap[]>();
  for (const bitmap of gathered.bitmaps.values()) {
    const list = nodes.get(bitmap.node);
    if (list === undefined) nodes.set(bitmap.node, [bitmap]);
    else list.push(bitmap);
  }
  const bitmaps = [...nodes].map(([node, list]) => ({ ...groupNode(node, list.map(bitmapNode)), partial }));
  const parts: DiffNode[] = [
    ...(bitmaps.length === 0 ? [] : [{ ...groupNode(DIRTY_BITMAP, bitmaps), instance: 0, partial }]),
  ];
  if (gathered.todClock !== undefined) {
    const { value: { kind: _kind, offset: _offset, length: _length, ...fields }, place } = gathered.todClock;
    parts.push({ ...plainNode(TODCLOCK, fields, place), instance: 0 });
  }
  // Whether there is such a section is told with the others.
  return { ...groupNode("devices", parts), partial: true };
}

function bitmapNode({ bitmap, start, bits }: GatheredBitmap): DiffNode {
  const { granularity, bitmapFlags } = start?.value ?? {};
  const pieces = [...bits].sort(([a], [b]) => a < b ? -1 : 1).map(([sector, { sectors, place, extent }]) => {
    // Not sent, since there is no bit in it.
    if (extent === undefined) return valueNode(`sector ${sector}`, `${sectors} sectors, no bit set`, place);
    const span = new Span([extent]);
    return { step: `sector ${sector}`, place: span.place(0), leaf: { kind: "bytes", span } } as const;
  });
  return groupNode(bitmap, [
    ...(granularity === undefined ? [] : [valueNode("granularity", granularity, start?.place)]),
    ...(bitmapFlags === undefined ? [] : [valueNode("flags", bitmapFlags, start?.place)]),
    groupNode("bits", pieces),
  ]);
}
