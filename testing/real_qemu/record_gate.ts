/**
 * Holds `migwire record` to real QEMUs: they migrate through it as without it, and what it recorded is whole. Started as
 * `gate.ts` is:
 *
 *     record_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { main } from "../../cli/main.ts";
import { type MemoryIo, memoryIo } from "../../cli/memory_io.ts";
import type { Case } from "./case.ts";
import { until, within } from "./deadline.ts";
import { assertChecks, assertInspects, digest } from "./judge.ts";
import { FILL, MACHINE } from "./machine.ts";
import { beginPostcopy } from "./migrate.ts";
import { runAlone } from "./run_alone.ts";
import { type Guest, Scene } from "./scene.ts";
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

/** Postcopy breaks off while it goes slowly, and goes on over another connection. */
async function breakAndRecover({ source, destination }: Vms): Promise<void> {
  await source.call("migrate-set-parameters", { "max-postcopy-bandwidth": 100_000 });
  await beginPostcopy(source);
  const reach = (vm: Vm, wanted: string): Promise<true> =>
    until(20_000, wanted, async () => (await vm.migration()).status === wanted ? true : undefined);
  // A destination that has not begun yet fails rather than to wait.
  await Promise.all([reach(source, "postcopy-active"), reach(destination, "postcopy-active")]);
  await source.call("migrate-pause");
  await Promise.all([reach(source, "postcopy-paused"), reach(destination, "postcopy-paused")]);
  await destination.call("migrate-recover", { uri: `unix:${SOCKET.destination}` });
  await source.call("migrate-set-parameters", { "max-postcopy-bandwidth": 0 });
  await source.call("migrate", { uri: `unix:${SOCKET.record}`, resume: true });
}

const KINDS: readonly Kind[] = [
  { name: "plain", settings: {}, connections: 1 },
  { name: "plain --no-payload", settings: {}, connections: 1, options: ["--no-payload"] },
  ...[1, 2, 4, 8].map((channels) => multifd(channels)),
  multifd(2, ["--no-payload"]),
  postcopy("postcopy", [], 1, ({ source }) => beginPostcopy(source)),
  postcopy("postcopy preempt", ["postcopy-preempt"], 2, ({ source }) => beginPostcopy(source)),
  postcopy("postcopy recovery", [], 2, breakAndRecover),
];

/** What happens in the middle of a migration. */
const MISHAPS: { readonly [name: string]: (vms: Vms, interrupt: () => void) => Promise<unknown> | void } = {
  "source killed": ({ source }) => source.stop(),
  "destination killed": ({ destination }) => destination.stop(),
  "Ctrl-C": (_, interrupt) => interrupt(),
};

/** The cases for one QEMU. */
export function recordCases(qemu: Qemu): Case[] {
  return [
    ...KINDS.map((kind) => ({
      name: `${qemu.version} record ${kind.name}`,
      run: (folder: string) => run(kind, qemu, folder),
    })),
    ...Object.entries(MISHAPS).map(([name, mishap]) => ({
      name: `${qemu.version} record, ${name}`,
      run: (folder: string) => runInto(mishap, qemu, folder),
    })),
  ];
}

/** A recording of a migration that is under way. */
interface Under {
  readonly vms: Vms;
  readonly io: MemoryIo;
  readonly capture: string;
  /** Its exit code. */
  readonly code: Promise<number>;
  /** As Ctrl-C does. */
  readonly interrupt: () => void;
}

/** Two QEMUs, and a recording between them; the migration has begun. */
async function withRecording(
  { folder, qemu, kind }: { readonly folder: string; readonly qemu: Qemu; readonly kind: Kind },
  use: (under: Under) => Promise<string>,
): Promise<string> {
  const scene = await Scene.open(folder, BUSY);
  const interrupt = new AbortController();
  try {
    const vms = await start(scene, qemu, kind);
    const capture = `${scene.folder}/capture`;
    const io = memoryIo({ interrupt: interrupt.signal });
    const code = main([
      "record",
      ...["--listen", `unix:${scene.folder}/${SOCKET.record}`, "--to", `unix:${scene.folder}/${SOCKET.destination}`],
      ...["--out", capture, ...kind.options ?? []],
    ], io);
    const listening = (): Promise<true | undefined> =>
      Promise.resolve(io.err().includes("listening at") ? true : undefined);
    await until(5_000, "the recording to listen", listening);
    await vms.source.call("migrate", { uri: `unix:${SOCKET.record}` });
    return await use({ vms, io, capture, code, interrupt: () => interrupt.abort() });
  } finally {
    interrupt.abort();
    await scene.close();
  }
}

/** A migration that ends well. */
function run(kind: Kind, qemu: Qemu, folder: string): Promise<string> {
  return withRecording({ folder, qemu, kind }, async ({ vms, io, capture, code }) => {
    await kind.during?.(vms);
    const outcome = [await vms.source.end(), await vms.destination.end()];
    assertEquals(outcome, ["completed", "completed"], io.err());
    await assertRuns(vms.destination);
    assertEquals(await within(20_000, "the recording to end", code), 0, io.err());
    await assertChecks(capture);
    const { channels } = await assertInspects(capture);
    assertEquals(connectionsOf(io), kind.connections);
    return `both completed, the guest runs on, checks; ${channels.length} channels`;
  });
}

/** A migration that is broken off; what was recorded until then can be read. */
function runInto(mishap: (typeof MISHAPS)[string], qemu: Qemu, folder: string): Promise<string> {
  const kind: Kind = { ...multifd(2), sourceOnly: SLOW };
  return withRecording({ folder, qemu, kind }, async ({ vms, io, capture, code, interrupt }) => {
    const channels = /connection 2 is a multifd channel/;
    const begun = (): Promise<true | undefined> => Promise.resolve(channels.test(io.err()) ? true : undefined);
    await until(20_000, "all channels", begun);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await mishap(vms, interrupt);
    await within(20_000, "the recording to end", code);
    const inspecting = memoryIo();
    assertEquals(await main(["inspect", "--json", capture], inspecting), 0, inspecting.err());
    const { complete, channels: { length } } = JSON.parse(inspecting.out());
    assertEquals(complete, false);
    return `ended, can be read; ${length} channels`;
  });
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

if (import.meta.main) await runAlone(recordCases, 3);
