import { ArrivalClock, type Capture, ChannelGrammars, identifyChannels, type ReadChannel } from "../capture/values.ts";
import type {
  BaseRecord,
  ChannelRole,
  MultifdDeviceStateRecord,
  MultifdInitRecord,
  VfioConfigRecord,
} from "../stream/mod.ts";
import type { MultifdContext } from "../wire/mod.ts";
import { channelBytes } from "./channel_bytes.ts";
import { type DeviceTask, DeviceWorker, type StateData } from "./device_work.ts";
import {
  Destination,
  type DestinationHandler,
  type DestinationSettings,
  type LoaderStatistics,
  type LoadingDevice,
  type LoadWarning,
  PACKET_LIMIT,
  type ReturnPathAnswer,
  type Unread,
  type Verdict,
  type VfioDeviceState,
} from "./engine/mod.ts";
import { type Item, RecordCursor } from "./feed/cursor.ts";
import {
  CANONICAL_ORDER,
  CHANNEL_ORDER,
  type LoadOrder,
  type Picker,
  randomOrder,
  recordedOrder,
  roundRobinOrder,
} from "./feed/order.ts";
import { DeviceRates } from "./feed/device_rates.ts";
import { type DeviceSink, DigestSink } from "./sinks.ts";

/** Something that happened while a capture was loaded, with its time on the clock of the load in nanoseconds. */
export interface LoadEvent {
  /** What happened. */
  readonly kind: "incoming" | "loading" | "loaded" | "starved" | "gated" | "config" | "state";
  /** The device. */
  readonly device: string;
  /** Index of the buffer, where it is about one. */
  readonly idx?: number;
  /** `incoming`: bytes of data that the buffer has. */
  readonly bytes?: number;
  /** `incoming`: the channel that it came over, as a capture calls it. */
  readonly channel?: string;
  /** The device's new state. */
  readonly state?: VfioDeviceState;
  /** When. */
  readonly time: number;
}

/** How a capture is loaded. */
export interface LoadOptions {
  /** The destination. */
  readonly settings: DestinationSettings;
  /** Order of the channels; as recorded where times are recorded, else canonical. */
  readonly order?: LoadOrder;
  /** Seed of a random order. */
  readonly seed?: number;
  /** Where the state of a device goes, by the name of its section; nowhere but digests without. */
  readonly sink?: (idstr: string, instanceId: number) => DeviceSink;
  /** Bytes a second that a device takes, on the clock of the load; as fast as can be without. */
  readonly deviceRate?: number;
  /** Connections whose end the recorder did not see are open: QEMU waits for more on them. */
  readonly open?: boolean;
  /** What the destination of the multifd channels knows. */
  readonly multifd?: MultifdContext;
  /** Target page size in bytes. */
  readonly pageSize?: number;
  /** Receives what happens. */
  readonly onEvent?: (event: LoadEvent) => void;
}

/** What became of a device. */
export interface LoadedDevice {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** What QEMU calls it. */
  readonly name: string;
  /** Where its state was loaded from. */
  readonly mode: "main" | "multifd";
  /** Bytes that came on the main channel, before and after the stop. */
  readonly mainBytes: number;
  /** Counters of its queue; null in main mode. */
  readonly queue: LoaderStatistics | null;
  /** Bytes that it was given. */
  readonly bytes: number;
  /** SHA-256 of the bytes that it was given. */
  readonly sha256: string;
  /** Length of the config blob; 0 if it was not loaded. */
  readonly configBytes: number;
  /** SHA-256 of the config blob; null if it was not loaded. */
  readonly configSha256: string | null;
  /** Its config waited for CONFIG_LOAD_READY. */
  readonly gated: boolean;
  /** The kernel's state of it in the end. */
  readonly state: VfioDeviceState;
}

/** What became of a load. */
export interface LoadResult {
  /** Of the whole. */
  readonly verdict: Verdict;
  /** Every error that QEMU would have recorded, in order. */
  readonly errors: readonly Verdict[];
  /** Of each device that the stream named. */
  readonly devices: readonly LoadedDevice[];
  /** What was suspicious. */
  readonly warnings: readonly LoadWarning[];
  /** What the destination sent. */
  readonly answers: readonly ReturnPathAnswer[];
  /** The order that was used. */
  readonly order: LoadOrder;
  /** Barriers that were passed. */
  readonly barriers: number;
  /** SWITCHOVER_START came. */
  readonly switchoverStarted: boolean;
  /** The main channel was read up to the EOF byte. */
  readonly mainEnded: boolean;
}

/**
 * Loads a capture as a destination would, and says what becomes of it.
 *
 * @param capture The capture; a pipe that was not kept cannot be loaded.
 * @param options The destination, and how to feed it.
 * @returns What became of the whole, and of each device.
 * @throws `CaptureError` if bytes cannot be had, and what a sink throws except `DeviceRefusal`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expectationsOf, openCapture } from "@migwire/migwire/capture";
 * import { destinationSettings, loadCapture } from "@migwire/migwire/load";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const devices = [{ idstr: "0000:00:05.0/vfio", instanceId: 0, precopy: true }];
 * const facts = { machine: "pc-q35-10.0", arm: false, multifdChannels: 2, compression: "none" as const, devices };
 * const settings = destinationSettings(expectationsOf(capture.manifest, {}), facts);
 * const { verdict, switchoverStarted } = await loadCapture(capture, { settings });
 * assertEquals([verdict.kind, switchoverStarted], ["ok", true]);
 * capture.close();
 * ```
 */
export async function loadCapture(capture: Capture, options: LoadOptions): Promise<LoadResult> {
  const load = new Load(capture, options);
  return await load.run();
}

/** What a load keeps of a device beside the engine. */
interface Kept {
  readonly worker: DeviceWorker;
  readonly digest: DigestSink;
  gated: boolean;
}

/** Channels that a destination reads for its devices. */
const ROLES: readonly ChannelRole[] = ["main", "recovery", "multifd"];

const INPUT_OUTPUT_ERROR = "load of migration failed: Input/output error";

function isMain({ entry }: RecordCursor): boolean {
  return entry.identity.role !== "multifd";
}

/** One load. */
class Load {
  readonly #options: LoadOptions;
  readonly #clock: ArrivalClock | undefined;
  readonly #order: LoadOrder;
  readonly #picker: Picker;
  readonly #cursors: RecordCursor[];
  /** The main channel, and those that went on where it broke off. */
  readonly #mains: RecordCursor[];
  /** The one that is read. */
  #main: RecordCursor | undefined;
  readonly #destination: Destination<StateData>;
  readonly #kept = new Map<LoadingDevice<StateData>, Kept>();
  readonly #tasks: [LoadingDevice<StateData>, DeviceTask][] = [];
  readonly #rates: DeviceRates<StateData>;
  readonly #answers: ReturnPathAnswer[] = [];
  /** Channels that QEMU closed at once. */
  readonly #surplus = new Set<RecordCursor>();
  /** The channel of the packet that was taken last. */
  #packetFrom = "";
  #now = 0;

  constructor(capture: Capture, options: LoadOptions) {
    this.#options = options;
    this.#clock = capture.events === undefined ? undefined : new ArrivalClock(capture.events);
    this.#order = options.order ?? (this.#clock === undefined ? "canonical" : "recorded");
    this.#picker = pickerOf(this.#order, this.#clock, options.seed ?? 0);
    this.#rates = new DeviceRates(options.deviceRate);
    const qemu = options.settings.profile.version;
    const grammars = new ChannelGrammars({
      qemu,
      ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
      ...(options.multifd === undefined ? {} : { multifd: options.multifd }),
    });
    this.#cursors = identifyChannels(capture)
      .filter(({ identity }) => ROLES.includes(identity.role))
      .map((entry) => new RecordCursor(entry, channelBytes(entry), grammars.for(entry), qemu));
    this.#mains = this.#cursors.filter(isMain);
    this.#main = this.#mains[0];
    this.#destination = new Destination(options.settings, this.#handler());
  }

  async run(): Promise<LoadResult> {
    try {
      if (this.#main === undefined) this.#destination.noMainChannel();
      while (await this.#advance());
    } catch (error) {
      // Whatever went wrong: devices that were set up are cleaned up.
      this.#destination.finish();
      throw error;
    } finally {
      await this.#close();
    }
    return {
      verdict: this.#destination.finish(this.#unread()),
      devices: this.#destination.devices.map((device) => this.#deviceResult(device)),
      errors: this.#destination.errors,
      warnings: this.#destination.warnings,
      answers: this.#answers,
      order: this.#order,
      barriers: this.#destination.barriersPassed,
      switchoverStarted: this.#destination.switchoverStarted,
      mainEnded: this.#destination.mainEnded,
    };
  }

  async #close(): Promise<void> {
    const closed = await Promise.allSettled([...this.#kept.values()].map(({ worker }) => worker.close()));
    const failed = closed.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Does the next thing; false when there is none. */
  async #advance(): Promise<boolean> {
    const task = this.#tasks.shift();
    if (task !== undefined) {
      await this.#startTask(...task);
      return true;
    }
    const ready = this.#cursors.filter((cursor) => this.#isReady(cursor));
    const cursor = ready.length === 0 ? undefined : this.#picker.pick(ready);
    const arrival = cursor === undefined ? Infinity : Math.max(this.#now, this.#picker.timeOf(cursor));
    const due = this.#rates.earliest();
    if (due !== undefined && due.time <= arrival) {
      this.#now = due.time;
      await this.#perform(due.device, due.task);
      this.#rates.finish(due.device);
      return true;
    }
    if (cursor === undefined) return false;
    this.#now = arrival;
    this.#feed(cursor);
    return true;
  }

  #isReady(cursor: RecordCursor): boolean {
    if (this.#surplus.has(cursor)) return false;
    const { multifdId } = cursor.entry;
    const item = cursor.peek();
    if (isMain(cursor)) {
      // A recovery connection goes on where the one before it broke off.
      if (cursor !== this.#main || this.#destination.mainWait !== undefined) return false;
      return item !== undefined || !this.#isOpen(cursor);
    }
    // The initial packet is read before the channel is one.
    if (item?.kind === "record" && item.record.kind === "multifd-init") return true;
    return item !== undefined && multifdId !== undefined && !this.#destination.channelWaits(multifdId);
  }

  #isOpen({ entry: { channel } }: RecordCursor): boolean {
    return this.#options.open === true && this.#clock?.isClosed(channel.index, channel.direction) !== true;
  }

  #feed(cursor: RecordCursor): void {
    const item = cursor.peek();
    cursor.skip();
    if (isMain(cursor)) this.#feedMain(cursor, item);
    else if (item !== undefined) this.#feedChannel(cursor, item);
  }

  #feedMain(cursor: RecordCursor, item: Item | undefined): void {
    if (item?.kind === "record") return this.#destination.main(item.record, dataOf(item.record, cursor.entry));
    if (item?.kind === "error") return this.#destination.mainFinding(item.finding);
    const next = this.#mains[this.#mains.indexOf(cursor) + 1];
    if (next !== undefined) this.#main = next;
    else if (!this.#isOpen(cursor)) this.#destination.mainClosed(item?.finding.qemu ?? INPUT_OUTPUT_ERROR);
  }

  #feedChannel(cursor: RecordCursor, item: Item): void {
    if (item.kind === "record") this.#packet(cursor, item.record);
    else if (item.kind === "error") {
      const next = cursor.peek();
      this.#destination.channelFinding(item.finding, next?.kind === "record" ? next.record : undefined);
    } else this.#cut(cursor, item);
  }

  /** A packet that is not there to its end. What its header says counts all the same. */
  #cut(cursor: RecordCursor, { finding, record }: Item & { kind: "cut" }): void {
    const size = (record as MultifdDeviceStateRecord | undefined)?.nextPacketSize ?? 0;
    if (record?.kind === "multifd-device-state" && size > PACKET_LIMIT) return this.#packet(cursor, record);
    if (!this.#isOpen(cursor)) this.#destination.channelFinding(finding, record);
  }

  #packet(cursor: RecordCursor, record: BaseRecord): void {
    if (record.kind === "multifd-init") {
      const { id } = record as MultifdInitRecord;
      if (this.#destination.connect(id) === "surplus") this.#surplus.add(cursor);
      return;
    }
    const { label, multifdId = 0 } = cursor.entry;
    this.#packetFrom = label;
    this.#destination.packet(multifdId, record, dataOf(record, cursor.entry));
  }

  #handler(): DestinationHandler<StateData> {
    const tell = (kind: LoadEvent["kind"], device: LoadingDevice<StateData>, idx?: number, bytes?: number): void =>
      this.#options.onEvent?.({
        kind,
        device: device.idstr,
        ...(idx === undefined ? {} : { idx }),
        ...(bytes === undefined ? {} : { bytes }),
        ...(kind === "incoming" ? { channel: this.#packetFrom } : {}),
        time: this.#now,
      });
    return {
      setUp: (device) => this.#setUp(device),
      write: (device, data, from, length) => {
        if (from === 0) tell("loading", device, device.loader?.next);
        this.#tasks.push([device, { kind: "write", data, from, length }]);
      },
      loadConfig: (device, data, length) => {
        tell("config", device, device.loader?.next);
        this.#tasks.push([device, { kind: "config", data, length }]);
      },
      incoming: (device, idx, length) => tell("incoming", device, idx, length),
      starved: (device, idx) => tell("starved", device, idx),
      loaded: (device, idx) => tell("loaded", device, idx),
      gated: (device) => {
        const kept = this.#kept.get(device);
        if (kept !== undefined) kept.gated = true;
        tell("gated", device);
      },
      answer: (answer) => this.#answers.push(answer),
      state: (device, state) =>
        this.#options.onEvent?.({ kind: "state", device: device.idstr, state, time: this.#now }),
    };
  }

  #setUp(device: LoadingDevice<StateData>): void {
    const digest = new DigestSink();
    const own = this.#options.sink?.(device.idstr, device.instanceId);
    const sink = own === undefined ? digest : both(digest, own);
    this.#kept.set(device, {
      worker: new DeviceWorker(device, sink),
      digest,
      gated: false,
    });
  }

  #startTask(device: LoadingDevice<StateData>, task: DeviceTask): void | Promise<void> {
    if (this.#rates.delay(device, task, this.#now)) return;
    return this.#perform(device, task);
  }

  #perform(device: LoadingDevice<StateData>, task: DeviceTask): void | Promise<void> {
    return this.#kept.get(device)?.worker.perform(task);
  }

  #deviceResult(device: LoadingDevice<StateData>): LoadedDevice {
    const kept = this.#kept.get(device);
    const digest = (kept?.digest ?? new DigestSink()).digest();
    return {
      idstr: device.idstr,
      instanceId: device.instanceId,
      name: device.settings.name,
      mode: device.loader === undefined ? "main" : "multifd",
      mainBytes: device.mainBytes,
      queue: device.loader?.statistics ?? null,
      ...digest,
      gated: kept?.gated ?? false,
      state: device.state,
    };
  }

  /** What is left on channels that are not read any more. */
  #unread(): Map<number, Unread> {
    const unread = new Map<number, Unread>();
    for (const cursor of this.#cursors) {
      const { identity, multifdId } = cursor.entry;
      if (identity.role !== "multifd" || multifdId === undefined || this.#surplus.has(cursor)) continue;
      let ram = 0;
      let device = 0;
      for (let item = cursor.peek(); item !== undefined; item = cursor.peek()) {
        const kind = item.kind === "record" ? item.record.kind : "";
        if (kind === "multifd-ram") ram++;
        else if (kind === "multifd-device-state") device++;
        cursor.skip();
      }
      unread.set(multifdId, { ram, device });
    }
    return unread;
  }
}

/** Where the bytes are that a record brings a device. */
function dataOf(record: BaseRecord, entry: ReadChannel): StateData | undefined {
  const source = channelBytes(entry);
  if (record.kind === "vfio-config") {
    return { source, offset: record.offset, config: (record as VfioConfigRecord).config };
  }
  if (record.payload === undefined) return undefined;
  return { source, offset: record.payload.offset, config: undefined };
}

/** A sink that passes all on to the user's, whose pace counts, and keeps digests of what that has taken. */
function both(digest: DigestSink, own: DeviceSink): DeviceSink {
  return {
    write: (bytes) => after(own.write(bytes), () => digest.write(bytes)),
    config: (blob) => after(own.config?.(blob), () => digest.config(blob)),
    close: () => own.close?.(),
  };
}

/** Does something when what may be under way is done: at once if it is not. */
function after(work: void | Promise<void>, then: () => void): void | Promise<void> {
  return work instanceof Promise ? work.then(then) : then();
}

function pickerOf(order: LoadOrder, clock: ArrivalClock | undefined, seed: number): Picker {
  switch (order) {
    case "recorded":
      if (clock === undefined) throw new TypeError("Cannot load in recorded order: the capture has no events.jsonl");
      return recordedOrder(clock);
    case "canonical":
      return CANONICAL_ORDER;
    case "round-robin":
      return roundRobinOrder();
    case "channel-by-channel":
      return CHANNEL_ORDER;
    case "random":
      return randomOrder(seed);
  }
}
