/**
 * Holds the reading of packet captures to what Wireshark's editcap and mergecap make of a real one: other formats and link
 * layers, cut, lost, repeated, shuffled and damaged packets: `deno task pcap-gate [--rounds N] [--seed N]`. Needs editcap and
 * mergecap (Debian: tshark) and ../shared/captures. Prints a line for each kind; exit code 1 if one shows a fault, 3 if something
 * is missing.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Capture, CaptureError, openCapture, readBytes, readCapture } from "../src/capture/mod.ts";
import { randomNumbers } from "./random.ts";

/** The real one: three connections, 60 frames and more. */
const REAL = new URL("../../shared/captures/plain-pcap/oracle/migration.pcap", import.meta.url).pathname;

const args = parseArgs(Deno.args, { string: ["rounds", "seed"] });
const rounds = Number(args["rounds"] ?? 40);
const seed = Number(args["seed"] ?? 1);

/** Bytes of each channel, by its label. */
type Channels = ReadonlyMap<string, Uint8Array>;

/** A file in which no migration is found: right where the packets that tell are lost. */
const REFUSED = "no migration was found";

/** Says what is wrong with how a file was read; nothing if all is well. */
type Judge = (file: string, capture: Capture) => string | undefined;

const folder = Deno.makeTempDirSync({ prefix: "migwire-pcap-" });
let failed = false;
try {
  failed = runAll(channelsOf(openCapture(REAL)));
} catch (error) {
  if (!(error instanceof CaptureError || error instanceof Deno.errors.NotFound)) throw error;
  console.error(`Cannot run: ${error.message}`);
  Deno.removeSync(folder, { recursive: true });
  Deno.exit(3);
}
Deno.removeSync(folder, { recursive: true });
if (failed) Deno.exit(1);

function runAll(real: Channels): boolean {
  const out = (name: string): string => `${folder}/${name}`;
  const random = randomNumbers(seed);
  const whole = same(real);
  const parts = explained(real);
  const results = [
    kind("formats", whole, [...editedAs("-F", ["pcap", "pcapng", "nsecpcap"]), swapped(out("big.pcap"))]),
    kind("raw IP and loopback", whole, [
      edit("raw.pcap", "-C", "14", "-T", "rawip"),
      edit("null.pcap", "-C", "10", "-T", "null"),
      edit("raw.pcapng", "-F", "pcapng", "-C", "14", "-T", "rawip"),
    ]),
    kind("repeated packets", whole, [
      merge("twice.pcap", REAL, REAL),
      merge("mixed.pcapng", REAL, edit("n.pcap", "-F", "nsecpcap")),
    ]),
    kind("repeated packets taken out", whole, [edit("unique.pcap", "-d", [merge("again.pcap", REAL, REAL)])]),
    kind("times moved", whole, [edit("later.pcap", "-t", "3600"), edit("strict.pcap", "-S", "0")]),
    kind(
      "cut to a snap length",
      parts,
      [54, 66, 70, 100, 512, 1500, 9000, 65535].map((length) => edit(`cut-${length}.pcap`, "-s", String(length))),
      true,
    ),
    kind("shuffled packets", whole, times((i) => shuffled(out(`shuffled-${i}.pcap`), random))),
    kind(
      "lost packets",
      parts,
      times((i) => edit(`lost-${i}.pcap`, [REAL], String(7 + random(60)), String(7 + random(60)))),
      true,
    ),
    kind("a file cut anywhere", parts, times((i) => truncated(out(`truncated-${i}.pcap`), random)), true),
    ...["0.00002", "0.0002", "0.002", "0.05"].map((probability) =>
      kind(
        `errors with probability ${probability}`,
        unharmed(real),
        times((i) => edit(`errors-${i}.pcap`, "-E", probability, "--seed", String(seed + i))),
        true,
      )
    ),
  ];
  return results.includes(false);
}

function times(make: (index: number) => string): string[] {
  return Array.from({ length: rounds }, (_, i) => make(i));
}

/** Reads all files of a kind; whether none shows a fault. */
function kind(name: string, judge: Judge, files: readonly string[], mayBeRefused = false): boolean {
  let refused = 0;
  for (const file of files) {
    const fault = tryFile(file, judge);
    if (fault === REFUSED && mayBeRefused) refused++;
    else if (fault !== undefined) {
      console.log(`FAILED  ${name}: ${file.split("/").at(-1)} (seed ${seed}): ${fault}`);
      return false;
    }
  }
  console.log(`ok      ${name}: ${files.length} files${refused > 0 ? `, ${refused} without a migration` : ""}`);
  return true;
}

function tryFile(file: string, judge: Judge): string | undefined {
  try {
    const capture = openCapture(file, { migration: 1 });
    try {
      readCapture(capture, () => {});
      for (const { time } of capture.events ?? []) if (!(time >= 0)) return `an event at ${time}`;
      return judge(file, capture);
    } finally {
      capture.close();
    }
  } catch (error) {
    if (error instanceof CaptureError) return REFUSED;
    return `threw ${error}`;
  }
}

function channelsOf({ channels }: Capture): Channels {
  return new Map(channels.map(({ label, source }) => [
    label,
    source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size),
  ]));
}

/** Everything is as in the real one. */
function same(real: Channels): Judge {
  return (_file, capture) => {
    const channels = channelsOf(capture);
    if (channels.size !== real.size) return `${channels.size} channels, not ${real.size}`;
    for (const [label, bytes] of real) {
      if (!equal(bytes, channels.get(label))) return `${label} has other bytes`;
    }
    return capture.findings.length === 0 ? undefined : capture.findings[0]?.message;
  };
}

/** Each byte of a channel is that of the real one, or in a gap that is named; what is missing at the end is named too. */
function explained(real: Channels): Judge {
  return (_file, capture) => {
    const isCut = capture.findings.some(({ code }) => code === "pcap-cut");
    for (const [label, bytes] of channelsOf(capture)) {
      const expected = real.get(label);
      if (expected === undefined) return `there is no ${label}`;
      const gaps = capture.findings.filter(({ code, channel }) => code === "tcp-gap" && channel === label);
      const restored = bytes.slice();
      for (const { offset, message } of gaps) {
        const end = Math.min(offset + parseInt(message), restored.length);
        if (offset < end) restored.set(expected.subarray(offset, end), offset);
      }
      if (!equal(restored, expected.subarray(0, restored.length))) return `${label} has other bytes`;
      const ends = gaps.some(({ offset }) => offset === bytes.length);
      if (bytes.length < expected.length && !ends && !isCut) return `${label} ends at ${bytes.length}, unexplained`;
    }
    return undefined;
  };
}

/** Channels of which no frame was changed are as in the real one. */
function unharmed(real: Channels): Judge {
  return (file, capture) => {
    const channels = channelsOf(capture);
    const harmed = harmedPorts(file);
    for (const [label, bytes] of real) {
      const ports = [...label.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
      if (ports.some((port) => harmed.has(port))) continue;
      const actual = channels.get(label);
      // A migration whose main channel is harmed may not be found as one.
      if (actual !== undefined && !equal(actual, bytes)) return `${label} has other bytes`;
    }
    return undefined;
  };
}

/** Ports of the source on whose connections a frame is not as in the real file. */
function harmedPorts(file: string): Set<number> {
  const harmed = new Set<number>();
  const changed = framesOf(Deno.readFileSync(file));
  for (const [i, frame] of framesOf(Deno.readFileSync(REAL)).entries()) {
    const other = changed[i];
    if (equal(frame, other)) continue;
    for (const bytes of [frame, other ?? frame]) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      // Record header, Ethernet, IP without options: then the ports. The destination's is in all of them.
      for (const at of [50, 52]) harmed.add(view.getUint16(at));
    }
  }
  harmed.delete(destinationPort());
  return harmed;
}

function destinationPort(): number {
  const [first = new Uint8Array(60)] = framesOf(Deno.readFileSync(REAL));
  return new DataView(first.buffer, first.byteOffset).getUint16(52);
}

/** The frames of a little-endian pcap file, with their headers. */
function framesOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const frames: Uint8Array[] = [];
  for (let at = 24; at + 16 <= bytes.length;) {
    const length = 16 + view.getUint32(at + 8, true);
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return frames;
}

/** The real file in the other byte order, which editcap does not write. */
function swapped(path: string): string {
  const bytes = Deno.readFileSync(REAL);
  const swap = (at: number, length: number): void => void bytes.subarray(at, at + length).reverse();
  for (const [at, length] of [[0, 4], [4, 2], [6, 2], [8, 4], [12, 4], [16, 4], [20, 4]] as const) swap(at, length);
  for (const frame of framesOf(Deno.readFileSync(REAL))) {
    for (let field = 0; field < 16; field += 4) swap(frame.byteOffset + field, 4);
  }
  Deno.writeFileSync(path, bytes);
  return path;
}

/** Packets in an order that a network may give: each comes up to 30 places late. */
function shuffled(path: string, random: (below: number) => number): string {
  const bytes = Deno.readFileSync(REAL);
  const placed = framesOf(bytes).map((frame, i) => ({ frame, place: i + random(30) }));
  placed.sort((a, b) => a.place - b.place);
  write(path, [bytes.subarray(0, 24), ...placed.map(({ frame }) => frame)]);
  return path;
}

function truncated(path: string, random: (below: number) => number): string {
  const bytes = Deno.readFileSync(REAL);
  write(path, [bytes.subarray(0, 24 + random(bytes.length - 24))]);
  return path;
}

function write(path: string, parts: readonly Uint8Array[]): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (const part of parts) {
    for (let at = 0; at < part.length;) at += file.writeSync(part.subarray(at));
  }
}

function equal(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function editedAs(option: string, values: readonly string[]): string[] {
  return values.map((value) => edit(`as-${value}`, option, value));
}

/** Runs editcap on the real file, or the one in an array, with the options before it and what is after it. */
function edit(name: string, ...options: readonly (string | readonly string[])[]): string {
  const path = `${folder}/${name}`;
  const place = options.findIndex((option) => typeof option !== "string");
  const [before, after] = place < 0 ? [options, []] : [options.slice(0, place), options.slice(place + 1)];
  const input = place < 0 ? REAL : options[place]?.[0] ?? REAL;
  const format = before.includes("-F") ? [] : ["-F", path.endsWith("pcapng") ? "pcapng" : "pcap"];
  run("editcap", [...format, ...before.flat(), input, path, ...after.flat()]);
  return path;
}

function merge(name: string, ...inputs: readonly string[]): string {
  const path = `${folder}/${name}`;
  run("mergecap", ["-F", name.endsWith("pcapng") ? "pcapng" : "pcap", "-w", path, ...inputs]);
  return path;
}

function run(command: string, list: readonly string[]): void {
  const { success, stderr } = new Deno.Command(command, { args: [...list], stdout: "null", stderr: "piped" })
    .outputSync();
  if (!success) throw new Error(`${command} ${list.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
