/**
 * Boots the lab, and sends recorded migrations to real destinations in it, as they are:
 *
 *     deno run --allow-net=127.0.0.1 --allow-run --allow-read --allow-env testing/vfio_lab/smoke.ts [--lab DIR]
 *       [--qemu PROGRAM] [--slots N] [NAME...]
 *
 * Each has to end well, and the driver has to have taken, byte by byte, the device state that was recorded.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { TextLineStream } from "@std/streams/text-line-stream";
import { until, within } from "../real_qemu/deadline.ts";
import { runCases } from "../real_qemu/case.ts";
import { CAPTURES } from "../real_captures.ts";
import { Lab, type LabDestination } from "./lab.ts";

const NAMES = ["vfio-multifd-2", "vfio-two-devices", "vfio-main", "vfio-multifd-newer", "vfio-config-after-iter"];
const LIMIT = 30_000;

interface Recorded {
  readonly destination: {
    readonly qemu: string;
    readonly command: readonly string[];
    readonly capabilities: { readonly [name: string]: boolean };
    readonly parameters: { readonly [name: string]: unknown };
  };
  readonly devices: readonly { readonly stateSha256: string; readonly stateBytes: number }[];
}

/** A monitor that is asked one thing at a time. */
class Monitor {
  readonly #conn: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#lines = conn.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  static async connect(port: number): Promise<Monitor> {
    const monitor = new Monitor(await Deno.connect({ hostname: "127.0.0.1", port }));
    await within(LIMIT, "the greeting of QMP", monitor.#lines.read());
    await monitor.call("qmp_capabilities");
    return monitor;
  }

  async call(execute: string, args: { readonly [name: string]: unknown } = {}): Promise<unknown> {
    await writeAll(this.#conn, new TextEncoder().encode(JSON.stringify({ execute, arguments: args }) + "\n"));
    return await within(LIMIT, execute, this.#answer(execute));
  }

  close(): void {
    this.#conn.close();
  }

  async #answer(execute: string): Promise<unknown> {
    while (true) {
      const { value } = await this.#lines.read();
      if (value === undefined) throw new Error(`${execute}: QEMU has closed its monitor`);
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
      if ("return" in answer) return answer.return;
    }
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

/** Sends each channel on a connection of its own, and keeps all open. QEMU reads of one before it takes the next. */
async function send(folder: URL, port: number): Promise<Deno.Conn[]> {
  const files = await Array.fromAsync(Deno.readDir(folder));
  const names = files.map(({ name }) => name).filter((name) => name.endsWith(".s2d")).sort();
  const conns: Deno.Conn[] = [];
  const writes: Promise<void>[] = [];
  for (const name of names) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conns.push(conn);
    writes.push(writeAll(conn, await Deno.readFile(new URL(name, folder))));
  }
  // A destination that fails closes: it is its own words that count then.
  await within(LIMIT, "the destination to take all", Promise.allSettled(writes));
  return conns;
}

/** The migration, from the settings to what the driver says of each device. */
async function replay(folder: URL, recorded: Recorded, destination: LabDestination): Promise<string> {
  const { capabilities, parameters } = recorded.destination;
  const monitor = await Monitor.connect(portOf(destination.qmp));
  let conns: Deno.Conn[] = [];
  try {
    await monitor.call("migrate-set-capabilities", {
      capabilities: Object.entries(capabilities).map(([capability, state]) => ({ capability, state })),
    });
    await monitor.call("migrate-set-parameters", parameters);
    await monitor.call("migrate-incoming", { uri: destination.incoming, "exit-on-error": false });
    conns = await send(folder, portOf(destination.migration));
    await until(LIMIT, "the migration to be completed", async () => {
      const { status, "error-desc": error } = await monitor.call("query-migrate") as { [field: string]: unknown };
      if (status === "failed") throw new Error(`it failed: ${error}; ${await destination.stderr()}`);
      return status === "completed" || undefined;
    });
    // The device takes its state when the machine runs again.
    await monitor.call("cont");
    const log = await until(LIMIT, "the driver to judge all states", async () => {
      const lines = await destination.kernelLog();
      return lines.filter((line) => / load (ok|failed)/.test(line)).length === destination.uuids.length
        ? lines
        : undefined;
    });
    recorded.devices.forEach((device, i) => {
      const uuid = destination.uuids[i] ?? "";
      const wanted = `${uuid}: received ${device.stateBytes} bytes sha256 ${device.stateSha256}`;
      const good = log.some((line) => line.includes(wanted)) && log.some((line) => line.includes(`${uuid}: load ok`));
      if (!good) {
        throw new Error(`device ${i} is not as recorded: wanted "${wanted}" and "load ok" in\n${log.join("\n")}`);
      }
    });
    return `${recorded.devices.length} device(s) as recorded`;
  } finally {
    for (const conn of conns) conn.close();
    monitor.close();
  }
}

const { _: names, lab: directory = "", qemu, slots = "3" } = parseArgs(Deno.args, {
  string: ["_", "lab", "qemu", "slots"],
});
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const booting = performance.now();
const lab = await Lab.boot({
  directory: directory || Deno.env.get("MIGWIRE_LAB") || `${Deno.env.get("TMPDIR") ?? "/tmp"}/migwire-vfio-lab`,
  slots: Number(slots),
  ...(qemu !== undefined && { qemu }),
});
console.log(`booted in ${seconds(booting)}, QEMU ${lab.versions.join(" and ")}`);
try {
  const cases = (names.length > 0 ? names.map(String) : NAMES).map((name) => ({
    name,
    run: async () => {
      const folder = new URL(`${name}/`, CAPTURES);
      const recorded: Recorded = JSON.parse(await Deno.readTextFile(new URL("capture.json", folder)));
      const { qemu, command } = recorded.destination;
      const starting = performance.now();
      await using destination = await lab.destination({ version: qemu.split(".").slice(0, 2).join("."), command });
      const started = `started in ${seconds(starting)}`;
      const replaying = performance.now();
      const seen = await replay(folder, recorded, destination);
      const replayed = `replayed in ${seconds(replaying)}`;
      const stopping = performance.now();
      await destination.stop();
      return `${seen}; ${started}, ${replayed}, stopped in ${seconds(stopping)}`;
    },
  }));
  const { passed, failed } = await runCases(cases, { folder: "", workers: Number(slots) });
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  await lab.close();
}
