import { type Capture, readCapture } from "../capture/values.ts";
import type { MigrationState } from "../stream/mod.ts";
import type { Finding } from "../wire/mod.ts";
import { Problems } from "./problems.ts";
import { type RamBlock, toRamBlock } from "./ram_block.ts";
import { RamLoader, type RamOptions } from "./ram_loader.ts";

/** RAM after loading all channels of a capture. */
export interface RamImage {
  /** The blocks, in the order of the stream's list. */
  readonly blocks: readonly RamBlock[];
  /** What was noticed while loading, at most 1000; what reading the channels tells is not repeated. */
  readonly problems: readonly Finding[];
}

/**
 * Puts together the RAM that a destination has after loading a capture: pages of all kinds, from all channels, ordered by
 * the barriers between them (destination-engine.md B.9). What cannot be loaded is left out, and is a problem of the
 * result.
 *
 * Memory: pages with content once, zero pages not at all, and 6 bytes for each page.
 *
 * @param capture The capture; it is not closed. Its channels must be there to be read at any place, not from a pipe.
 * @throws {RamLimitError} If the machine has more RAM than `options.limit`.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { assembleRam } from "@migwire/migwire/load";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const stream = Uint8Array.fromHex(
 *   "5145564d00000003" + "01000000000372616d0000000000000004" + // file header, section "ram"
 *     "0000000000001004" + "01780000000000001000" + // block "x" of 0x1000 bytes
 *     "0000000000000002" + "017800" + "0000000000000010", // one zero page, end
 * );
 * const capture = captureOf([{ bytes: stream }]);
 * const { blocks } = await assembleRam(capture);
 * assertEquals(blocks.map(({ name, usedLength, pagesNeverSent }) => [name, usedLength, pagesNeverSent]), [["x", 4096, 0]]);
 * ```
 */
export async function assembleRam(capture: Capture, options: RamOptions = {}): Promise<RamImage> {
  const problems = new Problems();
  const loader = new RamLoader(problems, options);
  const { state } = readCapture(capture, (record, channel) => loader.add(record, channel), options);
  return { blocks: await finishBlocks(loader, state), problems: problems.list };
}

/** The blocks that `loader` has loaded from a capture with the main channel's `state`. */
export async function finishBlocks(loader: RamLoader, state: MigrationState): Promise<RamBlock[]> {
  const blocks = await loader.finish(state);
  return blocks.map((pages) => toRamBlock(pages, state.capabilities.has("x-ignore-shared")));
}
