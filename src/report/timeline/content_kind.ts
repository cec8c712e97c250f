import type { BaseRecord, MultifdDeviceStateRecord, MultifdRamRecord } from "../../stream/mod.ts";
import { VFIO_DEVICE_STATE_CONFIG_STATE } from "../../wire/mod.ts";
import type { ContentKind } from "./model.ts";

/** Kinds of records that are always the same. What is not here holds the stream together. */
const KINDS: { readonly [kind: string]: ContentKind } = {
  "ram-page": "ram",
  "ram-xbzrle": "ram",
  "ram-compress-page": "ram",
  "ram-mapped-pages": "ram",
  "ram-zero": "zero",
  "ram-eos": "sync",
  "ram-multifd-flush": "sync",
  "multifd-sync": "sync",
  "vfio-data": "vfio",
  "vfio-config": "config",
  "device-state": "device",
  "opaque": "unread",
};

/** What a record of a channel is. */
export function contentKind(record: BaseRecord, role: string): ContentKind {
  const { kind } = record;
  // What TLS carries nobody can say; its framing is as good as nothing.
  if (role === "tls") return "unread";
  const known = KINDS[kind];
  if (known !== undefined) return known;
  if (role === "return-path") return "answer";
  if (kind === "multifd-ram") return ofPages(record as MultifdRamRecord);
  if (kind === "multifd-device-state") {
    const { vfioFlags = 0 } = record as MultifdDeviceStateRecord;
    return (vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0 ? "config" : "vfio";
  }
  return kind === "truncated" ? ofCut(record, role) : "frame";
}

function ofPages({ normalPages, zeroPages }: MultifdRamRecord): ContentKind {
  if (normalPages > 0) return "ram";
  return zeroPages > 0 ? "zero" : "sync";
}

/** The bytes that came of a record are what the whole of it would have been. */
function ofCut(record: BaseRecord, role: string): ContentKind {
  const { cut } = record as BaseRecord & { readonly cut?: BaseRecord };
  return cut === undefined ? "unread" : contentKind(cut, role);
}
