import { encodeText } from "../bytes/mod.ts";
import type { BaseRecord } from "../stream/mod.ts";
import {
  type Command,
  type Configuration,
  MULTIFD_COMPRESSION_MASK,
  type RamBlockEntry,
  VFIO_PACKET_HEADER_SIZE,
} from "../wire/mod.ts";
import type { Repair } from "./edit.ts";
import { valueAt, withValue } from "./fields.ts";
import type { Slip } from "./sheet.ts";

/** A field that follows from others of its record. */
interface Dependent {
  readonly repair: Repair;
  readonly field: string;
  /** What it must be; undefined where it does not follow. */
  value(record: BaseRecord, payloadLength: number): number | undefined;
}

/** Fields of records that say how long or how many other fields are, by kind. */
const DEPENDENTS: { readonly [kind: string]: readonly Dependent[] } = {
  "configuration": [
    length("nameLength", (record) => encodeText((record as BaseRecord & Configuration).machine).length),
  ],
  "command": [length("payloadLength", (record) => commandLength(record as BaseRecord & Command))],
  "vm-description": [length("textLength", (_, payload) => payload)],
  "vfio-data": [length("size", (_, payload) => payload)],
  "ram-xbzrle": [length("encodedLength", (_, payload) => payload)],
  "ram-compress-page": [length("compressedLength", (_, payload) => payload)],
  "multifd-ram": [
    // Without compression the number of pages says it, and the field may be stale.
    length("nextPacketSize", (record, payload) => isCompressed(record) ? payload : undefined),
  ],
  "multifd-device-state": [
    length("nextPacketSize", (record, payload) => "idx" in record ? VFIO_PACKET_HEADER_SIZE + payload : payload),
  ],
  "ram-block-list": [{
    repair: "counts",
    field: "pageOffset",
    value: (record) => totalOf((record as BaseRecord & { blocks: readonly RamBlockEntry[] }).blocks),
  }],
};

function length(field: string, value: Dependent["value"]): Dependent {
  return { repair: "lengths", field, value };
}

function isCompressed(record: BaseRecord): boolean {
  return ((record as unknown as { flags: number }).flags & MULTIFD_COMPRESSION_MASK) !== 0;
}

function commandLength({ rawPayload, block, ranges, payloadLength }: Command): number {
  if (rawPayload !== undefined) return rawPayload.length;
  if (block === undefined) return payloadLength;
  const name = 1 + encodeText(block).length;
  return ranges === undefined ? name : 1 + name + 1 + 16 * ranges.length;
}

/** With mapped-ram the entries are records of their own. */
function totalOf(blocks: readonly RamBlockEntry[]): number | undefined {
  return blocks.length === 0 ? undefined : blocks.reduce((sum, { usedLength }) => sum + usedLength, 0);
}

/** A field that was made right. */
export interface Repaired {
  readonly repair: Repair;
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Makes the fields of a changed record agree that depend on others; those that an edit has set stay as they are. */
export function repairRecord(slip: Slip, leftWrong: ReadonlySet<Repair>): Repaired[] {
  const repaired: Repaired[] = [];
  for (const { repair, field, value } of DEPENDENTS[slip.record?.kind ?? ""] ?? []) {
    const { record } = slip;
    if (record === undefined || leftWrong.has(repair) || slip.own.has(field)) continue;
    const after = value(record, slip.data?.length ?? record.payload?.length ?? 0);
    const before = valueAt(record, field);
    // What was wrong before stays so, unless an edit has to do with it.
    const was = slip.original === undefined ? after : value(slip.original, slip.original.payload?.length ?? 0);
    if (after === undefined || after === before || after === was) continue;
    slip.record = withValue(record, field, after);
    repaired.push({ repair, field, before, after });
  }
  return repaired;
}
