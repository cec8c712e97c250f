/**
 * Holds dealt multifd channels to real QEMUs: whatever number of channels a migration is dealt to, and in whatever order,
 * a destination takes it and has the same memory. Started as `gate.ts` is:
 *
 *     deal_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * @module
 */

import { assertEquals } from "@std/assert";

import { openCapture, readBytes } from "../../src/capture/mod.ts";
import { laneBytes, lanesOf } from "../../src/emit/deal/deal_for_test.ts";
import { deal, type DealOptions } from "../../src/emit/deal/mod.ts";
import type { Case } from "./case.ts";
import { digest } from "./judge.ts";
import { migrateOverRelay, sendTo, severalRounds, startDestination } from "./migrate.ts";
import { runAlone } from "./run_alone.ts";
import { type Guest, Scene } from "./scene.ts";
import type { Qemu, Settings } from "./vm.ts";

const BUSY: Guest = { pages: 64, delay: 0x1000 };

/** The guest is faster than the connection, also when its pages are compressed, so that no round is the last. */
const SLOW: Settings = { parameters: { "max-bandwidth": 100_000, "downtime-limit": 1 } };

const WAYS: readonly DealOptions[] = [
  ...[1, 2, 4, 8].map((channels) => ({ channels })),
  { channels: 3, seed: 1 },
  { channels: 2, seed: 2 },
];

function settingsFor(channels: number, compression: string): Settings {
  return {
    capabilities: ["multifd"],
    parameters: { "multifd-channels": channels, "multifd-compression": compression },
  };
}

/** The cases for one QEMU. */
export function dealCases(qemu: Qemu): Case[] {
  return ["none", "zlib", "zstd"].map((compression) => ({
    name: `${qemu.version} dealt anew ${compression}`,
    run: (folder) => run(compression, qemu, folder),
  }));
}

async function run(compression: string, qemu: Qemu, folder: string): Promise<string> {
  const scene = await Scene.open(folder, BUSY);
  try {
    const migrated = await migrateOverRelay(scene, {
      qemu,
      settings: settingsFor(2, compression),
      sourceOnly: SLOW,
      runs: true,
      during: (source) => severalRounds(source, 3),
    });
    assertEquals(migrated.outcome, ["completed", "completed"]);
    const memory = await digests(await migrated.destination.memory());
    await migrated.destination.stop();
    const ways: string[] = [];
    for (const [i, way] of WAYS.entries()) {
      const { channels = 2 } = way;
      const destination = await startDestination(
        scene,
        qemu,
        settingsFor(channels, compression),
        undefined,
        `dealt${i}`,
      );
      const sending = await sendTo(scene, destination, await dealt(migrated.capture, way));
      const status = await destination.end();
      sending.close();
      await sending.sent;
      if (status !== "completed") throw new Error(`${JSON.stringify(way)}: ${status}; ${await destination.stop()}`);
      assertEquals(await digests(await destination.memory()), memory, JSON.stringify(way));
      await destination.stop();
      await Deno.remove(`${scene.folder}/sender.sock`).catch(() => {});
      ways.push(way.seed === undefined ? `${channels}` : `${channels} seed ${way.seed}`);
    }
    return `same memory with channels: ${ways.join(", ")}`;
  } finally {
    await scene.close();
  }
}

/** What is sent over each connection, the main channel first. */
async function dealt(path: string, way: DealOptions): Promise<Uint8Array[]> {
  const capture = openCapture(path);
  try {
    const { lanes, others } = lanesOf(capture);
    const main = others.find(({ direction }) => direction === "s2d")?.source;
    if (main === undefined) throw new Error("the capture has no main channel");
    return [readBytes(main, 0, main.size), ...(await deal(lanes, way)).map(laneBytes)];
  } finally {
    capture.close();
  }
}

function digests(memory: readonly Uint8Array[]): Promise<string[]> {
  return Promise.all(memory.map(digest));
}

if (import.meta.main) await runAlone(dealCases, 2);
