/**
 * All that is measured, beside its references, in one table: `deno task bench:all [--quick] [--save] [--strict]
 * [--analyze-migration PATH]`.
 *
 * Compares with the last saved run, `bench/results.json`, and says what has become slower; with `--strict` that is exit
 * status 1. `--save` puts this run in its place; `deno task readme` then takes the README's table from it. `--quick` takes
 * small sizes, which show that all of it works and little else; it is not saved. What is not installed (socat, tshark) is
 * said, and not measured. QEMU's `scripts/analyze-migration.py` is in its sources only: named with the option, or taken
 * from Debian's (../testing/get-qemus.sh).
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { install } from "../cli/install/install.ts";
import { writeLargeCapture } from "../testing/large_capture.ts";
import { measure, type Program, summarise } from "./measure.ts";
import { packetFile } from "./packets.ts";
import { BENCH_FORMAT, type Figure, type Regression, regressions, type Results, type Row, rowLines } from "./rows.ts";
import { DEVICE_BUFFER, deviceChannel, mainChannel, PAGE } from "./streams.ts";

const MIB = 2 ** 20;
const args = parseArgs(Deno.args, { boolean: ["quick", "save", "strict"], string: ["analyze-migration"] });
const quick = args["quick"] === true;
const SAVED = new URL("results.json", import.meta.url);
const CLI = new URL("../cli/main.ts", import.meta.url).pathname;

/** Bytes of channels, and rounds. */
const SIZE = quick
  ? { channel: 128 * MIB, packets: 64 * MIB, script: 8 * MIB, gib: "0.125", rounds: 3, starts: 5 }
  : { channel: 2048 * MIB, packets: 1024 * MIB, script: 64 * MIB, gib: "2", rounds: 5, starts: 21 };

const folder = Deno.makeTempDirSync({ prefix: "migwire-bench-" });
let slower: readonly Regression[] = [];
try {
  const results = await run();
  console.log(`\n${rowLines(results).join("\n")}`);
  slower = compared(results);
  if (args["save"] && !quick) Deno.writeTextFileSync(SAVED, `${JSON.stringify(results, null, 2)}\n`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
Deno.exit(slower.length > 0 && args["strict"] ? 1 : 0);

async function run(): Promise<Results> {
  const launcher = await install(`${folder}/root`);
  const rows = [
    ...attempted("`--help`", () => start(launcher)),
    ...attempted("`inspect` of RAM pages", () => ram(launcher)),
    ...attempted("`inspect` of device state", () => device(launcher)),
    ...attempted("`inspect` beside QEMU's script", () => script(launcher)),
    ...attempted("`inspect` of packets", () => packets(launcher)),
    ...attempted("`report`", () => page(launcher)),
    ...await beside("record.ts", "`record`"),
    ...await beside("replay.ts", "`replay`"),
    ...engine(),
  ];
  const machine = {
    deno: Deno.version.deno,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cpus: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
  };
  return { format: BENCH_FORMAT, when: new Date().toISOString(), machine, rows };
}

/** A row; one that fails does not end the others. */
function attempted(what: string, make: () => Row): Row[] {
  try {
    return [make()];
  } catch (error) {
    return [{ what, unit: "s", missing: `it failed: ${error instanceof Error ? error.message : error}` }];
  }
}

function checkout(...rest: string[]): Program {
  return { name: "migwire, checkout", command: Deno.execPath(), args: ["run", "--no-prompt", "-RW", CLI, ...rest] };
}

function installed(launcher: string, ...rest: string[]): Program {
  return { name: "migwire, installed", command: launcher, args: rest };
}

/** The programs by turns; the first round, which fills the caches, does not count. */
function byTurns(what: string, programs: Programs, times: number, size?: number): Row {
  console.log(`${what} …`);
  const entries = Object.entries(programs).filter(([, program]) => program !== undefined);
  const runs = entries.map(([which, program]) => ({ which, program, measured: [] as ReturnType<typeof measure>[] }));
  for (let round = 0; round <= times; round++) {
    for (const { program, measured } of runs) {
      const run = measure(program);
      if (round > 0) measured.push(run);
    }
  }
  const figures = runs.map(({ which, program, measured }) => {
    const { median, fastest, slowest } = summarise(program.name, measured);
    const scale = (seconds: number): number => size === undefined ? rounded(seconds) : Math.round(size / seconds / 1e6);
    const [low, high] = [scale(fastest), scale(slowest)].sort((a, b) => a - b) as [number, number];
    return [which, { name: program.name, median: scale(median), low, high }];
  });
  return { what, unit: size === undefined ? "s" : "MB/s", ...Object.fromEntries(figures) };
}

interface Programs {
  readonly reference?: Program;
  readonly checkout?: Program;
  readonly installed?: Program;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1e4) / 1e4;
}

/** Writes a file, uses it, and removes it. */
function withFile(name: string, pieces: Iterable<Uint8Array>, use: (path: string, size: number) => Row): Row {
  const path = `${folder}/${name}`;
  let size = 0;
  {
    using file = Deno.openSync(path, { write: true, create: true, truncate: true });
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
      size += piece.length;
    }
  }
  try {
    return use(path, size);
  } finally {
    Deno.removeSync(path);
  }
}

function start(launcher: string): Row {
  const empty = `${folder}/empty.ts`;
  Deno.writeTextFileSync(empty, "");
  return byTurns("`--help`", {
    reference: { name: "empty program", command: Deno.execPath(), args: ["run", "--no-config", empty] },
    checkout: checkout("--help"),
    installed: installed(launcher, "--help"),
  }, SIZE.starts);
}

function ram(launcher: string): Row {
  return withFile(
    "channel-00.s2d",
    mainChannel(SIZE.channel / PAGE),
    (file, size) =>
      byTurns(`\`inspect\`, ${amount(size)} of RAM pages`, {
        reference: { name: "`cat`", command: "cat", args: [file] },
        checkout: checkout("inspect", file),
        installed: installed(launcher, "inspect", file),
      }, SIZE.rounds),
  );
}

function device(launcher: string): Row {
  return withFile(
    "channel-00.s2d",
    deviceChannel(SIZE.channel / DEVICE_BUFFER),
    (file, size) =>
      byTurns(`\`inspect\`, ${amount(size)} of device-state packets`, {
        reference: { name: "`cat`", command: "cat", args: [file] },
        checkout: checkout("inspect", file),
        installed: installed(launcher, "inspect", file),
      }, SIZE.rounds),
  );
}

/** QEMU's own script, which wants the description behind the stream. */
function script(launcher: string): Row {
  const path = args["analyze-migration"] ?? debiansScript();
  const text = new TextEncoder().encode(JSON.stringify({ page_size: PAGE, devices: [] }));
  const description = Uint8Array.of(6, 0, 0, 0, text.length, ...text);
  const pieces = function* (): Generator<Uint8Array> {
    yield* mainChannel(SIZE.script / PAGE);
    yield description;
  };
  return withFile("stream.mig", pieces(), (file, size) => {
    const row = byTurns(`\`inspect\`, a stream of ${amount(size)}`, {
      ...(path === undefined
        ? {}
        : { reference: { name: "`analyze-migration.py`", command: "python3", args: [path, "-f", file] } }),
      checkout: checkout("inspect", file),
      installed: installed(launcher, "inspect", file),
    }, Math.min(3, SIZE.rounds));
    const missing = "analyze-migration.py of QEMU's sources is not there: --analyze-migration PATH";
    return path === undefined ? { ...row, missing } : row;
  });
}

/** Where that script is, out of Debian's sources of QEMU; nothing if these cannot be had. */
function debiansScript(): string | undefined {
  const get = new URL("../testing/get-qemus.sh", import.meta.url).pathname;
  const { success, stdout } = new Deno.Command("bash", { args: [get, "analyze-migration"], stderr: "null" })
    .outputSync();
  return success ? new TextDecoder().decode(stdout).trim().split("=").at(-1) : undefined;
}

function packets(launcher: string): Row {
  const there = has("tshark", "--version");
  const rounds = Math.min(3, SIZE.rounds);
  return withFile("packets.pcap", packetFile(mainChannel(Math.floor(SIZE.packets / PAGE))), (file, size) => {
    const conversations = ["-n", "-q", "-r", file, "-d", "tcp.port==4444,data", "-z", "conv,tcp"];
    const options = [...conversations, "-o", "tcp.desegment_tcp_streams:FALSE"];
    const row = byTurns(
      `\`inspect\`, ${amount(size)} of packets`,
      {
        ...(there ? { reference: { name: "`tshark`", command: "tshark", args: options } } : {}),
        checkout: checkout("inspect", file),
        installed: installed(launcher, "inspect", file),
      },
      rounds,
      size,
    );
    return there ? row : { ...row, missing: "tshark is not installed" };
  });
}

function page(launcher: string): Row {
  const capture = `${folder}/large`;
  const { events, channels } = writeLargeCapture(capture);
  const page = ["report", capture, "--force", "--out", `${folder}/page.html`];
  const row = byTurns(`\`report\`, ${events} events on ${channels} channels`, {
    reference: { ...installed(launcher, "inspect", capture), name: "`inspect`" },
    installed: installed(launcher, ...page),
  }, quick ? 1 : 3);
  Deno.removeSync(capture, { recursive: true });
  return row;
}

/** What the benches of sockets measure, with 1 and 4 channels beside socat. */
async function beside(module: string, what: string): Promise<Row[]> {
  console.log(`${what} …`);
  if (!has("socat", "-V")) return [{ what, unit: "MB/s", missing: "socat is not installed" }];
  const json = `${folder}/${module}.json`;
  const path = new URL(module, import.meta.url).pathname;
  const permissions = ["-R", "-W", "-E", "--allow-run", "--allow-net=127.0.0.1"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, path, "--gib", SIZE.gib, "--rounds", "3", "--json", json],
    stdout: "null",
  }).output();
  if (!success) return [{ what, unit: "MB/s", missing: `it failed: ${new TextDecoder().decode(stderr)}` }];
  const { results } = JSON.parse(await Deno.readTextFile(json)) as {
    results: Record<string, (Figure & { fastest?: number; slowest?: number })[]>;
  };
  const bytes = Number(SIZE.gib) * 2 ** 30;
  return Object.entries(results).map(([channels, figures]) => {
    const figure = (name: string, called: string): Figure | undefined => {
      const found = figures.find((figure) => figure.name === name);
      if (found === undefined) return undefined;
      const { median, low, high, fastest, slowest } = found;
      // Seconds become a rate.
      const rate = (seconds: number): number => Math.round(bytes / seconds / 1e6);
      return fastest === undefined || slowest === undefined
        ? { name: called, median, low, high }
        : { name: called, median: rate(median), low: rate(slowest), high: rate(fastest) };
    };
    const [reference, ours] = [
      figure("socat", "`socat`"),
      figure(`migwire ${module.slice(0, -3)}`, "migwire, checkout"),
    ];
    return {
      what: `${what}, ${channels === "1 channels" ? "1 channel" : channels}`,
      unit: "MB/s",
      ...(reference === undefined ? {} : { reference }),
      ...(ours === undefined ? {} : { checkout: ours }),
    };
  });
}

/** The engine in memory, beside a copy of the same bytes. */
function engine(): Row[] {
  const what = "engine, buffers of 1 MiB";
  console.log(`${what} …`);
  const path = new URL("engine_bench.ts", import.meta.url).pathname;
  const { success, stdout } = new Deno.Command(Deno.execPath(), { args: ["bench", "--no-prompt", "--json", path] })
    .outputSync();
  if (!success) return [{ what, unit: "s", missing: "deno bench failed" }];
  const { benches } = JSON.parse(new TextDecoder().decode(stdout)) as {
    benches: { name: string; results: { ok?: { avg: number; p75: number; min: number; max: number } }[] }[];
  };
  const figure = (begins: string, name: string): Figure | undefined => {
    const ok = benches.find((bench) => bench.name.startsWith(begins))?.results[0]?.ok;
    const seconds = (nanoseconds: number): number => rounded(nanoseconds / 1e9);
    // The longest run of many says nothing: three quarters are below this.
    return ok && { name, median: seconds(ok.avg), low: seconds(ok.min), high: seconds(Math.max(ok.avg, ok.p75)) };
  };
  const [reference, ours] = [figure("copy 256", "plain copy"), figure("load 256", "migwire, checkout")];
  if (reference === undefined || ours === undefined) {
    return [{ what, unit: "s", missing: "its benches have other names" }];
  }
  return [{ what, unit: "s", reference, checkout: ours }];
}

function has(program: string, option: string): boolean {
  try {
    return new Deno.Command(program, { args: [option], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function amount(bytes: number): string {
  return bytes >= 2 ** 30 ? `${Math.round(bytes / 2 ** 30)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}

/** Says what has become slower since the last saved run. */
function compared({ rows }: Results): readonly Regression[] {
  let saved: Results;
  try {
    saved = JSON.parse(Deno.readTextFileSync(SAVED));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("\nNo run was saved that this one could be compared with.");
    return [];
  }
  const found = regressions(rows, saved.rows);
  console.log(`\nCompared with ${saved.when}: ${found.length === 0 ? "nothing is slower" : `${found.length} slower`}`);
  for (const { what, which, before, now, band } of found) {
    const allowed = `more than ${Math.round(band * 100)} % less`;
    console.log(
      `  ${what}, ${which}: ${now.toFixed(2)} times its reference's speed, it was ${before.toFixed(2)}; ${allowed}`,
    );
  }
  return found;
}
