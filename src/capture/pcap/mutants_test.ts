import { bytesOf, smallStream } from "../../../testing/main_stream.ts";
import { multifdChannel } from "../../../testing/memory_capture.ts";
import { conversation, framesOf, NgSection, pcapFile, SOURCE6, TARGET6 } from "../../../testing/packet_file.ts";
import { randomNumbers } from "../../../testing/random.ts";
import type { Capture } from "../capture.ts";
import { CaptureError } from "../capture_error.ts";
import { readCapture } from "../reading.ts";
import { openBytes } from "./helpers_for_test.ts";
import { workTime } from "../../../testing/work_time.ts";

const MUTANTS = 3000;

/** No mutant takes longer: a byte more or less must not make work without end. */
const MILLISECONDS = 2000;

const PACKETS = [
  ...conversation(smallStream().bytes(), { segment: 900 }),
  ...conversation(multifdChannel(0), { from: SOURCE6, to: TARGET6 }),
];
const SECTION = new NgSection().interface({ linkType: 1, resolution: 9 });
for (const frame of framesOf(PACKETS)) SECTION.enhanced(frame).simple(frame).obsolete(frame);
const FILES = [pcapFile(framesOf(PACKETS)), SECTION.bytes, pcapFile(framesOf(PACKETS, "sll"), { linkType: 113 })];

/** What is made of a file by damage: bytes changed to values that hurt, parts left out, repeated, or cut off. */
function mutant(seed: number): Uint8Array {
  const random = randomNumbers(seed);
  let bytes: Uint8Array = (FILES[random(FILES.length)] ?? new Uint8Array(0)).slice();
  for (let i = 0; i <= random(6); i++) {
    const at = random(bytes.length);
    switch (random(6)) {
      case 0:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)] ?? 0;
        break;
      case 1:
        bytes.fill(random(2) * 0xff, at, at + 4);
        break;
      case 2:
        bytes = bytes.slice(0, at + 40);
        break;
      case 3:
        bytes = bytesOf(bytes.subarray(0, at), bytes.subarray(at + random(100)));
        break;
      case 4:
        bytes = bytesOf(bytes.subarray(0, at), bytes.subarray(at - random(at + 1)));
        break;
      default:
        bytes[at] = random(256);
    }
  }
  return bytes;
}

function read(bytes: Uint8Array): void {
  let capture: Capture;
  try {
    capture = openBytes(bytes, 1);
  } catch (error) {
    if (error instanceof CaptureError) return;
    throw error;
  }
  readCapture(capture, () => {});
  let latest = 0;
  for (const { time } of capture.events ?? []) {
    if (!(time >= latest)) throw new Error(`an event at ${time} after one at ${latest}`);
    latest = time;
  }
}

Deno.test("No damaged packet capture crashes, hangs, or takes memory that it has no bytes for", () => {
  for (let seed = 1; seed <= MUTANTS; seed++) {
    const start = workTime();
    try {
      read(mutant(seed));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    const took = workTime() - start;
    if (took > MILLISECONDS) throw new Error(`seed ${seed} took ${took} ms`);
  }
});
