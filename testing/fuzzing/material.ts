/** All that mutants are made from, taken from real captures and from the test vectors. @module */

import { MemorySource, readDescription } from "../../src/capture/mod.ts";
import {
  type BaseRecord,
  ChannelParser,
  type DeviceStateRecord,
  MainGrammar,
  type MultifdDeviceStateRecord,
  type MultifdRamRecord,
} from "../../src/stream/mod.ts";
import type { DeviceDescription, MultifdCompression, PagePacket } from "../../src/wire/mod.ts";
import { type CorpusCapture, type CorpusChannel, loadCapture, loneChannel } from "../corpus.ts";
import { CORPUS_FOLDERS } from "../corpus_folders.ts";
import { vectorBytes, VECTORS } from "../vectors.ts";
import { type Seed, seedOf } from "./seed.ts";

/** A device's body, and its description. */
export interface DescribedBody {
  readonly bytes: Uint8Array;
  readonly description: DeviceDescription;
}

/** Compressed packets of one channel, in order. */
export interface PacketChain {
  readonly method: MultifdCompression;
  readonly packets: readonly { readonly packet: PagePacket; readonly payload: Uint8Array }[];
}

/** What mutants are made from. */
export interface Material {
  /** Channels. */
  readonly seeds: readonly Seed[];
  /** The same, those of a capture together. */
  readonly captures: readonly (readonly Seed[])[];
  /** Bodies of devices. */
  readonly bodies: readonly DescribedBody[];
  /** Data of config packets. */
  readonly configs: readonly Uint8Array[];
  /** Pages under compression. */
  readonly chains: readonly PacketChain[];
}

/** Longest body that is used, bytes. */
const LONGEST_BODY = 4096;

/** Packets at the start of a compressed channel that are used. */
const PACKETS = 3;

/** Takes whatever can be read; the test vectors alone where there are no captures. */
export function gatherMaterial(): Material {
  const material = {
    captures: [] as Seed[][],
    described: [] as Seed[],
    bodies: [] as DescribedBody[],
    configs: [] as Uint8Array[],
    chains: [] as PacketChain[],
  };
  for (const folder of CORPUS_FOLDERS) {
    for (const name of folder.captures) {
      const capture = loadCapture(folder, name);
      material.captures.push(capture.channels.map((channel) => seedOf(channel, channel.entry.channel.direction)));
      material.described.push(...capture.channels.flatMap(withDescription));
      material.bodies.push(...bodiesOf(capture));
      for (const channel of capture.channels) {
        if (channel.role !== "multifd") continue;
        material.configs.push(...configsOf(channel));
        const chain = chainOf(channel);
        if (chain !== undefined) material.chains.push(chain);
      }
    }
  }
  const vectors = VECTORS
    .map(({ id }) => loneChannel(id, Uint8Array.from(vectorBytes(id))))
    .filter((channel) => channel !== undefined)
    .map((channel) => seedOf(channel, channel.role === "return-path" ? "d2s" : "s2d"));
  const captures = material.captures.map((seeds) => seeds.filter(({ pieces }) => pieces.length > 0));
  return { ...material, captures, seeds: [...captures.flat(), ...material.described, ...vectors] };
}

/** The main channel as it is read when its end is there: with the VM description. */
function withDescription(channel: CorpusChannel): Seed[] {
  if (channel.role !== "main") return [];
  const description = readDescription(new MemorySource(channel.bytes));
  if (description === undefined) return [];
  const seed = seedOf(channel, "s2d");
  return [{ ...seed, name: `${seed.name}, described`, grammar: () => new MainGrammar({ description }) }];
}

function bodiesOf(capture: CorpusCapture): DescribedBody[] {
  const main = capture.channels.find(({ role }) => role === "main");
  const description = main && readDescription(new MemorySource(main.bytes));
  if (main === undefined || description === undefined) return [];
  return recordsOf(main).flatMap((record) => {
    if (record.kind !== "device-state" || record.length > LONGEST_BODY) return [];
    const { idstr, instanceId } = record as DeviceStateRecord;
    const device = description.devices.find((one) => one.name === idstr && one.instanceId === instanceId);
    const bytes = main.bytes.slice(record.offset, record.offset + record.length);
    return device === undefined ? [] : [{ bytes, description: device }];
  });
}

function configsOf(channel: CorpusChannel): Uint8Array[] {
  return recordsOf(channel).map((record) => (record as MultifdDeviceStateRecord).configData)
    .filter((data) => data !== undefined);
}

const METHODS: { readonly [flag: number]: MultifdCompression } = { 2: "zlib", 4: "zstd" };

function chainOf(channel: CorpusChannel): PacketChain | undefined {
  const records = recordsOf(channel).filter((record) => record.kind === "multifd-ram") as MultifdRamRecord[];
  const method = METHODS[(records[0]?.flags ?? 0) & 0x3e];
  if (method === undefined) return undefined;
  const packets = records.slice(0, PACKETS).map((packet) => {
    const { offset = 0, length = 0 } = packet.payload ?? {};
    return { packet, payload: channel.bytes.slice(offset, offset + length) };
  });
  return { method, packets };
}

function recordsOf(channel: CorpusChannel): BaseRecord[] {
  const parser = new ChannelParser(channel.grammar());
  return [...parser.push(channel.bytes), ...parser.end()];
}

/** How much there is, for people. */
export function describeMaterial({ seeds, bodies, configs, chains }: Material): string {
  return `from ${seeds.length} channels, ${bodies.length} device bodies, ${configs.length} configs and ` +
    `${chains.length} compressed channels`;
}
