import { builtInDescriptions, decodeDeviceBody, type DeviceBody, type DeviceDescription } from "../../wire/mod.ts";
import { bodyTree } from "./body_tree.ts";
import { compareNodes, type Found } from "./compare.ts";
import type { Both } from "./difference.ts";
import { sectionKey } from "./gather.ts";
import type { GatheredBody, GatheredSection } from "./gathered.ts";
import { type DiffNode, groupNode } from "./node.ts";
import type { Path } from "./path.ts";
import type { Side } from "./side.ts";
import { readExactly, Span } from "./span.ts";

/** Longest body that is taken apart, bytes; real ones have up to some 100 KiB. */
const BODY_LIMIT = 4 * 1024 * 1024;

/** A body of a section of one side. */
interface BodyOf {
  readonly side: Side;
  readonly section: GatheredSection;
  readonly body: GatheredBody;
}

/** Compares the bodies of a section that both sides have, field by field where a description tells the fields. */
export function* compareBodies(sides: Both<Side>, sections: Both<GatheredSection>, path: Path): Generator<Found> {
  const count = Math.max(sections.a.bodies.length, sections.b.bodies.length);
  for (let i = 0; i < count; i++) {
    const [left, right] = [sections.a.bodies[i], sections.b.bodies[i]];
    const inner = i === 0 ? path : [...path, `#${i + 1}`];
    if (left !== undefined && right !== undefined) {
      const a = { side: sides.a, section: sections.a, body: left };
      const b = { side: sides.b, section: sections.b, body: right };
      yield* compareBody({ a, b }, inner);
    } else {
      const [own, other] = left === undefined ? [sides.b, sides.a] : [sides.a, sides.b];
      const body = left ?? right;
      if (body === undefined) continue;
      const node = { ...groupNode("bodies", [bytesNode(body)]), partial: own.partial };
      const none = { ...groupNode("bodies", []), partial: other.partial };
      yield* compareNodes(left === undefined ? { a: none, b: node } : { a: node, b: none }, inner);
    }
  }
}

function* compareBody(bodies: Both<BodyOf>, path: Path): Generator<Found> {
  for (const { side, body } of [bodies.a, bodies.b]) {
    if (body.channel.channel.source !== undefined) continue;
    yield { kind: "not-compared", path, missing: side.name };
    return;
  }
  const trees = fieldTrees(bodies);
  if (trees !== undefined) yield* compareNodes(trees, path);
  else yield* compareNodes({ a: bytesNode(bodies.a.body), b: bytesNode(bodies.b.body) }, [...path, "bytes"]);
}

/** The fields of both; undefined if those of one are not known. */
function fieldTrees({ a, b }: Both<BodyOf>): Both<DiffNode> | undefined {
  if (Math.max(a.body.range.length, b.body.range.length) > BODY_LIMIT) return undefined;
  const [left, right] = [candidatesOf(a), candidatesOf(b)];
  // What the stream describes is nearer to it than what migwire brings itself: both are read by the same, if it fits.
  const one = decode(a, a.body.extent === "built-in" ? [...described(b, right), ...left] : left, right);
  const other = decode(b, b.body.extent === "built-in" ? [...described(a, left), ...right] : right, left);
  if (one === undefined || other === undefined) return undefined;
  return { a: fieldsNode(a, one), b: fieldsNode(b, other) };
}

function fieldsNode({ body: { channel, range } }: BodyOf, { children }: DeviceBody): DiffNode {
  const base = { channel: channel.label, offset: range.offset };
  return { step: "fields", place: base, parts: () => bodyTree(children, base) };
}

function bytesNode({ channel, range }: GatheredBody): DiffNode {
  const span = new Span([{ channel, ...range }]);
  return { step: "bytes", place: span.place(0), leaf: { kind: "bytes", span } };
}

/** Descriptions that a body may have. */
function candidatesOf({ side, section, body }: BodyOf): readonly DeviceDescription[] {
  const { idstr, instanceId, versionId } = section;
  if (body.extent === "guessed") return [];
  if (body.extent === "built-in") return builtInDescriptions(idstr, versionId);
  const described = side.descriptions.get(sectionKey(idstr, instanceId))?.[body.ordinal];
  return described === undefined ? [] : [described];
}

function described({ body }: BodyOf, descriptions: readonly DeviceDescription[]): readonly DeviceDescription[] {
  return body.extent === "described" ? descriptions : [];
}

/** Takes a body apart by its own description; where there is none, by that of the other side if it fits well. */
function decode(
  { body: { channel, range } }: BodyOf,
  own: readonly DeviceDescription[],
  others: readonly DeviceDescription[],
): DeviceBody | undefined {
  if (own.length === 0 && others.length === 0) return undefined;
  const bytes = readExactly(channel, range.offset, range.length);
  for (const description of own) {
    const body = decodeDeviceBody(bytes, description);
    if (own.length === 1 || body.findings.length === 0) return body;
  }
  return others.map((description) => decodeDeviceBody(bytes, description)).find(({ findings }) =>
    findings.length === 0
  );
}
