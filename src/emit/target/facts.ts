import { isAtLeast, type QemuVersion } from "../../capture/mod.ts";
import { formatSocketAddress, type SocketAddress } from "../../net/mod.ts";
import { QmpError } from "../../qmp/mod.ts";
import { askIfKnown, type Monitor, objectOr, objectsOf, qomGet, textOf } from "./ask.ts";
import { readRamBlocks, type TargetBlock } from "./ram_blocks.ts";
import { examineDevices, type TargetDevice } from "./vfio_devices.ts";

/** What is known of a target: a QEMU that a migration is to be sent to. What it cannot say is absent. */
export interface TargetFacts {
  /** Its version. */
  readonly version: QemuVersion;
  /** Its version as text, without the package: `10.0.2`. */
  readonly qemu: string;
  /** The package that it is from. */
  readonly package?: string;
  /** State of the machine: `inmigrate` if it was started with `-incoming`. */
  readonly runState?: string;
  /** Status of `query-migrate`: absent before anything has begun, and in a listening QEMU 7.2. */
  readonly migration?: string;
  /** Addresses that it listens at already. */
  readonly listening: readonly string[];
  /** It waits for a migration already, at an address or elsewhere: it was started with another `-incoming` than `defer`. */
  readonly hasBegun: boolean;
  /** Full name of the machine type. */
  readonly machine?: string;
  /** Architecture of the target. */
  readonly arch?: string;
  /** UUID of the machine, lower case; all zero if it has none. */
  readonly uuid?: string;
  /** Blocks of RAM. */
  readonly blocks?: readonly TargetBlock[];
  /** Capabilities that it knows, and whether they are on. */
  readonly capabilities: { readonly [name: string]: boolean };
  /** Parameters that it knows. Some have no value before they are set, and are not named then. */
  readonly parameters: { readonly [name: string]: unknown };
  /** VFIO devices. */
  readonly devices: readonly TargetDevice[];
  /** `migrate-incoming` can be told not to end QEMU when a migration fails. */
  readonly knowsExitOnError: boolean;
}

/**
 * Asks a QEMU for what matters to a migration. Nothing in it is changed.
 *
 * @throws {QmpError} If it does not answer; or if it is no QEMU.
 *
 * @example
 * ```ts ignore
 * using qmp = await QmpClient.connect(address);
 * const { qemu, machine } = await examineTarget(qmp);
 * ```
 */
export async function examineTarget(monitor: Monitor): Promise<TargetFacts> {
  const { qemu, package: origin } = objectOr(await monitor.call("query-version"));
  const version = versionOf(qemu);
  const { status: runState } = objectOr(await monitor.call("query-status"));
  const migration = objectOr(await monitor.call("query-migrate"));
  const status = textOf(migration.status);
  const listening = objectsOf(migration["socket-address"]).flatMap((address) => addressOf(address) ?? []);
  const machine = textOf(await qomGet(monitor, "/machine", "type"))?.replace(/-machine$/, "");
  const { arch } = objectOr(await askIfKnown(monitor, "query-target"));
  const { UUID: uuid } = objectOr(await askIfKnown(monitor, "query-uuid"));
  const blocks = await examineBlocks(monitor);
  const package_ = textOf(origin);
  return {
    version,
    qemu: `${version.major}.${version.minor}.${version.micro}`,
    ...(package_ === undefined ? {} : { package: package_ }),
    ...(typeof runState === "string" ? { runState } : {}),
    ...(status === undefined ? {} : { migration: status }),
    listening,
    hasBegun: status !== undefined && status !== "none" || listening.length > 0,
    ...(machine === undefined ? {} : { machine }),
    ...(typeof arch === "string" ? { arch } : {}),
    ...(typeof uuid === "string" ? { uuid: uuid.toLowerCase() } : {}),
    ...(blocks === undefined ? {} : { blocks }),
    capabilities: await examineCapabilities(monitor),
    parameters: objectOr(await monitor.call("query-migrate-parameters")),
    devices: await examineDevices(monitor),
    // 9.1 (qapi/migration.json).
    knowsExitOnError: isAtLeast(version, 9, 1),
  };
}

function versionOf(qemu: unknown): QemuVersion {
  const { major, minor, micro } = objectOr(qemu);
  if (typeof major !== "number" || typeof minor !== "number" || typeof micro !== "number") {
    throw new QmpError("protocol", "Cannot use the target: what answers its monitor does not say which QEMU it is");
  }
  return { major, minor, micro };
}

function addressOf(address: { readonly [field: string]: unknown }): string | undefined {
  const { type, path, host, port } = address;
  let read: SocketAddress | undefined;
  if (type === "unix" && typeof path === "string") read = { kind: "unix", path };
  if (type === "inet" && typeof host === "string") read = { kind: "tcp", host, port: Number(port) };
  return read === undefined ? undefined : formatSocketAddress(read);
}

/** Since 6.2 there is a command for it; before, only what a person would type. */
async function examineBlocks(monitor: Monitor): Promise<TargetBlock[] | undefined> {
  const table = objectOr(await askIfKnown(monitor, "x-query-ramblock"))["human-readable-text"] ??
    await askIfKnown(monitor, "human-monitor-command", { "command-line": "info ramblock" });
  const blocks = readRamBlocks(typeof table === "string" ? table : "");
  return blocks.length === 0 ? undefined : blocks;
}

async function examineCapabilities(monitor: Monitor): Promise<{ [name: string]: boolean }> {
  const all = objectsOf(await monitor.call("query-migrate-capabilities"));
  return Object.fromEntries(
    all.flatMap(({ capability, state }) => typeof capability === "string" ? [[capability, state === true]] : []),
  );
}
