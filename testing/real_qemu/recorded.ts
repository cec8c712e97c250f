/** The captures that are replayed, each into the QEMU that it was recorded with. @module */

import { type Capture, openCapture } from "../../src/capture/mod.ts";
import { SpawnedQemu } from "../../src/emit/spawn/mod.ts";
import { replayScore } from "../../src/replay/plan_replay.ts";
import { CAPTURES } from "../real_captures.ts";
import type { Qemu } from "./vm.ts";

/** A capture of a real migration. */
export interface Recorded {
  /** `plain-precopy`. */
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  /** The QEMU of the recorded destination's version and architecture. */
  readonly qemu: Qemu;
  /** How the recorded destination ended. */
  readonly outcome: string;
  /** Why it cannot be sent, if it cannot. */
  readonly unsent?: string;
  /** Number of connections that are sent. */
  readonly connections: number;
  /** Number of multifd channels among them. */
  readonly channels: number;
}

/**
 * All captures whose names begin with `prefix`.
 *
 * @throws If one wants a QEMU that there is not.
 */
export function recordedCaptures(prefix: string, qemus: readonly Qemu[]): Recorded[] {
  return [...Deno.readDirSync(CAPTURES)].filter(({ name, isDirectory }) => isDirectory && name.startsWith(prefix))
    .map(({ name }) => name).sort().map((name) => recorded(name, qemus));
}

/** Opens a capture for `use`. */
export async function withCapture<T>(
  { path }: Pick<Recorded, "path">,
  use: (capture: Capture) => Promise<T>,
): Promise<T> {
  const capture = openCapture(path);
  try {
    return await use(capture);
  } finally {
    capture.close();
  }
}

/** Starts the recorded destination for `use`, and ends it. */
export async function withDestination<T>(
  { qemu }: Pick<Recorded, "qemu">,
  capture: Capture,
  { folder, args = [] }: { readonly folder: string; readonly args?: readonly string[] },
  use: (destination: SpawnedQemu) => Promise<T>,
): Promise<T> {
  const { command, qemu: version } = capture.manifest?.destination ?? {};
  if (command === undefined) throw new Error(`${capture.name} has no command of its destination`);
  const { blocks, machine } = replayScore(capture).needs;
  const destination = await SpawnedQemu.start({
    argv: [...command, ...args],
    recorded: true,
    binary: qemu.path,
    blocks,
    signal: new AbortController().signal,
    parent: folder,
    ...(version === undefined ? {} : { version }),
    ...(machine === undefined ? {} : { machine }),
  });
  try {
    return await use(destination);
  } finally {
    await destination.stop();
  }
}

function recorded(name: string, qemus: readonly Qemu[]): Recorded {
  const path = decodeURIComponent(new URL(name, CAPTURES).pathname);
  const capture = openCapture(path);
  try {
    const { destination, outcome, encrypted } = capture.manifest ?? {};
    const unsent = encrypted
      ? "encrypted"
      : destination?.capabilities?.["mapped-ram"]
      ? "mapped-ram: a file that QEMU opens"
      : undefined;
    const lanes = unsent === undefined ? replayScore(capture).lanes.length : 0;
    return {
      name,
      path,
      qemu: qemuOf(name, capture, qemus),
      outcome: outcome?.destination ?? "unknown",
      ...(unsent === undefined ? {} : { unsent }),
      connections: capture.channels.filter(({ direction }) => direction === "s2d").length,
      channels: lanes,
    };
  } finally {
    capture.close();
  }
}

function qemuOf(name: string, { manifest }: Capture, qemus: readonly Qemu[]): Qemu {
  const { qemu: version = "", command: [program = ""] = [] } = manifest?.destination ?? {};
  const [, series] = /^(\d+\.\d+)\./.exec(version) ?? [];
  const [, arch] = /qemu-system-(\w+)$/.exec(program) ?? [];
  const wanted = arch === "x86_64" ? series : `${series}-${arch}`;
  const qemu = qemus.find((one) => one.version === wanted);
  if (qemu === undefined) throw new Error(`${name} wants a QEMU ${wanted}`);
  return qemu;
}
