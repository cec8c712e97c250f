import { ByteWriter } from "../bytes/mod.ts";
import {
  type Annotation,
  type DeviceStateHeader,
  deviceStateHeader,
  MULTIFD_DEVICE_STATE_LENGTH,
  MULTIFD_PAGE_SIZES,
  type MultifdInit,
  multifdInit,
  multifdPayloadLength,
  type MultifdRamHeader,
  multifdRamHeader,
  multifdRamHeaderLength,
  VFIO_PACKET_HEADER_SIZE,
  vfioPacketHeader,
} from "../wire/mod.ts";
import type { Layouts } from "./layouts.ts";
import type { BaseRecord } from "./record.ts";

/** The first record of a multifd channel. */
export interface MultifdInitRecord extends BaseRecord, MultifdInit {
  /** It is the initial packet. */
  readonly kind: "multifd-init";
}

/** A packet of RAM pages. Without a page it is a left-over of QEMU 7.2, to be ignored. */
export interface MultifdRamRecord extends BaseRecord, MultifdRamHeader {
  /** It has pages, or is a left-over. */
  readonly kind: "multifd-ram";
}

/** A packet that only marks a synchronisation point. */
export interface MultifdSyncRecord extends BaseRecord, MultifdRamHeader {
  /** It has no pages, only SYNC. */
  readonly kind: "multifd-sync";
}

/** A packet of device state. The three `vfio` fields are absent if the payload is too short for them. */
export interface MultifdDeviceStateRecord extends BaseRecord, DeviceStateHeader {
  /** It is for a section of the destination. */
  readonly kind: "multifd-device-state";
  /** Version of VFIO's packet header: 0. */
  readonly vfioVersion?: number;
  /** Number of the buffer, counting for each device. */
  readonly idx?: number;
  /** Flags of VFIO's packet header: bit 0 marks the device's config. */
  readonly vfioFlags?: number;
  /** The bytes of `payload` again, in a packet with the device's config of up to 1 MiB. */
  readonly configData?: Uint8Array;
}

/** The records of a multifd channel, besides `truncated` and `opaque`. */
export type MultifdRecord = MultifdInitRecord | MultifdRamRecord | MultifdSyncRecord | MultifdDeviceStateRecord;

const deviceState = deviceStateHeader();

/** The page size that fits the bytes of a header, which may have its payload behind it. */
function pageSizeOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packet = { flags: view.getUint32(8), normalPages: view.getUint32(16), nextPacketSize: view.getUint32(20) };
  const fits = (pageSize: number): boolean => {
    const rest = bytes.length - multifdRamHeaderLength(pageSize);
    return rest === 0 || rest === multifdPayloadLength(packet, pageSize);
  };
  const pageSize = MULTIFD_PAGE_SIZES.find(fits);
  if (pageSize === undefined) {
    throw new RangeError(`Cannot read multifd packet: ${bytes.length} bytes fit no page size`);
  }
  return pageSize;
}

const ramLayout = {
  name: "multifd packet",
  encode: (record: Readonly<MultifdRamHeader>): Uint8Array => multifdRamHeader(record.pageSize).encode(record),
  annotate: (bytes: Uint8Array, base?: number): Annotation[] =>
    multifdRamHeader(pageSizeOf(bytes)).annotate(bytes, base),
};

const deviceStateLayout = {
  name: deviceState.name,
  encode(record: Readonly<Omit<MultifdDeviceStateRecord, keyof BaseRecord>>): Uint8Array {
    const writer = new ByteWriter();
    deviceState.write(writer, record);
    const { vfioVersion: version, idx, vfioFlags: flags } = record;
    if (version !== undefined && idx !== undefined && flags !== undefined) {
      vfioPacketHeader.write(writer, { version, idx, flags });
    }
    return writer.finish();
  },
  annotate(bytes: Uint8Array, base = 0): Annotation[] {
    const annotations = deviceState.annotate(bytes, base);
    const payload = bytes.subarray(MULTIFD_DEVICE_STATE_LENGTH);
    if (payload.length < VFIO_PACKET_HEADER_SIZE) return annotations;
    const vfio = vfioPacketHeader.annotate(payload, base + MULTIFD_DEVICE_STATE_LENGTH);
    return [...annotations, ...vfio.map((annotation) => ({ ...annotation, field: `vfio.${annotation.field}` }))];
  },
};

/** How the records of a multifd channel are written. */
export const MULTIFD_LAYOUTS: Layouts = {
  "multifd-init": multifdInit(),
  "multifd-ram": ramLayout,
  "multifd-sync": ramLayout,
  "multifd-device-state": deviceStateLayout,
};
