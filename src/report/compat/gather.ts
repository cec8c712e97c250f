import type { ReadChannel } from "../../capture/values.ts";
import type {
  BaseRecord,
  CommandRecord,
  ConfigurationRecord,
  DeviceStateRecord,
  LongSectionRecord,
  MultifdRamRecord,
} from "../../stream/mod.ts";
import { MIG_CMD, MULTIFD_FLAG, type MultifdCompression, multifdCompression } from "../../wire/mod.ts";

/** A place in a channel. */
export interface Place {
  /** Label of the channel. */
  readonly channel: string;
  /** Offset. */
  readonly offset: number;
}

/** A section, where it first appears. */
export interface SectionFacts extends Place {
  /** Name. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Version. */
  readonly versionId: number;
  /** Its body, where vmstate describes it. */
  body?: { readonly start: number; readonly length: number; readonly channel: ReadChannel };
}

/** What of a stream another version may not know, and where it first is. */
export interface Features {
  /** Machine type. */
  machine?: Place & { readonly name: string };
  /** Capabilities that the configuration lists. */
  readonly capabilities: Map<string, Place>;
  /** Commands by number, with their lengths. */
  readonly commands: Map<number, Place & { readonly length: number }>;
  /** MULTIFD_FLUSH among the RAM records. */
  flush?: Place;
  /** A page that was compressed by itself. */
  compressedPage?: Place;
  /** Device state on multifd channels. */
  devicePacket?: Place;
  /** Zero pages on multifd channels. */
  zeroPages?: Place;
  /** Compression of multifd channels. */
  compression?: Place & { readonly method: MultifdCompression };
  /** A multifd channel. */
  multifd?: Place;
  /** Postcopy is possible, of RAM. */
  postcopyRam?: Place;
  /** VFIO: the precopy data is complete. */
  initDataSent?: Place;
}

/** Sections that are kept: real streams have hundreds, a hostile one could have millions. */
const LIMIT = 10_000;

/** Gathers what the rules of `compat` judge, in memory that grows with the number of sections alone. */
export class Gatherer {
  /** Sections, in the order in which they first appear. */
  readonly sections: SectionFacts[] = [];
  /** What else another version may not know. */
  readonly features: Features = { capabilities: new Map(), commands: new Map() };
  readonly #known = new Map<string, SectionFacts>();

  /** Looks at a record. */
  add(record: BaseRecord, channel: ReadChannel): void {
    const place = { channel: channel.label, offset: record.offset };
    const { features } = this;
    switch (record.kind) {
      case "configuration":
        return this.#configuration(record as ConfigurationRecord, place);
      case "section-start":
      case "section-full":
        return this.#section(record as LongSectionRecord, place);
      case "device-state":
        return this.#body(record as DeviceStateRecord, channel);
      case "command":
        return this.#command(record as CommandRecord, place);
      case "ram-multifd-flush":
        features.flush ??= place;
        return;
      case "ram-compress-page":
        features.compressedPage ??= place;
        return;
      case "multifd-init":
        features.multifd ??= place;
        return;
      case "multifd-device-state":
        features.devicePacket ??= place;
        return;
      case "multifd-ram":
        return this.#packet(record as MultifdRamRecord, place);
      case "vfio-init-data-sent":
        features.initDataSent ??= place;
    }
  }

  #configuration({ machine, subsections }: ConfigurationRecord, place: Place): void {
    this.features.machine ??= { name: machine, ...place };
    for (const { capabilities } of subsections) {
      for (const { name } of capabilities?.names ?? []) this.features.capabilities.set(name, place);
    }
  }

  #section({ idstr, instanceId, versionId }: LongSectionRecord, place: Place): void {
    const key = `${instanceId} ${idstr}`;
    if (this.#known.has(key) || this.sections.length >= LIMIT) return;
    const section = { idstr, instanceId, versionId, ...place };
    this.#known.set(key, section);
    this.sections.push(section);
  }

  #body({ idstr, instanceId, payload }: DeviceStateRecord, channel: ReadChannel): void {
    const section = this.#known.get(`${instanceId} ${idstr}`);
    if (section !== undefined) section.body ??= { start: payload.offset, length: payload.length, channel };
  }

  #command({ command, payloadLength: length }: CommandRecord, place: Place): void {
    if (!this.features.commands.has(command)) this.features.commands.set(command, { length, ...place });
    if (command === MIG_CMD.POSTCOPY_ADVISE && length > 0) this.features.postcopyRam ??= place;
  }

  #packet({ flags, zeroPages }: MultifdRamRecord, place: Place): void {
    if (zeroPages > 0) this.features.zeroPages ??= place;
    const method = multifdCompression(flags & ~MULTIFD_FLAG.SYNC);
    if (method !== undefined && method !== "none") this.features.compression ??= { method, ...place };
  }
}
