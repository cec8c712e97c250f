/** Real migrations, recorded as captures. @module */

import { until, within } from "./deadline.ts";
import { MACHINE, type Machine, PC } from "./machine.ts";
import type { Scene } from "./scene.ts";
import type { Qemu, Settings, Status, Vm } from "./vm.ts";

/** A migration. */
export interface Migration {
  /** Both sides' QEMU. */
  readonly qemu: Qemu;
  /** What migrates, if not the PC. */
  readonly machine?: Machine;
  /** Arguments that the destination has besides. */
  readonly destinationOnly?: readonly string[];
  /** Both sides' settings. */
  readonly settings?: Settings;
  /** What the source has besides. */
  readonly sourceOnly?: Settings;
  /** The guest runs at the source. */
  readonly runs?: boolean;
  /** What is done while the migration is under way. */
  readonly during?: (source: Vm) => Promise<void>;
}

/** What came of a migration. */
export interface Migrated {
  /** Path of the capture directory, or of the file. */
  readonly capture: string;
  /** The destination, which has loaded it and stands still. */
  readonly destination: Vm;
  /** How it ended at the source, and at the destination. */
  readonly outcome: readonly [source: Status, destination: Status];
}

/** Names inside of a scene's folder; QEMU is told them as they are, so no path of this machine gets into a capture. */
const SOCKET = { relay: "relay.sock", destination: "destination.sock", sender: "sender.sock" } as const;
const FILE = "migration.img";

/** A destination that waits for `migrate-incoming`; its guest will not run. */
export async function startDestination(
  scene: Scene,
  qemu: Qemu,
  settings: Settings,
  args: readonly string[] = MACHINE,
  name = "destination",
): Promise<Vm> {
  const destination = await scene.vm(name, qemu, [...args, "-S", "-incoming", "defer"]);
  await destination.set(settings);
  return destination;
}

async function startSource(
  scene: Scene,
  { qemu, machine = PC, settings, sourceOnly, runs = false }: Migration,
): Promise<Vm> {
  const source = await scene.vm("source", qemu, [...machine.args, ...machine.fill, ...(runs ? [] : ["-S"])]);
  await source.set({
    capabilities: [...settings?.capabilities ?? [], ...sourceOnly?.capabilities ?? []],
    parameters: { ...settings?.parameters, ...sourceOnly?.parameters },
  });
  return source;
}

/** From a source over a relay to a destination. */
export async function migrateOverRelay(scene: Scene, migration: Migration): Promise<Migrated> {
  const { qemu, machine = PC, destinationOnly = [], settings = {} } = migration;
  const [source, destination] = await Promise.all([
    startSource(scene, migration),
    startDestination(scene, qemu, settings, [...machine.args, ...destinationOnly]),
  ]);
  const capture = `${scene.folder}/capture`;
  await Deno.mkdir(capture);
  await destination.call("migrate-incoming", { uri: `unix:${SOCKET.destination}` });
  const relay = scene.relay(`${scene.folder}/${SOCKET.relay}`, `${scene.folder}/${SOCKET.destination}`, capture);
  await source.call("migrate", { uri: `unix:${SOCKET.relay}` });
  await migration.during?.(source);
  const outcome = [await source.end(), await destination.end()] as const;
  await within(10_000, "the connections to be closed", relay.finish());
  await writeManifest(capture, { source, destination, outcome });
  return { capture, destination, outcome };
}

/** From a source into a file, and from there to a destination. */
export async function migrateToFile(scene: Scene, migration: Migration, kind: "exec" | "file"): Promise<Migrated> {
  const source = await startSource(scene, migration);
  const uri = kind === "file" ? `file:${FILE}` : `exec:cat >${FILE}`;
  await source.call("migrate", { uri });
  const sent = await source.end();
  const { qemu, machine = PC, settings = {} } = migration;
  const destination = await startDestination(scene, qemu, settings, machine.args);
  await destination.call("migrate-incoming", { uri: kind === "file" ? uri : `exec:cat ${FILE}` });
  return { capture: `${scene.folder}/${FILE}`, destination, outcome: [sent, await destination.end()] };
}

/** What a capture.json tells. */
interface Told {
  readonly source?: Vm;
  readonly destination: Vm;
  readonly outcome?: readonly [source: Status, destination: Status];
}

async function writeManifest(folder: string, { source, destination, outcome }: Told): Promise<void> {
  const side = ({ version, command, settings: { capabilities = [], parameters = {} } }: Vm): object => ({
    qemu: version,
    command,
    capabilities: Object.fromEntries(capabilities.map((name) => [name, true])),
    parameters,
  });
  const manifest = {
    format: "migwire-capture/1",
    name: "real-qemu",
    ...(source === undefined ? {} : { source: side(source) }),
    destination: side(destination),
    ...(outcome === undefined ? {} : { outcome: { source: outcome[0], destination: outcome[1], error: null } }),
  };
  await Deno.writeTextFile(`${folder}/capture.json`, JSON.stringify(manifest));
}

/**
 * Makes a capture directory of what is to be sent to `destination`, without an outcome.
 *
 * @returns Its path.
 */
export async function writeCapture(scene: Scene, destination: Vm, channels: readonly Uint8Array[]): Promise<string> {
  const folder = `${scene.folder}/capture`;
  await Deno.mkdir(folder);
  for (const [i, bytes] of channels.entries()) await Deno.writeFile(`${folder}/channel-0${i}.s2d`, bytes);
  await writeManifest(folder, { destination });
  return folder;
}

/**
 * Sends `channels` to `destination`, the main channel first.
 *
 * @param holdMainAt The main channel is sent up to this place only, and closed when the destination has closed the others.
 * @returns What is under way: it ends when the destination has closed all connections, or when it is closed.
 */
export async function sendTo(
  scene: Scene,
  destination: Vm,
  channels: readonly Uint8Array[],
  holdMainAt?: number,
): Promise<{ readonly sent: Promise<void>; close(): void }> {
  await destination.call("migrate-incoming", { uri: `unix:${SOCKET.sender}` });
  const sender = scene.sender();
  const parts = channels.map((bytes, i) => i === 0 ? bytes.subarray(0, holdMainAt) : bytes);
  const sent = sender.send(`${scene.folder}/${SOCKET.sender}`, parts, holdMainAt !== undefined);
  return { sent, close: () => sender.close() };
}

/** Lets the memory be sent in several rounds while the guest changes it, then lets the migration end. */
export async function severalRounds(source: Vm, rounds: number): Promise<void> {
  await until(20_000, `${rounds} rounds`, async () => {
    const { ram = {} } = await source.migration();
    return (ram["dirty-sync-count"] ?? 0) >= rounds ? true : undefined;
  });
  await source.call("migrate-set-parameters", { "downtime-limit": 20_000, "max-bandwidth": 1 << 30 });
}

/** Begins postcopy when a part of the memory has been sent. */
export async function beginPostcopy(source: Vm): Promise<void> {
  await until(20_000, "a part of the memory", async () => {
    const { ram = {} } = await source.migration();
    return (ram["transferred"] ?? 0) >= 60_000 ? true : undefined;
  });
  await source.call("migrate-start-postcopy");
}
