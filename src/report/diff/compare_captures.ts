import { captureTree } from "./capture_tree.ts";
import { compareBodies } from "./compare_body.ts";
import { compareNodes, type Found } from "./compare.ts";
import { compareVfio } from "./compare_vfio.ts";
import type { Both } from "./difference.ts";
import { type DiffNode, groupNode, valueNode } from "./node.ts";
import { otherDevices } from "./other_trees.ts";
import type { Side } from "./side.ts";
import { trafficTree } from "./traffic_tree.ts";

/**
 * What differs of two captures beside the contents of RAM. Holds the state of one device at a time.
 *
 * @param traffic Compares how they travelled, too.
 */
export function* compareCaptures(sides: Both<Side>, traffic: boolean): Generator<Found> {
  const { a, b } = sides;
  yield* compareNodes({ a: captureTree(a), b: captureTree(b) }, []);
  for (const [key, section] of a.gathered.sections) {
    const other = b.gathered.sections.get(key);
    if (other === undefined) continue;
    const path = ["devices", section.idstr, section.instanceId];
    yield* compareBodies(sides, { a: section, b: other }, path);
  }
  for (const [key, device] of a.gathered.vfio) {
    const other = b.gathered.vfio.get(key);
    if (other === undefined) continue;
    yield* compareVfio({ a: { side: a, device }, b: { side: b, device: other } }, [
      "devices",
      device.idstr,
      device.instanceId,
    ]);
  }
  yield* compareNodes({ a: strayDevices(a, b), b: strayDevices(b, a) }, ["devices"]);
  yield* compareNodes({ a: otherDevices(a), b: otherDevices(b) }, ["devices"]);
  if (traffic) yield* compareNodes({ a: trafficTree(a), b: trafficTree(b) }, ["traffic"]);
}

/** Devices that have packets and no section, and that the other side knows nothing of; of others the sections tell. */
function strayDevices({ gathered: { vfio, sections }, report: { complete } }: Side, other: Side): DiffNode {
  const stray = [...vfio].filter(([key]) => !sections.has(key) && !other.gathered.vfio.has(key));
  const nodes = stray.map(([, { idstr, instanceId, buffers, place }]) => ({
    ...groupNode(idstr, [valueNode("buffer-count", buffers.size, place)], place),
    instance: instanceId,
  }));
  return { ...groupNode("devices", nodes), partial: !complete };
}
