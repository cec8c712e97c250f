import type { DiffNode } from "./node.ts";
import { describeSpan } from "./compare_spans.ts";
import type { DiffValue } from "./model.ts";
import { Span } from "./span.ts";
import type { BodyScalar } from "../../wire/mod.ts";

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** A number as JSON can have it without loss. */
export function scalarValue(value: BodyScalar | string | null): DiffValue {
  if (typeof value !== "bigint") return value;
  if (value <= LARGEST && value >= -LARGEST) return Number(value);
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** What a node says, in short. Reads the bytes of a leaf that has some. */
export function nodeValue(node: DiffNode): DiffValue {
  const { leaf } = node;
  switch (leaf?.kind) {
    case undefined:
      return { fields: countLeaves(node) };
    case "value":
      return scalarValue(leaf.value);
    case "row":
      return { fields: leaf.values.length };
    case "bytes":
      return describeSpan(leaf.span);
    case "pci-config":
      return describeSpan(new Span([{ bytes: leaf.bytes, place: node.place ?? { channel: "", offset: 0 } }]));
  }
}

/** What the value of a node means, for people. */
export function nodeMeaning({ leaf }: DiffNode): string | undefined {
  return leaf?.kind === "value" ? leaf.meaning?.() : undefined;
}

/** QEMU's name of a node's encoding. */
export function nodeType({ leaf }: DiffNode): string | undefined {
  return leaf?.kind === "pci-config" ? "pci config" : leaf?.type;
}

function countLeaves({ leaf, parts }: DiffNode): number {
  if (leaf?.kind === "row") return leaf.values.length;
  return parts === undefined ? 1 : parts().reduce((sum, part) => sum + countLeaves(part), 0);
}
