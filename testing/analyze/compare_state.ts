/** A device's fields as `analyze-migration.py` and as migwire have them. @module */

import type { BodyNode, BodyScalar } from "../../src/wire/mod.ts";
import type { Analysed } from "./script.ts";

/** What a comparison comes to. */
export interface Compared {
  /** Values that were compared. */
  values: number;
  /** Where the two differ. */
  readonly differences: string[];
}

/** What stands before a subsection's fields, which the script has in the name alone. */
const SUBSECTION_HEADER = 3;

/**
 * Compares the fields of a structure by their names: each must be on both sides, with the same value from the same bytes.
 *
 * @param bytes The body that offsets of nodes count in.
 */
export function compareState(
  theirs: { readonly [name: string]: Analysed },
  ours: readonly BodyNode[],
  bytes: Uint8Array,
  path: string,
  compared: Compared,
): void {
  const groups = Map.groupBy(ours, ({ name }) => name);
  for (const name of new Set([...Object.keys(theirs), ...groups.keys()])) {
    const [value, nodes] = [theirs[name], groups.get(name)];
    const where = `${path}.${name}`;
    if (value === undefined) compared.differences.push(`${where}: the script does not have it`);
    else if (nodes === undefined) compared.differences.push(`${where}: only the script has it`);
    else if (isRow(value)) compareRow(value, nodes.flatMap(elements), bytes, where, compared);
    else compareOne(value, nodes, bytes, where, compared);
  }
}

function isRow(value: Analysed): value is readonly Analysed[] {
  return Array.isArray(value);
}

function isStructure(value: Analysed): value is { readonly [name: string]: Analysed } {
  return typeof value === "object" && !isRow(value);
}

/** An array of one element is that element to the script, and a row that it does not look into is bytes. */
function compareOne(
  theirs: Analysed,
  ours: readonly BodyNode[],
  bytes: Uint8Array,
  path: string,
  compared: Compared,
): void {
  const apart = ours.flatMap(elements);
  const [node, ...more] = apart.length === 1 ? apart : ours;
  if (node === undefined || more.length > 0) compared.differences.push(`${path}: migwire has ${ours.length} values`);
  else compareValue(theirs, node, bytes, path, compared);
}

function compareRow(
  theirs: readonly Analysed[],
  ours: readonly BodyNode[],
  bytes: Uint8Array,
  path: string,
  compared: Compared,
): void {
  if (theirs.length !== ours.length) {
    compared.differences.push(`${path}: the script has ${theirs.length} values, migwire ${ours.length}`);
    return;
  }
  theirs.forEach((value, i) => {
    const node = ours[i];
    if (node !== undefined) compareValue(value, node, bytes, `${path}[${i}]`, compared);
  });
}

function compareValue(theirs: Analysed, ours: BodyNode, bytes: Uint8Array, path: string, compared: Compared): void {
  if (isStructure(theirs)) {
    const fields = ours.type === "subsection" ? ours.children?.slice(SUBSECTION_HEADER) : ours.children;
    compareState(theirs, fields ?? [], bytes, path, compared);
    return;
  }
  compared.values++;
  const said = sayAs(theirs, ours, bytes.subarray(ours.offset, ours.offset + ours.length));
  if (said !== theirs) {
    compared.differences.push(`${path}: the script has ${JSON.stringify(theirs)}, migwire ${JSON.stringify(said)}`);
  }
}

/** Our value in the words of the script, which depend on the type that it takes the field for. */
function sayAs(theirs: Analysed, { type, value, children }: BodyNode, bytes: Uint8Array): Analysed {
  if (typeof theirs === "boolean") return typeof value === "boolean" ? value : `${String(value)} as ${type}`;
  if (type === "nullptr") return "nullptr";
  if (type === "capability") return String(value);
  // It does not look into lists and trees.
  const isNumber = typeof theirs === "string" && theirs.startsWith("0x") && children === undefined;
  if (!isNumber) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (typeof value !== "number" && typeof value !== "bigint") return `${String(value)} as ${type}`;
  const bits = BigInt.asUintN(8 * bytes.length, BigInt(value)).toString(16).padStart(2 * bytes.length, "0");
  // Of the types with `equal` QEMU compares unsigned numbers; the script shows signed ones, but for one type.
  const signed = type.endsWith(" equal") && type !== "uint32 equal"
    ? BigInt.asIntN(8 * bytes.length, BigInt(value))
    : BigInt(value);
  return signed < 0n ? `0x${bits} (${signed})` : `0x${bits}`;
}

/** The elements of an array, each as a node. */
function elements(node: BodyNode): readonly BodyNode[] {
  const { name, type, offset, length, value, children } = node;
  if (type === "array") return children ?? [];
  if (!Array.isArray(value)) return [node];
  const size = length / value.length;
  return value.map((one: BodyScalar, i) => ({ name, type, offset: offset + i * size, length: size, value: one }));
}
