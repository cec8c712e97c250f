import type { MultifdRamRecord, MultifdRecord, MultifdSyncRecord } from "../../stream/mod.ts";
import {
  describeMultifdFlags,
  formatUuid,
  multifdBlockName,
  upToNul,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  VFIO_PACKET_HEADER_SIZE,
} from "../../wire/mod.ts";
import { aside, count, given, number, size, type Summaries, type SummaryField, text, word } from "./summary_field.ts";

/** Packets of a multifd channel. */
export const MULTIFD_SUMMARIES: Summaries<MultifdRecord["kind"]> = {
  "multifd-init": ({ id, uuid }) => [number("id", id), { ...word(formatUuid(uuid)), name: "uuid" }],
  "multifd-ram": (record) => [
    ...packet(record),
    text("block", multifdBlockName(record)),
    count("normal pages", record.normalPages),
    count("zero pages", record.zeroPages),
    size("payload", record.payload?.length ?? 0),
  ],
  "multifd-sync": packet,
  "multifd-device-state": ({ flags, idstr, instanceId, idx, vfioFlags = 0, nextPacketSize }) => [
    word(flagWord(flags)),
    text("idstr", upToNul(idstr)),
    number("instance", instanceId),
    ...given(idx, (idx) => [number("idx", idx)]),
    size("data", idx === undefined ? nextPacketSize : nextPacketSize - VFIO_PACKET_HEADER_SIZE),
    ...((vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) === 0 ? [] : [word("CONFIG")]),
    ...(idx === undefined ? [aside("too short for VFIO's header")] : []),
  ],
};

function packet({ packetNum, flags }: MultifdRamRecord | MultifdSyncRecord): SummaryField[] {
  return [number("packet_num", packetNum), ...(flags === 0 ? [] : [word(flagWord(flags))])];
}

function flagWord(flags: number): string {
  return flags === 0 ? "0" : describeMultifdFlags(flags).replaceAll(" | ", "|");
}
