import { concat } from "@std/bytes/concat";
import { encodeText } from "../bytes/mod.ts";
import {
  command,
  configuration,
  endOfStream,
  fileHeader,
  longSectionHeader,
  MIG_CMD,
  QEMU_VM_FILE_MAGIC,
  QEMU_VM_FILE_VERSION,
  SECTION_TYPES,
  sectionFooter,
  shortSectionHeader,
  vmDescriptionHeader,
} from "../wire/mod.ts";
import { contentOf, PAGE_BYTES } from "./content.ts";
import type { ForgeDescription, ForgeStep } from "./description.ts";
import { Fields, ForgeError, hexOf, isMapping, listOf, numberOf } from "./fields.ts";
import { devicePacket, type ForgedPacket, initPacket, ramPacket, syncPacket } from "./packets.ts";
import type { ChannelName, StreamBuilder } from "./stream_builder.ts";

const RAM_SECTION = 2;
const RAM_VERSION = 4;
const FIRST_DEVICE_SECTION = 5;
const MILLISECOND = 1_000_000;
/** An hour: a description says what came when, it is no clock. */
const LONGEST_WAIT = 3_600_000;

/** The kinds of sections that a step can write. */
type SectionKind = "start" | "part" | "end" | "full";

/** Turns the steps of a description into bytes. */
export class Steps {
  readonly #description: ForgeDescription;
  readonly #out: StreamBuilder;
  /** Bodies of FULL sections, for the description at the end of the stream. */
  readonly #bodies: { name: string; length: number }[] = [];

  /** Writes what `description` says to `out`. */
  constructor(description: ForgeDescription, out: StreamBuilder) {
    this.#description = description;
    this.#out = out;
  }

  /** Takes a step. Throws {@linkcode ForgeError} if there is none of that name. */
  take({ name, value, path }: ForgeStep): void {
    this.#out.step();
    const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
    if (step === undefined) throw new ForgeError(path, `is no step; there are ${Object.keys(STEPS).join(", ")}`);
    step(this, value, path);
  }

  /** Opens the main connection. */
  open(path: string): void {
    this.#out.open("main", path);
  }

  /** Opens the main connection, if it is not open, and writes what is in front of all sections. */
  header(path: string): void {
    const { machine } = this.#description;
    const magic = { magic: QEMU_VM_FILE_MAGIC, version: QEMU_VM_FILE_VERSION };
    const type = SECTION_TYPES.CONFIGURATION;
    if (!this.#out.isOpen("main")) this.open(path);
    const nameLength = encodeText(machine).length;
    const config = configuration.encode({ type, nameLength, machine, subsections: [] });
    this.#main(path, fileHeader.encode(magic), config);
  }

  /** Opens a multifd connection. */
  connect(value: unknown, path: string): void {
    const id = numberOf(value, path, 255);
    this.#out.open(id, path);
    this.#out.put(id, path, initPacket(id));
  }

  /** Connections, header, START sections, and the barrier of the RAM setup. */
  setup(path: string): void {
    this.header(path);
    for (let id = 0; id < this.#description.channels; id++) {
      if (!this.#out.isOpen(id)) this.connect(id, path);
    }
    if (Object.keys(this.#description.ram).length > 0) {
      this.sync("all", path);
      this.section("start", "ram", path);
    }
    for (const device of this.#description.devices) this.section("start", device, path);
  }

  /** END sections, with the last barrier. */
  ends(path: string): void {
    if (Object.keys(this.#description.ram).length > 0) {
      this.sync("all", path);
      this.section("end", "ram", path);
    }
    for (const device of this.#description.devices) this.section("end", device, path);
  }

  /** A barrier in a section of its own. */
  barrier(path: string): void {
    this.sync("all", path);
    this.section("part", "ram", path);
  }

  /** FULL sections, EOF, description. */
  finish(path: string): void {
    for (const device of this.#description.devices) this.section("full", device, path);
    this.eof(path);
    this.vmDescription(path);
  }

  /** The EOF byte. */
  eof(path: string): void {
    this.#main(path, endOfStream.encode({ type: SECTION_TYPES.EOF }));
  }

  /** The description of the FULL sections. */
  vmDescription(path: string): void {
    const devices = this.#bodies.map(({ name, length }) => ({
      name,
      instance_id: 0,
      fields: [{ name: "data", size: length, type: "buffer" }],
    }));
    const text = encodeText(JSON.stringify({ page_size: PAGE_BYTES, devices }));
    this.#main(path, vmDescriptionHeader.encode({ type: SECTION_TYPES.VMDESCRIPTION, textLength: text.length }), text);
  }

  /** A section. `value` is what it is of, or says more. */
  section(kind: SectionKind, value: unknown, path: string): void {
    const fields = new Fields(isMapping(value) ? value : { of: value }, path);
    const of = fields.text("of") ?? this.#description.devices[0] ?? "ram";
    const isRam = of === "ram";
    const sectionId = fields.number("id", 0xffffffff) ?? this.#sectionOf(of, path);
    const body = fields.take("content", (items, at) => this.#content(items, at)) ??
      this.#content(isRam ? this.#ramContent(kind) : [kind === "start" ? "setup" : "end"], path);
    const versionId = fields.number("version", 0xffffffff) ?? (isRam ? RAM_VERSION : 1);
    const instanceId = fields.number("instance", 0xffffffff) ?? 0;
    const cut = fields.flag("cut") ?? false;
    fields.end();
    const type =
      { start: SECTION_TYPES.START, part: SECTION_TYPES.PART, end: SECTION_TYPES.END, full: SECTION_TYPES.FULL }[kind];
    const header = kind === "start" || kind === "full"
      ? longSectionHeader.encode({ type, sectionId, idstr: of, instanceId, versionId })
      : shortSectionHeader.encode({ type, sectionId });
    const footer = sectionFooter.encode({ marker: SECTION_TYPES.FOOTER, sectionId });
    this.#main(path, header, body, ...(cut ? [] : [footer]));
    if (kind === "full") this.#bodies.push({ name: of, length: body.length });
  }

  /** A command. `value` is its number, or says more. */
  command(value: unknown, path: string): void {
    const fields = new Fields(isMapping(value) ? value : { number: value }, path);
    const number = fields.number("number", 0xffff);
    if (number === undefined) throw new ForgeError(fields.at("number"), "is missing");
    const rawPayload = fields.take("payload", hexOf) ?? new Uint8Array(0);
    fields.end();
    const type = SECTION_TYPES.COMMAND;
    this.#main(
      path,
      command.encode({ type, command: number, payloadLength: rawPayload.length, rawPayload: new Uint8Array(0) }),
      rawPayload,
    );
  }

  /** SYNC on one channel, or on all. */
  sync(value: unknown, path: string): void {
    const channels = value === "all" || value === undefined
      ? this.#out.multifdChannels()
      : [numberOf(value, path, 255)];
    for (const channel of channels) this.#out.put(channel, path, syncPacket());
  }

  /** A packet of a device. */
  device(value: unknown, path: string, isConfig: boolean): void {
    this.packet(devicePacket(value, path, isConfig, this.#description), path);
  }

  /** A packet. */
  packet({ channel, bytes }: ForgedPacket, path: string): void {
    this.#out.put(channel, path, bytes);
  }

  /** Any bytes. */
  raw(value: unknown, path: string): void {
    const fields = new Fields(value, path);
    const content = fields.take("content", (items, at) => this.#content(items, at));
    const channel = fields.take("channel", channelOf) ?? "main";
    fields.end();
    if (content === undefined) throw new ForgeError(fields.at("content"), "is missing");
    this.#out.put(channel, path, content);
  }

  /** The end of a connection, or of all. */
  close(value: unknown, path: string, kind: "end" | "reset"): void {
    const all: readonly ChannelName[] = ["main", ...this.#out.multifdChannels()];
    for (const channel of value === "all" ? all : [channelOf(value, path)]) this.#out.end(channel, kind, path);
  }

  /** Milliseconds in which nothing comes. */
  wait(value: unknown, path: string): void {
    this.#out.wait(numberOf(value, path, LONGEST_WAIT) * MILLISECOND);
  }

  #main(path: string, ...pieces: readonly Uint8Array[]): void {
    this.#out.put("main", path, concat([...pieces]));
  }

  #content(items: unknown, path: string): Uint8Array {
    return contentOf(listOf(items, path), path, this.#description.ram);
  }

  #ramContent(kind: SectionKind): string[] {
    const { channels, barriers } = this.#description;
    const flush = channels > 0 && barriers === "round" ? ["flush"] : [];
    return [...(kind === "start" ? ["blocks"] : []), ...flush, "eos"];
  }

  #sectionOf(of: string, path: string): number {
    if (of === "ram") return RAM_SECTION;
    const place = this.#description.devices.indexOf(of);
    if (place < 0) throw new ForgeError(path, `is of ${of}, which is no device of the description: give its id`);
    return FIRST_DEVICE_SECTION + place;
  }
}

/** A channel: `main`, or an id. */
function channelOf(value: unknown, path: string): ChannelName {
  return value === "main" ? "main" : numberOf(value, path, 255);
}

/** What a source can do. */
const STEPS: { readonly [name: string]: (steps: Steps, value: unknown, path: string) => void } = {
  "setup": (steps, _, path) => steps.setup(path),
  "switchover": (steps, _, path) => {
    steps.command(MIG_CMD.SWITCHOVER_START, path);
    steps.ends(path);
  },
  "finish": (steps, _, path) => steps.finish(path),
  "data": (steps, value, path) => steps.device(value, path, false),
  "config": (steps, value, path) => steps.device(value, path, true),
  "ram": (steps, value, path) => steps.packet(ramPacket(value, path), path),
  "sync": (steps, value, path) => steps.sync(value, path),
  "barrier": (steps, _, path) => steps.barrier(path),
  "open": (steps, _, path) => steps.open(path),
  "header": (steps, _, path) => steps.header(path),
  "connect": (steps, value, path) => steps.connect(value, path),
  "switchover-start": (steps, _, path) => steps.command(MIG_CMD.SWITCHOVER_START, path),
  "return-path": (steps, _, path) => steps.command(MIG_CMD.OPEN_RETURN_PATH, path),
  "command": (steps, value, path) => steps.command(value, path),
  "ends": (steps, _, path) => steps.ends(path),
  "start": (steps, value, path) => steps.section("start", value, path),
  "part": (steps, value, path) => steps.section("part", value, path),
  "end": (steps, value, path) => steps.section("end", value, path),
  "full": (steps, value, path) => steps.section("full", value, path),
  "eof": (steps, _, path) => steps.eof(path),
  "description": (steps, _, path) => steps.vmDescription(path),
  "raw": (steps, value, path) => steps.raw(value, path),
  "close": (steps, value, path) => steps.close(value, path, "end"),
  "reset": (steps, value, path) => steps.close(value, path, "reset"),
  "wait": (steps, value, path) => steps.wait(value, path),
};
