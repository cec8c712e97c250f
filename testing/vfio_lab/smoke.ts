/**
 * Boots the lab, and holds it to what it is there for:
 *
 *     deno run --allow-net=127.0.0.1 --allow-run --allow-read --allow-env testing/vfio_lab/smoke.ts [--lab DIR]
 *       [--qemu PROGRAM] [--slots N] [--only WORDS]
 *
 * Recorded migrations, sent as they are, have to end well, and the driver has to have taken the device state that was
 * recorded. A state with a wrong byte has to be found bad, and a device that is to fail has to fail. What a source in
 * the lab gives out, a destination in the lab has to take.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { CAPTURES } from "../real_captures.ts";
import { type Case, runCases } from "../real_qemu/case.ts";
import { until, within } from "../real_qemu/deadline.ts";
import { type DriverParameters, Lab, type LabDestination, type LabQemu } from "./lab.ts";
import { type MigrationSettings, Monitor, portOf } from "./monitor.ts";
import { writeAll } from "../write_all.ts";

const LIMIT = 30_000;

interface Recorded {
  readonly destination: MigrationSettings & { readonly qemu: string; readonly command: readonly string[] };
  readonly devices: readonly { readonly stateSha256: string; readonly stateBytes: number }[];
}

interface Replay extends Recorded {
  readonly version: string;
  readonly channels: readonly Uint8Array[];
}

async function read(name: string): Promise<Replay> {
  const folder = new URL(`${name}/`, CAPTURES);
  const recorded: Recorded = JSON.parse(await Deno.readTextFile(new URL("capture.json", folder)));
  const files = await Array.fromAsync(Deno.readDir(folder), (file) => file.name);
  const channels = files.filter((file) => file.endsWith(".s2d")).sort().map((file) =>
    Deno.readFile(new URL(file, folder))
  );
  const version = recorded.destination.qemu.split(".").slice(0, 2).join(".");
  return { ...recorded, version, channels: await Promise.all(channels) };
}

/** Connections on which all has been sent; they stay open. */
class Connections {
  readonly #conns: Deno.Conn[] = [];

  /** QEMU reads the beginning of one before it takes the next: so each begins at once. */
  async send(address: string, channels: readonly Uint8Array[]): Promise<void> {
    const writes: Promise<void>[] = [];
    for (const bytes of channels) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: portOf(address) });
      this.#conns.push(conn);
      writes.push(writeAll(conn, bytes));
    }
    // A destination that fails closes: it is its own words that count then.
    await within(LIMIT, "the destination to take all", Promise.allSettled(writes));
  }

  [Symbol.dispose](): void {
    for (const conn of this.#conns) conn.close();
  }
}

/** What a destination makes of a recorded migration: how it ended, and the driver's lines. */
interface Outcome {
  readonly end: string;
  readonly log: readonly string[];
  readonly stderr: string;
}

async function replay(destination: LabDestination, { channels, destination: settings }: Replay): Promise<Outcome> {
  using monitor = await Monitor.connect(destination.qmp);
  using connections = new Connections();
  await monitor.set(settings);
  await monitor.call("migrate-incoming", { uri: destination.incoming, "exit-on-error": false });
  await connections.send(destination.migration, channels);
  const end = await monitor.end();
  const log = end === "completed" ? await judged(monitor, destination) : await destination.kernelLog();
  return { end, log, stderr: await destination.stderr() };
}

/** The driver's lines when it has judged all states: that is when the machine runs again. */
async function judged(monitor: Monitor, destination: LabQemu): Promise<readonly string[]> {
  await monitor.call("cont");
  return await until(LIMIT, "the driver to judge all states", async () => {
    const log = await destination.kernelLog();
    return log.filter((line) => / load (ok|failed)/.test(line)).length === destination.uuids.length ? log : undefined;
  });
}

/** The lines have to hold these words. */
function mustSay(lines: readonly string[], ...words: readonly string[]): void {
  for (const wanted of words) {
    if (!lines.some((line) => line.includes(wanted))) throw new Error(`"${wanted}" is not in\n${lines.join("\n")}`);
  }
}

const { lab: directory, qemu, slots = "3", only } = parseArgs(Deno.args, { string: ["lab", "qemu", "slots", "only"] });
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const booting = performance.now();
const lab = await Lab.boot({
  directory: directory ?? Deno.env.get("MIGWIRE_LAB") ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/migwire-vfio-lab`,
  slots: Number(slots),
  ...(qemu !== undefined && { qemu }),
});
console.log(`booted in ${seconds(booting)}, with QEMU ${lab.versions.join(" and ")}`);

/** A recorded migration that ends well. */
function good(name: string): Case {
  return {
    name,
    run: async () => {
      const recorded = await read(name);
      const starting = performance.now();
      await using destination = await lab.destination({
        version: recorded.version,
        command: recorded.destination.command,
      });
      const started = seconds(starting);
      const replaying = performance.now();
      const { end, log, stderr } = await replay(destination, recorded);
      if (end !== "completed") throw new Error(`${end}: ${stderr}`);
      recorded.devices.forEach(({ stateBytes, stateSha256 }, i) => {
        const uuid = destination.uuids[i] ?? "";
        mustSay(log, `${uuid}: received ${stateBytes} bytes sha256 ${stateSha256}`, `${uuid}: load ok`);
      });
      return `${recorded.devices.length} device(s) as recorded; started in ${started}, replayed in ${
        seconds(replaying)
      }`;
    },
  };
}

/** One byte of the device state is another one. */
function damaged(name: string): Case {
  return {
    name: `${name}, a byte changed`,
    run: async () => {
      const recorded = await read(name);
      await using destination = await lab.destination({
        version: recorded.version,
        command: recorded.destination.command,
      });
      const channels = recorded.channels.map((bytes) => new Uint8Array(bytes));
      // Most of the last channel is device state.
      const last = channels.at(-1) ?? new Uint8Array(1);
      const at = last.length - 30_000;
      last[at] = (last[at] ?? 0) ^ 1;
      const { log, stderr } = await replay(destination, { ...recorded, channels });
      mustSay([...log, stderr], "load failed: wrong byte at", "Failed setting device state");
      return log.at(-1) ?? "";
    },
  };
}

/** The device refuses what it is given. */
function failing(name: string, driver: DriverParameters, ...words: readonly string[]): Case {
  return {
    name: `${name}, ${JSON.stringify(driver)}`,
    run: async () => {
      const recorded = await read(name);
      const { version, destination: { command } } = recorded;
      await using destination = await lab.destination({ version, command, driver });
      const { end, log, stderr } = await replay(destination, recorded);
      if (end === "completed") throw new Error("it ended well");
      mustSay([...log, end, stderr], ...words);
      return end;
    },
  };
}

/** From a source in the lab to a destination in the lab. */
function inside(version: string, driver: DriverParameters, channels: number): Case {
  return {
    name: `inside, ${version}, ${channels} channels, ${JSON.stringify(driver)}`,
    run: async () => {
      const transfer = channels > 0 ? "on" : "off";
      const command = [
        "qemu-system-x86_64",
        "-accel",
        "tcg",
        "-machine",
        "q35",
        "-m",
        "16",
        "-nodefaults",
        "-display",
        "none",
      ];
      const device =
        "vfio-pci,sysfsdev=/sys/bus/mdev/devices/10000000-0000-4000-8000-000000000000,enable-migration=on," +
        `x-device-dirty-page-tracking=off,x-migration-multifd-transfer=${transfer}`;
      const options = { version, command: [...command, "-device", device], driver };
      const settings: MigrationSettings = {
        capabilities: { multifd: channels > 0, "return-path": true },
        parameters: { "downtime-limit": 5000, ...(channels > 0 && { "multifd-channels": channels }) },
      };
      await using source = await lab.source(options);
      await using destination = await lab.destination({ ...options, command: [...options.command, "-S"] });
      using from = await Monitor.connect(source.qmp);
      using to = await Monitor.connect(destination.qmp);
      await from.set(settings);
      await to.set(settings);
      await to.call("migrate-incoming", { uri: destination.incoming, "exit-on-error": false });
      await from.call("migrate", { uri: `tcp:127.0.0.1:${portOf(destination.incoming)}` });
      const ends = await Promise.all([from.end(), to.end()]);
      if (ends.some((end) => end !== "completed")) {
        throw new Error(`${ends.join(", ")}: ${await source.stderr()} ${await destination.stderr()}`);
      }
      const taken = await judged(to, destination);
      const saved = (await source.kernelLog()).map((line) => line.replace(/.* saved /, "received ")).at(-1) ??
        "nothing saved";
      mustSay(taken, saved, "load ok");
      return saved;
    },
  };
}

const CASES: readonly Case[] = [
  ...["vfio-multifd-2", "vfio-two-devices", "vfio-main", "vfio-multifd-newer", "vfio-config-after-iter"].map(good),
  ...["vfio-precopy", "vfio-switchover-ack-multifd", "vfio-multifd-4-big", "vfio-from-newer"].map(good),
  damaged("vfio-multifd-2"),
  failing("vfio-multifd-2", { fail_load_at: 150_000 }, "fails, as it is to", "writing state buffer 2 failed: 5"),
  failing("vfio-limit-fails", { load_delay_ms: 1500 }, "would exceed the size max of 40000"),
  inside("10.0", { extra_bytes: 300_000, read_bytes: 65_536, no_precopy: true }, 2),
  inside("10.0", { extra_bytes: 1000, precopy_bytes: 20_000, precopy_rounds: 3, round_bytes: 5000 }, 0),
  inside("11.1", { extra_bytes: 1000, precopy_bytes: 20_000, no_p2p: true }, 2),
  inside("11.1", { extra_bytes: 1_000_001, no_precopy: true, no_p2p: true, save_delay_ms: 100, seed: 77 }, 0),
];

try {
  const cases = CASES.filter(({ name }) => only === undefined || name.includes(only));
  // A case inside needs two slots: with fewer workers than slots there is always one to be had.
  const { passed, failed } = await runCases(cases, { folder: "", workers: Math.max(1, Number(slots) - 1) });
  console.log(`${passed} passed, ${failed} failed`);
  const complaints = (await lab.kernelLog()).filter((line) => /WARNING:|BUG:|Oops/.test(line));
  if (complaints.length > 0) console.log(`the kernel complains:\n${complaints.join("\n")}`);
  Deno.exitCode = failed === 0 && passed > 0 && complaints.length === 0 ? 0 : 1;
} finally {
  await lab.close();
}
