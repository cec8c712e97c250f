/**
 * Compares trees. Whoever compares them the other way round finds the same differences, with A and B exchanged.
 *
 * @module
 */

import type { BodyScalar } from "../../wire/mod.ts";
import { compareSpans } from "./compare_spans.ts";
import { type Both, changedNodes, changedSpans, onlyNode } from "./difference.ts";
import type { Difference, DiffSideName } from "./model.ts";
import type { DiffLeaf, DiffNode } from "./node.ts";
import type { Path, PathStep } from "./path.ts";
import { comparePciConfigs } from "./pci_tree.ts";

/** What only one side has, while the other could not be read far enough to have it. */
export interface Incomparable {
  /** Tells it from a difference. */
  readonly kind: "not-compared";
  /** Where it is. */
  readonly path: Path;
  /** The side that could not be read. */
  readonly missing: DiffSideName;
}

/** What comparing finds. */
export type Found = Difference | Incomparable;

type LeafOf<K extends DiffLeaf["kind"]> = Extract<DiffLeaf, { readonly kind: K }>;

/**
 * Compares two nodes.
 *
 * @param path Where both are, their own step included.
 * @throws {CaptureError} If bytes that are compared cannot be had.
 */
export function* compareNodes(nodes: Both<DiffNode>, path: Path): Generator<Found> {
  const { a, b } = nodes;
  if (a.parts !== undefined && b.parts !== undefined) {
    yield* compareParts(nodes, { a: a.parts(), b: b.parts() }, path);
    return;
  }
  const [left, right] = [a.leaf, b.leaf];
  if (left?.kind === "row" && right?.kind === "row") yield* compareRows(nodes, { a: left, b: right }, path);
  else if (left?.kind === "bytes" && right?.kind === "bytes") {
    const found = compareSpans(left.span, right.span);
    if (found === undefined) return;
    yield changedSpans({ a: left.span, b: right.span }, found, { a: left.type, b: right.type }, path);
  } else if (left?.kind === "pci-config" && right?.kind === "pci-config") {
    const { registers, rest, difference } = comparePciConfigs(nodes, { a: left.bytes, b: right.bytes });
    yield* compareNodes(registers, path);
    if (difference !== undefined) {
      yield changedSpans(rest, difference, { a: undefined, b: undefined }, [...path, "bytes"]);
    }
  } else if (!sameLeaf(left, right)) yield changedNodes(nodes, path);
}

function* compareParts(groups: Both<DiffNode>, parts: Both<readonly DiffNode[]>, path: Path): Generator<Found> {
  const left = byStep(parts.a);
  const right = byStep(parts.b);
  for (const [key, { steps, node }] of left) {
    yield* comparePair(groups, { a: node, b: right.get(key)?.node }, [...path, ...steps]);
  }
  for (const [key, { steps, node }] of right) {
    if (!left.has(key)) yield* comparePair(groups, { a: undefined, b: node }, [...path, ...steps]);
  }
}

function* comparePair(groups: Both<DiffNode>, { a, b }: Both<DiffNode | undefined>, path: Path): Generator<Found> {
  if (a !== undefined && b !== undefined) yield* compareNodes({ a, b }, path);
  else if (a !== undefined) yield missing("b", groups, a, path);
  else if (b !== undefined) yield missing("a", groups, b, path);
}

/** `node`, which the side `from` does not have in its group. */
function missing(from: DiffSideName, groups: Both<DiffNode>, node: DiffNode, path: Path): Found {
  if (groups[from].partial === true) return { kind: "not-compared", path, missing: from };
  return onlyNode(from === "a" ? "b" : "a", node, path);
}

/**
 * Nodes by their step; a second one of the same step is `step#2`, and goes with the second one of the other side. A name
 * that looks like that does not take its place.
 */
function byStep(nodes: readonly DiffNode[]): Map<PathStep, { readonly steps: Path; readonly node: DiffNode }> {
  const times = new Map<PathStep, number>();
  const found = new Map<PathStep, { steps: Path; node: DiffNode }>();
  for (const node of nodes) {
    const { step, instance } = node;
    const keyOf = (last: PathStep): PathStep => instance === undefined ? last : `${instance} ${last}`;
    let number = (times.get(keyOf(step)) ?? 0) + 1;
    let last = number === 1 ? step : `${step}#${number}`;
    while (found.has(keyOf(last))) last = `${step}#${++number}`;
    times.set(keyOf(step), number);
    found.set(keyOf(last), { steps: instance === undefined ? [last] : [last, instance], node });
  }
  return found;
}

function* compareRows(nodes: Both<DiffNode>, { a, b }: Both<LeafOf<"row">>, path: Path): Generator<Found> {
  const sameSize = a.itemBytes === b.itemBytes;
  for (let i = 0; i < Math.max(a.values.length, b.values.length); i++) {
    // Most numbers are the same: no node is made for them.
    if (sameSize && a.values[i] === b.values[i]) continue;
    yield* comparePair(nodes, { a: itemNode(nodes.a, a, i), b: itemNode(nodes.b, b, i) }, [...path, i]);
  }
}

function itemNode(
  { place }: DiffNode,
  { values, type, itemBytes }: LeafOf<"row">,
  index: number,
): DiffNode | undefined {
  const value = values[index];
  if (value === undefined) return undefined;
  const at = place && { channel: place.channel, offset: place.offset + index * itemBytes };
  return { step: index, place: at, leaf: { kind: "value", value, type, bytes: itemBytes } };
}

function sameLeaf(a: DiffLeaf | undefined, b: DiffLeaf | undefined): boolean {
  if (a?.kind !== "value" || b?.kind !== "value") return false;
  return sameScalar(a.value, b.value) && (a.bytes ?? 0) === (b.bytes ?? 0);
}

/** A number is the same number in four bytes and in eight, and `true` is the byte 1. */
function sameScalar(a: BodyScalar | string | null, b: BodyScalar | string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a === "string" || typeof b === "string") return false;
  return BigInt(a) === BigInt(b);
}
