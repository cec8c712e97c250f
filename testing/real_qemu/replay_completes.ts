/** Captures that completed when they were recorded, and have to complete again, with the same memory. @module */

import { assert, assertEquals } from "@std/assert";
import type { Capture } from "../../src/capture/mod.ts";
import type { SpawnedQemu } from "../../src/emit/spawn/mod.ts";
import { formatSocketAddress } from "../../src/net/mod.ts";
import { QmpClient } from "../../src/qmp/mod.ts";
import { replay, type ReplayChanges, type ReplayVerdict } from "../../src/replay/mod.ts";
import { readOracle } from "../ram_oracle.ts";
import type { Case } from "./case.ts";
import { readMemory } from "./process_memory.ts";
import { assertGone, migwireReplay, spawnFolder } from "./replay_command.ts";
import { type Recorded, withCapture, withDestination } from "./recorded.ts";

/** Memory that is not in the stream, and was at the recorded destination by other means. */
const NOT_SENT: ReadonlySet<string> = new Set(["plain-ignore-shared pc.ram"]);

const CHANNELS = [1, 2, 4, 8] as const;
const SEEDS = [1, 2, 3] as const;

/** How long things are waited for: a QEMU that is not done in that time is not done ever. */
const LIMITS = { stallMs: 20_000, verdictMs: 20_000 } as const;

/** A UUID that no capture has. */
const UUID = "00112233-4455-6677-8899-aabbccddeeff";

/** Each way to send one. */
export function completeCases(recorded: Recorded): Case[] {
  const { name } = recorded;
  return [
    { name: `${name} with --spawn`, run: () => spawnedByCommand(recorded) },
    {
      name: `${name} with --to and --qmp`,
      run: (folder) => inDestination(recorded, folder, (_, destination) => byCommand(recorded, destination)),
    },
    ...waysOf(recorded).map((changes): Case => ({
      name: `${name} ${describeChanges(changes)}`,
      run: (folder) => inDestination(recorded, folder, (capture, to) => byLibrary(capture, to, changes)),
    })),
  ];
}

/** Captures with multifd channels into a target that has another UUID, which is written into the stream. */
export function uuidCases(captures: readonly Recorded[]): Case[] {
  return captures.filter(({ channels }) => channels > 0).flatMap((recorded) =>
    ["target", UUID].map((uuid): Case => ({
      name: `${recorded.name} into another UUID with --uuid ${uuid}`,
      run: (folder) =>
        inDestination(
          recorded,
          folder,
          (_, destination) => byCommand(recorded, destination, ["--uuid", uuid]),
          ["-uuid", UUID],
        ),
    }))
  );
}

/** How what is sent of one is changed. What has one connection has one order. */
function waysOf({ channels, connections }: Recorded): ReplayChanges[] {
  const ways: ReplayChanges[] = [{ reserialise: true }];
  if (connections > 1) ways.push(...SEEDS.map((seed) => ({ seed })));
  if (channels === 0) return ways;
  for (const channels of CHANNELS) ways.push({ channels }, ...SEEDS.map((seed) => ({ channels, seed })));
  // All at once.
  return [...ways, { channels: 3, seed: 4, reserialise: true, switchoverStart: "after-packets" }];
}

function describeChanges(changes: ReplayChanges): string {
  return Object.entries(changes).map(([name, value]) => value === true ? name : `${name} ${value}`).join(", ");
}

/** As a user does it at first: migwire starts the recorded destination, too. */
async function spawnedByCommand({ path, qemu }: Recorded): Promise<string> {
  const { code, report } = await migwireReplay([path, "--spawn", "--binary", qemu.path]);
  assertEquals([code, report.verdict.kind], [0, "completed"], JSON.stringify(report.verdict));
  await assertGone(spawnFolder(report.target.address));
  return `QEMU ${report.target.qemu}, ${report.verdict.reason}`;
}

/** Sends it to a destination of the gate, which is looked into when it has completed. */
async function inDestination(
  recorded: Recorded,
  folder: string,
  send: (capture: Capture, destination: SpawnedQemu) => Promise<ReplayVerdict>,
  args: readonly string[] = [],
): Promise<string> {
  return await withCapture(
    recorded,
    (capture) =>
      withDestination(recorded, capture, { folder, args }, async (destination) => {
        const verdict = await send(capture, destination);
        assertEquals(verdict.kind, "completed", `${verdict.by}: ${verdict.reason}; ${destination.stderr()}`);
        return await sameMemory(recorded, destination);
      }),
  );
}

async function byCommand(
  { path }: Recorded,
  { incoming, qmp }: SpawnedQemu,
  options: readonly string[] = [],
): Promise<ReplayVerdict> {
  const [to, monitor] = [incoming, qmp].map(formatSocketAddress);
  const { code, report: { verdict } } = await migwireReplay([path, "--to", `${to}`, "--qmp", `${monitor}`, ...options]);
  assertEquals(code, verdict.kind === "completed" ? 0 : 1);
  return verdict;
}

async function byLibrary(
  capture: Capture,
  { incoming, qmp }: SpawnedQemu,
  changes: ReplayChanges,
): Promise<ReplayVerdict> {
  const target = { kind: "address", to: incoming, qmp } as const;
  return (await replay(capture, { target, changes, limits: LIMITS })).verdict;
}

/** The destination has the memory that the recorded one had. */
async function sameMemory({ name }: Recorded, { qmp, pid }: SpawnedQemu): Promise<string> {
  const expected = readOracle(name)?.filter((block) => !NOT_SENT.has(`${name} ${block.name}`));
  assert(expected !== undefined && expected.length > 0, `${name}: nothing is known of the memory`);
  using monitor = await QmpClient.connect(qmp);
  const blocks = await readMemory(monitor, pid);
  const compared = blocks.filter((block) => expected.some((known) => known.name === block.name));
  assertEquals(compared, expected);
  return `same memory: ${compared.map((block) => block.name).join(", ")}`;
}
