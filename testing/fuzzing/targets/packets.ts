import { type Capture, CaptureError, MemorySource, openPackets, readCapture } from "../../../src/capture/mod.ts";
import { InvariantError, refusing, type Target } from "../guided/target.ts";
import { conversation, framesOf, NgSection, pcapFile } from "../../packet_file.ts";
import { stream } from "../../main_stream.ts";
import { packetPieces } from "../pieces.ts";
import { noControls } from "./shown.ts";

/** Opens packets, and reads all that is in them. */
function read(input: Uint8Array): void {
  const open = (): Capture => openPackets(new MemorySource(input), { name: "x", label: "x", migration: 1 });
  const capture = refusing([CaptureError], open);
  if (capture === undefined) return;
  const ends = new Map<string, number>();
  readCapture(capture, (record, { label }) => {
    const at = ends.get(label) ?? 0;
    if (record.offset !== at) throw new InvariantError(`${record.kind} of ${label} is at ${record.offset}, not ${at}`);
    ends.set(label, at + record.length);
  });
  capture.findings.forEach(({ message }) => noControls(message));
  let latest = 0;
  for (const { time } of capture.events ?? []) {
    if (!(time >= latest)) throw new InvariantError(`an event at ${time} after one at ${latest}`);
    latest = time;
  }
}

const LIMITS = {
  holds: "records tile the channels, events are in order; only CaptureError is thrown",
  steps: { constant: 20_000, perByte: 100 },
  // Each channel has a buffer of 256 KiB, and few bytes make a channel.
  bytes: { constant: 8_000_000, perByte: 4_000 },
  run: read,
  pieces: packetPieces,
};

const talk = (times: number): ReturnType<typeof framesOf> =>
  framesOf(conversation(stream().full(3, "x", 1, new Uint8Array(400 * times)).eof().bytes(), { segment: 50 }));

/** A pcap file. */
export const PCAP: Target = { ...LIMITS, name: "pcap", weight: 4, grown: (times) => pcapFile(talk(times)) };

/** A pcapng file. */
export const PCAPNG: Target = {
  ...LIMITS,
  name: "pcapng",
  weight: 4,
  grown: (times) => {
    const section = new NgSection().interface({ linkType: 1, resolution: 9 });
    for (const frame of talk(times)) section.enhanced(frame);
    return section.bytes;
  },
};
