import type { ReadChannel } from "../../capture/values.ts";
import type {
  BaseRecord,
  CommandRecord,
  ConfigurationRecord,
  DeviceStateRecord,
  DirtyBitmapStreamRecord,
  LongSectionRecord,
  MultifdDeviceStateRecord,
  MultifdInitRecord,
  RamBlockListRecord,
  RamMappedBlockRecord,
  ShortSectionRecord,
  TodClockRecord,
} from "../../stream/mod.ts";
import { isVfioSection } from "../../stream/mod.ts";
import type { RamBlockEntry } from "../../wire/mod.ts";
import { EXTENT_LIMIT, GATHER_LIMIT, type Gathered, type GatheredSection } from "./gathered.ts";
import { VfioGatherer } from "./gather_vfio.ts";
import type { DiffPlace } from "./model.ts";

/** Contents of sections that are as large as RAM, and are not compared. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  "htab-chunk",
  "s390-storage-attributes",
  "s390-skeys",
  "block-migration",
]);

/** Keeps what is to be compared of the records of a capture. */
export class CaptureGatherer {
  /** What was kept so far. */
  readonly gathered: Gathered = {
    blocks: new Map(),
    sections: new Map(),
    commands: new Map(),
    vfio: new Map(),
    bitmaps: new Map(),
    leftOut: [],
  };
  readonly #vfio = new VfioGatherer(this.gathered, (what, place) => this.#noRoom(what, place));
  /** The section that the main channel is in. */
  #section: GatheredSection | undefined;
  #bitmapPieces = 0;
  /** Channels and kinds of which something was left out: said once. */
  readonly #told = new Set<string>();

  /** Takes a record. */
  add(record: BaseRecord, channel: ReadChannel): void {
    const { role } = channel.identity;
    const place = { channel: channel.label, offset: record.offset };
    if (role === "main") this.gathered.main ??= channel;
    if (role === "multifd") this.#addMultifd(record, channel, place);
    else if (channel === this.gathered.main || role === "recovery") this.#addMain(record, channel, place);
    else if (role === "main") this.#tell("another migration", place, "only the first migration is compared");
  }

  #addMultifd(record: BaseRecord, channel: ReadChannel, place: DiffPlace): void {
    if (record.kind === "multifd-init") this.gathered.multifd ??= { value: record as MultifdInitRecord, place };
    else if (record.kind === "multifd-device-state") this.#vfio.packet(record as MultifdDeviceStateRecord, channel);
  }

  #addMain(record: BaseRecord, channel: ReadChannel, place: DiffPlace): void {
    const { gathered } = this;
    switch (record.kind) {
      case "configuration":
        gathered.configuration ??= { value: record as ConfigurationRecord, place };
        return;
      case "section-start":
      case "section-full":
      case "section-part":
      case "section-end":
        return this.#enter(record as LongSectionRecord | ShortSectionRecord, place);
      case "device-state":
        return this.#body(record as DeviceStateRecord, channel);
      case "ram-block-list":
        for (const entry of (record as RamBlockListRecord).blocks) this.#block(entry, place);
        return;
      case "ram-mapped-block":
        return this.#block(record as RamMappedBlockRecord, place);
      case "command":
        return this.#command(record as CommandRecord, place);
      case "dirty-bitmap":
        return this.#bitmap(record as DirtyBitmapStreamRecord, channel, place);
      case "todclock":
        gathered.todClock ??= { value: record as TodClockRecord, place };
        return;
      case "vm-description":
        gathered.description ??= place;
        return;
    }
    if (UNSUPPORTED.has(record.kind) && this.#section !== undefined) this.#section.unsupported ??= place;
    this.#vfio.body(record, channel);
  }

  #enter(record: LongSectionRecord | ShortSectionRecord, place: DiffPlace): void {
    const { idstr, instanceId = 0 } = record;
    this.#section = undefined;
    this.#vfio.enter(
      idstr !== undefined && isVfioSection(idstr) ? { idstr, instanceId } : undefined,
      record.kind,
      place,
    );
    if (idstr === undefined) return;
    const { sections } = this.gathered;
    const key = sectionKey(idstr, instanceId);
    this.#section = sections.get(key);
    if (this.#section !== undefined || !("versionId" in record)) return;
    if (sections.size >= GATHER_LIMIT) return this.#noRoom("sections", place);
    this.#section = { idstr, instanceId, versionId: record.versionId, place, bodies: [] };
    sections.set(key, this.#section);
  }

  #body(record: DeviceStateRecord, channel: ReadChannel): void {
    const { payload: range, extent, ordinal, offset } = record;
    const place = { channel: channel.label, offset };
    const bodies = this.#section?.bodies;
    if (bodies === undefined) return this.#tell("state", place, "no section announced whose it is");
    if (bodies.length >= GATHER_LIMIT) return this.#noRoom("sections", place);
    bodies.push({ channel, range, extent, ordinal });
  }

  #block(entry: RamBlockEntry, place: DiffPlace): void {
    const { blocks } = this.gathered;
    if (blocks.has(entry.block)) return;
    if (blocks.size >= GATHER_LIMIT) return this.#noRoom("RAM blocks", place);
    const { block, usedLength, hostPageSize, address } = entry;
    const value = {
      block,
      usedLength,
      ...(hostPageSize === undefined ? {} : { hostPageSize }),
      ...(address === undefined ? {} : { address }),
    };
    blocks.set(block, { value, place });
  }

  #command(value: CommandRecord, place: DiffPlace): void {
    const { commands } = this.gathered;
    let known = commands.get(value.command);
    if (known === undefined) {
      if (commands.size >= GATHER_LIMIT) return this.#noRoom("commands", place);
      known = { command: value.command, first: { value, place }, pings: new Set() };
      commands.set(value.command, known);
    }
    if (value.value !== undefined && known.pings.size < GATHER_LIMIT) known.pings.add(value.value);
  }

  #bitmap(record: DirtyBitmapStreamRecord, channel: ReadChannel, place: DiffPlace): void {
    const { currentNode: node, currentBitmap: bitmap, granularity, firstSector, sectorCount = 0, payload } = record;
    if (node === undefined || bitmap === undefined) return;
    const { bitmaps } = this.gathered;
    const key = JSON.stringify([node, bitmap]);
    let known = bitmaps.get(key);
    if (known === undefined) {
      if (bitmaps.size >= GATHER_LIMIT) return this.#noRoom("dirty bitmaps", place);
      known = { node, bitmap, bits: new Map() };
      bitmaps.set(key, known);
    }
    if (granularity !== undefined) known.start ??= { value: record, place };
    if (firstSector === undefined) return;
    if (!known.bits.has(firstSector) && this.#bitmapPieces++ >= EXTENT_LIMIT) return this.#noRoom("bits", place);
    const extent = payload === undefined ? {} : { extent: { channel, ...payload } };
    known.bits.set(firstSector, { sectors: sectorCount, place, ...extent });
  }

  #noRoom(what: string, place: DiffPlace): void {
    this.#tell(what, place, "there are more than are compared");
  }

  #tell(what: string, place: DiffPlace, reason: string): void {
    const key = JSON.stringify([what, place.channel]);
    if (this.#told.has(key) || this.#told.size >= GATHER_LIMIT) return;
    this.#told.add(key);
    this.gathered.leftOut.push({ what, place, reason });
  }
}

/** What tells a section or device from others. */
export function sectionKey(idstr: string, instanceId: number): string {
  return `${instanceId} ${idstr}`;
}
