/** `migwire replay`, and what it must not leave behind. @module */

import { assert, assertEquals } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import type { ReplayReport } from "../../src/report/replay/mod.ts";

/** What the command gave. */
export interface Replayed {
  /** Its exit code. */
  readonly code: number;
  /** What `--json` said. */
  readonly report: ReplayReport;
}

/** Runs `migwire replay --json`. */
export async function migwireReplay(args: readonly string[]): Promise<Replayed> {
  const io = memoryIo();
  const code = await main(["replay", "--json", ...args], io);
  assert(io.out() !== "", io.err());
  return { code, report: JSON.parse(io.out()) };
}

/** The folder of a QEMU that migwire has started, by the address that it listens at. */
export function spawnFolder(address: string): string {
  const [, folder] = /^unix:(.*)\/in$/.exec(address) ?? [];
  assert(folder !== undefined, `${address} is not in a folder for a QEMU`);
  return folder;
}

/** Neither that folder nor a process with it is there. */
export async function assertGone(folder: string): Promise<void> {
  assertEquals(await processesIn(folder), [], "processes that are left");
  assert(!await exists(folder), `${folder} is left`);
}

/** Processes with arguments that name the folder. */
export async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (words.split("\0").some((word) => word.includes(`${folder}/`))) found.push(Number(name));
  }
  return found;
}

/** Sockets that this process has open. */
export function openSockets(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith("socket:");
    } catch (error) {
      // It was the one that the directory was read by.
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }).length;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
