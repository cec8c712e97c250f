import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import { type CaptureManifest, identifyChannels, openCapture, type ReplayReport } from "../../mod.ts";
import { CAPTURES } from "../real_captures.ts";
import type { Case } from "../real_qemu/case.ts";
import { until } from "../real_qemu/deadline.ts";
import type { DriverParameters, Lab, LabDestination } from "./lab.ts";

/** For the driver to judge a state when the machine runs. */
const JUDGED_MS = 30_000;

/** A capture of the folder. */
interface Recorded {
  readonly name: string;
  readonly path: string;
  readonly manifest: CaptureManifest;
  readonly channels: number;
}

/** How a replay differs from the recording, as options of the command. */
const SAME: readonly (readonly string[])[] = [[], ["--reserialise"]];
const DEALT: readonly (readonly string[])[] = [
  ...[1, 2, 4, 8].map((channels) => ["--channels", `${channels}`]),
  ...[1, 2, 3].map((seed) => ["--seed", `${seed}`]),
  ["--switchover-start", "after-packets"],
  ["--connect-order", "main-last", "--reserialise", "--channels", "3", "--seed", "4"],
];

/** What a recorded failure needs of the lab, and how its reason begins. */
interface Failure {
  readonly name: string;
  readonly driver?: DriverParameters;
  /** Something is sent; true if absent. */
  readonly isSent?: boolean;
  /** What the report has to say, in its reason or its mismatches. */
  readonly words: readonly string[];
}

const FAILURES: readonly Failure[] = [
  { name: "vfio-limit-fails", driver: { load_delay_ms: 1500 }, words: ["would exceed the size max of 40000"] },
  { name: "vfio-load-fails-exits", driver: { fail_load_at: 30_000 }, words: ["writing state buffer 1 failed: 5"] },
  {
    name: "vfio-mismatch-source-off",
    words: ["load of migration failed: Invalid argument", "x-migration-multifd-transfer"],
  },
  {
    name: "vfio-mismatch-source-on",
    words: ["got device state packet but not doing multifd transfer", "x-migration-multifd-transfer"],
  },
  {
    name: "vfio-switchover-ack-missing",
    words: ["load of migration failed: Invalid argument", "switchover-ack"],
  },
  { name: "vfio-cancelled", words: ["load of migration failed: Invalid argument"] },
  // Which of the threads that end is heard first is a race.
  { name: "vfio-cut", words: [] },
  // Its source failed before it sent a byte of its main channel.
  { name: "vfio-setup-fails", isSent: false, words: ["no channel begins as a main channel does"] },
  { name: "vfio-stalled", words: ["load of migration failed"] },
];

/** All that must hold of the captures with VFIO devices. */
export function replayCases(lab: Lab): Case[] {
  const recorded = [...Deno.readDirSync(CAPTURES)].map(({ name }) => name).filter((name) => name.startsWith("vfio-"))
    .sort().map(read);
  const completed = recorded.filter(({ manifest }) => manifest.outcome?.destination === "completed");
  const failed = FAILURES.map((failure) => ({ failure, capture: recorded.find(({ name }) => name === failure.name) }));
  return [
    ...completed.flatMap((capture) =>
      [...SAME, ...(capture.channels > 0 ? DEALT : [])].map((options) => completes(lab, capture, options))
    ),
    ...failed.map(({ failure, capture }) => fails(lab, capture, failure)),
    {
      name: "every recorded failure has a case",
      run: () => {
        const without = recorded.filter((capture) => !completed.includes(capture))
          .filter(({ name }) => FAILURES.every((failure) => failure.name !== name));
        assertEquals(without.map(({ name }) => name), []);
        return Promise.resolve(`${FAILURES.length}`);
      },
    },
  ];
}

function read(name: string): Recorded {
  const path = new URL(name, CAPTURES).pathname;
  const capture = openCapture(path);
  try {
    const { manifest } = capture;
    assert(manifest !== undefined, `${name} has no capture.json`);
    const channels = identifyChannels(capture).filter(({ identity }) => identity.role === "multifd").length;
    return { name, path, manifest, channels };
  } finally {
    capture.close();
  }
}

function completes(lab: Lab, capture: Recorded, options: readonly string[]): Case {
  return {
    name: [capture.name, ...options].join(" "),
    run: async () => {
      await using destination = await start(lab, capture);
      const { report, code, text } = await replay(destination, capture, ["--cont", ...options]);
      assertEquals(code, 0, text);
      assert(report !== undefined, text);
      assertEquals([report.verdict.kind, report.verdict.by], ["completed", "query-migrate"]);
      const { devices = [] } = capture.manifest;
      const log = await until(JUDGED_MS, "the driver to judge all states", async () => {
        const lines = await destination.kernelLog();
        return lines.filter((line) => / load (ok|failed)/.test(line)).length === devices.length ? lines : undefined;
      });
      for (const [i, { stateBytes, stateSha256 }] of devices.entries()) {
        const uuid = destination.uuids[i] ?? "";
        assertSaid(log, `${uuid}: received ${stateBytes} bytes sha256 ${stateSha256}`);
        assertSaid(log, `${uuid}: load ok`);
      }
      const { sent } = report;
      return `${sent?.bytes} bytes over ${sent?.connections.length} connections, ${devices.length} states as recorded`;
    },
  };
}

function fails(lab: Lab, capture: Recorded | undefined, { name, driver, isSent = true, words }: Failure): Case {
  return {
    name: `${name} fails`,
    run: async () => {
      assert(capture !== undefined, `there is no capture ${name}`);
      await using destination = await start(lab, capture, driver);
      const { report, code, text } = await replay(destination, capture, ["--timeout", "20"]);
      assertEquals(code, 1, text);
      assertEquals(report !== undefined, isSent, text);
      if (report !== undefined) assert(["failed", "hangs"].includes(report.verdict.kind), text);
      const { verdict, mismatches = [] } = report ?? {};
      const said = [verdict?.reason ?? text, ...mismatches.map(({ message }) => message)].join("\n");
      for (const word of words) assertStringIncludes(said, word);
      return `${verdict?.kind ?? "not sent"}: ${verdict?.reason ?? text.trim()}`;
    },
  };
}

/** A destination as it was recorded. */
async function start(lab: Lab, { manifest }: Recorded, driver?: DriverParameters): Promise<LabDestination> {
  const { destination: { qemu = "", command = [] } = {} } = manifest;
  const version = qemu.split(".").slice(0, 2).join(".");
  return await lab.destination({ version, command, ...(driver === undefined ? {} : { driver }) });
}

/** The command, as a user types it. */
async function replay(
  { migration, qmp, incoming }: LabDestination,
  { path }: Recorded,
  options: readonly string[],
): Promise<{ readonly report?: ReplayReport; readonly code: number; readonly text: string }> {
  const io = memoryIo();
  const target = ["--to", migration, "--qmp", qmp, "--listen", incoming];
  const code = await main(["replay", path, ...target, "--json", ...options], io);
  const out = io.out();
  return { ...(out === "" ? {} : { report: JSON.parse(out) }), code, text: out + io.err() };
}

function assertSaid(lines: readonly string[], wanted: string): void {
  assert(lines.some((line) => line.includes(wanted)), `"${wanted}" is not in\n${lines.join("\n")}`);
}
