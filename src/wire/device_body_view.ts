import { decodeText } from "../bytes/mod.ts";
import type { BodyNode, BodyScalar, BodyValue, DeviceBody } from "./body_node.ts";
import type { Annotation } from "./decoder.ts";
import { showValue, upToNul } from "./fields.ts";

/** Numbers of a row that are shown. */
const SHOWN = 8;

/**
 * The fields of a device's body, each with its bytes' place, for people. A group is a heading of no bytes before its
 * fields.
 *
 * @param body The tree of a body.
 * @param base Channel offset of the body's first byte.
 * @returns The fields, in the order of the stream.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { annotateDeviceBody, builtInDescriptions, decodeDeviceBody } from "@migwire/migwire/wire";
 *
 * const [timer] = builtInDescriptions("timer", 2);
 * const body = decodeDeviceBody(new Uint8Array(24), timer ?? { fields: [], subsections: [] });
 * assertEquals(annotateDeviceBody(body, 0x100).map(({ offset }) => offset), [0x100, 0x108, 0x110]);
 * ```
 */
export function annotateDeviceBody(body: DeviceBody, base = 0): Annotation[] {
  const annotations: Annotation[] = [];
  const visit = (node: BodyNode, outer: string): void => {
    const path = outer === "" ? node.name : node.name.startsWith("[") ? outer + node.name : `${outer}.${node.name}`;
    const at = { offset: base + node.offset, field: path };
    if (node.children !== undefined) {
      annotations.push({ ...at, length: 0, value: heading(node) });
      for (const child of node.children) visit(child, path);
    } else if (node.value !== undefined) {
      const meaning = meaningOf(node.type, node.value);
      const value = show(node.value);
      annotations.push({ ...at, length: node.length, value, ...(meaning === undefined ? {} : { meaning }) });
    }
  };
  for (const child of body.children) visit(child, "");
  return annotations;
}

function heading(node: BodyNode): string {
  const version = node.version === undefined ? "" : ` version ${node.version}`;
  const vmsd = node.vmsdName === undefined || node.vmsdName === node.name ? "" : ` ${node.vmsdName}`;
  return `${node.type}${vmsd}${version}`;
}

function isRow(value: BodyValue): value is readonly BodyScalar[] {
  return Array.isArray(value);
}

function show(value: BodyValue): string {
  if (!isRow(value)) return showValue(value);
  const shown = value.slice(0, SHOWN).map(showValue).join(", ");
  return value.length > SHOWN ? `${shown}, … (${value.length} numbers)` : shown;
}

function meaningOf(type: string, value: BodyValue): string | undefined {
  if (type === "timer" && typeof value === "bigint") {
    return value === 0xffff_ffff_ffff_ffffn ? "not armed" : `fires at ${Number(value) / 1e9} s`;
  }
  if (type === "nullptr") return "NULL pointer";
  if (type === "ptr-marker") return value === 0x30 ? "NULL pointer" : "an element follows";
  if ((type === "float64" || type === "CPU_Double_U") && typeof value === "bigint") {
    return String(new Float64Array(BigUint64Array.of(value).buffer)[0]);
  }
  if (type === "bitmap" && isRow(value)) return `bits ${bitsOf(value)}`;
  if (type === "unused_buffer") return "unused";
  if (value instanceof Uint8Array) return type === "buffer" ? textIn(value) : "not described further";
  return undefined;
}

/** The numbers of the bits that are set: bit i is bit i mod 64 of word i / 64. */
function bitsOf(words: readonly BodyScalar[]): string {
  const bits: number[] = [];
  for (const [i, word] of words.entries()) {
    for (let bit = 0; bit < 64; bit++) {
      if ((BigInt(word) >> BigInt(bit)) & 1n) bits.push(64 * i + bit);
      if (bits.length > SHOWN) return `${bits.slice(0, SHOWN).join(", ")}, …`;
    }
  }
  return bits.length === 0 ? "none" : bits.join(", ");
}

/** The text in a buffer that is nothing but text and NULs after it. */
function textIn(bytes: Uint8Array): string | undefined {
  const text = upToNul(decodeText(bytes));
  const padded = bytes.subarray(text.length).every((byte) => byte === 0);
  return padded && /^[\x20-\x7e]+$/.test(text) ? JSON.stringify(text) : undefined;
}
