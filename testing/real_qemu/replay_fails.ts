/** What must fail does, with the target's own words in the report, and in time. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatSocketAddress } from "../../src/net/mod.ts";
import type { ReplayVerdictKind } from "../../src/replay/mod.ts";
import type { Case } from "./case.ts";
import { assertGone, migwireReplay, type Replayed, spawnFolder } from "./replay_command.ts";
import { type Recorded, withCapture, withDestination } from "./recorded.ts";

/** A replay that must not complete. */
interface Failure {
  /** Which capture. */
  readonly capture: string;
  /** What is wrong, for people; absent where the capture is wrong by itself. */
  readonly name?: string;
  /** More arguments of the recorded QEMU, which the gate starts, and migwire reaches by its monitor only. */
  readonly args?: readonly string[];
  /** Arguments of another QEMU, which migwire starts. */
  readonly machine?: string;
  /** Options of the command. */
  readonly options?: readonly string[];
  /** Files of the capture, and how many of their bytes are left. */
  readonly cut?: { readonly [file: string]: number };
  /** What the report says. */
  readonly kind: ReplayVerdictKind;
  /** The reason in it: QEMU's words. */
  readonly reason: RegExp;
  /** What the report has of QEMU's words besides, known before anything was sent. */
  readonly foreseen?: RegExp;
}

/** `--timeout`. */
const TIMEOUT_S = 4;

/** By then it has ended, QEMU's start and end included. */
const LIMIT_MS = 20_000;

const UUID = "00112233-4455-6677-8899-aabbccddeeff";

/** What QEMU says of a connection that it does not want; which of the two is chance. */
const SURPLUS = /Extra incoming migration connection; ignoring|multifd: received id '\d' already setup/;

/** The main channel is cut besides, and which of the two QEMU notices first is chance, too. */
const SURPLUS_OR_CUT = new RegExp(`${SURPLUS.source}|Read section footer failed: -5`);

const MAIN = "channel-00.s2d";

const FAILURES: readonly Failure[] = [
  // As they were recorded.
  {
    capture: "plain-wrong-machine",
    kind: "failed",
    reason: /Machine type received is 'pc-i440fx-10\.0' and local is 'pc-q35-10\.0'/,
  },
  { capture: "plain-wrong-ram-size", kind: "failed", reason: /Size mismatch: pc\.ram: 0x800000 != 0x1000000/ },
  { capture: "plain-missing-capability", kind: "failed", reason: SURPLUS_OR_CUT },
  { capture: "plain-channel-count", kind: "failed", reason: SURPLUS_OR_CUT },
  { capture: "plain-channel-count-fewer", kind: "hangs", reason: /the target stays setup/ },
  { capture: "plain-cut", kind: "failed", reason: /check_section_footer: Read section footer failed: -5/ },
  { capture: "plain-cancelled", kind: "failed", reason: /check_section_footer: Read section footer failed: -5/ },
  {
    capture: "plain-multifd-postcopy-fails-11.1",
    kind: "failed",
    // QEMU has words for it, or stays `postcopy-device` and says so on the return path only: chance.
    reason:
      /loadvm failed during postcopy: -1: .*Channel error: Operation not permitted|the target answers with SHUT 1/,
  },
  // Captures that complete, into targets that do not fit.
  {
    capture: "plain-precopy",
    name: "into another machine type",
    machine: "-M q35 -m 8",
    kind: "failed",
    reason: /Machine type received is 'pc-i440fx-10\.0' and local is 'pc-q35-10\.0'/,
  },
  {
    capture: "plain-7.2",
    name: "into another machine type",
    machine: "-M q35 -m 8",
    kind: "failed",
    reason: /Machine type received is 'pc-i440fx-7\.2' and local is 'pc-q35-7\.2'/,
  },
  {
    capture: "plain-precopy",
    name: "into twice the memory",
    machine: "-M pc-i440fx-10.0 -m 16",
    kind: "failed",
    reason: /Size mismatch: pc\.ram: 0x800000 != 0x1000000/,
  },
  {
    capture: "plain-11.1",
    name: "into twice the memory",
    machine: "-M pc-i440fx-11.1 -m 16",
    kind: "failed",
    reason: /Size mismatch: pc\.ram: 0x800000 != 0x1000000/,
  },
  {
    capture: "plain-precopy",
    name: "into a target that is not ours with twice the memory",
    args: ["-m", "16"],
    kind: "failed",
    // What QEMU prints is not seen; what it will print was foreseen.
    reason: /load of migration failed: Invalid argument/,
    foreseen: /Size mismatch: pc\.ram: 0x800000 != 0x1000000/,
  },
  { capture: "plain-multifd-2", name: "without multifd", options: off("multifd"), kind: "failed", reason: SURPLUS },
  {
    capture: "plain-multifd-4",
    name: "into 2 channels",
    options: ["--parameter", "multifd-channels=2"],
    kind: "failed",
    reason: SURPLUS,
  },
  {
    capture: "plain-multifd-2",
    name: "into 4 channels",
    options: ["--parameter", "multifd-channels=4"],
    kind: "hangs",
    reason: /the target stays setup/,
  },
  {
    capture: "plain-postcopy",
    name: "without postcopy-ram",
    options: off("postcopy-ram"),
    kind: "failed",
    reason: /RAM postcopy is disabled but have 16 byte advise/,
  },
  {
    capture: "plain-ignore-shared",
    name: "without x-ignore-shared",
    options: off("x-ignore-shared"),
    kind: "failed",
    reason: /Capability x-ignore-shared is off, but received capability is on/,
  },
  ...["plain-multifd-2", "plain-multifd-11.1"].map((capture): Failure => ({
    capture,
    name: "into another UUID",
    args: ["-uuid", UUID],
    kind: "failed",
    reason: /multifd: received uuid '00000000-0000-0000-0000-000000000000' and expected uuid '00112233-4455-6677-8899/,
  })),
  // Truncated.
  cut("plain-precopy", "in the header", { [MAIN]: 3 }, /Not a migration stream/),
  cut("plain-precopy", "in the configuration", { [MAIN]: 20 }, /Failed to load configuration:name/),
  cut("plain-precopy", "in RAM", { [MAIN]: 200_000 }, /error while loading state section id 1\(ram\)/),
  cut("plain-precopy", "in a device", { [MAIN]: 0x4ee64 + 50 }, /Failed to load globalstate|device 'globalstate'/),
  cut("plain-multifd-2", "in a device", { [MAIN]: 1000 }, /error while loading state for instance 0x0 of device 'cpu'/),
  cut(
    "plain-multifd-2",
    "in multifd 0",
    { "channel-01.s2d": 20_000 },
    /Unexpected end-of-file before all data were read/,
  ),
  cut(
    "plain-multifd-4",
    "in multifd 3",
    { "channel-04.s2d": 4000 },
    /Unexpected end-of-file before all data were read/,
  ),
  {
    capture: "plain-multifd-2",
    name: "cut behind the initial packet of multifd 1",
    cut: { "channel-02.s2d": 64 },
    kind: "failed",
    reason: /Getting RAM address failed/,
  },
];

function off(capability: string): string[] {
  return ["--capability", `${capability}=off`];
}

function cut(capture: string, where: string, files: NonNullable<Failure["cut"]>, reason: RegExp): Failure {
  return { capture, name: `cut ${where}`, cut: files, kind: "failed", reason };
}

/** What must fail of these captures. */
export function failCases(captures: readonly Recorded[]): Case[] {
  return FAILURES.map((failure) => {
    const recorded = captures.find(({ name }) => name === failure.capture);
    assert(recorded !== undefined, `${failure.capture} is not there`);
    return {
      name: `${failure.capture} fails: ${failure.name ?? "as recorded"}`,
      run: (folder) => run(failure, recorded, folder),
    };
  });
}

/** All captures that did not complete when they were recorded must fail again. */
export function uncheckedFailures(captures: readonly Recorded[]): string[] {
  return captures.filter(({ outcome }) => outcome !== "completed").map(({ name }) => name)
    .filter((name) => !FAILURES.some(({ capture, name: wrong }) => capture === name && wrong === undefined));
}

async function run(failure: Failure, recorded: Recorded, folder: string): Promise<string> {
  const begin = performance.now();
  const path = failure.cut === undefined ? recorded.path : await cutCopy(recorded, failure.cut, folder);
  const { code, report } = await replayed(failure, { ...recorded, path }, folder);
  const { kind, reason } = report.verdict;
  assertEquals([kind, code], [failure.kind, 1], reason);
  assertMatch(reason, failure.reason);
  if (failure.foreseen !== undefined) {
    assertMatch(report.mismatches.map(({ qemu }) => qemu).join("\n"), failure.foreseen);
  }
  const took = performance.now() - begin;
  assert(took < LIMIT_MS, `it took ${took} ms`);
  return `${kind}: ${reason}`;
}

async function replayed(
  { args, machine, options = [] }: Failure,
  recorded: Recorded,
  folder: string,
): Promise<Replayed> {
  const common = [recorded.path, "--timeout", `${TIMEOUT_S}`, ...options];
  if (args === undefined) {
    const spawn = machine === undefined
      ? ["--spawn", "--binary", recorded.qemu.path]
      : ["--spawn", `${recorded.qemu.path} ${machine} -nodefaults -display none -accel tcg -S`];
    const result = await migwireReplay([...common, ...spawn]);
    await assertGone(spawnFolder(result.report.target.address));
    return result;
  }
  return await withCapture(
    recorded,
    (capture) =>
      withDestination(recorded, capture, { folder, args }, async ({ incoming, qmp }) => {
        const [to, monitor] = [incoming, qmp].map(formatSocketAddress);
        return await migwireReplay([...common, "--to", `${to}`, "--qmp", `${monitor}`]);
      }),
  );
}

/** A copy of the capture with shorter files. Without events: they would tell of bytes that are not there. */
async function cutCopy({ path }: Recorded, files: NonNullable<Failure["cut"]>, folder: string): Promise<string> {
  const copy = await Deno.makeTempDir({ dir: folder });
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (!isFile || name === "events.jsonl") continue;
    const bytes = await Deno.readFile(`${path}/${name}`);
    await Deno.writeFile(`${copy}/${name}`, bytes.subarray(0, files[name]));
  }
  return copy;
}
