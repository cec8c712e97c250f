import type { Capture } from "../../capture/values.ts";
import { compareCaptures } from "./compare_captures.ts";
import { compareRam } from "./compare_ram.ts";
import type { Found } from "./compare.ts";
import type { Both } from "./difference.ts";
import { DIFF_FORMAT, type Difference, type DiffReport, type DiffUnread, type NotCompared } from "./model.ts";
import { pathText } from "./path.ts";
import { passes, type PathFilter } from "./pattern.ts";
import { ramContents } from "./ram_contents.ts";
import { readSide, type Side, sideSummary, unreadOf } from "./side.ts";

/** Differences that are kept. */
const DIFFERENCE_LIMIT = 100_000;

/** Things of other kinds that are kept. */
const NOTE_LIMIT = 10_000;

/** How {@linkcode diffCaptures} compares. */
export interface DiffOptions extends PathFilter {
  /** Compares the contents of RAM, too. */
  readonly ram?: boolean;
  /** Bytes of RAM that a capture's machine may have; 4 GiB if absent. */
  readonly ramLimit?: number;
  /** Compares how the captures travelled, too: numbers of records, order, times. */
  readonly traffic?: boolean;
  /** Target page size in bytes, where the user says it. */
  readonly pageSize?: number;
}

/**
 * What differs between two captures: configuration, capabilities, RAM blocks, sections, and the state of every device,
 * field by field. How they travelled (records, order, times) is no difference unless `options.traffic`.
 *
 * Memory does not grow with the captures, except with `options.ram`: then the contents of one capture's RAM are in
 * memory at a time.
 *
 * @param a The first capture; it is not closed. Its channels must be there to be read at any place, not from a pipe.
 * @param b The second, likewise.
 * @param options What to compare.
 * @returns The document that `migwire diff --json` prints.
 * @throws {RamLimitError} If a machine has more RAM than `options.ramLimit`.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { diffCaptures } from "@migwire/migwire/diff";
 *
 * const stdin = (hex: string) => {
 *   const input = [Uint8Array.fromHex(hex)];
 *   return (into: Uint8Array): number => {
 *     const bytes = input.pop() ?? new Uint8Array(0);
 *     into.set(bytes);
 *     return bytes.length;
 *   };
 * };
 * // File header, configuration with a machine type of two letters, EOF.
 * const a = openCapture("-", { stdin: stdin("5145564d00000003" + "07" + "00000002" + "7071" + "00") });
 * const b = openCapture("-", { stdin: stdin("5145564d00000003" + "07" + "00000002" + "7172" + "00") });
 * const { differences } = await diffCaptures(a, b);
 * assertEquals(differences.map(({ name, a, b }) => [name, a, b]), [["configuration.machine", "pq", "qr"]]);
 * ```
 */
export async function diffCaptures(a: Capture, b: Capture, options: DiffOptions = {}): Promise<DiffReport> {
  const { ram = false, ramLimit, traffic = false, only = [], ignore = [], pageSize } = options;
  const reading = pageSize === undefined ? {} : { pageSize };
  const sides = { a: readSide("a", a, reading), b: readSide("b", b, reading) };
  const result = new Result({ only, ignore });
  for (const side of [sides.a, sides.b]) for (const unread of unreadOf(side)) result.unread(unread);
  for (const found of compareCaptures(sides, traffic)) result.add(found);
  if (ram) await addRam(result, sides, { ...reading, ...(ramLimit === undefined ? {} : { limit: ramLimit }) });
  const { found } = result;
  return {
    format: DIFF_FORMAT,
    a: sideSummary(sides.a),
    b: sideSummary(sides.b),
    same: found.added + found.removed + found.changed === 0,
    compared: { ram, traffic, only, ignore },
    found,
    differences: result.differences,
    unread: result.unreadList,
    notCompared: result.notCompared,
  };
}

async function addRam(
  result: Result,
  sides: Both<Side>,
  options: { limit?: number; pageSize?: number },
): Promise<void> {
  const contents = {
    a: await ramContents(sides.a.capture, options),
    b: await ramContents(sides.b.capture, options),
  };
  for (const name of ["a", "b"] as const) {
    for (const { severity, channel, offset, message } of contents[name].problems) {
      if (severity === "error") result.unread({ side: name, what: channel, offset, reason: message });
    }
  }
  for (const found of compareRam(sides, contents)) result.add(found);
}

/** Keeps what is found, as far as the patterns let it through and there is room. */
class Result {
  readonly found = { added: 0, removed: 0, changed: 0, leftOut: 0 };
  readonly differences: Difference[] = [];
  readonly unreadList: DiffUnread[] = [];
  readonly notCompared: NotCompared[] = [];
  readonly #filter: PathFilter;

  constructor(filter: PathFilter) {
    this.#filter = filter;
  }

  add(found: Found): void {
    const passed = passes(this.#filter, found.path);
    if (found.kind === "not-compared") {
      const note = { name: pathText(found.path), missing: found.missing };
      if (passed && this.notCompared.length < NOTE_LIMIT) this.notCompared.push(note);
    } else if (!passed) this.found.leftOut++;
    else {
      this.found[found.kind]++;
      if (this.differences.length < DIFFERENCE_LIMIT) this.differences.push(found);
    }
  }

  unread(unread: DiffUnread): void {
    if (this.unreadList.length < NOTE_LIMIT) this.unreadList.push(unread);
  }
}
