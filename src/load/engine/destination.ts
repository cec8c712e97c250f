import {
  type BaseRecord,
  type CommandRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type MultifdRamRecord,
  type ShortSectionRecord,
  type VfioConfigRecord,
  type VfioDataRecord,
} from "../../stream/mod.ts";
import {
  type Finding,
  hex,
  MIG_CMD,
  MULTIFD_FLAG,
  qemuWording,
  unknownSection,
  upToNul,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY,
  VFIO_PACKET_HEADER_SIZE,
} from "../../wire/mod.ts";
import { Barrier } from "./barrier.ts";
import { Connections } from "./connections.ts";
import { type DestinationHandler, LoadingDevice } from "./loading_device.ts";
import { asVerdict, named, noSection } from "./refusals.ts";
import { canTransferDevices, type DestinationSettings, forVersion } from "./settings.ts";
import { SwitchoverAck } from "./switchover_ack.ts";
import { judge } from "./judge.ts";
import { Packages } from "./packages.ts";
import { SectionOrder } from "./section_order.ts";
import type { Verdict } from "./verdict.ts";

/** What the main channel waits for. */
export type MainWait =
  /** Connections that have not come. */
  | "connections"
  /** A SYNC of each multifd channel. */
  | "barrier"
  /** The device that is being given what came for it. */
  | "device"
  /** It was read to its end. */
  | "end";

/** Records left on a channel that is not read any more. */
export interface Unread {
  /** RAM packets with pages. */
  readonly ram: number;
  /** Device-state packets. */
  readonly device: number;
}

/** A suspicion that does not end the load. */
export interface LoadWarning {
  /** Stable, for programs. */
  readonly code: string;
  /** For people. */
  readonly message: string;
}

/** Warnings that are kept. */
const WARNING_LIMIT = 1000;

/** Where a package ends QEMU reads on, and finds no byte. */
const CUT_PACKAGE: Verdict = {
  kind: "error",
  code: "truncated-main",
  reason: "a package ends without an EOF byte and without POSTCOPY_RUN",
  qemu: "load of migration failed: Input/output error",
};

/** Most bytes of a device-state packet that are taken: QEMU would allocate whatever the packet says (B.7 row 57). */
export const PACKET_LIMIT = 256 * 1024 * 1024;

/**
 * A destination that loads a migration, as far as VFIO devices and multifd are concerned (destination-engine.md). Sans-IO:
 * it is given records in the order in which they arrive, and asks its handler for writes. `T` is how data are held.
 *
 * Before each record ask {@linkcode mainWait} or {@linkcode channelWaits}: a record given while it waits is an error of
 * the caller. When nothing can go on any more, {@linkcode finish} says what becomes of the load.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Destination, qemuProfile } from "@migwire/migwire/load";
 *
 * const settings = {
 *   profile: qemuProfile("10.2"),
 *   multifd: true,
 *   channels: 2,
 *   barriers: "flush" as const,
 *   switchoverAck: false,
 *   needsAck: false,
 *   device: () => undefined,
 * };
 * const destination = new Destination<Uint8Array>(settings, { write: () => {}, loadConfig: () => {} });
 * destination.connect(0);
 * assertEquals(destination.mainWait, "connections");
 * const { kind, reason } = destination.finish();
 * assertEquals([kind, reason], ["would-hang", "1 multifd channels, the destination waits for 2"]);
 * ```
 */
export class Destination<T> {
  readonly #settings: DestinationSettings;
  readonly #handler: DestinationHandler<T>;
  readonly #devices = new Map<string, LoadingDevice<T>>();
  readonly #connections: Connections;
  readonly #barrier: Barrier;
  readonly #ack: SwitchoverAck;
  readonly #order: SectionOrder;
  readonly #packages = new Packages();
  readonly #ended = new Set<number>();
  readonly #warnings: LoadWarning[] = [];
  /** What QEMU records as error, in order. */
  readonly #errors: Verdict[] = [];
  #setUp = false;
  #switchoverStarted = false;
  #returnPath = false;
  #eof = false;
  /** The main stream failed: SHUT 1 for the source. */
  #mainError: Verdict | undefined;
  #channelError: Verdict | undefined;
  /** An error was recorded when the main channel came to its end: nobody is waited for then. */
  #failedBeforeEnd = false;
  /** A channel whose packet waits for a device that waits for the main channel, which waits for the channel (row 60). */
  #deadlock: LoadingDevice<T> | undefined;
  #flushes = 0;
  #inSection: { device: LoadingDevice<T> | undefined; kind: string } | undefined;
  #pending: LoadingDevice<T> | undefined;
  #verdict: Verdict | undefined;

  /** A destination that nothing has reached. */
  constructor(settings: DestinationSettings, handler: DestinationHandler<T>) {
    this.#settings = settings;
    this.#handler = handler;
    this.#connections = new Connections(settings);
    this.#barrier = new Barrier(this.#connections.expected);
    this.#ack = new SwitchoverAck(settings, (answer) => handler.answer?.(answer));
    this.#order = new SectionOrder((code, message) => this.#warn(code, message));
  }

  /** The VFIO devices that the stream named. */
  get devices(): readonly LoadingDevice<T>[] {
    return [...this.#devices.values()];
  }

  /** Every error that QEMU records, in order; what it prints in the end is the first. */
  get errors(): readonly Verdict[] {
    return this.#errors;
  }

  /** What was suspicious. */
  get warnings(): readonly LoadWarning[] {
    return this.#warnings;
  }

  /** SWITCHOVER_START has come. */
  get switchoverStarted(): boolean {
    return this.#switchoverStarted;
  }

  /** The main channel was read up to the EOF byte. */
  get mainEnded(): boolean {
    return this.#eof;
  }

  /** Barriers passed so far. */
  get barriersPassed(): number {
    return this.#barrier.passed;
  }

  /** Why the main channel is not read on; undefined if it is. */
  get mainWait(): MainWait | undefined {
    if (this.#eof || this.#mainError !== undefined) return "end";
    if (!this.#connections.complete) return "connections";
    if (this.#barrier.mainWaits) return "barrier";
    return this.#pending?.busy ? "device" : undefined;
  }

  /** Whether a multifd channel is not read now, or not any more. */
  channelWaits(id: number): boolean {
    return !this.#connections.has(id) || this.#ended.has(id) || this.#channelError !== undefined ||
      this.#mainError !== undefined || this.#barrier.isAsleep(id) || this.#deadlock !== undefined;
  }

  /** A multifd connection came, with its id. A surplus one is closed by QEMU: what it carries is lost (rows 94, 96). */
  connect(id: number): "accepted" | "surplus" {
    const answer = this.#connections.connect(id);
    if (this.#connections.error !== undefined) this.#failMain(this.#connections.error);
    return answer;
  }

  /** The next record of the main channel; `data` holds its payload, or the blob of a config. */
  main(record: BaseRecord, data?: T): void {
    const place = this.#packages.place(record);
    if (place === "behind-cut") return this.#failMain(CUT_PACKAGE);
    // It ends the package, and nothing else.
    if (place === "inside" && record.kind === "eof") return;
    switch (record.kind) {
      case "file-header":
        return;
      case "configuration":
        return this.#setUpDevices();
      case "command":
        return this.#command(record as CommandRecord);
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        return this.#section(record as LongSectionRecord | ShortSectionRecord);
      case "section-footer":
        this.#inSection = undefined;
        return;
      case "ram-multifd-flush":
        this.#flushes++;
        return this.#reachBarrier();
      case "ram-eos":
        if (this.#settings.barriers === "section") this.#reachBarrier();
        return;
      case "eof":
        this.#eof = true;
        this.#failedBeforeEnd = this.#errors.length > 0;
        this.#order.end();
        return;
    }
    this.#vfio(record, data);
  }

  /** A parser found an error on the main channel: QEMU stops reading it. */
  mainFinding(finding: Finding): void {
    const device = this.#inSection?.device;
    this.#failMain(asVerdict(finding, device?.settings.name, this.#settings.profile));
  }

  /** The main connection was closed or broke before the EOF byte (rows 62, 81). */
  mainClosed(qemu: string): void {
    if (this.#eof) return;
    const reason = "the main channel ends before the EOF byte";
    const text = named(qemu, this.#inSection?.device?.settings.name);
    // Where a VFIO tag is to come QEMU reads zeros, and takes them for one (row 78).
    const code = text.endsWith("Unknown tag 0x0") ? "unknown-tag" : "truncated-main";
    this.#failMain({ kind: "error", code, reason, qemu: text });
  }

  /** The main connection closed, or never came, before four bytes of it were there (A.1). */
  noMainChannel(): void {
    this.#failMain({
      kind: "error",
      code: "no-main-channel",
      reason: "no byte came on the main channel",
      qemu: "Failed to peek at channel",
    });
  }

  /** The next packet of a multifd channel; `data` holds the data of a device-state packet, without headers. */
  packet(id: number, record: BaseRecord, data?: T): void {
    if (record.kind === "multifd-device-state") {
      return this.#deviceState(record as MultifdDeviceStateRecord, data);
    }
    const { flags = 0 } = record as Partial<MultifdRamRecord>;
    if ((flags & MULTIFD_FLAG.SYNC) === 0) return;
    this.#barrier.report(id);
    this.#unlockDevices();
  }

  /**
   * A parser found an error on a multifd channel: QEMU shuts all of them (row 86).
   *
   * @param packet The packet that it is in, if it could be read.
   */
  channelFinding(finding: Finding, packet?: BaseRecord): void {
    const { idstr, instanceId = 0 } = (packet ?? {}) as Partial<MultifdDeviceStateRecord>;
    const name = idstr === undefined ? undefined : this.#settings.device(upToNul(idstr), instanceId)?.name;
    this.#failChannels(asVerdict(finding, name, this.#settings.profile));
  }

  /** A multifd channel was closed between two packets. */
  channelEnded(id: number): void {
    this.#ended.add(id);
  }

  /** The source gave up: all connections close. */
  cancel(): void {
    this.mainClosed("load of migration failed: Input/output error");
  }

  /**
   * Nothing can go on any more: what becomes of the load. Cleans up, on every way out.
   *
   * @param unread What is left on channels that sleep.
   */
  finish(unread: ReadonlyMap<number, Unread> = new Map()): Verdict {
    this.#verdict ??= this.#end(unread);
    return this.#verdict;
  }

  #end(unread: ReadonlyMap<number, Unread>): Verdict {
    const verdict = judge({
      connections: this.#connections,
      mainError: this.#mainError,
      channelError: this.#channelError,
      firstError: this.#errors[0],
      failedBeforeEnd: this.#failedBeforeEnd,
      deadlock: this.#deadlock?.settings.name,
      mainWait: this.mainWait,
      eof: this.#eof,
      settings: this.#settings,
      syncModesDiffer: this.#syncModesDiffer(),
      threads: this.devices.flatMap(({ loader }) => loader?.threadVerdict(this.#switchoverStarted) ?? []),
      unread,
    });
    this.#warnOfSleepers(verdict, unread);
    if (verdict.kind === "error" && this.#mainError === undefined && this.#eof) {
      this.#warn("source-thinks-success", "the main channel is without error: the source is told that all went well");
    }
    this.#cleanUp(verdict);
    return verdict;
  }

  /** The source marks its barriers in the other way (rows 72, 73). */
  #syncModesDiffer(): boolean {
    return this.#settings.barriers === "section"
      ? this.#flushes > 0
      : this.#flushes === 0 && this.#barrier.asleep.length > 0;
  }

  /** Channels that sleep at a SYNC too many, with nothing of weight behind it (row 91). */
  #warnOfSleepers(verdict: Verdict, unread: ReadonlyMap<number, Unread>): void {
    if (verdict.kind !== "ok") return;
    for (const id of this.#barrier.asleep) {
      if (unread.has(id)) this.#warn("surplus-sync", `multifd channel ${id} sleeps at a SYNC that no barrier is for`);
    }
  }

  #cleanUp(verdict: Verdict): void {
    const devices = [...this.#devices.values()];
    for (const device of devices) device.loader?.cancel();
    if (verdict.kind === "ok" || verdict.kind === "lost-state") {
      for (const device of devices) device.move("about-to-run");
      for (const device of devices) device.move("running");
    }
    for (const device of devices) this.#handler.cleanUp?.(device);
    // A failure that only a load thread or a channel knows leaves the main stream clean: SHUT says 0 (A.5 step 4).
    const answers = verdict.kind !== "would-hang" && verdict.kind !== "would-abort";
    if (this.#returnPath && answers) {
      this.#handler.answer?.({ message: "SHUT", value: this.#mainError === undefined ? 0 : 1 });
    }
  }

  #warn(code: string, message: string): void {
    if (this.#warnings.length < WARNING_LIMIT) this.#warnings.push({ code, message });
  }

  #failMain(verdict: Verdict): void {
    if (this.#mainError !== undefined) return;
    this.#mainError = verdict;
    this.#errors.push(verdict);
  }

  #failChannels(verdict: Verdict): void {
    if (this.#channelError !== undefined) return;
    this.#channelError = verdict;
    this.#errors.push(verdict);
  }

  #reachBarrier(): void {
    if (this.#connections.expected === 0) return;
    this.#barrier.reach();
    this.#unlockDevices();
  }

  /** The main channel does not wait any more: configs that waited for it are loaded. */
  #unlockDevices(): void {
    if (this.#barrier.mainWaits) return;
    for (const device of this.#devices.values()) device.unlock();
  }

  #command(record: CommandRecord): void {
    const { command, value = 0 } = record;
    this.#order.command(record);
    switch (command) {
      case MIG_CMD.OPEN_RETURN_PATH:
        this.#returnPath = true;
        this.#ack.returnPathOpened();
        return;
      case MIG_CMD.PING:
        if (this.#returnPath) this.#handler.answer?.({ message: "PONG", value });
        return;
      case MIG_CMD.SWITCHOVER_START:
        return this.#switchoverStart(record);
    }
  }

  #switchoverStart({ payloadLength }: CommandRecord): void {
    if (!this.#settings.profile.multifdTransfer) {
      this.#failMain({
        kind: "error",
        code: "unknown-command",
        reason: `QEMU ${this.#settings.profile.version} does not know SWITCHOVER_START`,
        qemu: `MIG_CMD 0xb unknown (len 0x${payloadLength.toString(16)})`,
      });
      return;
    }
    if (this.#switchoverStarted) this.#warn("double-start", "SWITCHOVER_START came twice");
    this.#switchoverStarted = true;
    for (const { loader } of this.#devices.values()) loader?.start();
  }

  #section(record: LongSectionRecord | ShortSectionRecord): void {
    // A stream without a configuration is set up by its first section.
    this.#setUpDevices();
    const { kind, idstr = "", instanceId = 0 } = record;
    if (!isVfioSection(idstr)) {
      this.#inSection = undefined;
      return;
    }
    const device = this.#deviceOf(idstr, instanceId);
    this.#inSection = { device, kind };
    if (device !== undefined) return this.#order.section(device, kind);
    this.#failMain({
      kind: "error",
      code: "unknown-section",
      reason: `the destination has no device "${idstr}", instance ${instanceId}`,
      qemu: qemuWording(unknownSection({ idstr, instanceId }), this.#settings.profile.version),
    });
  }

  /** QEMU sets all its devices up before the first section; which they are may only turn out as the stream names them. */
  #setUpDevices(): void {
    if (this.#setUp) return;
    this.#setUp = true;
    for (const { idstr, instanceId } of this.#settings.present ?? []) this.#deviceOf(idstr, instanceId);
  }

  #deviceOf(idstr: string, instanceId: number): LoadingDevice<T> | undefined {
    const key = keyOf(idstr, instanceId);
    const known = this.#devices.get(key);
    if (known !== undefined) return known;
    const settings = this.#settings.device(idstr, instanceId);
    if (settings === undefined) return undefined;
    const device = new LoadingDevice<T>({ idstr, instanceId }, forVersion(settings, this.#settings), this.#handler, {
      fail: (verdict) => this.#failMain(verdict),
      threadFailed: (verdict) => this.#errors.push(verdict),
      warn: (code, message) => this.#warn(code, message),
      isLocked: () => this.#barrier.mainWaits,
    });
    this.#devices.set(key, device);
    this.#ack.deviceSetUp(settings);
    device.move("setup");
    this.#handler.setUp?.(device);
    if (settings.multifdTransfer && !canTransferDevices(this.#settings)) {
      this.#failMain({
        kind: "error",
        code: "config",
        reason: "device state over multifd needs multifd, without compression and mapped-ram",
        qemu: `${settings.name}: Multifd device transfer requested but unsupported in the current config`,
        device: settings.name,
      });
    }
    // QEMU has set all its devices up before: one that the stream names late was started with the others.
    if (this.#switchoverStarted) device.loader?.start();
    return device;
  }

  #vfio(record: BaseRecord, data: T | undefined): void {
    const device = this.#inSection?.device;
    if (device === undefined) return;
    switch (record.kind) {
      case "vfio-data": {
        const afterStop = this.#inSection?.kind === "section-end" || this.#inSection?.kind === "section-full";
        if (device.loader !== undefined && afterStop) {
          device.warn("mixed-data", "data on the main channel too, racing with its load thread");
        }
        this.#pending = device;
        if (data !== undefined) device.mainData(data, (record as VfioDataRecord).payload.length);
        return;
      }
      case "vfio-config":
        return this.#mainConfig(record as VfioConfigRecord, device, data);
      case "vfio-init-data-sent":
        return this.#initDataSent(device);
      case "vfio-config-load-ready":
        return this.#loadReady(device);
    }
  }

  #mainConfig(record: VfioConfigRecord, device: LoadingDevice<T>, data: T | undefined): void {
    if (device.loader !== undefined) {
      this.#failMain({
        kind: "error",
        code: "mode-mismatch",
        reason: "the config came on the main channel, but the destination loads the device from multifd channels",
        qemu: `${device.settings.name}: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer`,
        device: device.settings.name,
      });
      return;
    }
    this.#pending = device;
    if (data !== undefined) device.mainConfigData(data, record.length);
  }

  #initDataSent(device: LoadingDevice<T>): void {
    const verdict = this.#ack.initDataSent(device.settings, this.#returnPath);
    if (verdict !== undefined) this.#failMain({ ...verdict, device: device.settings.name });
  }

  #loadReady(device: LoadingDevice<T>): void {
    const { name } = device.settings;
    const fail = (code: string, reason: string, text: string): void =>
      this.#failMain({ kind: "error", code, reason, qemu: `${name}: ${text}`, device: name });
    if (!this.#settings.profile.gate) {
      return fail(
        "unknown-tag",
        `QEMU ${this.#settings.profile.version} does not know CONFIG_LOAD_READY`,
        `Unknown tag ${hex(VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY)}`,
      );
    }
    if (device.loader === undefined) {
      return fail(
        "ready-main-mode",
        "CONFIG_LOAD_READY for a device that is loaded from the main channel",
        "got DEV_CONFIG_LOAD_READY outside multifd transfer",
      );
    }
    const verdict = device.loader.ready();
    if (verdict !== undefined) this.#failMain(verdict);
  }

  /** Why a device that nothing has named so far gets no packets; undefined if it does. */
  #refusal(idstr: string, instanceId: number): Verdict | undefined {
    const settings = isVfioSection(idstr) ? this.#settings.device(idstr, instanceId) : undefined;
    if (settings === undefined) return noSection(idstr, instanceId);
    if (this.#setUp) return undefined;
    return {
      kind: "error",
      code: "too-early",
      reason: `a buffer of "${idstr}" came before the main channel had set the devices up`,
      qemu: `${settings.name}: got device state packet but not doing multifd transfer`,
      device: settings.name,
    };
  }

  #deviceState(record: MultifdDeviceStateRecord, data: T | undefined): void {
    const { instanceId, idx, vfioFlags = 0, nextPacketSize, flags } = record;
    if (nextPacketSize > PACKET_LIMIT) {
      const reason = `a packet of ${nextPacketSize} bytes: QEMU allocates as much at once`;
      return this.#failChannels({ kind: "would-abort", code: "allocation", reason });
    }
    const idstr = upToNul(record.idstr);
    const refusal = this.#devices.has(keyOf(idstr, instanceId)) ? undefined : this.#refusal(idstr, instanceId);
    if (refusal !== undefined) return this.#failChannels(refusal);
    const device = this.#deviceOf(idstr, instanceId);
    if (device === undefined) return;
    // A payload too short for VFIO's header is an error that the parser has noticed.
    if (idx === undefined) return;
    if (device.holdsQueue) {
      this.#deadlock = device;
      return;
    }
    const length = nextPacketSize - VFIO_PACKET_HEADER_SIZE;
    const config = (vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0;
    if (length === 0 && !config) device.warn("empty-buffer", `buffer ${idx} is empty: no QEMU writes such a packet`);
    const unknown = (vfioFlags & ~VFIO_DEVICE_STATE_CONFIG_STATE) >>> 0;
    if (unknown !== 0) device.warn("flags", `buffer ${idx} has flags ${hex(unknown)} that mean nothing`);
    const verdict = device.packet({ idx, length, config, data: data as T });
    if (verdict?.code === "mode-mismatch") {
      this.#warn("lost-state-race", "the error can come too late: QEMU then says success, without the device's state");
    }
    if (verdict !== undefined) return this.#failChannels(verdict);
    if ((flags & MULTIFD_FLAG.SYNC) === 0) return;
    this.#failChannels({
      kind: "error",
      code: "sync-device-state",
      reason: "a device-state packet with the SYNC flag",
      qemu: "multifd: received SYNC device state packet",
    });
  }
}

function keyOf(idstr: string, instanceId: number): string {
  return `${instanceId} ${idstr}`;
}
