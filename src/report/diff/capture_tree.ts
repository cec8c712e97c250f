import { commandName, formatUuid } from "../../wire/mod.ts";
import type { GatheredCommand } from "./gathered.ts";
import type { DiffPlace } from "./model.ts";
import { type DiffNode, groupNode, plainNode, valueNode } from "./node.ts";
import type { Side } from "./side.ts";

/** What a capture says beside the contents of RAM and devices. */
export function captureTree(side: Side): DiffNode {
  const parts = [
    configuration(side),
    capabilities(side),
    stream(side),
    ram(side),
    multifd(side),
    commands(side),
    sections(side),
  ];
  return groupNode("", parts);
}

/** A group of things that may be missing only because the channel was not read to its end. */
function open({ partial }: Side, step: string, parts: readonly DiffNode[]): DiffNode {
  return { ...groupNode(step, parts), partial };
}

/** A leaf, where there is something to say. */
function known(step: string, value: number | string | boolean | null | undefined, place?: DiffPlace): DiffNode[] {
  return value === undefined || value === null ? [] : [valueNode(step, value, place)];
}

function configuration(side: Side): DiffNode {
  const { value, place } = side.gathered.configuration ?? {};
  const subsections = value?.subsections ?? [];
  const [bits] = subsections.flatMap(({ targetPageBits }) => targetPageBits ?? []);
  const [uuid] = subsections.flatMap((subsection) => subsection.uuid ?? []);
  return open(side, "configuration", [
    ...known("machine", value?.machine, place),
    ...known("target-page-bits", bits, place),
    ...known("uuid", uuid && formatUuid(uuid), place),
  ]);
}

function capabilities(side: Side): DiffNode {
  const names = new Set(side.report.main?.capabilities);
  const { place } = side.gathered.configuration ?? {};
  return open(side, "capabilities", [...names].map((name) => valueNode(name, true, place)));
}

function stream(side: Side): DiffNode {
  const { main } = side.report;
  const end = side.partial ? [] : [
    ...known("postcopy", main?.postcopy),
    ...known("vm-description", side.gathered.description !== undefined, side.gathered.description),
  ];
  return open(side, "stream", [
    // Also of a capture that cannot be read at all: it is not the same as one that can.
    valueNode("ending", main?.ending ?? null),
    ...known("page-size", main?.pageSize),
    ...known("footers", main?.footers),
    ...end,
  ]);
}

function ram(side: Side): DiffNode {
  const blocks = [...side.gathered.blocks].map(([name, { value, place }]) =>
    groupNode(
      name,
      [
        ...known("usedLength", value.usedLength, place),
        ...known("hostPageSize", value.hostPageSize, place),
        ...known("address", value.address, place),
      ],
      place,
    )
  );
  return groupNode("ram", [open(side, "blocks", blocks)]);
}

function multifd(side: Side): DiffNode {
  const { channels } = side.report;
  const { value, place } = side.gathered.multifd ?? {};
  const own = channels.filter(({ role }) => role === "multifd");
  const compression = [...new Set(own.flatMap((channel) => channel.compression ?? []))].sort();
  const uuid = value?.uuid.some((byte) => byte !== 0) ? formatUuid(value.uuid) : undefined;
  return {
    ...groupNode("multifd", [
      ...(own.length === 0 ? [] : known("channels", own.length, place)),
      ...(compression.length === 0 ? [] : known("compression", compression.join(", "), place)),
      ...known("version", value?.version, place),
      ...known("uuid", uuid, place),
    ]),
    // What is encrypted may be one, and one that is cut may have had packets.
    partial: side.partial || !side.report.complete,
  };
}

function commands(side: Side): DiffNode {
  return open(side, "commands", [...side.gathered.commands.values()].map(commandNode));
}

/** How often a command came, and what POSTCOPY_RAM_DISCARD throws away, is a matter of time. */
function commandNode({ command, first: { value, place }, pings }: GatheredCommand): DiffNode {
  const values = [...pings].sort((a, b) => a - b).join(", ");
  const { hostPageSizes, targetPageSize, rawPayload } = value;
  return groupNode(
    commandName(command),
    [
      ...(values === "" ? [] : known("values", values, place)),
      ...(hostPageSizes === undefined ? [] : [valueNode("hostPageSizes", hostPageSizes, place)]),
      ...known("targetPageSize", targetPageSize, place),
      ...(rawPayload === undefined ? [] : [plainNode("payload", rawPayload, place)]),
    ],
    place,
  );
}

function sections(side: Side): DiffNode {
  const list = [...side.gathered.sections.values()].map(({ idstr, instanceId, versionId, place }): DiffNode => ({
    ...groupNode(idstr, [valueNode("version", versionId, place)], place),
    instance: instanceId,
  }));
  return open(side, "sections", list);
}
