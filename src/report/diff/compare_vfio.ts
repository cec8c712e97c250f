import type { VfioConfig } from "../../wire/mod.ts";
import { compareNodes, type Found } from "./compare.ts";
import type { Both } from "./difference.ts";
import type { Extent, GatheredVfio, Placed } from "./gathered.ts";
import { type DiffNode, groupNode, plainNode, valueNode } from "./node.ts";
import type { Path } from "./path.ts";
import type { Side } from "./side.ts";
import { Span } from "./span.ts";

/** Bytes of the version in front of a config space, of a pin's state, and of an entry of the MSI-X table. */
const [VERSION_BYTES, PIN_BYTES, MSIX_ENTRY_BYTES] = [4, 4, 16];

/** A VFIO device of one side. */
interface VfioOf {
  readonly side: Side;
  readonly device: GatheredVfio;
}

/**
 * Compares a VFIO device that both sides have: how its state travels, the state as a destination loads it, buffer by
 * buffer where that is not the same, and the config.
 */
export function* compareVfio({ a, b }: Both<VfioOf>, path: Path): Generator<Found> {
  const modes = { a: modeOf(a), b: modeOf(b) };
  const countable = modes.a === modes.b;
  yield* compareNodes({ a: factsNode(a, modes.a, countable), b: factsNode(b, modes.b, countable) }, path);
  const spans = { a: stateOf(a.device), b: stateOf(b.device) };
  const unreadable = [a, b].find(({ side }) => !spans[side.name].readable);
  const cut = a.side.report.complete === b.side.report.complete ? undefined : a.side.report.complete ? b : a;
  const obstacle = unreadable ?? cut;
  if (obstacle !== undefined) yield { kind: "not-compared", path: [...path, "state"], missing: obstacle.side.name };
  if (unreadable === undefined) {
    const [...found] = cut === undefined
      ? compareNodes({ a: spanNode("state", spans.a), b: spanNode("state", spans.b) }, [...path, "state"])
      : [];
    yield* found;
    // How the same bytes are cut is a matter of how they travel.
    if (found.length > 0 || cut !== undefined) yield* compareBuffers({ a, b }, modes, [...path, "buffers"]);
  }
}

function modeOf({ side, device: { idstr, instanceId } }: VfioOf): string {
  const known = side.report.devices.find((other) => other.idstr === idstr && other.instanceId === instanceId);
  return known?.mode ?? "unknown";
}

/** `countable`: both sides have pieces of the same sort. */
function factsNode({ side, device }: VfioOf, mode: string, countable: boolean): DiffNode {
  const { place, tags, config, buffers, stopCopy } = device;
  const parts = [
    ...(mode === "unknown" ? [] : [valueNode("mode", mode, place)]),
    ...[...tags].map(([tag, at]) => valueNode(tag, true, at)),
    // How many there are is known at the end.
    ...(countable && side.report.complete ? [valueNode("buffer-count", buffers.size || stopCopy.length, place)] : []),
    ...(config === undefined ? [] : [configNode(config)]),
  ];
  return { ...groupNode("facts", parts, place), partial: !side.report.complete };
}

/** The state in the order in which it is loaded. */
function stateOf({ precopy, stopCopy, buffers }: GatheredVfio): Span {
  return new Span([...precopy, ...stopCopy, ...sorted(buffers).map(([, extent]) => extent)]);
}

function sorted(buffers: ReadonlyMap<number, Extent>): [number, Extent][] {
  return [...buffers].sort(([a], [b]) => a - b);
}

/** Buffer by buffer, where both sides cut the state in the same places; else that it is cut elsewhere is all to say. */
function* compareBuffers({ a, b }: Both<VfioOf>, modes: Both<string>, path: Path): Generator<Found> {
  if (modes.a !== modes.b) return;
  const [left, right] = [numbered(a.device), numbered(b.device)];
  const others = new Map(right);
  const common = left.filter(([index]) => others.has(index)).slice(0, -1);
  if (common.some(([index, { length }]) => others.get(index)?.length !== length)) return;
  yield* compareNodes({ a: buffersNode(a.side, left), b: buffersNode(b.side, right) }, path);
}

function numbered({ buffers, stopCopy }: GatheredVfio): [number, Extent][] {
  return buffers.size > 0 ? sorted(buffers) : stopCopy.map((extent, i) => [i, extent]);
}

function buffersNode(side: Side, buffers: readonly [number, Extent][]): DiffNode {
  const parts = buffers.map(([index, extent]) => spanNode(index, new Span([extent])));
  return { ...groupNode("buffers", parts), partial: !side.report.complete };
}

function spanNode(step: string | number, span: Span): DiffNode {
  return { step, place: span.place(0), leaf: { kind: "bytes", span } };
}

function configNode({ value: config, place }: Placed<VfioConfig>): DiffNode {
  const { pciVersion, configSpace, intxA, intxB, intxC, intxD, msixTable, msixPending, display } = config;
  const at = (offset: number): typeof place => ({ channel: place.channel, offset: place.offset + offset });
  const pins = VERSION_BYTES + configSpace.length;
  const table = pins + 4 * PIN_BYTES;
  const pending = table + msixTable.length * MSIX_ENTRY_BYTES;
  return groupNode("config", [
    valueNode("version", pciVersion, place),
    { step: "space", place: at(VERSION_BYTES), leaf: { kind: "pci-config", bytes: configSpace } },
    ...[intxA, intxB, intxC, intxD].map((state, i) => valueNode(`intx-${"abcd"[i]}`, state, at(pins + i * PIN_BYTES))),
    groupNode("msix-table", msixTable.map((entry, i) => plainNode(i, entry, at(table + i * MSIX_ENTRY_BYTES)))),
    spanNode("msix-pending", new Span([{ bytes: msixPending, place: at(pending) }])),
    ...(display === undefined ? [] : [plainNode("display", display, at(pending + msixPending.length))]),
  ], place);
}
