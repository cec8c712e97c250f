import { type Capture, identifyChannels, readCapture, type ReadChannel } from "../capture/mod.ts";
import type { BaseRecord, ChannelRole } from "../stream/mod.ts";
import { LaneCollector } from "./collect_lane.ts";
import { EmitError } from "./emit_error.ts";
import { NeedsGatherer } from "./gather_needs.ts";
import type { ItemOptions } from "./item.ts";
import type { Lane } from "./lane.ts";
import { MainLine } from "./main_line.ts";
import type { StreamNeeds } from "./needs.ts";
import type { Stretch } from "./stretch.ts";

/** How a capture is read for being sent. */
export interface ScoreOptions {
  /** Make all bytes from the fields of the records, rather than to copy them. */
  readonly reserialise?: boolean;
  /**
   * Changes records. What it gives back as it is, is sent as it stands; what it changes is made from its fields.
   *
   * Channels are read one after the other, main channels first.
   */
  readonly change?: (record: BaseRecord, channel: ReadChannel) => BaseRecord;
  /** Target page size in bytes, where the stream does not tell it. */
  readonly pageSize?: number;
}

/** A main, recovery or preempt channel. */
export interface LineScore {
  /** The channel. */
  readonly entry: ReadChannel;
  /** Its pieces. */
  readonly stretches: readonly Stretch[];
  /** PINGs in it. */
  readonly pings: number;
  /** A device in it needs an acknowledgement of the switchover. */
  readonly needsAck: boolean;
}

/** What a capture holds that can be sent: its channels, taken apart where they wait for each other. */
export interface Score {
  /** The main channel. */
  readonly main: LineScore;
  /** Connections that go on where postcopy was interrupted, in order. */
  readonly recoveries: readonly LineScore[];
  /** Channels for urgent pages. */
  readonly preempts: readonly LineScore[];
  /** multifd channels by id. */
  readonly lanes: readonly Lane[];
  /** What the stream asks of its destination. */
  readonly needs: StreamNeeds;
  /** Target page size in bytes, where it is known. */
  readonly pageSize?: number;
  /** What is left out, for people. */
  readonly notes: readonly string[];
}

/** Roles of channels that are sent in stretches. */
const LINES: readonly ChannelRole[] = ["main", "recovery", "preempt"];

/**
 * Reads a capture for being sent. Holds what it keeps of a channel in memory: little for each packet and section, no
 * contents; with `reserialise` each record without its payload.
 *
 * @param capture The capture. Its channels must be possible to read twice.
 * @param options What is changed on the way.
 * @returns What can be sent of it, in the order of each channel, and what the target needs for it.
 * @throws {EmitError} If it cannot be sent: without a main channel, encrypted, mapped-ram, from a large pipe.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { readScore } from "@migwire/migwire/emit";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const { lanes, needs } = readScore(capture);
 * assertEquals([lanes.length, needs.devices.map(({ idstr }) => idstr)], [2, ["0000:00:05.0/vfio"]]);
 * capture.close();
 * ```
 */
export function readScore(capture: Capture, options: ScoreOptions = {}): Score {
  const notes: string[] = [];
  const gatherer = new NeedsGatherer();
  const lines = new Map<ReadChannel, MainLine>();
  const lanes = new Map<ReadChannel, LaneCollector>();
  refuseEncrypted(capture);
  const optionsOf = (entry: ReadChannel): ItemOptions => {
    const { change, reserialise = false } = options;
    return {
      ...placeOf(entry),
      reserialise,
      ...(change === undefined ? {} : { change: (record: BaseRecord): BaseRecord => change(record, entry) }),
    };
  };
  const sink = (record: BaseRecord, entry: ReadChannel): void => {
    const { role } = entry.identity;
    if (role === "multifd") {
      gatherer.multifd(record);
      known(lanes, entry, () => new LaneCollector(optionsOf(entry))).add(record);
    } else if (LINES.includes(role)) {
      if (role === "preempt") gatherer.preempt();
      else gatherer.main(record);
      known(lines, entry, () => new MainLine(optionsOf(entry))).add(record);
    }
  };
  const { pageSize } = options;
  const { channels, state } = readCapture(capture, sink, pageSize === undefined ? {} : { pageSize });
  for (const { label, identity } of channels) {
    const isSent = identity.role === "multifd" || LINES.includes(identity.role);
    if (!isSent && identity.role !== "return-path") notes.push(`${label} is not sent: ${identity.reason}`);
  }
  const of = (role: ChannelRole): LineScore[] =>
    [...lines].filter(([{ identity }]) => identity.role === role).map(([entry, line]) => ({
      entry,
      stretches: line.stretches,
      pings: line.pings,
      needsAck: line.needsAck,
    }));
  const [main, ...others] = of("main");
  if (main === undefined) {
    const message = `Cannot send ${capture.name}: no channel begins as a main channel does`;
    throw new EmitError("no-main-channel", message, "a capture of the whole migration is needed");
  }
  if (gatherer.needs.capabilities.includes("mapped-ram")) {
    const message = `Cannot send ${capture.name}: it is a mapped-ram file, which no connection carries`;
    throw new EmitError("mapped-ram", message, "start QEMU with -incoming file:PATH, and the capability mapped-ram");
  }
  for (const { entry } of others) notes.push(`${entry.label} is not sent: it is another migration's`);
  return {
    main,
    recoveries: of("recovery"),
    preempts: of("preempt"),
    lanes: [...lanes.values()].map((lane) => lane.finish()),
    needs: gatherer.needs,
    ...(state.pageSize === undefined ? {} : { pageSize: state.pageSize }),
    notes,
  };
}

function known<K, V>(all: Map<K, V>, key: K, make: () => V): V {
  const value = all.get(key) ?? make();
  all.set(key, value);
  return value;
}

function placeOf({ channel, label }: ReadChannel): Pick<ItemOptions, "source" | "connection"> {
  if (channel.source !== undefined) return { source: channel.source, connection: channel.index };
  const message = `Cannot send ${label}: it comes from a pipe and is too large to be kept`;
  throw new EmitError("not-seekable", message, "save it to a file first");
}

function refuseEncrypted(capture: Capture): void {
  const encrypted = identifyChannels(capture).find(({ identity }) => identity.role === "tls");
  if (encrypted === undefined) return;
  const message =
    `Cannot send ${capture.name}: ${encrypted.label} is encrypted, and a session of TLS cannot be repeated`;
  throw new EmitError("encrypted", message, "record the migration without TLS");
}
