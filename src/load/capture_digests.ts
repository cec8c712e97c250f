import { type Capture, readCapture } from "../capture/values.ts";
import type { Finding } from "../wire/mod.ts";
import { DeviceStateCollector } from "./device_states.ts";
import { Problems } from "./problems.ts";
import { finishBlocks } from "./ram_image.ts";
import { RamLoader, type RamOptions } from "./ram_loader.ts";

/** A RAM block, without its bytes. */
export interface BlockDigest {
  /** QEMU's name. */
  readonly name: string;
  /** Bytes in use. */
  readonly usedLength: number;
  /** SHA-256 of the block, hexadecimal; null where it is not in the stream. */
  readonly sha256: string | null;
  /** Pages that never came, taken for zero. */
  readonly pagesNeverSent: number;
  /** Not in the stream: memory that source and destination share. */
  readonly ignored: boolean;
}

/** A VFIO device, without its state. */
export interface DeviceDigest {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** Bytes of device state. */
  readonly stateBytes: number;
  /** SHA-256 of the device state, hexadecimal. */
  readonly stateSha256: string;
  /** SHA-256 of the config, hexadecimal; null if none came. */
  readonly configSha256: string | null;
}

/** What a capture loads, as digests. */
export interface CaptureDigests {
  /** RAM, block by block, in the order of the stream's list. */
  readonly blocks: readonly BlockDigest[];
  /** VFIO devices. */
  readonly devices: readonly DeviceDigest[];
  /** What was noticed while loading, at most 1000; what reading the channels tells is not repeated. */
  readonly problems: readonly Finding[];
}

/**
 * Digests of RAM and device state after loading a capture, in one pass: what `assembleRam` and `deviceStateDigests`
 * give.
 *
 * @param capture The capture; it is not closed. Its channels must be there to be read at any place, not from a pipe.
 * @throws {RamLimitError} If the machine has more RAM than `options.limit`.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { captureDigests } from "@migwire/migwire/load";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * assertEquals(await captureDigests(capture), { blocks: [], devices: [], problems: [] });
 * ```
 */
export async function captureDigests(capture: Capture, options: RamOptions = {}): Promise<CaptureDigests> {
  const problems = new Problems();
  const ram = new RamLoader(problems, options);
  const vfio = new DeviceStateCollector(problems);
  const { state } = readCapture(capture, (record, channel) => {
    ram.add(record, channel);
    vfio.add(record, channel);
  }, options);
  const blocks = await finishBlocks(ram, state);
  return {
    blocks: blocks.map(({ name, usedLength, pagesNeverSent, ignored, sha256 }) => ({
      name,
      usedLength,
      sha256: ignored ? null : sha256(),
      pagesNeverSent,
      ignored,
    })),
    devices: vfio.finish().map(({ config: _config, ...digest }) => digest),
    problems: problems.list,
  };
}
