/** What is told about a packet capture. @module */

import type { Finding } from "../../wire/mod.ts";
import type { Scan } from "./scan.ts";
import type { AssembledStream, Gap } from "./tcp_stream.ts";

/** Gaps of a channel that are named one by one. */
const GAPS_NAMED = 20;

/** Kinds of link types that are named one by one. */
const LINK_TYPES_NAMED = 8;

/** What is wrong with the file itself, or not understood of it; `ignored` connections of the migration were too many. */
export function* fileFindings(label: string, scan: Scan, ignored: number): Generator<Finding> {
  const { connections, frames, linkTypes, problems } = scan;
  const note = (code: string, message: string, offset = 0): Finding => warning(label, code, message, offset);
  for (const { code, message, offset } of problems) yield note(code, message, offset);
  if (frames.fragment > 0) {
    yield note("ip-fragments", `${count(frames.fragment, "IP fragment")} left out: they are not put together`);
  }
  const known = [...linkTypes].slice(0, LINK_TYPES_NAMED).map(([type, number]) =>
    `${type} (${count(number, "frame")})`
  );
  if (known.length > 0) yield note("link-type", `link types that are not understood: ${known.join(", ")}`);
  if (connections.ignored > 0) {
    const message = `${count(connections.ignored, "packet")} left out: there are too many connections at a time`;
    yield note("too-many-connections", message);
  }
  if (ignored > 0) {
    yield note("too-many-connections", `${count(ignored, "connection")} of the migration left out: they are too many`);
  }
}

/** What is lost of a channel of which `size` bytes can be read, and what becomes of the bytes that follow. */
export function* gapFindings(label: string, stream: AssembledStream, size: number): Generator<Finding> {
  let named = 0;
  let passed = 0;
  let behind = 0;
  for (const gap of stream.gaps()) {
    // The one where reading ends is always named.
    if (named < GAPS_NAMED || gap.offset === size) {
      const message = `${count(gap.length, "byte")} missing from the capture${consequence(stream, gap, size)}`;
      yield warning(label, "tcp-gap", message, gap.offset);
      named++;
    } else if (gap.offset < size) passed++;
    else behind++;
  }
  if (passed > 0) {
    const message = `${count(passed, "more gap")} inside of pages or device state: zeros stand for what is lost`;
    yield warning(label, "tcp-gap", message);
  }
  if (behind > 0) yield warning(label, "tcp-gap", `${count(behind, "more gap")} in what cannot be read`, size);
}

function consequence(stream: AssembledStream, { offset, length }: Gap, size: number): string {
  if (offset < size) return ", inside of a page or device state: zeros stand for them";
  if (offset > size) return ", in what cannot be read";
  const rest = bytesFrom(stream, offset + length);
  return rest === 0 ? ", and none after them" : `: what follows, ${count(rest, "byte")}, cannot be read`;
}

/** Bytes from `offset` on that are in the file. */
function bytesFrom({ pieces, base }: AssembledStream, offset: number): number {
  let bytes = 0;
  for (let i = Math.max(0, pieces.find(base + offset)); i < pieces.length; i++) {
    if (pieces.start(i) >= base + offset) bytes += pieces.size(i);
  }
  return bytes;
}

/** A finding of what is in a packet capture, or is not. */
export function warning(channel: string, code: string, message: string, offset = 0): Finding {
  return { severity: "warning", code, channel, offset, message };
}

/** A number and what it counts. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
