/**
 * Holds what `migwire convert` writes as packets to Debian's tshark: it must find nothing odd in them, and put together the
 * bytes of every channel. Needs the captures beside the project; installs tshark with apt-get if it is missing.
 *
 * @module
 */

import { type Capture, type Direction, openCapture, readBytes, writePcapng, writeWhole } from "../src/capture/mod.ts";
import { CORPUS_FOLDERS } from "./corpus_folders.ts";
import { command, needProgram } from "./needed_program.ts";
import { withFolder } from "./temporary.ts";

/** Captures with a return path, multifd, connections that were broken off or resumed, TLS, a file without times. */
const CAPTURES = [
  "plain-return-path",
  "plain-multifd-4",
  "plain-multifd-tls",
  "plain-postcopy-preempt",
  "plain-postcopy-recover",
  "plain-cut",
  "plain-exec-file",
  "vfio-multifd-4-big",
  "vfio-multifd-2",
];

/** The largest, what goes over most networks, and one that divides nothing. */
const SEGMENTS = [undefined, 1448, 777];

/** Without it tshark takes some guest's memory for a protocol that it knows, and finds that malformed. */
const AS_DATA = ["-d", "tcp.port==4444,data"];

/** Whatever is not as it should be on a wire. */
const ODD = "tcp.analysis.flags || tcp.checksum.status != 1 || ip.checksum.status != 1 || _ws.malformed || _ws.short";

/** Both directions of a connection as tshark puts them together; lines of the one that answers are indented. */
async function follow(file: string, connection: number): Promise<{ readonly [direction in Direction]: Uint8Array }> {
  const text = await command("tshark", "-r", file, "-q", "-z", `follow,tcp,raw,${connection}`);
  const lines = text.split("\n").filter((line) => /^\t?[\da-f]+$/.test(line));
  const of = (answers: boolean): Uint8Array =>
    Uint8Array.fromHex(lines.filter((line) => line.startsWith("\t") === answers).map((line) => line.trim()).join(""));
  return { s2d: of(false), d2s: of(true) };
}

/** What is wrong with a file that was made of `capture`. */
async function compare(capture: Capture, file: string): Promise<string[]> {
  const wrong: string[] = [];
  const odd = await command(
    "tshark",
    "-r",
    file,
    ...AS_DATA,
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-Y",
    ODD,
  );
  if (odd !== "") wrong.push(`tshark finds this odd: ${odd.split("\n")[0]}`);
  const ports = await command(
    "tshark",
    "-r",
    file,
    "-Y",
    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
    "-T",
    "fields",
    "-e",
    "tcp.srcport",
    "-e",
    "tcp.stream",
  );
  const streams = new Map(ports.trim().split("\n").map((line) => line.split("\t").map(Number) as [number, number]));
  for (const { index, direction, source, label } of capture.channels) {
    const stream = streams.get(49152 + index);
    const found = stream === undefined ? new Uint8Array(0) : (await follow(file, stream))[direction];
    const expected = source === undefined ? new Uint8Array(0) : readBytes(source, 0, Infinity);
    if (found.length !== expected.length) {
      wrong.push(`${label}: tshark has ${found.length} bytes of ${expected.length}`);
    } else if (found.some((byte, i) => byte !== expected[i])) wrong.push(`${label}: tshark has other bytes`);
  }
  return wrong;
}

await needProgram("tshark");
let failed = 0;
for (const name of CAPTURES) {
  const folder = CORPUS_FOLDERS.find(({ captures }) => captures.includes(name));
  if (folder === undefined) throw new Error(`Cannot find the capture ${name}`);
  for (const mss of SEGMENTS) {
    await withFolder(async (directory) => {
      const file = `${directory}/out.pcapng`;
      const capture = openCapture(new URL(name, folder.url).pathname);
      const steps = writeWhole(file, (sink) => writePcapng(capture, sink, mss === undefined ? {} : { mss }));
      while (!steps.next().done);
      const wrong = await compare(capture, file);
      capture.close();
      failed += wrong.length;
      console.log(`${wrong.length === 0 ? "ok   " : "FAIL "} ${name}, segments of ${mss ?? "65495"} bytes`);
      for (const text of wrong) console.log(`      ${text}`);
    });
  }
}
console.log(failed === 0 ? "tshark has the same bytes" : `${failed} problems`);
Deno.exit(failed === 0 ? 0 : 1);
