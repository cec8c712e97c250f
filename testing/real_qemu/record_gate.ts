/**
 * Holds `migwire record` to real QEMUs: they migrate through it as without it, and what it recorded is whole. Started as
 * `gate.ts` is:
 *
 *     record_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { main } from "../../cli/main.ts";
import { type MemoryIo, memoryIo } from "../../cli/memory_io.ts";
import { type Case, runCases } from "./case.ts";
import { until, within } from "./deadline.ts";
import { assertChecks, assertInspects, digest } from "./judge.ts";
import { FILL, MACHINE } from "./machine.ts";
import { beginPostcopy } from "./migrate.ts";
import { closeAll, type Guest, Scene } from "./scene.ts";
import type { Qemu, Settings, Vm } from "./vm.ts";

/** A kind of migration. */
interface Kind {
  readonly name: string;
  /** Both sides' settings. */
  readonly settings: Settings;
  /** What the source has besides. */
  readonly sourceOnly?: Settings;
  /** What is done while the migration is under way. */
  readonly during?: (vms: Vms) => Promise<void>;
  /** Options of `record`. */
  readonly options?: readonly string[];
  /** Connections that it takes. */
  readonly connections: number;
}

/** The two sides. */
interface Vms {
  readonly source: Vm;
  readonly destination: Vm;
}

const SOCKET = { record: "record.sock", destination: "destination.sock" } as const;

const BUSY: Guest = { pages: 64, delay: 0x1000 };
const SLOW: Settings = { parameters: { "max-bandwidth": 400_000, "downtime-limit": 1 } };

function multifd(channels: number, options: readonly string[] = []): Kind {
  return {
    name: `multifd ${channels}${options.map((option) => ` ${option}`).join("")}`,
    settings: { capabilities: ["multifd", "return-path"], parameters: { "multifd-channels": channels } },
    options,
    connections: 1 + channels,
  };
}

function postcopy(name: string, capabilities: readonly string[], connections: number, during: Kind["during"]): Kind {
  return {
    name,
    settings: { capabilities: ["postcopy-ram", ...capabilities] },
    sourceOnly: SLOW,
    connections,
    ...(during === undefined ? {} : { during }),
  };
}

const KINDS: readonly Kind[] = [
  { name: "plain", settings: {}, connections: 1 },
  { name: "plain --no-payload", settings: {}, connections: 1, options: ["--no-payload"] },
  ...[1, 2, 4, 8].map((channels) => multifd(channels)),
  multifd(2, ["--no-payload"]),
  postcopy("postcopy", [], 1, ({ source }) => beginPostcopy(source)),
  postcopy("postcopy preempt", ["postcopy-preempt"], 2, ({ source }) => beginPostcopy(source)),
];

/** The cases for one QEMU. */
export function recordCases(qemu: Qemu): Case[] {
  return KINDS.map((kind) => ({
    name: `${qemu.version} record ${kind.name}`,
    run: (folder) => run(kind, qemu, folder),
  }));
}

async function run(kind: Kind, qemu: Qemu, folder: string): Promise<string> {
  const scene = await Scene.open(folder, BUSY);
  const interrupt = new AbortController();
  try {
    const vms = await start(scene, qemu, kind);
    const capture = `${scene.folder}/capture`;
    const io = memoryIo({ interrupt: interrupt.signal });
    const recording = main([
      "record",
      ...["--listen", `unix:${scene.folder}/${SOCKET.record}`, "--to", `unix:${scene.folder}/${SOCKET.destination}`],
      ...["--out", capture, ...kind.options ?? []],
    ], io);
    const listening = (): Promise<true | undefined> =>
      Promise.resolve(io.err().includes("listening at") ? true : undefined);
    await until(5_000, "the recording to listen", listening);
    const { source, destination } = vms;
    await source.call("migrate", { uri: `unix:${SOCKET.record}` });
    await kind.during?.(vms);
    const outcome = [await source.end(), await destination.end()];
    assertEquals(outcome, ["completed", "completed"], io.err());
    await assertRuns(destination);
    assertEquals(await within(20_000, "the recording to end", recording), 0, io.err());
    await assertChecks(capture);
    const { channels } = await assertInspects(capture);
    assertEquals(connectionsOf(io), kind.connections);
    return `both completed, the guest runs on, checks; ${channels.length} channels`;
  } finally {
    interrupt.abort();
    await scene.close();
  }
}

/** Both sides, set and ready; the guest runs at the source. */
async function start(scene: Scene, qemu: Qemu, { settings, sourceOnly }: Kind): Promise<Vms> {
  const [source, destination] = await Promise.all([
    scene.vm("source", qemu, [...MACHINE, ...FILL]),
    scene.vm("destination", qemu, [...MACHINE, "-incoming", "defer"]),
  ]);
  await source.set({
    capabilities: settings.capabilities ?? [],
    parameters: { ...settings.parameters, ...sourceOnly?.parameters },
  });
  await destination.set(settings);
  await destination.call("migrate-incoming", { uri: `unix:${SOCKET.destination}` });
  return { source, destination };
}

/** The guest counts in its memory: it runs as long as that changes. */
async function assertRuns(destination: Vm): Promise<void> {
  const { status } = await destination.call("query-status") as { readonly status: string };
  assertEquals(status, "running");
  const [before] = await destination.memory();
  assert(before !== undefined);
  await until(10_000, "the guest to run at the destination", async () => {
    const [now] = await destination.memory();
    return now !== undefined && await digest(now) !== await digest(before) ? true : undefined;
  });
}

/** How many connections a recording says it took. */
function connectionsOf(io: MemoryIo): number {
  return Number(/passed on over (\d+) connections?/.exec(io.err())?.[1]);
}

if (import.meta.main) {
  const { _: [folder = "", ...programs], only } = parseArgs(Deno.args, { string: ["_", "only"] });
  const cases = programs.flatMap((word) => {
    const [version = "", path = ""] = String(word).split("=");
    return recordCases({ version, path });
  }).filter(({ name }) => only === undefined || name.includes(only));
  try {
    const { passed, failed } = await runCases(cases, { folder: String(folder), workers: 3 });
    console.log(`${passed} passed, ${failed} failed`);
    Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    await closeAll();
  }
  Deno.exit();
}
