/** What the targets start from: real captures as far as there are any, and what is made here. @module */

import { gzipSync, zstdCompressSync } from "node:zlib";
import { concat } from "@std/bytes";
import { readBytes } from "../../src/capture/mod.ts";
import { forge, FORGE_ROWS, parseForgeDescription } from "../../src/forge/mod.ts";
import type { FieldDescription, VmsdDescription } from "../../src/wire/mod.ts";
import { CORPUS_FOLDERS } from "../corpus_folders.ts";
import { libvirtImage } from "../libvirt_image.ts";
import { ascii, be, bytesOf, capabilities, counted, RAM_EOS, stream, word } from "../main_stream.ts";
import { multifdChannel } from "../memory_capture.ts";
import { conversation, framesOf, NgSection, pcapFile, SOURCE6, TARGET6 } from "../packet_file.ts";
import type { Material } from "./material.ts";
import { joinParts, splitParts } from "./parts.ts";
import { recordedSeeds } from "./recorded_seeds.ts";
import type { Seed } from "./seed.ts";
import type { Target } from "./guided/target.ts";
import { LONGEST_INPUT } from "./guided/guided_run.ts";

/** Inputs to start from, by the names of targets. */
export type Seeds = ReadonlyMap<string, readonly Uint8Array[]>;

const FEW_OPTIONS = Uint8Array.of(0, 0, 0, 0);

const bytesOfSeed = ({ pieces }: Seed): Uint8Array => concat(pieces.map(({ bytes }) => bytes));

/** Inputs to start from for each of the targets. */
export async function seedsOf(targets: readonly Target[], material: Material): Promise<Seeds> {
  const made = await madeSeeds(material);
  return new Map(targets.map(({ name, grown }) => {
    const seeds = [...made[name] ?? [], ...(grown === undefined ? [] : [grown(1)])];
    return [name, seeds.map((bytes) => bytes.subarray(0, LONGEST_INPUT))];
  }));
}

async function madeSeeds({ seeds, captures, bodies, configs }: Material): Promise<{ [name: string]: Uint8Array[] }> {
  const ofRole = (role: string): Uint8Array[] => seeds.filter((seed) => seed.role === role).map(bytesOfSeed);
  const mains = [...ofRole("main"), ...ofRole("recovery"), mappedRam()];
  const multifds = ofRole("multifd");
  const forged: Uint8Array[] = [];
  const made: Uint8Array[][] = [];
  const whole: Uint8Array[] = [];
  for (const { text } of FORGE_ROWS) {
    const { channels } = forge(await parseForgeDescription(text));
    const parts = channels.flatMap(({ source }) => source === undefined ? [] : [readBytes(source, 0, source.size)]);
    forged.push(...parts);
    made.push(parts);
    whole.push(joinParts([FEW_OPTIONS, ...parts]));
  }
  const real = captures.map((channels) => joinParts([FEW_OPTIONS, ...channels.map(bytesOfSeed)]));
  const described = bodies.map(({ bytes, description: { name, instanceId, ...rest } }) => {
    const devices = [{ name, instance_id: instanceId, ...written(rest) }];
    return joinParts([ascii(JSON.stringify({ devices })), bytes]);
  });
  const small = stream().full(3, "timer", 2, new Uint8Array(24)).eof().bytes();
  const packed = [gzipSync(small), zstdCompressSync(small)].map((bytes) => new Uint8Array(bytes));
  const files = smallFiles();
  const dumps = [
    '{"vmschkmachine": {"Name": "pc"}, "a": {"Name": "a", "version_id": 1, "minimum_version_id": 1, ' +
    '"Description": {"name": "a", "version_id": 1, "minimum_version_id": 1, "Fields": [{"field": "x", ' +
    '"version_id": 0, "field_exists": false, "size": 4}], "Subsections": []}}}',
  ];
  const headed = forged.filter((bytes) => bytes[0] === 0x51);
  const ofCaptures = captures.map((channels) => channels.map(bytesOfSeed));
  const otherFiles = [...packetFiles(small), ngFile(small), libvirtImage(small, { padding: 16 })];
  const others = [...ofRole("return-path"), ...ofRole("preempt"), ...otherFiles];
  return {
    ...recordedSeeds([...ofCaptures, ...made], others, otherFiles),
    "main": [...mains, ...headed],
    "main-described": mains,
    "dirty-bitmap": [
      bytesOf(0x1c, counted("node"), counted("bitmap"), be(65536, 4), 0, 0x40, word(0), be(8, 4), word(8), word(5), 1),
    ],
    "multifd": [...multifds, ...forged.filter((bytes) => bytes[0] === 0x11)],
    "multifd-alone": multifds,
    "multifd-pages": [0, 1, 2, 3, 4, 5].flatMap((method) => multifds.map((bytes) => bytesOf(method, bytes))),
    "return-path": ofRole("return-path"),
    "preempt": ofRole("preempt"),
    "tls": ofRole("tls"),
    "device-body": described.filter(({ length }) => length < LONGEST_INPUT),
    "vm-description": [
      ...described.map((bytes) => bytes.subarray(4, bytes.lastIndexOf(0x7d) + 1)),
      ...dumps.map(ascii),
    ],
    "vfio-config": configs.map((bytes) => bytes.slice()),
    "pcap": packetFiles(small),
    "pcapng": [ngFile(small)],
    "libvirt": [0, 1].map((cookie) =>
      libvirtImage(small, { padding: 16, ...(cookie === 0 ? {} : { cookie: "" }), bigEndian: cookie === 0 })
    ),
    "gunzip": packed,
    "zstd-frames": packed,
    "unpack": [...packed, ...packed.map((bytes) => concat([bytes, bytes]))],
    "manifest": files.manifests,
    "events": files.events,
    "forge": FORGE_ROWS.map(({ text }) => ascii(text)),
    "qmp": ['{"QMP": {"version": {}, "capabilities": []}}\r\n{"return": {"a": "}\\""}}\n', '{"a":[{"b":1}]}'].map(
      ascii,
    ),
    "address": ["tcp:127.0.0.1:4444", "tcp:[::1]:4444", "unix:/run/in.sock", "tcp::0"].map(ascii),
    "engine": [...real, ...whole],
    "reports": [...real, ...whole],
    "ram": [...real, joinParts([Uint8Array.of(1), mappedRam()])],
    "convert": [...real, ...whole],
    "edit": EDITS.flatMap((edit, i) => {
      const input = whole[(7 * i) % whole.length];
      return input === undefined ? [] : [joinParts([ascii(edit), ...splitParts(input).slice(1)])];
    }),
  };
}

/** An edit of each kind. */
const EDITS: readonly string[] = [
  "",
  "drop kind=multifd-device-state,index=1",
  "duplicate kind=multifd-device-state,times=3",
  "reorder kind=multifd-device-state,index=0 after index=1",
  "shuffle channel=multifd 0",
  "renumber kind=multifd-device-state",
  "truncate channel=main,at=-20",
  "truncate kind=section-full,within=3",
  "corrupt channel=main,bits=4,bytes=8..20",
  "set kind=multifd-device-state,index=0,.idx=7\nset kind=section-full,instance=0,idstr=x",
  "set channel=main,kind=configuration,machine=pc\ndrop channel=multifd 0",
];

/** A stream with its pages at fixed places of a file, as short as it can be. */
function mappedRam(): Uint8Array {
  const name = "pc.ram";
  const head = stream("pc", capabilities("mapped-ram")).bytes();
  const entry = bytesOf(be(0x2000 | 4, 8), counted(name), word(0x2000));
  const start = bytesOf(head, 1, be(2, 4), counted("ram"), be(0, 4), be(4, 4), entry);
  const bitmapAt = start.length + 28;
  const pagesAt = bitmapAt + 8 + 100;
  const header = bytesOf(be(1, 4), word(0x1000), word(bitmapAt), word(pagesAt), word(3), new Uint8Array(100));
  return bytesOf(start, header, new Uint8Array(0x2000), RAM_EOS, 0x7e, be(2, 4), 0);
}

function packetFiles(small: Uint8Array): Uint8Array[] {
  const packets = [
    ...conversation(small, { segment: 40 }),
    ...conversation(multifdChannel(0), { from: SOURCE6, to: TARGET6 }),
  ];
  const shuffled = packets.map((_, i) => packets[(i * 7) % packets.length]).filter((packet) => packet !== undefined);
  return [
    pcapFile(framesOf(packets)),
    pcapFile(framesOf(shuffled)),
    pcapFile(framesOf(packets, "sll"), { linkType: 113 }),
    pcapFile(framesOf(packets, "ethernet", 80)),
  ];
}

function ngFile(small: Uint8Array): Uint8Array {
  const section = new NgSection().interface({ linkType: 1, resolution: 9 });
  for (const frame of framesOf(conversation(small, { segment: 40 }))) {
    section.enhanced(frame).simple(frame).obsolete(frame);
  }
  return section.bytes;
}

/** Beginnings of the texts in captures. */
function smallFiles(): { manifests: Uint8Array[]; events: Uint8Array[] } {
  const read = (file: string): Uint8Array[] =>
    CORPUS_FOLDERS.flatMap(({ url, captures }) =>
      captures.flatMap((name) => {
        try {
          return [Deno.readFileSync(new URL(`${name}/${file}`, url)).subarray(0, 3000)];
        } catch {
          // A capture need not have the file.
          return [];
        }
      })
    );
  return { manifests: read("capture.json"), events: read("events.jsonl").map((bytes) => bytes.subarray(0, 800)) };
}

/** A layout as QEMU writes it. */
function written({ vmsdName, version, fields, subsections }: VmsdDescription): object {
  return {
    ...(vmsdName === undefined ? {} : { vmsd_name: vmsdName }),
    ...(version === undefined ? {} : { version }),
    fields: fields.map(writtenField),
    ...(subsections.length === 0 ? {} : { subsections: subsections.map(written) }),
  };
}

function writtenField({ name, type, size, arrayLen, index, struct, inline }: FieldDescription): object {
  return {
    name,
    type,
    size,
    ...(arrayLen === undefined ? {} : { array_len: arrayLen }),
    ...(index === undefined ? {} : { index }),
    ...(struct === undefined ? {} : { struct: written(struct) }),
    ...(inline[0] === undefined ? {} : written(inline[0])),
  };
}
