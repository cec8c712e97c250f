/** Whole captures: several channels, each a part of the input. The first part is options. @module */

import {
  type Capture,
  CaptureError,
  type Direction,
  MemorySource,
  openPackets,
  readBytes,
  writePcapng,
} from "../../../src/capture/mod.ts";
import { assembleRam, RamLimitError } from "../../../src/load/mod.ts";
import { checkCapture, inspectCapture, listRecords, loadReport } from "../../../src/report/mod.ts";
import { showReport as showCheck } from "../../../cli/check.ts";
import { showReport as showInspect } from "../../../cli/inspect.ts";
import { showReport as showLoad } from "../../../cli/load.ts";
import { memoryIo } from "../../../cli/memory_io.ts";
import { identifyChannel, MainGrammar, MultifdGrammar, ReturnPathGrammar } from "../../../src/stream/mod.ts";
import { concat, equals } from "@std/bytes";
import { InvariantError, type Target } from "../guided/target.ts";
import { devicePacket, memoryCapture, multifdChannel, VFIO_TAG } from "../../memory_capture.ts";
import { page, RAM_EOS, ramStream } from "../../main_stream.ts";
import { joinParts, splitParts } from "../parts.ts";
import { recordPieces } from "../pieces.ts";
import type { Piece } from "../seed.ts";
import { noControls } from "./shown.ts";

/** Channels of these bytes, as far as there are any: what looks like a return path is one. */
export function channelsOf(parts: readonly Uint8Array[]): { bytes: Uint8Array; direction: Direction }[] {
  return parts.filter(({ length }) => length > 0).map((bytes) => ({
    bytes,
    direction: identifyChannel(bytes, { direction: "d2s", ended: true }).role === "return-path" ? "d2s" : "s2d",
  }));
}

/** The channels of an input, and the byte of its options. */
export function captureOf(input: Uint8Array): { capture: Capture; option(index: number): number } {
  const [options, ...channels] = splitParts(input);
  return { capture: memoryCapture(channelsOf(channels)), option: (index) => options?.[index] ?? 0 };
}

/** The records of a part. */
export function channelPieces(part: Uint8Array, index: number): Piece[] {
  if (index === 0) return [{ bytes: part, fields: Array.from(part, (_, offset) => ({ offset, length: 1 })) }];
  const { role } = identifyChannel(part, { ended: true });
  return recordPieces(() =>
    role === "multifd"
      ? new MultifdGrammar({ pageSize: 4096 })
      : role === "return-path"
      ? new ReturnPathGrammar()
      : new MainGrammar()
  )(part);
}

/** Holds what is printed to be printable. */
export function shown(show: (io: ReturnType<typeof memoryIo>) => void): void {
  const io = memoryIo();
  show(io);
  io.stdout.flush();
  `${io.out()}\n${io.err()}`.split("\n").forEach(noControls);
}

function grown(times: number): Uint8Array {
  const device = "0000:00:05.0/vfio";
  const main = ramStream(0x10_0000).start(7, device, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
  for (let i = 0; i < 4 * times; i++) main.part(2, [page(0, "pc.ram"), RAM_EOS]);
  main.command(11).end(2, RAM_EOS).end(7, VFIO_TAG.end).full(7, device, 1, VFIO_TAG.end).eof();
  const state = Array.from({ length: 8 * times }, (_, i) => devicePacket(i, 50, { idstr: device }));
  return joinParts([Uint8Array.of(0, 0, 0, 0), main.bytes(), multifdChannel(0, state)]);
}

const PARTS = { parts: 2, pieces: channelPieces, grown } as const;

const VERDICTS: readonly string[] = ["ok", "error", "would-hang", "would-abort", "lost-state"];
/** Versions of QEMU that options choose from. */
export const VERSIONS = ["10.0", "10.1", "10.2", "11.0", "11.1", "7.2", "8.1", "9.0"];
const ORDERS = ["canonical", "channel-by-channel", "random", "round-robin"] as const;

/** The destination's engine: options are its version, the order of the channels, a seed, and a limit. */
export const ENGINE: Target = {
  ...PARTS,
  name: "engine",
  weight: 10,
  holds: "every order ends, in a verdict of the documented set; only CaptureError is thrown; the text is printable",
  // All is read several times over, and a record of a dirty bitmap can have one byte; each channel has buffers of its own.
  steps: { constant: 100_000, perByte: 1_000 },
  bytes: { constant: 32_000_000, perByte: 3_000 },
  async run(input): Promise<void> {
    const { capture, option } = captureOf(input);
    const limit = option(3);
    try {
      const report = await loadReport(capture, {
        expect: {
          qemu: VERSIONS[option(0) % VERSIONS.length] ?? "10.0",
          ...(limit === 0 ? {} : { maxQueuedSize: limit * 64 }),
        },
        order: ORDERS[option(1) % ORDERS.length] ?? "random",
        seed: option(2),
        ...((option(1) & 0x80) === 0 ? {} : { suggestLimits: true }),
        ...((option(1) & 0x40) === 0 ? {} : { deviceRate: 1000 }),
        ...((option(1) & 0x20) === 0 ? {} : { open: true }),
      });
      const { kind, reason } = report.verdict;
      if (!VERDICTS.includes(kind) || (kind === "ok") !== (reason === "")) {
        throw new InvariantError(`the verdict is ${kind}, for ${reason || "no reason"}`);
      }
      shown((io) => showLoad(report, option(2) % 2 === 1, io));
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
    }
  },
};

/** What `inspect`, `check` and `records` make of it. */
export const REPORTS: Target = {
  ...PARTS,
  name: "reports",
  weight: 6,
  holds: "nothing is thrown; what is printed is printable",
  // All is read several times over, and a record of a dirty bitmap can have one byte; each channel has buffers of its own.
  steps: { constant: 100_000, perByte: 1_000 },
  bytes: { constant: 32_000_000, perByte: 3_000 },
  run(input): void {
    const { capture, option } = captureOf(input);
    const json = option(0) % 2 === 1;
    shown((io) => showInspect(inspectCapture(capture), { json, sections: true }, io));
    shown((io) => showCheck(checkCapture(capture), { json, warnings: true }, io));
    listRecords(capture, () => {}, { pages: "squashed" });
  },
};

/** RAM that a capture may have here. */
const RAM_LIMIT = 4 * 1024 * 1024;

/** The memory of the guest. */
export const RAM: Target = {
  ...PARTS,
  name: "ram",
  weight: 4,
  holds: "no more memory than the limit is put together; only RamLimitError and CaptureError are thrown",
  steps: { constant: 100_000, perByte: 300 },
  bytes: { constant: 5_000_000 + 4 * RAM_LIMIT, perByte: 3_000 },
  async run(input): Promise<void> {
    const { capture, option } = captureOf(input);
    const files = (option(0) & 1) === 0
      ? capture
      : { ...capture, channels: capture.channels.map((channel) => ({ ...channel, isFile: true })) };
    try {
      await assembleRam(files, { limit: RAM_LIMIT });
    } catch (error) {
      if (!(error instanceof CaptureError || error instanceof RamLimitError)) throw error;
    }
  },
};

/** What is written as packets is read again. */
export const CONVERT: Target = {
  ...PARTS,
  name: "convert",
  weight: 2,
  holds: "channels that are written as packets and read again are the same",
  steps: { constant: 100_000, perByte: 300 },
  bytes: { constant: 80_000_000, perByte: 3_000 },
  run(input): void {
    const { capture } = captureOf(input);
    const parts: Uint8Array[] = [];
    for (const _ of writePcapng(capture, { write: (bytes) => void parts.push(bytes.slice()) }, { mss: 1400 }));
    let again: Capture;
    try {
      again = openPackets(new MemorySource(concat(parts)), { name: "x", label: "x", migration: 1 });
    } catch (error) {
      if (error instanceof CaptureError) return;
      throw error;
    }
    for (const { source } of again.channels) {
      const bytes = source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size);
      const isThere = capture.channels.some((one) =>
        one.source !== undefined && one.source.size === bytes.length &&
        equals(readBytes(one.source, 0, one.source.size), bytes)
      );
      if (!isThere) throw new InvariantError(`a channel of ${bytes.length} bytes was not there before`);
    }
  },
};
