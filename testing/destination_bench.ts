/**
 * Drives a destination with events, one line each, so that a test shows only its situation. Events of a channel that is
 * not read wait in its queue, as in a socket.
 *
 * @module
 */

import {
  Destination,
  type DestinationHandler,
  type DestinationSettings,
  type DeviceSettings,
  type LoadingDevice,
  NO_LIMITS,
  type QemuProfile,
  qemuProfile,
  type ReturnPathAnswer,
  type Unread,
  type Verdict,
} from "../src/load/engine/mod.ts";
import type { BaseRecord } from "../src/stream/mod.ts";
import type { Finding } from "../src/wire/mod.ts";
import { DEVICE } from "./memory_capture.ts";

/** What a device does with what it is given: bytes taken, or an errno below zero. By default it takes all. */
export type WriteAnswer = (write: { idx: number; from: number; length: number }) => number;

/** What a config is refused with. */
export interface ConfigRefusal {
  readonly code: string;
  readonly qemu: string;
}

/** A destination, and how its devices behave. What is not said: QEMU 10.2, two channels, one VFIO device over multifd. */
export interface BenchOptions extends Partial<Omit<DestinationSettings, "device" | "profile">> {
  readonly qemu?: string;
  readonly devices?: { readonly [idstr: string]: Partial<DeviceSettings> };
  readonly write?: WriteAnswer;
  readonly config?: (device: string) => ConfigRefusal | undefined;
  /** Devices answer when the event `answer` comes. */
  readonly slow?: boolean;
}

/** Something that happens: on the main channel, on a multifd channel, or to the whole. */
export interface BenchEvent {
  readonly channel: number | "main" | "now";
  readonly record?: BaseRecord;
  readonly happen?: (destination: Destination<string>) => void;
}

/** What became of it. */
export interface Outcome {
  /** `error(duplicate-idx)`; `ok`. */
  readonly verdict: string;
  readonly full: Verdict;
  /** Indices of buffers that went to each device, in order. */
  readonly loaded: { readonly [idstr: string]: readonly number[] };
  /** Index of the config that each device loaded last. */
  readonly configs: { readonly [idstr: string]: number };
  /** State of each device in the end. */
  readonly states: readonly string[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly answers: readonly ReturnPathAnswer[];
  /** How often devices were set up and cleaned up. */
  readonly setUps: number;
  readonly cleanUps: number;
}

const record = (kind: string, fields: object = {}): BaseRecord => ({ kind, offset: 0, length: 8, ...fields });
const onMain = (kind: string, fields: object = {}): BenchEvent => ({ channel: "main", record: record(kind, fields) });

/** Name and instance of a device's section. */
const section = (idstr: string): object => ({ idstr, instanceId: 0 });

export const configuration: BenchEvent = onMain("configuration");
export const start = (idstr = DEVICE): BenchEvent => onMain("section-start", section(idstr));
export const part = (idstr = DEVICE): BenchEvent => onMain("section-part", section(idstr));
export const end = (idstr = DEVICE): BenchEvent => onMain("section-end", section(idstr));
export const full = (idstr = DEVICE): BenchEvent => onMain("section-full", section(idstr));
/** DATA on the main channel, in the section that was begun last. */
export const mainData = (length: number): BenchEvent => onMain("vfio-data", { payload: { offset: 0, length } });
export const mainConfig: BenchEvent = onMain("vfio-config");
export const initDataSent: BenchEvent = onMain("vfio-init-data-sent");
/** FULL section with CONFIG_LOAD_READY. */
export const ready: readonly BenchEvent[] = [full(), onMain("vfio-config-load-ready")];
export const flush: BenchEvent = onMain("ram-multifd-flush");
export const ramEos: BenchEvent = onMain("ram-eos");
export const eof: BenchEvent = onMain("eof");
export const command = (number: number, fields: object = {}): BenchEvent =>
  onMain("command", { command: number, payloadLength: 0, ...fields });
/** SWITCHOVER_START. */
export const sw: BenchEvent = command(11);
/** OPEN_RETURN_PATH. */
export const returnPath: BenchEvent = command(1);

/** How a packet differs from a plain one on channel 0 for the usual device. */
export interface PacketOptions {
  readonly channel?: number;
  readonly idstr?: string;
  readonly flags?: number;
  readonly vfioFlags?: number;
}

/** A data buffer of `length` bytes. */
export function data(idx: number, length: number, options: PacketOptions = {}): BenchEvent {
  const { channel = 0, idstr = DEVICE, flags = 0x40, vfioFlags = 0 } = options;
  const fields = { ...section(idstr), idx, vfioVersion: 0, vfioFlags, flags, nextPacketSize: 12 + length };
  return { channel, record: record("multifd-device-state", fields) };
}

/** A config packet of `length` bytes. */
export const config = (idx: number, length: number, options: PacketOptions = {}): BenchEvent =>
  data(idx, length, { vfioFlags: 1, ...options });

export const sync = (channel: number): BenchEvent => ({ channel, record: record("multifd-sync", { flags: 1 }) });
export const ram = (channel: number): BenchEvent => ({ channel, record: record("multifd-ram", { flags: 0 }) });
/** Both channels pass a barrier. */
export const barrier: readonly BenchEvent[] = [sync(0), sync(1), flush];

const now = (happen: BenchEvent["happen"] & object): BenchEvent => ({ channel: "now", happen });

export const connect = (id: number): BenchEvent => now((destination) => destination.connect(id));
/** A parser found an error on a channel. */
export const channelError = (channel: number, finding: Partial<Finding> = {}): BenchEvent => ({
  channel,
  happen: (destination) =>
    destination.channelFinding({
      severity: "error",
      code: "broken",
      channel: `multifd ${channel}`,
      offset: 0,
      message: "broken",
      ...finding,
    }),
});
export const closed = (channel: number): BenchEvent => ({
  channel,
  happen: (destination) => destination.channelEnded(channel),
});
export const mainFinding = (code: string, qemu: string): BenchEvent => ({
  channel: "main",
  happen: (destination) =>
    destination.mainFinding({ severity: "error", code, channel: "main", offset: 0, message: code, qemu }),
});
/** The main connection ends. */
export const mainClosed: BenchEvent = {
  channel: "main",
  happen: (destination) => destination.mainClosed("load of migration failed: Input/output error"),
};
/** The source gives up, whatever is under way. */
export const cancel: BenchEvent = now((destination) => destination.cancel());
/** A slow device answers to the oldest of what it was asked. */
export const answer: BenchEvent = { channel: "now" };

type Events = readonly (BenchEvent | readonly BenchEvent[])[];

/** Connections and setup of the usual destination. */
export const SET_UP: readonly BenchEvent[] = [connect(0), connect(1), configuration, start()];

/** Runs events behind {@linkcode SET_UP}, and the EOF byte after them. */
export function run(options: BenchOptions, ...events: Events): Outcome {
  return runBare(options, SET_UP, ...events, eof);
}

/** Runs events and nothing else. */
export function runBare(options: BenchOptions, ...events: Events): Outcome {
  return new Bench(options).run(events.flat());
}

class Bench {
  readonly #options: BenchOptions;
  readonly #destination: Destination<string>;
  readonly #queues = new Map<number | "main", BenchEvent[]>();
  readonly #asked: (() => void)[] = [];
  readonly #loaded: { [idstr: string]: number[] } = {};
  readonly #configs: { [idstr: string]: number } = {};
  readonly #answers: ReturnPathAnswer[] = [];
  #setUps = 0;
  #cleanUps = 0;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#destination = new Destination(settingsOf(options), this.#handler());
  }

  run(events: readonly BenchEvent[]): Outcome {
    for (const event of events) {
      if (event === answer) this.#asked.shift()?.();
      else if (event.channel === "now") event.happen?.(this.#destination);
      else this.#queue(event.channel).push(event);
      this.#pump();
    }
    const full = this.#destination.finish(this.#unread());
    assertSame(full, this.#destination.finish());
    return {
      verdict: inShort(full),
      full,
      loaded: this.#loaded,
      configs: this.#configs,
      states: this.#destination.devices.map(({ state }) => state),
      errors: this.#destination.errors.map(inShort),
      warnings: this.#destination.warnings.map(({ code }) => code),
      answers: this.#answers,
      setUps: this.#setUps,
      cleanUps: this.#cleanUps,
    };
  }

  #queue(channel: number | "main"): BenchEvent[] {
    const known = this.#queues.get(channel);
    if (known !== undefined) return known;
    const queue: BenchEvent[] = [];
    this.#queues.set(channel, queue);
    return queue;
  }

  /** Delivers what can be read. */
  #pump(): void {
    for (let moved = true; moved;) {
      moved = false;
      for (const [channel, queue] of this.#queues) {
        while (queue.length > 0 && this.#isRead(channel)) {
          this.#deliver(channel, queue.shift());
          moved = true;
        }
      }
    }
  }

  #isRead(channel: number | "main"): boolean {
    return channel === "main" ? this.#destination.mainWait === undefined : !this.#destination.channelWaits(channel);
  }

  #deliver(channel: number | "main", event: BenchEvent | undefined): void {
    if (event?.record === undefined) event?.happen?.(this.#destination);
    else if (channel === "main") this.#destination.main(event.record, "main");
    else this.#destination.packet(channel, event.record, "buffer");
  }

  #unread(): Map<number, Unread> {
    const unread = new Map<number, Unread>();
    for (const [channel, queue] of this.#queues) {
      if (channel === "main") continue;
      const count = (kind: string): number => queue.filter((event) => event.record?.kind === kind).length;
      unread.set(channel, { ram: count("multifd-ram"), device: count("multifd-device-state") });
    }
    return unread;
  }

  #handler(): DestinationHandler<string> {
    return {
      setUp: () => this.#setUps++,
      cleanUp: () => this.#cleanUps++,
      answer: (message) => this.#answers.push(message),
      loaded: (device, idx) => (this.#loaded[device.idstr] ??= []).push(idx),
      write: (device, _data, from, length) => {
        const idx = device.loader?.next ?? -1;
        this.#ask(() => {
          const count = this.#options.write?.({ idx, from, length }) ?? length - from;
          if (count < 0) device.writeFailed(-count);
          else device.written(count);
        });
      },
      loadConfig: (device) => this.#ask(() => this.#loadConfig(device)),
    };
  }

  #ask(work: () => void): void {
    if (this.#options.slow) this.#asked.push(work);
    else work();
  }

  #loadConfig(device: LoadingDevice<string>): void {
    const refusal = this.#options.config?.(device.idstr);
    if (refusal !== undefined) return device.configFailed(refusal.code, refusal.code, refusal.qemu);
    this.#configs[device.idstr] = device.loader?.next ?? -1;
    device.configLoaded();
  }
}

/** The settings that options stand for. */
export function settingsOf(options: BenchOptions): DestinationSettings {
  const { qemu = "10.2", devices = { [DEVICE]: {} } } = options;
  const profile: QemuProfile = qemuProfile(qemu);
  return {
    multifd: true,
    channels: 2,
    barriers: "flush",
    switchoverAck: false,
    needsAck: true,
    ...options,
    profile,
    device(idstr): DeviceSettings | undefined {
      const own = devices[idstr];
      if (own === undefined) return undefined;
      return { name: "NAME", multifdTransfer: true, gate: false, limits: NO_LIMITS, precopy: true, p2p: true, ...own };
    },
  };
}

function inShort({ kind, code }: Verdict): string {
  return code === "" ? kind : `${kind}(${code})`;
}

function assertSame(first: Verdict, second: Verdict): void {
  if (first !== second) throw new Error("finish() gave two different verdicts");
}
