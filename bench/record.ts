/**
 * `migwire record` beside `socat`, by turns in the same run, over TCP on the loopback:
 * `deno task bench:record [--gib N] [--rounds N] [--json FILE]`. What is recorded goes into the folder for temporary files,
 * and is removed. Needs socat.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Figure } from "./rows.ts";
import type { SourceMessage, SourceTask } from "./record_source.ts";

const args = parseArgs(Deno.args, { string: ["gib", "rounds", "json"] });
const total = Number(args["gib"] ?? 2) * 2 ** 30;
const rounds = Number(args["rounds"] ?? 5);

/** The goal of the project: ratio of medians of one run. */
const GOAL = 0.8;

/** Something that stands between a source and a destination. */
interface Relay {
  readonly name: string;
  /** The command that listens at `from` and passes on to `to`. */
  command(from: number, to: number): Deno.Command;
}

const folder = await Deno.makeTempDir({ prefix: "migwire-bench-" });
const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;

function socat(name: string, options: readonly string[]): Relay {
  return {
    name,
    command: (from, to) =>
      new Deno.Command("socat", {
        args: [...options, `TCP-LISTEN:${from},fork,reuseaddr,bind=127.0.0.1`, `TCP:127.0.0.1:${to}`],
        ...quiet,
      }),
  };
}

const REFERENCE = socat("socat", []);
const RECORD: Relay = {
  name: "migwire record",
  command: (from, to) => {
    const main = new URL("../cli/main.ts", import.meta.url).pathname;
    const addresses = ["--listen", `tcp::${from}`, "--to", `tcp::${to}`];
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", main, "record", ...addresses, "--out", `${folder}/capture`],
      ...quiet,
    });
  },
};
const RELAYS: readonly Relay[] = [REFERENCE, socat("socat -b 262144", ["-b", "262144"]), RECORD];

try {
  await compare();
} finally {
  await Deno.remove(folder, { recursive: true });
}
// The workers' threads are of no more use.
Deno.exit();

async function compare(): Promise<void> {
  const results: { [what: string]: Figure[] } = {};
  for (const channels of [1, 4]) {
    console.log(`\n${channels} ${channels === 1 ? "channel" : "channels"}, ${total / 2 ** 30} GiB, ${rounds} rounds`);
    const speeds = new Map(RELAYS.map((relay) => [relay, [] as number[]]));
    for (let round = 0; round <= rounds; round++) {
      for (const [relay, list] of speeds) {
        const speed = await measure(relay, channels);
        // The first round fills the caches.
        if (round > 0) list.push(speed);
      }
    }
    const medians = new Map([...speeds].map(([relay, list]) => [relay, median(list)]));
    const reference = medians.get(REFERENCE) ?? NaN;
    for (const [relay, speed] of medians) {
      const list = speeds.get(relay) ?? [];
      const range = `${mbs(Math.min(...list))} to ${mbs(Math.max(...list))}`;
      console.log(
        `  ${relay.name.padEnd(16)} ${mbs(speed)} MB/s (${range}), ${(speed / reference).toFixed(2)} of socat`,
      );
    }
    results[`${channels} channels`] = [...medians].map(([relay, speed]) => {
      const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
      const list = (speeds.get(relay) ?? []).map(megabytes);
      return { name: relay.name, median: megabytes(speed), low: Math.min(...list), high: Math.max(...list) };
    });
  }
  console.log(`\nGoal: migwire record at least ${GOAL} of socat's speed, each with its own buffers.`);
  if (args["json"] === undefined) return;
  const machine = { deno: Deno.version.deno, cpus: navigator.hardwareConcurrency };
  const report = { format: "migwire-bench/1", when: new Date().toISOString(), machine, goals: { GOAL }, results };
  await Deno.writeTextFile(args["json"], `${JSON.stringify(report, null, 2)}\n`);
}

/** Bytes a second, from the first connection's opening to the last byte's arrival. */
async function measure(relay: Relay, channels: number): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const from = freePort();
  const child = relay.command(from, listener.addr.port).spawn();
  const worker = new Worker(new URL("record_source.ts", import.meta.url), { type: "module" });
  try {
    const begins = Promise.withResolvers<number>();
    const done = Promise.withResolvers<number>();
    worker.onmessage = ({ data }: { readonly data: SourceMessage }) => {
      if (data.what === "begins") begins.resolve(performance.now());
      else done.resolve(data.bytes);
    };
    const task: SourceTask = { port: from, channels, bytes: total / channels };
    worker.postMessage(task);
    const arriving: Promise<number>[] = [];
    for (let i = 0; i < channels; i++) arriving.push(drain(await listener.accept()));
    const bytes = (await Promise.all(arriving)).reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - await begins.promise) / 1000;
    const sent = await done.promise;
    if (bytes !== sent) throw new Error(`${relay.name} has passed on ${bytes} bytes of ${sent}`);
    return bytes / seconds;
  } finally {
    worker.terminate();
    listener.close();
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(`${folder}/capture`, { recursive: true }).catch(() => {});
  }
}

async function drain(conn: Deno.TcpConn): Promise<number> {
  const buffer = new Uint8Array(1 << 20);
  let bytes = 0;
  for (let count: number | null; (count = await conn.read(buffer)) !== null;) bytes += count;
  conn.close();
  return bytes;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN;
}

function mbs(speed: number): string {
  return (speed / 1e6).toFixed(0);
}
