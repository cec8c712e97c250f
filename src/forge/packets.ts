import { concat } from "@std/bytes/concat";
import { deviceStateHeader, MULTIFD_FLAG, multifdInit, multifdRamHeader, vfioPacketHeader } from "../wire/mod.ts";
import { contentOf, nameField, PAGE_BYTES, patternOf } from "./content.ts";
import type { ForgeDescription } from "./description.ts";
import { Fields, FORGE_LIMIT, ForgeError, hexOf, isMapping, listOf, numberOf } from "./fields.ts";

const MAGIC = 0x11223344;
const MULTIFD_VERSION = 1;

/** Offset of the name in the header of a device-state packet, behind magic, version and flags. */
const NAME_OFFSET = 12;

/** Pages that a packet has room for. */
const PACKET_PAGES = 128;

/** A packet, and the channel it goes over. */
export interface ForgedPacket {
  /** Id of the channel. */
  readonly channel: number;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** The first packet of multifd channel `id`. */
export function initPacket(id: number): Uint8Array {
  return multifdInit().encode({ magic: MAGIC, version: MULTIFD_VERSION, uuid: new Uint8Array(16), id });
}

/** A field that may be given alone, without a mapping around it. */
function withShort(value: unknown, short: string): unknown {
  return value === null || value === undefined || isMapping(value) ? value : { [short]: value };
}

/**
 * A device-state packet.
 *
 * @param value Fields of the step, or the index alone.
 * @param isConfig It is the config, and has the content of one.
 */
export function devicePacket(
  value: unknown,
  path: string,
  isConfig: boolean,
  description: ForgeDescription,
): ForgedPacket {
  const fields = new Fields(withShort(value, "idx"), path);
  const idx = fields.number("idx", 0xffffffff);
  if (idx === undefined) throw new ForgeError(fields.at("idx"), "is missing");
  const size = fields.number("size", FORGE_LIMIT);
  const content = fields.take("content", (items, at) => contentOf(listOf(items, at), at, description.ram));
  const usual = isConfig && size === undefined ? contentOf(["config"], path, {}) : patternOf(size ?? 64, idx);
  const vfio = {
    version: fields.number("version", 0xffffffff) ?? 0,
    idx,
    flags: fields.number("flags", 0xffffffff) ?? (isConfig ? 1 : 0),
  };
  const payload = fields.take("payload", hexOf) ?? concat([vfioPacketHeader.encode(vfio), content ?? usual]);
  const header = deviceStateHeader().encode({
    magic: MAGIC,
    version: MULTIFD_VERSION,
    flags: fields.number("packet-flags", 0xffffffff) ?? MULTIFD_FLAG.DEVICE_STATE,
    idstr: "",
    instanceId: fields.number("instance", 0xffffffff) ?? 0,
    nextPacketSize: fields.number("length", 0xffffffff) ?? payload.length,
  });
  header.set(nameField(fields.text("device") ?? description.devices[0] ?? ""), NAME_OFFSET);
  const channel = fields.number("channel", 255) ?? 0;
  fields.end();
  return { channel, bytes: concat([header, payload]) };
}

/** A packet with pages of RAM: offsets of those with content, and of zero pages. */
export function ramPacket(value: unknown, path: string): ForgedPacket {
  const fields = new Fields(value, path);
  const offset = (item: unknown, at: string): number => {
    const number = numberOf(item, at);
    if (number % PAGE_BYTES !== 0) throw new ForgeError(at, "is not the offset of a page of 4 KiB");
    return number;
  };
  const normal = fields.list("pages", offset) ?? [];
  const zero = fields.list("zero", offset) ?? [];
  if (normal.length + zero.length > PACKET_PAGES) throw new ForgeError(path, `has more than ${PACKET_PAGES} pages`);
  const block = fields.text("block") ?? "pc.ram";
  const bytes = pagesPacket(block, normal, zero, fields.number("packet-flags", 0xffffffff) ?? 0);
  const channel = fields.number("channel", 255) ?? 0;
  fields.end();
  return { channel, bytes };
}

/** SYNC. */
export function syncPacket(): Uint8Array {
  return pagesPacket("", [], [], MULTIFD_FLAG.SYNC);
}

function pagesPacket(
  ramblock: string,
  normal: readonly number[],
  zero: readonly number[],
  flags: number,
): Uint8Array {
  const header = multifdRamHeader(PAGE_BYTES).encode({
    magic: MAGIC,
    version: MULTIFD_VERSION,
    flags,
    pagesAlloc: PACKET_PAGES,
    normalPages: normal.length,
    nextPacketSize: normal.length * PAGE_BYTES,
    packetNum: 0n,
    zeroPages: zero.length,
    ramblock,
    pageSize: PAGE_BYTES,
    pageOffsets: [...normal, ...zero],
  });
  return concat([header, ...normal.map((offset) => patternOf(PAGE_BYTES, offset / PAGE_BYTES + 1))]);
}
