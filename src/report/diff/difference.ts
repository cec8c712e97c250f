import type { SpanDifference } from "./compare_spans.ts";
import type { Difference, DiffPlace } from "./model.ts";
import type { DiffNode } from "./node.ts";
import { type Path, pathText } from "./path.ts";
import type { Span } from "./span.ts";
import { nodeMeaning, nodeType, nodeValue } from "./values.ts";

/** Something of both captures. */
export interface Both<T> {
  /** Of A. */
  readonly a: T;
  /** Of B. */
  readonly b: T;
}

/** Two nodes that are not the same. */
export function changedNodes({ a, b }: Both<DiffNode>, path: Path): Difference {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  const resized = left !== undefined && right !== undefined && left !== right;
  return {
    path,
    name: pathText(path),
    kind: "changed",
    a: nodeValue(a),
    b: nodeValue(b),
    ...known("meaning", nodeMeaning(a), nodeMeaning(b)),
    ...known("type", nodeType(a), nodeType(b)),
    ...(resized ? { size: { a: left, b: right } } : {}),
    where: sides(a.place, b.place),
  };
}

/** A node that only one side has. */
export function onlyNode(side: "a" | "b", node: DiffNode, path: Path): Difference {
  const of = <T>(value: T | undefined): [T | undefined, T | undefined] =>
    side === "a" ? [value, undefined] : [undefined, value];
  return {
    path,
    name: pathText(path),
    kind: side === "a" ? "removed" : "added",
    ...sides(...of(nodeValue(node))),
    ...known("meaning", ...of(nodeMeaning(node))),
    ...known("type", ...of(nodeType(node))),
    where: sides(...of(node.place)),
  };
}

/** Bytes that are not the same. */
export function changedSpans(
  spans: Both<Span>,
  found: SpanDifference,
  types: Both<string | undefined>,
  path: Path,
): Difference {
  const first = found.ranges[0]?.offset ?? 0;
  const at = (span: Span): DiffPlace | undefined => span.place(Math.min(first, span.length));
  return {
    path,
    name: pathText(path),
    kind: "changed",
    a: found.a,
    b: found.b,
    ...known("type", types.a, types.b),
    ranges: found.ranges,
    ...(found.moreRanges === 0 ? {} : { moreRanges: found.moreRanges }),
    where: sides(at(spans.a), at(spans.b)),
  };
}

function bytesOf({ leaf }: DiffNode): number | undefined {
  return leaf?.kind === "value" ? leaf.bytes : undefined;
}

/** A field of a difference that is left out where neither side has something to say. */
function known<K extends string>(
  name: K,
  a: string | undefined,
  b: string | undefined,
): { readonly [key in K]?: { readonly a?: string; readonly b?: string } } {
  return a === undefined && b === undefined
    ? {}
    : { [name]: sides(a, b) } as { readonly [key in K]?: { readonly a?: string; readonly b?: string } };
}

function sides<T>(a: T | undefined, b: T | undefined): { readonly a?: T; readonly b?: T } {
  return { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) };
}
