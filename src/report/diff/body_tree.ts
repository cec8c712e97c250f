import { annotateDeviceBody, type BodyNode } from "../../wire/mod.ts";
import type { DiffPlace } from "./model.ts";
import type { DiffLeaf, DiffNode } from "./node.ts";
import { Span } from "./span.ts";

/** Before the fields of a subsection: its mark and its name, which are its step in the path. */
const SUBSECTION_HEAD = 2;

/**
 * The fields of a device, as nodes to be compared.
 *
 * @param nodes The fields.
 * @param base Where the body begins.
 */
export function bodyTree(nodes: readonly BodyNode[], base: DiffPlace): DiffNode[] {
  return nodes.map((node) => {
    const { name, type, offset, children } = node;
    const index = /^\[(\d+)\]$/.exec(name)?.[1];
    const step = index === undefined ? name : Number(index);
    const place = { channel: base.channel, offset: base.offset + offset };
    if (children === undefined) return { step, place, leaf: leafOf(node, place) };
    const inside = type === "subsection" ? children.slice(SUBSECTION_HEAD) : children;
    return { step, place, parts: () => bodyTree(inside, base) };
  });
}

function leafOf(node: BodyNode, place: DiffPlace): DiffLeaf {
  const { type, length, value = null } = node;
  if (value instanceof Uint8Array) {
    return type === "pci config"
      ? { kind: "pci-config", bytes: value }
      : { kind: "bytes", span: new Span([{ bytes: value, place }]), type };
  }
  if (isRow(value)) {
    return { kind: "row", values: value, type, itemBytes: value.length === 0 ? 0 : length / value.length };
  }
  return { kind: "value", value, type, bytes: length, meaning: () => meaningOf(node) };
}

function isRow(value: BodyNode["value"] | null): value is readonly (number | bigint | boolean)[] {
  return Array.isArray(value);
}

function meaningOf(node: BodyNode): string | undefined {
  return annotateDeviceBody({ length: node.length, children: [node], findings: [] })[0]?.meaning;
}
