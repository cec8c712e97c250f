/** What migwire says of a capture, by its commands and by its library. @module */

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { memoryIo } from "../../cli/memory_io.ts";
import { main } from "../../cli/main.ts";
import {
  assembleRam,
  type BaseRecord,
  checkCapture,
  type CheckReport,
  type InspectReport,
  openCapture,
  readBytes,
  readCapture,
  serialise,
} from "../../mod.ts";
import { type Machine, PAGE, PC } from "./machine.ts";

/** `migwire check` finds nothing wrong. */
export async function assertChecks(path: string): Promise<void> {
  const io = memoryIo();
  const code = await main(["check", path], io);
  assertEquals(code, 0, `migwire check:\n${io.out()}${io.err()}`);
}

/** `migwire inspect` sees all of the migration, and each page at least once. A mapped-ram file holds no empty pages. */
export async function assertInspects(path: string): Promise<InspectReport> {
  const io = memoryIo();
  assertEquals(await main(["inspect", "--json", path], io), 0, io.err());
  const report: InspectReport = JSON.parse(io.out());
  assert(report.complete, "migwire inspect: not complete");
  for (const { name, usedLength, pages } of report.main?.ramBlocks ?? []) {
    const count = Object.values(pages).reduce((sum, number) => sum + number, 0);
    if (!report.main?.capabilities.includes("mapped-ram")) {
      assert(count >= usedLength / PAGE, `inspect counts ${count} pages of ${name}`);
    }
  }
  return report;
}

/** The memory that migwire puts together is that of the destination, byte by byte, as far as the guest sees it. */
export async function assertSameMemory(
  path: string,
  memory: readonly Uint8Array[],
  { block, visible }: Machine = PC,
): Promise<void> {
  const capture = openCapture(path);
  try {
    const { blocks, problems } = await assembleRam(capture);
    assertEquals(problems, []);
    const ram = blocks.find(({ name }) => name === block);
    assert(ram !== undefined, `migwire finds no block ${block}`);
    for (const [i, { offset, length }] of visible.entries()) {
      const loaded = await digest(memory[i] ?? new Uint8Array(0));
      assertEquals(await digest(ram.read(offset, length)), loaded, `memory from ${offset} on`);
    }
  } finally {
    capture.close();
  }
}

/** SHA-256, hexadecimal. */
export async function digest(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
}

/** A channel as migwire has read it. */
export interface ReadBack {
  /** `main`, `multifd 0`. */
  readonly label: string;
  /** Its records. */
  readonly records: readonly BaseRecord[];
  /** Its bytes, made from the records. */
  readonly bytes: Uint8Array;
}

/** The channels of the source, the main channel first, each written anew from its records. */
export function writtenAnew(path: string): ReadBack[] {
  const capture = openCapture(path);
  try {
    const found = new Map<string, { records: BaseRecord[]; parts: Uint8Array[] }>();
    readCapture(capture, (record, { label, channel: { direction, source } }) => {
      if (direction !== "s2d" || source === undefined) return;
      const entry = found.get(label) ?? { records: [], parts: [] };
      found.set(label, entry);
      entry.records.push(record);
      for (const part of serialise(record)) {
        entry.parts.push(part instanceof Uint8Array ? part : readBytes(source, part.offset, part.length));
      }
    });
    return [...found].map(([label, { records, parts }]) => ({ label, records, bytes: concat(parts) }));
  } finally {
    capture.close();
  }
}

/** What `check` says of a capture. */
export function check(path: string): CheckReport {
  const capture = openCapture(path);
  try {
    return checkCapture(capture);
  } finally {
    capture.close();
  }
}
