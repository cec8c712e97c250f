import type { ByteRange } from "../bytes/mod.ts";
import {
  configEndFault,
  type Decoder,
  hex,
  type Struct,
  VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY,
  VFIO_MIG_FLAG_DEV_CONFIG_STATE,
  VFIO_MIG_FLAG_DEV_DATA_STATE,
  VFIO_MIG_FLAG_DEV_INIT_DATA_SENT,
  VFIO_MIG_FLAG_DEV_SETUP_STATE,
  VFIO_MIG_FLAG_END_OF_STATE,
  vfioConfigLoadReady,
  type VfioConfigState,
  vfioConfigState,
  vfioConfigStateOnChannel,
  type VfioData,
  vfioData,
  vfioEndOfState,
  vfioInitDataSent,
  vfioSetupState,
  type VfioTag,
} from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import type { Layouts } from "./layouts.ts";
import { INPUT_OUTPUT_ERROR } from "./main_cut.ts";
import type { BaseRecord } from "./record.ts";
import type { SectionBody } from "./section_body.ts";

/** A tag that stands alone in the section of a VFIO device. */
export interface VfioTagRecord extends BaseRecord, Readonly<VfioTag> {
  /** Which tag. */
  readonly kind: "vfio-setup-state" | "vfio-end-of-state" | "vfio-init-data-sent" | "vfio-config-load-ready";
}

/** Device data on the main channel; the payload is what the destination's device is given. */
export interface VfioDataRecord extends BaseRecord, Readonly<VfioData> {
  /** Device data. */
  readonly kind: "vfio-data";
  /** The data. */
  readonly payload: ByteRange;
}

/** The device's config on the main channel. */
export interface VfioConfigRecord extends BaseRecord, Readonly<VfioConfigState> {
  /** The config. */
  readonly kind: "vfio-config";
}

/** Records of the section of a VFIO device. */
export type VfioRecord = VfioTagRecord | VfioDataRecord | VfioConfigRecord;

/** Structures of the records of a VFIO device's section. */
export const VFIO_LAYOUTS: Layouts = {
  "vfio-setup-state": vfioSetupState,
  "vfio-end-of-state": vfioEndOfState,
  "vfio-data": vfioData,
  "vfio-config": vfioConfigState,
  "vfio-init-data-sent": vfioInitDataSent,
  "vfio-config-load-ready": vfioConfigLoadReady,
};

/** Tags that stand alone and end the body. */
const LAST_TAGS: ReadonlyMap<bigint, readonly [kind: VfioTagRecord["kind"], layout: Struct<VfioTag>]> = new Map([
  [VFIO_MIG_FLAG_END_OF_STATE, ["vfio-end-of-state", vfioEndOfState]],
  [VFIO_MIG_FLAG_DEV_INIT_DATA_SENT, ["vfio-init-data-sent", vfioInitDataSent]],
  [VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY, ["vfio-config-load-ready", vfioConfigLoadReady]],
]);

/** What must be followed by END_OF_STATE. */
type Closing = "setup" | "config";

/**
 * The body of a section of a VFIO device on the main channel (vfio.md §3.2). QEMU reads any body in a section of any
 * kind. One object reads one body.
 */
export class VfioBody implements SectionBody {
  /** What was read last, if only END_OF_STATE can come now. */
  #closing: Closing | undefined;
  /** Something of the body was read. */
  #begun = false;

  /** What comes next, for people. */
  get expecting(): string {
    return this.#closing === undefined ? "VFIO tag" : `end of VFIO ${this.#closing} state`;
  }

  /**
   * What the newest QEMU says of a channel that ends here (vfio.md §6.2): the input's end reads as zeros. Of a first tag and
   * of an END_OF_STATE the value is looked at first; behind data the error is.
   */
  qemuAtCut(begun: Uint8Array): string | null {
    if (begun.length >= 8 || (this.#begun && this.#closing === undefined)) return INPUT_OUTPUT_ERROR;
    const bytes = new Uint8Array(8);
    bytes.set(begun);
    const tag = new DataView(bytes.buffer).getBigUint64(0);
    return this.#closing === undefined ? unknownTag(tag) : closingFault(this.#closing, tag).qemu;
  }

  /** Reads one record; returns whether the body ends with it. Throws `WireError` where the tag is none. */
  step(reader: ChannelReader): boolean {
    const { decoder } = reader;
    decoder.reading = this.expecting;
    const offset = decoder.offset;
    const tag = peekTag(decoder);
    if (this.#closing !== undefined && tag !== VFIO_MIG_FLAG_END_OF_STATE) {
      decoder.fail({ ...closingFault(this.#closing, tag), field: "tag" });
    }
    const ends = this.#record(reader, offset, tag);
    this.#begun = true;
    return ends;
  }

  #record(reader: ChannelReader, offset: number, tag: bigint): boolean {
    const { decoder } = reader;
    const last = LAST_TAGS.get(tag);
    if (last !== undefined) {
      const [kind, layout] = last;
      const record: VfioTagRecord = { kind, offset, length: 8, ...layout.read(decoder) };
      reader.emit(record);
      return true;
    }
    switch (tag) {
      case VFIO_MIG_FLAG_DEV_DATA_STATE: {
        const head = vfioData.read(decoder);
        const payload = { offset: decoder.offset, length: head.size };
        const record: VfioDataRecord = { kind: "vfio-data", offset, length: 16 + head.size, ...head, payload };
        reader.pass(record);
        return false;
      }
      case VFIO_MIG_FLAG_DEV_SETUP_STATE: {
        const setup = vfioSetupState.read(decoder);
        const record: VfioTagRecord = { kind: "vfio-setup-state", offset, length: 8, ...setup };
        this.#closing = "setup";
        reader.emit(record);
        return false;
      }
      case VFIO_MIG_FLAG_DEV_CONFIG_STATE: {
        const state = vfioConfigStateOnChannel.read(decoder);
        const record: VfioConfigRecord = { kind: "vfio-config", offset, length: decoder.offset - offset, ...state };
        this.#closing = "config";
        reader.emit(record);
        return false;
      }
      default:
        return decoder.fail({
          code: "unknown-tag",
          field: "tag",
          message: `tag is ${hex(tag)}, which no QEMU knows`,
          qemu: unknownTag(tag),
        });
    }
  }
}

function peekTag(decoder: Decoder): bigint {
  const tag = decoder.u64();
  decoder.pos -= 8;
  return tag;
}

function unknownTag(tag: bigint): string {
  return `NAME: Unknown tag ${hex(tag)}`;
}

/** What is wrong with a tag that should end what `closing` says. */
function closingFault(closing: Closing, found: bigint): { code: string; message: string; qemu: string } {
  if (closing === "config") {
    const { code, message, qemu = "" } = configEndFault(found);
    return { code, message: `tag behind the config ${message}`, qemu };
  }
  return {
    code: "setup-eos",
    message: `tag behind the setup state is ${hex(found)}, expected ${hex(VFIO_MIG_FLAG_END_OF_STATE)}`,
    qemu: `NAME: SETUP STATE: EOS not found ${hex(found)}`,
  };
}
