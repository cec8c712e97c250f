import {
  type Capture,
  type CaptureSink,
  readCapture,
  type ReadChannel,
  type Reading,
  type ReadingOptions,
} from "../../capture/values.ts";
import type { BaseRecord, ConfigurationRecord, MultifdInitRecord } from "../../stream/mod.ts";
import { type Finding, formatUuid } from "../../wire/mod.ts";
import { ChannelTally } from "./channel.ts";
import { DeviceTallies } from "./device.ts";
import { HintTally } from "./hints.ts";
import { INSPECT_FORMAT, type InspectReport, type MainSummary } from "./model.ts";
import { RamTally } from "./ram.ts";
import { ReturnPathTally } from "./return_path.ts";
import { SectionTally } from "./sections.ts";
import { SwitchoverTally } from "./switchover.ts";

/** Findings that are kept: a stream that is wrong everywhere needs no more to be told. */
const FINDING_LIMIT = 10_000;

/** How {@linkcode inspectCapture} reads. */
export interface InspectOptions extends Omit<ReadingOptions, "strict"> {
  /** Receives the records, too: a capture from a pipe can be read once. */
  readonly sink?: CaptureSink;
}

/** All that is counted while a capture is read. */
class Tallies {
  readonly channels = new Map<ReadChannel, ChannelTally>();
  readonly returnPaths: ReturnPathTally[] = [];
  readonly sections = new SectionTally();
  readonly ram = new RamTally();
  readonly devices = new DeviceTallies();
  readonly switchover = new SwitchoverTally();
  readonly hints = new HintTally();
  uuid: string | null = null;
  flushes = 0;
  #returnPath: ReturnPathTally | undefined;
  #channel: ReadChannel | undefined;
  #tally: ChannelTally | undefined;

  add(record: BaseRecord, channel: ReadChannel): void {
    if (channel !== this.#channel) this.#enter(channel);
    this.#tally?.add(record);
    const { role } = channel.identity;
    if (role === "return-path") return this.#returnPath?.add(record);
    if (role === "main" || role === "recovery") this.sections.add(record);
    this.ram.add(record, role, channel.channel.source);
    this.devices.add(record, channel);
    this.switchover.add(record, channel);
    this.hints.add(record);
    if (record.kind === "ram-multifd-flush") this.flushes++;
    else if (record.kind === "multifd-init") this.#learnUuid((record as MultifdInitRecord).uuid);
    else if (record.kind === "configuration") {
      for (const { uuid } of (record as ConfigurationRecord).subsections) this.#learnUuid(uuid);
    }
  }

  #learnUuid(uuid: Uint8Array | undefined): void {
    if (uuid?.some((byte) => byte !== 0)) this.uuid ??= formatUuid(uuid);
  }

  #enter(channel: ReadChannel): void {
    this.#channel = channel;
    this.#tally = new ChannelTally(channel);
    this.channels.set(channel, this.#tally);
    if (channel.identity.role === "return-path") {
      this.#returnPath = new ReturnPathTally(channel.label);
      this.returnPaths.push(this.#returnPath);
    }
  }

  main({ state, ending }: Reading): MainSummary | null {
    if (ending === undefined) return null;
    return {
      machine: state.machine ?? null,
      capabilities: this.#capabilities([...state.capabilities], state.returnPath),
      pageSize: state.pageSize ?? null,
      targetPageBits: state.targetPageBits ?? null,
      pageSizeFrom: state.pageSizeOrigin ?? null,
      uuid: this.uuid,
      ending,
      footers: state.footers ?? null,
      returnPath: state.returnPath,
      postcopy: state.postcopy,
      ramBlocks: this.ram.summary(),
      ...this.sections.summary(),
      multifdFlushes: this.flushes,
    };
  }

  /** Capabilities that are named, and those that what came shows to have been on at the source. */
  #capabilities(named: readonly string[], returnPath: boolean): string[] {
    const roles = new Set([...this.channels.keys()].map((channel) => channel.identity.role));
    const { sections, commands } = this.sections.summary();
    const pages = this.ram.summary().map((block) => block.pages);
    const shown: readonly [string, boolean][] = [
      ["multifd", roles.has("multifd") || this.flushes > 0],
      ["postcopy-preempt", roles.has("preempt")],
      ["return-path", returnPath],
      ["postcopy-ram", commands.some(({ name }) => name === "POSTCOPY_RAM_DISCARD" || name === "POSTCOPY_LISTEN")],
      ["dirty-bitmaps", sections.some(({ idstr }) => idstr === "dirty-bitmap")],
      ["xbzrle", pages.some(({ xbzrle }) => xbzrle > 0)],
      ["compress", pages.some(({ compressed }) => compressed > 0)],
      ["switchover-ack", this.devices.summary(undefined).some(({ initDataSent }) => initDataSent)],
    ];
    return [...new Set([...named, ...shown.filter(([, on]) => on).map(([name]) => name)])];
  }
}

/**
 * What a capture holds. Reads all of it, in memory that does not grow with the length of its channels.
 *
 * @param capture The capture; it is not closed.
 * @param options How to read; findings go to the report, and to `options.report` as well.
 * @returns The document that `migwire inspect --json` prints (schema/inspect-1.schema.json).
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inspectCapture } from "@migwire/migwire/inspect";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * const report = inspectCapture(capture);
 * assertEquals(report.complete, false);
 * assertEquals(report.channels[0]?.cut?.expected, "configuration");
 * ```
 */
export function inspectCapture(capture: Capture, options: InspectOptions = {}): InspectReport {
  const problems: Finding[] = [];
  const report = (finding: Finding): void => {
    if (problems.length < FINDING_LIMIT) problems.push(finding);
    options.report?.(finding);
  };
  capture.findings.forEach(report);
  const tallies = new Tallies();
  const { manifest } = capture;
  const qemu = options.qemu ?? manifest?.destination?.qemu;
  const sink: CaptureSink = (record, channel) => {
    tallies.add(record, channel);
    options.sink?.(record, channel);
  };
  const reading = readCapture(capture, sink, {
    ...options,
    ...(qemu === undefined ? {} : { qemu }),
    report,
  });
  // A channel without a byte gave no record.
  const channels = reading.channels.map((channel) =>
    (tallies.channels.get(channel) ?? new ChannelTally(channel)).summary()
  );
  const main = tallies.main(reading);
  return {
    format: INSPECT_FORMAT,
    capture: {
      name: capture.name,
      kind: capture.kind,
      ...(manifest?.about === undefined ? {} : { about: manifest.about }),
      ...(manifest?.payload === undefined ? {} : { payload: manifest.payload }),
      ...(manifest?.outcome === undefined ? {} : { outcome: manifest.outcome }),
    },
    complete: isComplete(main, channels),
    problems,
    qemu: {
      ...(manifest?.source?.qemu === undefined ? {} : { source: manifest.source.qemu }),
      ...(manifest?.destination?.qemu === undefined ? {} : { destination: manifest.destination.qemu }),
      hints: tallies.hints.summary(reading.state.machine),
    },
    main,
    channels,
    devices: tallies.devices.summary(capture.events),
    returnPaths: tallies.returnPaths.map((tally) => tally.summary()),
    switchover: tallies.switchover.summary(capture.events),
  };
}

/** The last main channel reached EOF, and no other channel is cut; earlier ones may have been interrupted. */
function isComplete(main: MainSummary | null, channels: InspectReport["channels"]): boolean {
  if (main === null || main.ending === "cut") return false;
  const recovered = channels.some(({ role }) => role === "recovery");
  return channels.every(({ role, ends }) =>
    ends === "whole" || (recovered && ends === "cut" && (role === "main" || role === "recovery" || role === "preempt"))
  );
}
