import { readBytes } from "../capture/mod.ts";
import type { DeviceStateRecord, MigrationState } from "../stream/mod.ts";
import {
  type BodyNode,
  type BodyValue,
  builtInDescriptions,
  decodeDeviceBody,
  type DeviceBody,
  encodeDeviceBody,
  type FieldDescription,
  type VmsdDescription,
} from "../wire/mod.ts";
import { type DescriptionStep, isField, stepsInto } from "./description_steps.ts";
import { EditError } from "./edit_error.ts";
import { bytesOf, readValue, shown } from "./fields.ts";
import type { Slip } from "./sheet.ts";

/** A leaf of a device's body, and the way to it. */
interface Leaf {
  readonly path: string;
  /** The nodes from the outermost to the leaf itself. */
  readonly way: readonly BodyNode[];
}

/** What setting a device's field did. */
export interface FieldChange {
  readonly before: unknown;
  readonly after: unknown;
  /** The body is longer by so many bytes now, since the field is: the names of what it is in, from the outermost. */
  readonly grown?: { readonly by: number; readonly names: readonly string[] };
}

/** The device's body as it is now. */
function bytesNow(slip: Slip): Uint8Array {
  return slip.data ?? readBytes(slip.track.source, slip.offset, slip.length);
}

/** The body of a device, taken apart; undefined if nothing describes it. */
function bodyOf(slip: Slip, state: MigrationState): { body: DeviceBody; description: VmsdDescription } | undefined {
  const bytes = bytesNow(slip);
  const { idstr, instanceId, ordinal } = slip.original as DeviceStateRecord;
  const described = state.description?.devices.filter((one) => one.name === idstr && one.instanceId === instanceId);
  const own = slip.layout ?? described?.[ordinal];
  const candidates = own === undefined ? builtInDescriptions(idstr, slip.section?.versionId ?? 0) : [own];
  const read = candidates.map((description) => ({ description, body: decodeDeviceBody(bytes, description) }));
  return read.find(({ body }) => body.findings.length === 0) ?? read[0];
}

/** The leaves of a body, with the names that `records --dump` shows. */
function* leavesOf(nodes: readonly BodyNode[], outer: string, above: readonly BodyNode[]): Generator<Leaf> {
  for (const node of nodes) {
    const path = outer === "" ? node.name : node.name.startsWith("[") ? outer + node.name : `${outer}.${node.name}`;
    const way = [...above, node];
    if (node.children === undefined) yield { path, way };
    else yield* leavesOf(node.children, path, way);
  }
}

/** The fields of a device's body: their paths, and what they are. */
export function deviceValues(slip: Slip, state: MigrationState): Map<string, unknown> {
  const read = bodyOf(slip, state);
  if (read === undefined) return new Map();
  return new Map(Array.from(leavesOf(read.body.children, "", []), ({ path, way }) => [path, way.at(-1)?.value]));
}

/**
 * Sets a field of a device's body; undefined if it has none of that path.
 *
 * @throws {EditError} `value`
 */
export function setDeviceField(
  slip: Slip,
  field: string,
  text: string | Uint8Array,
  state: MigrationState,
): FieldChange | undefined {
  const read = bodyOf(slip, state);
  if (read === undefined) return undefined;
  const { body, description } = read;
  const leaves = [...leavesOf(body.children, "", [])];
  const [, row = field, item] = /^(.*)\[(\d+)\]$/s.exec(field) ?? [];
  const leaf = leaves.find(({ path }) => path === field) ??
    leaves.find(({ path, way }) => path === row && Array.isArray(way.at(-1)?.value));
  const node = leaf?.way.at(-1);
  if (leaf === undefined || node?.value === undefined) return undefined;
  const index = leaf.path === field ? undefined : Number(item);
  const before = at(node.value, index);
  if (before === undefined) return undefined;
  const value = leafValue(field, text, node.value, index);
  const bytes = encodeDeviceBody({ children: replaced(body.children, leaf.way, value) });
  const by = bytes.length - body.length;
  slip.data = bytes;
  const change = { before, after: at(value, index) };
  if (by === 0) {
    checkTaken(bytes, description, leaf.path, field, value);
    return change;
  }
  const names = namesOf(leaf, field, description);
  slip.layout = grownLayout(description, stepsInto(names), by);
  return { ...change, grown: { by, names } };
}

function at(value: BodyValue, index: number | undefined): unknown {
  return index === undefined ? value : (value as readonly unknown[])[index];
}

function leafValue(field: string, text: string | Uint8Array, now: BodyValue, index: number | undefined): BodyValue {
  if (now instanceof Uint8Array) return bytesOf(field, text);
  if (!Array.isArray(now)) return readValue(field, text, now) as BodyValue;
  if (index !== undefined) return now.with(index, readValue(field, text, now[index]));
  throw new EditError("value", `Cannot set ${field}: it is ${now.length} numbers`, `name one of them: ${field}[0]=…`);
}

function replaced(nodes: readonly BodyNode[], way: readonly BodyNode[], value: BodyValue): BodyNode[] {
  const [next, ...rest] = way;
  return nodes.map((node) => {
    if (node !== next) return node;
    return node.children === undefined
      ? { ...node, value }
      : { ...node, children: replaced(node.children, rest, value) };
  });
}

/** That reading what was written gives the value: a number may have more bits than the field. */
function checkTaken(
  bytes: Uint8Array,
  description: VmsdDescription,
  path: string,
  field: string,
  value: BodyValue,
): void {
  const again = decodeDeviceBody(bytes, description);
  const leaf = [...leavesOf(again.children, "", [])].find((one) => one.path === path)?.way.at(-1);
  // Where the description says another thing of such a value, all that follows is read in another way.
  if (leaf?.value === undefined || same(leaf.value, value)) return;
  throw new EditError(
    "value",
    `Cannot set ${field} to ${shown(value)}: it has ${leaf.length} bytes, of the type ${leaf.type}`,
  );
}

function same(a: BodyValue, b: BodyValue): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.every((one, i) => one === b[i]);
  // A bool is true and false, or another number.
  return a === b || (typeof a !== "string" && typeof b !== "string" && Number(a) === Number(b));
}

/** The names of what a leaf is in; an element that shares what is said of its size with others cannot have its own. */
function namesOf({ way }: Leaf, field: string, description: VmsdDescription): string[] {
  const names = way.map(({ name }) => name);
  if (isSizedAlone(names, description)) return names;
  throw new EditError(
    "value",
    `Cannot set ${field} to a value of another length: the description says one of all elements of an array`,
  );
}

/** Whether each array on the way has a description for each of its elements. */
function isSizedAlone(names: readonly string[], description: VmsdDescription): boolean {
  let vmsd: VmsdDescription | undefined = description;
  for (const step of stepsInto(names)) {
    const field: FieldDescription | undefined = vmsd?.fields.find((one) => isField(step, one));
    if (step.index !== undefined && field === undefined) return false;
    vmsd = field === undefined ? vmsd?.subsections.find(({ vmsdName }) => vmsdName === step.name) : field.struct;
  }
  return true;
}

/** The description with a field that has `by` more bytes. */
function grownLayout(vmsd: VmsdDescription, [step, ...rest]: readonly DescriptionStep[], by: number): VmsdDescription {
  if (step === undefined) return vmsd;
  const at = vmsd.fields.findIndex((one) => isField(step, one));
  const fields = vmsd.fields.map((field, i) =>
    i !== at ? field : {
      ...field,
      size: field.size + by,
      ...(field.struct === undefined ? {} : { struct: grownLayout(field.struct, rest, by) }),
    }
  );
  const inSubsection = (one: VmsdDescription): boolean => at < 0 && one.vmsdName === step.name;
  const subsections = vmsd.subsections.map((one) => inSubsection(one) ? grownLayout(one, rest, by) : one);
  return { ...vmsd, fields, subsections };
}
