import type { ByteRange } from "../../bytes/mod.ts";
import {
  type ByteSource,
  type Capture,
  identifyChannels,
  readBytes,
  type ReadChannel,
  readDescription,
} from "../../capture/values.ts";
import type { DeviceStateRecord, MultifdDeviceStateRecord, VfioConfigRecord } from "../../stream/mod.ts";
import {
  annotateDeviceBody,
  builtInDescriptions,
  decodeDeviceBody,
  decodePciConfig,
  describePciConfig,
  type DeviceBody,
  type DeviceDescription,
  parseConfigPacket,
  type VfioConfig,
  vfioConfigPacket,
  type VmDescription,
} from "../../wire/mod.ts";
import { type DumpField, dumpHeader, unlessMalformed, withBytes } from "./dump.ts";
import type { RecordLine } from "./line.ts";
import { summariseSpan } from "./page_span.ts";
import { summariseRecord } from "./summaries.ts";
import { count, type SummaryField } from "./summary_field.ts";

/** Bytes that a record carries, the first of them. */
export interface PayloadDump extends ByteRange {
  /** The first bytes; undefined where they are not at hand, since they came through a pipe and are gone. */
  readonly bytes: Uint8Array | undefined;
}

/** All of a record. The bytes of the fields and the payload tile it. */
export interface RecordDump {
  /** What is understood, field by field: the header, the state of a device, the config in a packet. */
  readonly fields: readonly DumpField[];
  /** The bytes behind them. */
  readonly payload?: PayloadDump;
  /** What a PCI config space says, in the words of `lspci`. */
  readonly words: readonly string[];
}

/**
 * Looks into records: at the bytes that they carry, with what the capture says about them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { listRecords, type RecordLine, RecordViewer } from "@migwire/migwire/records";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const lines: RecordLine[] = [];
 * listRecords(capture, (line) => lines.push(line), { kinds: new Set(["file-header"]) });
 * const dumps = lines.map((line) => new RecordViewer(capture).dump(line, 16));
 * assertEquals(dumps[0]?.fields.map(({ field }) => field), ["magic", "version"]);
 * capture.close();
 * ```
 */
export class RecordViewer {
  readonly #capture: Capture;
  readonly #descriptions = new Map<ByteSource, VmDescription | undefined>();
  #mainSource: ByteSource | undefined;

  /** A viewer of the records of `capture`, which must be open. */
  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** The values of a line that matter. */
  summary(line: RecordLine): SummaryField[] {
    if (line.squashed !== undefined) return summariseSpan(line.squashed);
    const fields = summariseRecord(line.record);
    const state = line.kind === "device-state" ? this.#deviceState(line) : undefined;
    return state === undefined ? fields : [...fields, count("fields", leavesOf(state.body.children))];
  }

  /** A record with all its bytes; of its payload `payloadBytes` at most. */
  dump(line: RecordLine, payloadBytes: number): RecordDump {
    const { record, channel } = line;
    const { fields, rest } = dumpHeader(record);
    if (record.kind === "vfio-config") {
      return { fields, words: describe((record as VfioConfigRecord).config) };
    }
    const inside = this.#inside(line);
    if (inside !== undefined) return { fields: [...fields, ...inside.fields], words: inside.words };
    if (rest === undefined) return { fields, words: [] };
    const { source } = channel.channel;
    const bytes = source && readBytes(source, rest.offset, Math.min(payloadBytes, rest.length));
    return { fields, payload: { ...rest, bytes }, words: [] };
  }

  /** What is understood of a payload. */
  #inside(line: RecordLine): { fields: DumpField[]; words: string[] } | undefined {
    if (line.kind === "device-state") {
      const state = this.#deviceState(line);
      if (state === undefined) return undefined;
      return { fields: withBytes(annotateDeviceBody(state.body, line.offset), state.bytes, line.offset), words: [] };
    }
    const { configData, payload } = line.record as Partial<MultifdDeviceStateRecord>;
    if (configData === undefined || payload === undefined) return undefined;
    return unlessMalformed(() => ({
      fields: withBytes(vfioConfigPacket.annotate(configData, payload.offset), configData, payload.offset),
      words: describe(parseConfigPacket(configData).config),
    }));
  }

  /** The state of a device, taken apart; undefined where its bytes are gone, or nothing describes it. */
  #deviceState(line: RecordLine): { bytes: Uint8Array; body: DeviceBody } | undefined {
    const { source } = line.channel.channel;
    if (source === undefined) return undefined;
    const record = line.record as DeviceStateRecord;
    const candidates = this.#candidates(line, record, source);
    if (candidates.length === 0) return undefined;
    const bytes = readBytes(source, record.offset, record.length);
    for (const description of candidates) {
      const body = decodeDeviceBody(bytes, description);
      if (body.findings.length === 0 || candidates.length === 1) return { bytes, body };
    }
    return undefined;
  }

  #candidates(line: RecordLine, record: DeviceStateRecord, source: ByteSource): readonly DeviceDescription[] {
    const { extent, idstr, instanceId, ordinal } = record;
    if (extent === "guessed") return [];
    if (extent === "built-in") return builtInDescriptions(idstr, line.section?.versionId ?? 0);
    const described = this.#descriptionOf(source)?.devices.filter((device) =>
      device.name === idstr && device.instanceId === instanceId
    )[ordinal];
    return described === undefined ? [] : [described];
  }

  /** The description at the end of a channel; a recovery connection goes on with that of the main channel. */
  #descriptionOf(source: ByteSource): VmDescription | undefined {
    if (!this.#descriptions.has(source)) this.#descriptions.set(source, readDescription(source));
    const own = this.#descriptions.get(source);
    if (own !== undefined) return own;
    this.#mainSource ??= mainSource(identifyChannels(this.#capture));
    return this.#mainSource === undefined || this.#mainSource === source
      ? undefined
      : this.#descriptionOf(this.#mainSource);
  }
}

function mainSource(channels: readonly ReadChannel[]): ByteSource | undefined {
  return channels.find(({ identity }) => identity.role === "main")?.channel.source;
}

function leavesOf(nodes: DeviceBody["children"]): number {
  return nodes.reduce((sum, { children }) => sum + (children === undefined ? 1 : leavesOf(children)), 0);
}

function describe(config: VfioConfig): string[] {
  return describePciConfig(decodePciConfig(config.configSpace));
}
