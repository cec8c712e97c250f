/**
 * `migwire replay` beside `socat` processes that send the same files over as many connections, by turns in the same run, to
 * the same sink on the loopback: `deno task bench:replay [--gib N] [--rounds N] [--json FILE]`. The files lie in the folder
 * for temporary files, and are removed. Needs socat. Whole commands are measured, their start included.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { measure, type Measured, type Program, ratio, summarise, type Summary } from "./measure.ts";
import { DEVICE_BUFFER, deviceChannel, mainChannel, PAGE } from "./streams.ts";

const args = parseArgs(Deno.args, { string: ["gib", "rounds", "json"] });
const total = Number(args["gib"] ?? 4) * 2 ** 30;
const rounds = Number(args["rounds"] ?? 5);

/** The goal of the project: ratio of medians of one run. */
const GOAL = 0.8;

/** Of the sink, and of the faster socat: what fits into a socket's buffer. */
const BLOCK_BYTES = 1024 * 1024;

const folder = Deno.makeTempDirSync({ prefix: "migwire-bench-" });
const port = freePort();
const sink = new Deno.Command("socat", {
  args: ["-u", "-b", String(BLOCK_BYTES), `TCP-LISTEN:${port},fork,reuseaddr,bind=127.0.0.1`, "OPEN:/dev/null"],
  stdin: "null",
  stdout: "null",
  stderr: "null",
}).spawn();
try {
  await listening();
  await compare();
} finally {
  sink.kill("SIGKILL");
  await sink.status;
  Deno.removeSync(folder, { recursive: true });
}

async function compare(): Promise<void> {
  const results: { [channels: string]: readonly Summary[] } = {};
  for (const channels of [1, 4]) {
    const files = makeCapture(channels);
    const programs = [socat("socat", files), socat(`socat -b ${BLOCK_BYTES}`, files, BLOCK_BYTES), replay()];
    const runs = new Map<Program, Measured[]>(programs.map((program) => [program, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const [program, list] of runs) {
        const measured = measure(program);
        // The first round fills the caches.
        if (round > 0) list.push(measured);
      }
    }
    const summaries = [...runs].map(([{ name }, list]) => summarise(name, list, total));
    console.log(
      `\n${channels} multifd ${channels === 1 ? "channel" : "channels"}, ${total / 2 ** 30} GiB, ${rounds} rounds`,
    );
    const [reference] = summaries;
    for (const summary of summaries) {
      const { name, median, fastest, slowest, gibPerSecond = NaN, peakMiB } = summary;
      const memory = peakMiB === undefined ? "" : `, ${peakMiB.toFixed(0)} MiB`;
      const relative = reference === undefined ? NaN : ratio(summary, reference);
      console.log(
        `  ${name.padEnd(24)} ${median.toFixed(3)} s (${fastest.toFixed(3)} to ${slowest.toFixed(3)}), ` +
          `${gibPerSecond.toFixed(2)} GiB/s, ${relative.toFixed(2)} of socat${memory}`,
      );
    }
    results[`${channels} channels`] = summaries;
    await Deno.remove(`${folder}/capture`, { recursive: true });
  }
  console.log(`\nGoal: migwire replay at least ${GOAL} of socat's speed with 4 channels, each with its own buffers.`);
  if (args["json"] === undefined) return;
  const machine = { deno: Deno.version.deno, cpus: navigator.hardwareConcurrency };
  const report = { format: "migwire-bench/1", when: new Date().toISOString(), machine, goals: { GOAL }, results };
  await Deno.writeTextFile(args["json"], `${JSON.stringify(report, null, 2)}\n`);
}

/** A capture of one main channel and `channels` multifd channels, cut before its end: the sink has no verdict to give. */
function makeCapture(channels: number): string[] {
  const capture = `${folder}/capture`;
  Deno.mkdirSync(capture);
  Deno.writeTextFileSync(`${capture}/capture.json`, JSON.stringify({ format: "migwire-capture/1", name: "bench" }));
  const main = total / 16;
  const files = [...Array(channels + 1).keys()].map((index) =>
    `${capture}/channel-${String(index).padStart(2, "0")}.s2d`
  );
  for (const [index, path] of files.entries()) {
    using file = Deno.openSync(path, { write: true, createNew: true });
    const pieces = index === 0
      ? mainChannel(main / PAGE, true)
      : deviceChannel(Math.round((total - main) / channels / DEVICE_BUFFER), index - 1, true);
    for (const piece of pieces) {
      // The EOF byte is the one piece of one byte.
      if (piece.length > 1) { for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at)); }
    }
  }
  return files;
}

function socat(name: string, files: readonly string[], block?: number): Program {
  const buffers = block === undefined ? "" : `-b ${block} `;
  const each = files.map((file) => `socat -u ${buffers}OPEN:${file},rdonly TCP:127.0.0.1:${port} &`).join(" ");
  return { name, command: "sh", args: ["-c", `${each} wait`] };
}

function replay(): Program {
  const main = new URL("../cli/main.ts", import.meta.url).pathname;
  const command =
    `"${Deno.execPath()}" run -A --no-check "${main}" replay "${folder}/capture" --to tcp::${port} --json`;
  // Nobody says completed: exit status 1 is what is expected.
  return { name: "migwire replay", command: "sh", args: ["-c", `${command}; [ $? -eq 1 ]`] };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function listening(): Promise<void> {
  for (let attempts = 100;; attempts--) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (attempts === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
