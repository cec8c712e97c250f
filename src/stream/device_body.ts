import { groupBy } from "../bytes/mod.ts";
import {
  builtInDescriptions,
  type Decoder,
  type DeviceDescription,
  ElementGuess,
  findSectionEnd,
  hex,
  measureDeviceBody,
  SECTION_TYPES,
  type VmDescription,
} from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import { globalStateFinding } from "./global_state.ts";
import type { DeviceExtent, DeviceStateRecord } from "./main_records.ts";
import type { MigrationState, SectionEntry } from "./migration_state.ts";
import type { SectionBody } from "./section_body.ts";

/**
 * Longest body of a device that is believed, in bytes. Its end has to be searched for, with all of it in memory; real
 * ones have a few KiB, some a few MiB.
 */
const DEVICE_LIMIT = 64 * 1024 * 1024;

const FOOTER_LENGTH = 5;

/** The devices of a VM description by name and instance, several of one in stream order. */
interface DescriptionIndex {
  readonly description: VmDescription | undefined;
  readonly devices: ReadonlyMap<string, readonly DeviceDescription[]>;
}

/** Where a description lets a body end, or how many bytes the input lacks; undefined if it fits nowhere. */
type Extent = { readonly end: number; readonly extent: DeviceExtent } | { readonly missing: number } | undefined;

/** What `enter` says of a body. */
interface Entered {
  readonly entry: SectionEntry;
  readonly ordinal: number;
  readonly descriptions: readonly { readonly description: DeviceDescription; readonly extent: DeviceExtent }[];
  /** Channel offset that the body cannot go beyond: the end of its package. */
  readonly limit: number | undefined;
}

/**
 * Body of a section whose layout only the source's code knows (main-channel.md §8). Its end is where the VM description
 * says and a footer stands; without a description it is searched for.
 */
export class DeviceBody implements SectionBody {
  readonly expecting = "device state";
  readonly #state: MigrationState;
  readonly #seen = new Map<string, number>();
  #index: DescriptionIndex | undefined;
  #entered: Entered | undefined;
  /** Bytes of the body in which no end was found: they need not be searched again. */
  #searched = 0;

  /** Device bodies of one main channel. */
  constructor(state: MigrationState) {
    this.#state = state;
  }

  /** What the newest QEMU says of a channel that ends here: it names the structure, which is mostly that of the device. */
  qemuAtCut(): string {
    const { idstr = "" } = this.#entered?.entry ?? {};
    return `Failed to load ${idstr.slice(idstr.lastIndexOf("/") + 1)} state: stream error: -5`;
  }

  /** Begins the body of a section; only FULL sections are described. */
  enter(entry: SectionEntry, full: boolean, limit: number | undefined): void {
    const key = deviceKey(entry.idstr, entry.instanceId);
    const ordinal = full ? this.#seen.get(key) ?? 0 : 0;
    if (full) this.#seen.set(key, ordinal + 1);
    const described = full ? this.#devices().get(key)?.[ordinal] : undefined;
    const builtIn = described === undefined && full ? builtInDescriptions(entry.idstr, entry.versionId) : [];
    this.#searched = 0;
    this.#entered = {
      entry,
      ordinal,
      descriptions: [
        ...(described === undefined ? [] : [{ description: described, extent: "described" as const }]),
        ...builtIn.map((description) => ({ description, extent: "built-in" as const })),
      ],
      limit,
    };
  }

  /** The devices of the VM description, which may become known on the way. */
  #devices(): DescriptionIndex["devices"] {
    const { description } = this.#state;
    if (this.#index?.description !== description || this.#index === undefined) {
      const devices = groupBy(description?.devices ?? [], (device) => deviceKey(device.name, device.instanceId));
      this.#index = { description, devices };
    }
    return this.#index.devices;
  }

  /** Reads the whole body: one record. */
  step(reader: ChannelReader): boolean {
    const entered = this.#entered;
    if (entered === undefined) throw new TypeError("Cannot read a device body that was not entered");
    const { decoder } = reader;
    const described = this.#byDescription(reader, entered, (at) => this.#endsAt(reader, entered, at)) ??
      this.#despiteFooter(reader, entered);
    const found = described !== undefined && "end" in described
      ? described
      : this.#byFooter(reader, entered, described?.missing);
    const { entry, ordinal } = entered;
    const { offset } = decoder;
    const record: DeviceStateRecord = {
      kind: "device-state",
      offset,
      length: found.end,
      idstr: entry.idstr,
      instanceId: entry.instanceId,
      ordinal,
      extent: found.extent,
      payload: { offset, length: found.end },
    };
    if (found.extent === "guessed" && entered.descriptions.some((known) => known.extent === "described")) {
      decoder.note({
        severity: "warning",
        code: "description-mismatch",
        message: `the body of "${entry.idstr}" has ${found.end} bytes, which is not what the VM description says`,
        qemu: "drops the description unread",
      });
    }
    const finding = globalStateFinding(entry, windowOf(decoder).subarray(0, found.end), offset, this.#state);
    if (finding !== undefined) decoder.note(finding);
    reader.pass(record);
    return true;
  }

  /** Where a description lets the body end, or, at the end of input, how many bytes it lacks. */
  #byDescription(
    reader: ChannelReader,
    entered: Entered,
    endsAt: (at: number) => boolean | undefined,
  ): Extent {
    const { decoder } = reader;
    let lacking: { missing: number } | undefined;
    const window = windowOf(decoder);
    for (const { description, extent } of entered.descriptions) {
      const measured = measureDeviceBody(window, description, endsAt);
      if (measured === undefined) continue;
      if ("end" in measured) return { end: measured.end, extent };
      if (reader.ended) lacking ??= measured;
      else if (window.length + measured.missing <= DEVICE_LIMIT) decoder.need(window.length + measured.missing);
    }
    return lacking;
  }

  /**
   * Where a description lets the body end though no footer of it stands there: a footer that is damaged, if the stream
   * goes on behind it. Otherwise all the rest would be searched for a footer that does not come.
   */
  #despiteFooter(reader: ChannelReader, entered: Entered): Extent {
    if (this.#state.footers !== true) return undefined;
    const { decoder } = reader;
    const guess = new ElementGuess(windowOf(decoder), reader.ended, this.#state);
    return this.#byDescription(reader, entered, (at) => {
      const next = at + FOOTER_LENGTH;
      if (entered.limit !== undefined && decoder.offset + next > entered.limit) return false;
      if (next >= decoder.available) return reader.ended ? false : undefined;
      const verdict = guess.at(next);
      return typeof verdict === "number" ? undefined : verdict;
    });
  }

  /** Whether a body can end at an index of the window. */
  #endsAt(reader: ChannelReader, { entry, limit }: Entered, at: number): boolean | undefined {
    const { decoder } = reader;
    const pos = decoder.pos + at;
    if (limit !== undefined && decoder.offset + at > limit) return false;
    if (this.#state.footers === false) {
      if (pos >= decoder.end) return reader.ended ? true : undefined;
      const next = decoder.bytes[pos] ?? 0xff;
      return next <= SECTION_TYPES.FULL || next === SECTION_TYPES.COMMAND;
    }
    if (pos >= decoder.end) return undefined;
    if (decoder.bytes[pos] !== SECTION_TYPES.FOOTER) return false;
    if (pos + FOOTER_LENGTH > decoder.end) return undefined;
    return decoder.u32At(pos + 1) === entry.sectionId;
  }

  /** Searches for the end; `lacking` is how many bytes a description wants that the input does not have. */
  #byFooter(
    reader: ChannelReader,
    { entry, limit }: Entered,
    lacking: number | undefined,
  ): { end: number; extent: DeviceExtent } {
    const { decoder } = reader;
    decoder.reading = `device state of "${entry.idstr}"`;
    const window = windowOf(decoder);
    const { names, iterable, footers } = this.#state;
    const known = { names, iterable, footers: footers !== false };
    // That the input ends behind what looks like a footer proves nothing where the body should be longer.
    const ended = reader.ended && lacking === undefined;
    const found = findSectionEnd(window, this.#searched, entry.sectionId, known, ended);
    if (found === undefined) {
      // The input ended, and no end of the section is in it: it is cut, unless it was long enough to have one.
      if (window.length <= DEVICE_LIMIT) decoder.need(window.length + 1);
    } else if ("missing" in found) {
      this.#searched = found.resume;
      if (window.length <= DEVICE_LIMIT) decoder.need(window.length + (lacking ?? found.missing));
    } else if (limit === undefined || decoder.offset + found.end <= limit) return { end: found.end, extent: "guessed" };
    return decoder.fail({
      code: "device-body",
      message: `the state of "${entry.idstr}" (section ${hex(entry.sectionId)}) has no end where one could be`,
    });
  }
}

function deviceKey(name: string, instanceId: number): string {
  return `${instanceId} ${name}`;
}

function windowOf(decoder: Decoder): Uint8Array {
  return decoder.bytes.subarray(decoder.pos, decoder.end);
}
