import type { BaseRecord, CommandRecord, MigrationState } from "../stream/mod.ts";
import { vfioConfigPacket, type VfioConfigState } from "../wire/mod.ts";
import { packetConfig, PCI_PREFIX, registerValues, withRegister } from "./config_fields.ts";
import { deviceValues, type FieldChange, setDeviceField } from "./device_fields.ts";
import type { FieldEdit } from "./edit.ts";
import { EditError } from "./edit_error.ts";
import {
  bytesOf,
  checkFits,
  encodeRecord,
  equalBytes,
  fieldNames,
  readValue,
  shown,
  stepsOf,
  valueAt,
  withValue,
} from "./fields.ts";
import type { Slip } from "./sheet.ts";

/** Kinds of records that carry bytes which may be others. */
const CARRIERS: ReadonlySet<string> = new Set([
  "multifd-device-state",
  "multifd-ram",
  "vfio-data",
  "device-state",
  "vm-description",
  "ram-page",
  "ram-xbzrle",
  "ram-compress-page",
]);

/** Fields of bytes that may have any length. */
const ANY_LENGTH: ReadonlySet<string> = new Set(["rawPayload", "config.configSpace", "config.msixPending", "trailing"]);

/** Bytes of a command before its payload. */
const COMMAND_HEADER = 5;

/**
 * Sets a field of a record; undefined if it has none of that name.
 *
 * @throws {EditError} `value`
 */
export function setField(slip: Slip, { field, value }: FieldEdit, state: MigrationState): FieldChange | undefined {
  const { record } = slip;
  if (record === undefined) return undefined;
  if (field === "data") return setData(slip, record, value);
  if (record.kind === "device-state") return setDeviceField(slip, field, value, state);
  if (record.kind === "multifd-device-state" && field.startsWith("config.")) return setPacketConfig(slip, field, value);
  if (record.kind === "vfio-config" && field.startsWith(PCI_PREFIX)) {
    return setRegister(slip, record as BaseRecord & VfioConfigState, field, value);
  }
  return setWireField(slip, record, field, value);
}

/** The fields that can be set, and what they are now; of `data` only that there are some. */
export function settableValues(slip: Slip, state: MigrationState): Map<string, unknown> {
  const { record } = slip;
  if (record === undefined) return new Map();
  const data: [string, unknown][] = CARRIERS.has(record.kind) ? [["data", undefined]] : [];
  if (record.kind === "device-state") return new Map([...deviceValues(slip, state), ...data]);
  const config = record.kind === "multifd-device-state"
    ? packetConfig(slip)?.config
    : record.kind === "vfio-config"
    ? (record as BaseRecord & VfioConfigState).config
    : undefined;
  const inner = Object.entries(config ?? {}).map(([name, value]): [string, unknown] => [`config.${name}`, value]);
  const registers = config === undefined ? [] : registerValues(config);
  const fields = fieldNames(record).map((name): [string, unknown] => [name, valueAt(record, name)]);
  return new Map([...fields, ...data, ...inner, ...registers]);
}

function setData(slip: Slip, record: BaseRecord, value: string | Uint8Array): FieldChange | undefined {
  if (!CARRIERS.has(record.kind)) return undefined;
  const data = bytesOf("data", value);
  const { count, pageSize } = record as { count?: number; pageSize?: number };
  if (record.kind === "ram-page" && data.length !== (count ?? 1) * (pageSize ?? 0)) {
    throw new EditError("value", `Cannot set data to ${data.length} bytes: it is ${count} pages of ${pageSize} bytes`);
  }
  const before = slip.data ?? { length: record.payload?.length ?? 0 };
  slip.data = data;
  slip.own.add("data");
  return { before: `${before.length} bytes`, after: `${data.length} bytes` };
}

function setPacketConfig(slip: Slip, field: string, value: string | Uint8Array): FieldChange | undefined {
  const packet = packetConfig(slip);
  if (packet === undefined) return undefined;
  const changed = field.startsWith(PCI_PREFIX)
    ? registerIn(packet.config, field, value)
    : fieldIn(packet, field, value);
  if (changed === undefined) return undefined;
  slip.data = vfioConfigPacket.encode("config" in changed ? { ...packet, config: changed.config } : changed.packet);
  return { before: changed.before, after: changed.after };
}

function registerIn(
  config: VfioConfigState["config"],
  field: string,
  value: string | Uint8Array,
): ReturnType<typeof withRegister> {
  if (typeof value !== "string") throw new EditError("value", `Cannot set ${field} to bytes: it is a number`);
  return withRegister(config, field.slice(PCI_PREFIX.length), value);
}

function fieldIn<T extends object>(
  packet: T,
  field: string,
  value: string | Uint8Array,
): { packet: T; before: unknown; after: unknown } | undefined {
  const before = valueAt(packet, field);
  if (before === undefined) return undefined;
  const after = readValue(field, value, before);
  return { packet: withValue(packet, field, after), before, after };
}

function setRegister(
  slip: Slip,
  record: BaseRecord & VfioConfigState,
  field: string,
  value: string | Uint8Array,
): FieldChange | undefined {
  const changed = registerIn(record.config, field, value);
  if (changed === undefined) return undefined;
  slip.record = withValue(record, "config", changed.config);
  return { before: changed.before, after: changed.after };
}

function setWireField(
  slip: Slip,
  record: BaseRecord,
  field: string,
  value: string | Uint8Array,
): FieldChange | undefined {
  const [first = ""] = stepsOf(field);
  const before = valueAt(record, field);
  if (!fieldNames(record).includes(first) || (before === undefined && first !== field)) return undefined;
  const after = readValue(field, value, before);
  const reshaping = record.kind === "command" && (field === "command" || field === "payloadLength");
  const raw = reshaping ? withRawPayload(record as CommandRecord) : record;
  checkFits(record, field, after);
  // What stays as it is keeps its shape.
  const changed = withValue(after === before ? record : raw, field, after);
  const [now, then] = [encodeRecord(changed), encodeRecord(record)];
  const isOther = after instanceof Uint8Array ? shown(after) !== shown(before) : after !== before;
  // What is known of a record from those before it is not on the wire.
  if (isOther && equalBytes(now, then)) return undefined;
  const grown = now.length - then.length;
  if (grown !== 0 && after instanceof Uint8Array && !ANY_LENGTH.has(field)) {
    const length = after.length - grown;
    throw new EditError("value", `Cannot set ${field} to ${after.length} bytes: it has ${length}`);
  }
  slip.record = changed;
  slip.own.add(field);
  return { before, after };
}

/** The command with its payload as bytes, since another number or length means another shape. */
function withRawPayload(record: CommandRecord): CommandRecord {
  const { kind, offset, length, type, command, payloadLength } = record;
  return { kind, offset, length, type, command, payloadLength, rawPayload: encodeRecord(record).slice(COMMAND_HEADER) };
}
