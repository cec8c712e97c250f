import { ByteWriter, Cursor, Incomplete } from "../bytes/mod.ts";
import { readLeaf, writeLeaf } from "./body_leaf.ts";
import type { BodyNode, DeviceBody } from "./body_node.ts";
import { BodyMisfit, BodyReader } from "./body_reader.ts";
import { describedLength } from "./field_runs.ts";
import type { FindingDraft } from "./finding.ts";
import type { VmsdDescription } from "./vm_description.ts";

/**
 * Takes the body of a device section apart, by its description (main-channel.md §8.6). `bytes` is the body, without the
 * section's header and footer. Never throws: what does not fit its description is kept as bytes, with a finding, so
 * that the leaves tile the body in any case.
 *
 * @param bytes The body, without header and footer.
 * @param description What the VM description, or {@linkcode builtInDescriptions}, says of it.
 * @returns The tree of its fields; offsets count from the body's first byte.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeDeviceBody, encodeDeviceBody } from "@migwire/migwire/wire";
 *
 * const description = {
 *   vmsdName: "cpu_common",
 *   version: 1,
 *   fields: [
 *     { name: "halted", type: "uint32", size: 4, inline: [] },
 *     { name: "interrupt_request", type: "uint32", size: 4, inline: [] },
 *   ],
 *   subsections: [],
 * };
 * const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2);
 * const body = decodeDeviceBody(bytes, description);
 * assertEquals(body.children.map((node) => [node.name, node.value]), [["halted", 0], ["interrupt_request", 2]]);
 * assertEquals(encodeDeviceBody(body), bytes);
 * ```
 */
export function decodeDeviceBody(bytes: Uint8Array, description: VmsdDescription): DeviceBody {
  const plain = attempt(bytes, description, false);
  const chosen = plain.fits ? plain : [attempt(bytes, description, true)].find((other) => other.fits) ?? plain;
  const { vmsdName, version } = description;
  return {
    ...(vmsdName === undefined ? {} : { vmsdName }),
    ...(version === undefined ? {} : { version }),
    length: bytes.length,
    children: chosen.children,
    findings: chosen.findings,
  };
}

/** One reading of the body; `hiddenNulls` as in {@linkcode BodyReader}. */
function attempt(
  bytes: Uint8Array,
  description: VmsdDescription,
  hiddenNulls: boolean,
): { fits: boolean; children: BodyNode[]; findings: FindingDraft[] } {
  const cursor = new Cursor(bytes);
  const reader = new BodyReader(cursor, hiddenNulls);
  const children: BodyNode[] = [];
  let problem = "goes on after what is described";
  try {
    reader.vmsd(description, children);
  } catch (error) {
    if (error instanceof Incomplete) problem = "ends before what is described";
    else if (error instanceof BodyMisfit) problem = error.message;
    else throw error;
    // What was read of the field that does not fit is not among the children.
    const last = children.at(-1);
    cursor.pos = last === undefined ? 0 : last.offset + last.length;
    reader.findings.push(bodyFinding(cursor.pos, problem));
    return { fits: false, children: rest(cursor, children), findings: reader.findings };
  }
  const fits = cursor.available === 0;
  if (!fits) reader.findings.push(bodyFinding(cursor.pos, problem));
  return { fits, children: rest(cursor, children), findings: reader.findings };
}

function rest(cursor: Cursor, children: BodyNode[]): BodyNode[] {
  if (cursor.available === 0) return children;
  const offset = cursor.pos;
  const length = cursor.available;
  return [...children, { name: "rest", type: "rest", offset, length, value: readLeaf(cursor, "rest", length) }];
}

function bodyFinding(offset: number, message: string): FindingDraft {
  return { severity: "warning", code: "device-body", offset, message: `the device's state ${message}` };
}

/** Where a body ends, or how many bytes more it takes to tell. */
export type BodyEnd = { readonly end: number } | { readonly missing: number };

/**
 * Where the body ends that `window` begins with, according to its description. `endsAt` tells whether what must follow
 * a body (its footer) is at an offset of the window, `undefined` when that is not in the window yet. Gives `undefined`
 * when no reading of the description ends where a body ends: see {@linkcode findSectionEnd}.
 *
 * @param ended No more bytes will come than `window` has.
 */
export function measureDeviceBody(
  window: Uint8Array,
  description: VmsdDescription,
  endsAt: (offset: number) => boolean | undefined,
  ended = false,
): BodyEnd | undefined {
  const length = describedLength(description);
  const answer = endsAt(length);
  if (answer === true) return { end: length };
  if (answer === undefined && !ended) return { missing: Math.max(1, length - window.length) };
  const cursor = new Cursor(window);
  try {
    new BodyReader(cursor, true).vmsd(description, []);
  } catch (error) {
    if (error instanceof Incomplete) return ended ? undefined : { missing: error.missing };
    if (error instanceof BodyMisfit) return undefined;
    throw error;
  }
  const other = endsAt(cursor.pos);
  if (other === true) return { end: cursor.pos };
  return other === undefined && !ended ? { missing: 1 } : undefined;
}

/**
 * The bytes of a device's body, from the values of its leaves (main-channel.md §8.2): what {@linkcode decodeDeviceBody}
 * read, with other values where these were changed.
 *
 * @param body The tree of a body.
 * @returns Its bytes.
 * @throws {TypeError} If a value is of another kind than its field.
 * @throws {RangeError} If a text is too long for its field. Numbers are written modulo the size of theirs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeDeviceBody } from "@migwire/migwire/wire";
 *
 * const ticks = { name: "ticks", type: "uint16", offset: 0, length: 2, value: 0x1234 };
 * assertEquals(encodeDeviceBody({ children: [ticks] }), Uint8Array.of(0x12, 0x34));
 * ```
 */
export function encodeDeviceBody(body: Pick<DeviceBody, "children">): Uint8Array {
  const writer = new ByteWriter();
  const write = (node: BodyNode): void => {
    if (node.children !== undefined) node.children.forEach(write);
    else if (node.value !== undefined) writeLeaf(writer, node.type, node.value);
  };
  body.children.forEach(write);
  return writer.finish();
}
