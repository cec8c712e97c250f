/** Numbers and names of the wire in the words of the text. @module */

import { printable } from "../terminal.ts";

/** `1 buffer`, `2 buffers`; `plural` where it is not made with an s. */
export function count(number: number, one: string, plural: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : plural}`;
}

/** A span of time in the unit that suits it. */
export function formatSpan(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  if (size < 1e6) return `${round(nanoseconds / 1e3)} µs`;
  if (size < 1e9) return `${round(nanoseconds / 1e6)} ms`;
  return `${round(nanoseconds / 1e9)} s`;
}

function round(value: number): number {
  return Math.abs(value) < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}

/** Name and, where it is not 0, instance of a section or device. */
export function instanceName({ idstr, instanceId }: { readonly idstr: string; readonly instanceId: number }): string {
  const name = printable(idstr);
  return instanceId === 0 ? name : `${name} (instance ${instanceId})`;
}

/** `section-part` as QEMU calls it: `PART`; `rp-req-pages` is `REQ_PAGES`. */
export function qemuName(kind: string): string {
  return kind.replace(/^(section|rp)-/, "").toUpperCase().replaceAll("-", "_");
}

/** Records that are counted in the text, in this order; of others only `--json` tells the number. */
const RECORDS: readonly (readonly [kinds: readonly string[], one: string, plural?: string])[] = [
  [["section-start", "section-part", "section-end", "section-full"], "section"],
  [["command"], "command"],
  [["ram-page"], "RAM page"],
  [["ram-zero"], "zero page"],
  [["ram-xbzrle"], "XBZRLE page"],
  [["ram-compress-page"], "compressed page"],
  [["ram-mapped-block"], "mapped RAM block"],
  [["ram-multifd-flush"], "MULTIFD_FLUSH", "MULTIFD_FLUSH"],
  [["dirty-bitmap"], "dirty-bitmap record"],
  [["block-migration"], "block-migration record"],
  [["htab-chunk"], "HTAB chunk"],
  [["vfio-data"], "VFIO data record"],
  [["vfio-config"], "VFIO config"],
  [["multifd-ram"], "RAM packet"],
  [["multifd-sync"], "SYNC packet"],
  [["multifd-device-state"], "device-state packet"],
  [["eof"], "EOF", "EOF"],
  [["vm-description"], "VM description"],
];

/** Of these there is one. */
const ALONE: ReadonlySet<string> = new Set(["EOF", "VM description"]);

/** What came on a channel, in a phrase; empty if nothing that is worth a word. */
export function countRecords(records: { readonly [kind: string]: number }): string {
  const words = RECORDS.flatMap(([kinds, one, plural]) => {
    const number = kinds.reduce((sum, kind) => sum + (records[kind] ?? 0), 0);
    return number === 0 ? [] : [number === 1 && ALONE.has(one) ? one : count(number, one, plural)];
  });
  return words.join(", ");
}
