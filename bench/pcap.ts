/**
 * Reading of packet captures beside `tshark -q -z conv,tcp`, its dissector forced to data, run by turns on the same file in
 * the page cache: `deno task bench:pcap [--mib N] [--rounds N]`. The files are made in the folder for temporary files, and
 * removed in the end. Memory is compared with that for a file a quarter as long.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { measure, type Measured, type Program, ratio, summarise, type Summary } from "./measure.ts";
import { packetFile } from "./packets.ts";
import { mainChannel, PAGE } from "./streams.ts";

const MIB = 2 ** 20;

/** The goals of the project. */
const GOALS = { megabytesPerSecond: 300, ofTshark: 5 };

const args = parseArgs(Deno.args, { string: ["mib", "rounds"] });
const bytes = Number(args["mib"] ?? 1024) * MIB;
const rounds = Number(args["rounds"] ?? 3);

const folder = Deno.makeTempDirSync({ prefix: "migwire-bench-" });
try {
  compare();
} finally {
  Deno.removeSync(folder, { recursive: true });
}

function compare(): void {
  const small = write(`${folder}/small.pcap`, bytes / 4);
  const large = write(`${folder}/large.pcap`, bytes);
  const read = deno("reading the channels", "read_packets.ts");
  const inspect = deno("migwire inspect", "../cli/main.ts", "inspect");
  const tshark = (file: string): Program => ({
    name: "tshark -z conv,tcp",
    command: "tshark",
    args: [
      "-n",
      "-q",
      "-r",
      file,
      "-d",
      "tcp.port==4444,data",
      "-o",
      "tcp.desegment_tcp_streams:FALSE",
      "-z",
      "conv,tcp",
    ],
  });
  console.log(`${(large.size / 1e6).toFixed(0)} MB in frames of 1,514 bytes, ${rounds} rounds`);
  const [reference, ...ours] = byTurns([tshark, read, inspect], large);
  const [, ...smaller] = byTurns([tshark, read, inspect], small);
  if (reference === undefined) return;
  for (const [i, summary] of [reference, ...ours].entries()) show(summary, large.size, reference, smaller[i - 1]);
  console.log(
    `Goals: at least ${GOALS.megabytesPerSecond} MB/s, ${GOALS.ofTshark} times tshark; memory grows by the index alone, ` +
      "28 bytes a frame.",
  );
}

interface File {
  readonly path: string;
  readonly size: number;
}

function deno(name: string, script: string, ...rest: string[]): (file: string) => Program {
  const path = new URL(script, import.meta.url).pathname;
  return (file) => ({
    name,
    command: Deno.execPath(),
    args: ["run", "--no-prompt", "--allow-read", path, ...rest, file],
  });
}

/** Runs each program once in each round; the first round, which fills the caches, does not count. */
function byTurns(programs: readonly ((file: string) => Program)[], { path, size }: File): Summary[] {
  const runs = programs.map((program) => ({ program: program(path), measured: [] as Measured[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const { program, measured } of runs) {
      const run = measure(program);
      if (round > 0) measured.push(run);
    }
  }
  return runs.map(({ program, measured }) => summarise(program.name, measured, size));
}

function show(summary: Summary, size: number, reference: Summary, smaller: Summary | undefined): void {
  const { name, median, fastest, slowest, peakMiB } = summary;
  const less = smaller?.peakMiB === undefined ? "" : ` (${smaller.peakMiB.toFixed(0)} MiB for a quarter of the file)`;
  console.log(
    `  ${name.padEnd(20)} median ${median.toFixed(2)} s (${fastest.toFixed(2)} to ${slowest.toFixed(2)}), ` +
      `${(size / median / 1e6).toFixed(0)} MB/s, ${ratio(summary, reference).toFixed(1)} times tshark, ` +
      `${peakMiB?.toFixed(0) ?? "?"} MiB at most${less}`,
  );
}

function write(path: string, length: number): File {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  let size = 0;
  for (const piece of packetFile(mainChannel(Math.floor(length / PAGE)))) {
    for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
    size += piece.length;
  }
  return { path, size };
}
