import type {
  BaseRecord,
  CommandRecord,
  LongSectionRecord,
  MultifdDeviceStateRecord,
  MultifdRamRecord,
  ShortSectionRecord,
} from "../../stream/mod.ts";
import {
  type Finding,
  hex,
  MIG_CMD,
  MULTIFD_FLAG,
  upToNul,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  VFIO_PACKET_HEADER_SIZE,
} from "../../wire/mod.ts";
import { Barrier } from "./barrier.ts";
import { Connections } from "./connections.ts";
import { Devices } from "./devices.ts";
import { Diagnostics, type LoadWarning } from "./diagnostics.ts";
import { judge, type MainWait, type Unread } from "./judge.ts";
import type { DestinationHandler, LoadingDevice } from "./loading_device.ts";
import { Packages } from "./packages.ts";
import { asVerdict, named } from "./refusals.ts";
import { SectionOrder } from "./section_order.ts";
import type { DestinationSettings } from "./settings.ts";
import { SwitchoverAck } from "./switchover_ack.ts";
import type { Verdict } from "./verdict.ts";
import { VfioSection } from "./vfio_section.ts";

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
  readonly #diagnostics = new Diagnostics();
  readonly #devices: Devices<T>;
  readonly #section: VfioSection<T>;
  readonly #connections: Connections;
  readonly #barrier: Barrier;
  readonly #order: SectionOrder;
  readonly #packages = new Packages();
  readonly #ack: SwitchoverAck;
  readonly #ended = new Set<number>();
  #returnPath = false;
  #eof = false;
  /** An error was recorded when the main channel came to its end: nobody is waited for then. */
  #failedBeforeEnd = false;
  /** A channel whose packet waits for a device that waits for the main channel, which waits for the channel (row 60). */
  #deadlock: LoadingDevice<T> | undefined;
  #flushes = 0;
  #verdict: Verdict | undefined;

  /** A destination that nothing has reached. */
  constructor(settings: DestinationSettings, handler: DestinationHandler<T>) {
    this.#settings = settings;
    this.#handler = handler;
    this.#connections = new Connections(settings);
    this.#barrier = new Barrier(this.#connections.expected);
    this.#ack = new SwitchoverAck(settings, (answer) => handler.answer?.(answer));
    const diagnostics = this.#diagnostics;
    this.#order = new SectionOrder((code, message) => diagnostics.warn(code, message));
    const host = { ack: this.#ack, diagnostics, isLocked: () => this.#barrier.mainWaits };
    this.#devices = new Devices(settings, handler, host);
    this.#section = new VfioSection({
      profile: settings.profile,
      devices: this.#devices,
      diagnostics,
      ack: this.#ack,
      hasReturnPath: () => this.#returnPath,
    });
  }

  /** The VFIO devices that the stream named. */
  get devices(): readonly LoadingDevice<T>[] {
    return this.#devices.all;
  }

  /** Every error that QEMU records, in order; what it prints in the end is the first. */
  get errors(): readonly Verdict[] {
    return this.#diagnostics.errors;
  }

  /** What was suspicious. */
  get warnings(): readonly LoadWarning[] {
    return this.#diagnostics.warnings;
  }

  /** SWITCHOVER_START has come. */
  get switchoverStarted(): boolean {
    return this.#devices.isStarted;
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
    if (this.#eof || this.#diagnostics.main !== undefined) return "end";
    if (!this.#connections.complete) return "connections";
    if (this.#barrier.mainWaits) return "barrier";
    return this.#section.waits ? "device" : undefined;
  }

  /** Whether a multifd channel is not read now, or not any more. */
  channelWaits(id: number): boolean {
    return !this.#connections.has(id) || this.#ended.has(id) || this.#diagnostics.channels !== undefined ||
      this.#diagnostics.main !== undefined || this.#barrier.isAsleep(id) || this.#deadlock !== undefined;
  }

  /** A multifd connection came, with its id. A surplus one is closed by QEMU: what it carries is lost (rows 94, 96). */
  connect(id: number): "accepted" | "surplus" {
    const answer = this.#connections.connect(id);
    if (this.#connections.error !== undefined) this.#diagnostics.failMain(this.#connections.error);
    return answer;
  }

  /** The next record of the main channel; `data` holds its payload, or the blob of a config. */
  main(record: BaseRecord, data?: T): void {
    const place = this.#packages.place(record);
    if (place === "behind-cut") return this.#diagnostics.failMain(CUT_PACKAGE);
    // It ends the package, and nothing else.
    if (place === "inside" && record.kind === "eof") return;
    switch (record.kind) {
      case "file-header":
        return;
      case "configuration":
        return this.#devices.setUp();
      case "command":
        return this.#command(record as CommandRecord);
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        return this.#enter(record as LongSectionRecord | ShortSectionRecord);
      case "section-footer":
        return this.#section.leave();
      case "ram-multifd-flush":
        this.#flushes++;
        return this.#reachBarrier();
      case "ram-eos":
        if (this.#settings.barriers === "section") this.#reachBarrier();
        return;
      case "eof":
        this.#eof = true;
        this.#failedBeforeEnd = this.#diagnostics.errors.length > 0;
        this.#order.end();
        return;
    }
    this.#section.record(record, data);
  }

  /** A parser found an error on the main channel: QEMU stops reading it. */
  mainFinding(finding: Finding): void {
    this.#diagnostics.failMain(asVerdict(finding, this.#section.device?.settings.name, this.#settings.profile));
  }

  /** The main connection was closed or broke before the EOF byte (rows 62, 81). */
  mainClosed(qemu: string): void {
    if (this.#eof) return;
    const reason = "the main channel ends before the EOF byte";
    const text = named(qemu, this.#section.device?.settings.name);
    // Where a VFIO tag is to come QEMU reads zeros, and takes them for one (row 78).
    const code = text.endsWith("Unknown tag 0x0") ? "unknown-tag" : "truncated-main";
    this.#diagnostics.failMain({ kind: "error", code, reason, qemu: text });
  }

  /** The main connection closed, or never came, before four bytes of it were there (A.1). */
  noMainChannel(): void {
    this.#diagnostics.failMain({
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
    this.#diagnostics.failChannels(asVerdict(finding, name, this.#settings.profile));
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
      mainError: this.#diagnostics.main,
      channelError: this.#diagnostics.channels,
      firstError: this.#diagnostics.errors[0],
      failedBeforeEnd: this.#failedBeforeEnd,
      deadlock: this.#deadlock?.settings.name,
      mainWait: this.mainWait,
      eof: this.#eof,
      settings: this.#settings,
      syncModesDiffer: this.#syncModesDiffer(),
      threads: this.devices.flatMap(({ loader }) => loader?.threadVerdict(this.#devices.isStarted) ?? []),
      unread,
    });
    this.#warnOfSleepers(verdict, unread);
    if (verdict.kind === "error" && this.#diagnostics.main === undefined && this.#eof) {
      this.#diagnostics.warn(
        "source-thinks-success",
        "the main channel is without error: the source is told that all went well",
      );
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
      if (unread.has(id)) {
        this.#diagnostics.warn("surplus-sync", `multifd channel ${id} sleeps at a SYNC that no barrier is for`);
      }
    }
  }

  #cleanUp(verdict: Verdict): void {
    this.#devices.cleanUp(verdict.kind === "ok" || verdict.kind === "lost-state");
    // A failure that only a load thread or a channel knows leaves the main stream clean: SHUT says 0 (A.5 step 4).
    const answers = verdict.kind !== "would-hang" && verdict.kind !== "would-abort";
    if (this.#returnPath && answers) {
      this.#handler.answer?.({ message: "SHUT", value: this.#diagnostics.main === undefined ? 0 : 1 });
    }
  }

  #reachBarrier(): void {
    if (this.#connections.expected === 0) return;
    this.#barrier.reach();
    this.#unlockDevices();
  }

  #unlockDevices(): void {
    if (!this.#barrier.mainWaits) this.#devices.unlock();
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
      this.#diagnostics.failMain({
        kind: "error",
        code: "unknown-command",
        reason: `QEMU ${this.#settings.profile.version} does not know SWITCHOVER_START`,
        qemu: `MIG_CMD 0xb unknown (len 0x${payloadLength.toString(16)})`,
      });
      return;
    }
    if (this.#devices.isStarted) this.#diagnostics.warn("double-start", "SWITCHOVER_START came twice");
    this.#devices.start();
  }

  #enter(record: LongSectionRecord | ShortSectionRecord): void {
    // A stream without a configuration is set up by its first section.
    this.#devices.setUp();
    const device = this.#section.enter(record);
    if (device !== undefined) this.#order.section(device, record.kind);
  }

  #deviceState(record: MultifdDeviceStateRecord, data: T | undefined): void {
    const { instanceId, idx, vfioFlags = 0, nextPacketSize, flags } = record;
    if (nextPacketSize > PACKET_LIMIT) {
      const reason = `a packet of ${nextPacketSize} bytes: QEMU allocates as much at once`;
      return this.#diagnostics.failChannels({ kind: "would-abort", code: "allocation", reason });
    }
    const idstr = upToNul(record.idstr);
    const refusal = this.#devices.refusal(idstr, instanceId);
    if (refusal !== undefined) return this.#diagnostics.failChannels(refusal);
    const device = this.#devices.of(idstr, instanceId);
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
      this.#diagnostics.warn(
        "lost-state-race",
        "the error can come too late: QEMU then says success, without the device's state",
      );
    }
    if (verdict !== undefined) return this.#diagnostics.failChannels(verdict);
    if ((flags & MULTIFD_FLAG.SYNC) === 0) return;
    this.#diagnostics.failChannels({
      kind: "error",
      code: "sync-device-state",
      reason: "a device-state packet with the SYNC flag",
      qemu: "multifd: received SYNC device state packet",
    });
  }
}
