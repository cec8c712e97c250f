import { type DiffNode, groupNode, plainNode } from "./node.ts";
import type { Side } from "./side.ts";

/** How a migration travelled: numbers, order and times, which differ between any two. */
export function trafficTree({ report }: Side): DiffNode {
  const { channels, main, devices, returnPaths, switchover } = report;
  const place = (channel: string, offset: number): { channel: string; offset: number } => ({ channel, offset });
  const instances = <T extends { readonly idstr: string; readonly instanceId: number }>(
    list: readonly T[],
    facts: (item: T, index: number) => object,
  ): DiffNode[] => list.map((item, i) => ({ ...plainNode(item.idstr, facts(item, i)), instance: item.instanceId }));
  return groupNode("traffic", [
    groupNode(
      "channels",
      channels.map(({ label, connection, direction, bytes, records, syncs }) =>
        plainNode(label, { connection, direction, bytes, records, syncs }, place(label, 0))
      ),
    ),
    groupNode("ram", (main?.ramBlocks ?? []).map(({ name, pages }, order) => plainNode(name, { order, pages }))),
    groupNode(
      "sections",
      instances(main?.sections ?? [], ({ sectionId, counts, bytes }, order) => ({ order, sectionId, counts, bytes })),
    ),
    groupNode(
      "commands",
      (main?.commands ?? []).map((command, i) => plainNode(i, command, place("main", command.offset))),
    ),
    groupNode(
      "devices",
      instances(devices, ({ precopyBytes, precopyRecords, stopCopyBytes, multifd = {} }) => ({
        precopyBytes,
        precopyRecords,
        stopCopyBytes,
        ...multifd,
      })),
    ),
    groupNode("return-paths", returnPaths.map(({ label, messages, shut }) => plainNode(label, { messages, shut }))),
    plainNode("switchover", switchover ?? {}),
  ]);
}
