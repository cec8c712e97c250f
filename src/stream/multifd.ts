import {
  type DeviceStateHeader,
  deviceStateHeader,
  isMultifdPageSize,
  isPureSync,
  MULTIFD_DEVICE_STATE_LENGTH,
  MULTIFD_FLAG,
  MULTIFD_INIT_LENGTH,
  MULTIFD_START_LENGTH,
  type MultifdContext,
  type MultifdInit,
  multifdInit,
  type MultifdPacketStart,
  multifdPacketStart,
  multifdPayloadLength,
  type MultifdRamHeader,
  multifdRamHeader,
  multifdRamHeaderLength,
  readVfioPacketHeader,
  type Struct,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  VFIO_PACKET_HEADER_SIZE,
} from "../wire/mod.ts";
import type { ChannelReader, Grammar } from "./channel_reader.ts";
import { probeMultifdPageSize } from "./multifd_page_size.ts";
import type {
  MultifdDeviceStateRecord,
  MultifdInitRecord,
  MultifdRamRecord,
  MultifdSyncRecord,
} from "./multifd_records.ts";

export { MULTIFD_LAYOUTS } from "./multifd_records.ts";

/** Config data up to this length are kept in the record. QEMU's take a few KiB; a data buffer has at most 1 MiB. */
const LONGEST_CONFIG = 0x10_0000;

/** What a multifd channel cannot say about itself. */
export interface MultifdOptions {
  /** Target page size in bytes. Without it the first RAM packet is looked at together with what follows. */
  readonly pageSize?: number;
  /** What the destination knows; decides which checks are made. */
  readonly context?: MultifdContext;
}

/**
 * Grammar of a multifd channel (multifd.md §1.2): an initial packet, then RAM, SYNC and device-state packets in any
 * order, until it closes between two of them. Pages and device buffers pass by unread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, MultifdGrammar } from "@migwire/migwire/stream";
 *
 * const init = Uint8Array.fromHex("1122334400000001" + "00".repeat(16) + "03" + "00".repeat(39));
 * const grammar = new MultifdGrammar({ pageSize: 4096 });
 * const parser = new ChannelParser(grammar);
 * const records = [...parser.push(init), ...parser.end()];
 * assertEquals(records.map((record) => [record.kind, record.length]), [["multifd-init", 64]]);
 * assertEquals(grammar.channelId, 3);
 * ```
 */
export class MultifdGrammar implements Grammar {
  readonly #context: MultifdContext;
  readonly #init: Struct<MultifdInit>;
  readonly #start: Struct<MultifdPacketStart>;
  readonly #deviceStateHeader: Struct<DeviceStateHeader>;
  #ramHeader: Struct<MultifdRamHeader> | undefined;
  #pageSize: number | undefined;
  #channelId: number | undefined;

  /** The grammar of one channel: it knows how far the channel has come. */
  constructor(options: MultifdOptions = {}) {
    this.#context = options.context ?? {};
    this.#init = multifdInit(this.#context);
    this.#start = multifdPacketStart(this.#context);
    this.#deviceStateHeader = deviceStateHeader(this.#context);
    this.#pageSize = options.pageSize;
  }

  /** The channel's number, once the initial packet was read. */
  get channelId(): number | undefined {
    return this.#channelId;
  }

  /** Page size in bytes: as given, or as found once a RAM packet was read. */
  get pageSize(): number | undefined {
    return this.#pageSize;
  }

  /** What comes next. */
  get expecting(): string {
    return this.#channelId === undefined ? this.#init.name : this.#start.name;
  }

  /** Reads one packet. */
  step(reader: ChannelReader): void {
    if (this.#channelId === undefined) return this.#readInit(reader);
    const { decoder } = reader;
    const start = decoder.pos;
    const { flags } = this.#start.read(decoder);
    decoder.pos = start;
    if ((flags & MULTIFD_FLAG.DEVICE_STATE) !== 0) this.#readDeviceState(reader);
    else this.#readRam(reader);
  }

  /** A channel may close between packets, but not without an initial packet. */
  get complete(): boolean {
    return this.#channelId !== undefined;
  }

  /** What QEMU says of a channel that ends `length` bytes into a packet, where that is not the usual (multifd.md §8). */
  qemuAtCut(_begun: Uint8Array, length: number): string | undefined {
    if (this.#channelId === undefined || length !== MULTIFD_START_LENGTH) return undefined;
    return "multifd: unexpected EOF after packet header";
  }

  #readInit(reader: ChannelReader): void {
    const { decoder } = reader;
    const { offset } = decoder;
    // All of it first: a retry after a check had been made would report twice.
    decoder.need(MULTIFD_INIT_LENGTH);
    const init = this.#init.read(decoder);
    this.#channelId = init.id;
    const record: MultifdInitRecord = { kind: "multifd-init", offset, length: MULTIFD_INIT_LENGTH, ...init };
    reader.emit(record);
  }

  #readRam(reader: ChannelReader): void {
    const { decoder } = reader;
    const { offset } = decoder;
    decoder.reading = "multifd packet";
    const pageSize = this.#pageSize ?? probeMultifdPageSize(reader);
    if (!isMultifdPageSize(pageSize)) {
      return decoder.fail({ code: "page-size", offset, message: `no multifd packet has pages of ${pageSize} bytes` });
    }
    const headerLength = multifdRamHeaderLength(pageSize);
    decoder.need(headerLength);
    this.#pageSize = pageSize;
    this.#ramHeader ??= multifdRamHeader(pageSize, this.#context, this.#channelId);
    const header = this.#ramHeader.read(decoder);
    if (isPureSync(header)) {
      const record: MultifdSyncRecord = { kind: "multifd-sync", offset, length: headerLength, ...header };
      reader.emit(record);
      return;
    }
    const payload = { offset: decoder.offset, length: multifdPayloadLength(header, pageSize) };
    const record: MultifdRamRecord = {
      kind: "multifd-ram",
      offset,
      length: headerLength + payload.length,
      ...header,
      ...(payload.length === 0 ? {} : { payload }),
    };
    reader.pass(record);
  }

  #readDeviceState(reader: ChannelReader): void {
    const { decoder } = reader;
    const { offset, pos } = decoder;
    decoder.reading = this.#deviceStateHeader.name;
    decoder.need(MULTIFD_DEVICE_STATE_LENGTH);
    const size = decoder.u32At(pos + MULTIFD_DEVICE_STATE_LENGTH - 4);
    decoder.need(MULTIFD_DEVICE_STATE_LENGTH + (size < VFIO_PACKET_HEADER_SIZE ? 0 : VFIO_PACKET_HEADER_SIZE));
    // At the end of input there is nothing to wait for: the cut record then tells what is known.
    const isConfig = holdsConfig(reader, size);
    if (isConfig && !reader.ended) decoder.need(MULTIFD_DEVICE_STATE_LENGTH + size);

    const header = this.#deviceStateHeader.read(decoder);
    const vfio = size === 0 ? undefined : readVfioPacketHeader(decoder, size);
    const length = MULTIFD_DEVICE_STATE_LENGTH + size;
    const payload = { offset: decoder.offset, length: offset + length - decoder.offset };
    const isWhole = isConfig && decoder.available >= payload.length;
    const record: MultifdDeviceStateRecord = {
      kind: "multifd-device-state",
      offset,
      length,
      ...header,
      ...(vfio === undefined ? {} : { vfioVersion: vfio.version, idx: vfio.idx, vfioFlags: vfio.flags }),
      payload,
      ...(isWhole ? { configData: decoder.bytes.slice(decoder.pos, decoder.pos + payload.length) } : {}),
    };
    reader.pass(record);
    if ((header.flags & MULTIFD_FLAG.SYNC) === 0) return;
    decoder.note({
      severity: "error",
      code: "sync-device-state",
      field: "flags",
      offset: offset + 8,
      message: "flags has SYNC in a device-state packet",
      qemu: "multifd: received SYNC device state packet",
    });
  }
}

/** Whether the device-state packet at the decoder's place holds a config that is to be kept. */
function holdsConfig({ decoder }: ChannelReader, size: number): boolean {
  if (size < VFIO_PACKET_HEADER_SIZE || size - VFIO_PACKET_HEADER_SIZE > LONGEST_CONFIG) return false;
  const flags = decoder.u32At(decoder.pos + MULTIFD_DEVICE_STATE_LENGTH + 8);
  return (flags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0;
}
