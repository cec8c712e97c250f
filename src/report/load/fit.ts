import { type Capture, identifyChannels, OffsetSource } from "../../capture/values.ts";
import type { CheckProblem } from "../check/mod.ts";
import type { LoadResult, LoadWarning, Verdict } from "../../load/mod.ts";

/**
 * Problems of a capture with a destination that are no matter of VFIO devices or multifd: the engine does not know them,
 * the checker does. QEMU comes to them while it reads the main channel, or when it is connected to.
 */
const REFUSED: readonly string[] = [
  "machine",
  "ram-size",
  "capability",
  "postcopy-ram",
  "uuid",
  "transfer-unsupported",
  "section-unknown",
  "missing-device",
];

/** What the engine says of a main channel that ends where it was refused. */
const CONSEQUENCES: readonly string[] = ["truncated-main", "no-main-channel", "main-open"];

/** What a destination may refuse, which only those who know its devices can tell; the engine says nothing of it. */
export function doubts(problems: readonly CheckProblem[]): LoadWarning[] {
  return problems.filter(({ code }) => code === "section-undescribed").map(({ code, message, qemu }) => ({
    code,
    message: qemu === undefined ? message : `${message}; QEMU then says: ${qemu}`,
  }));
}

/** What makes QEMU refuse a stream that its engine would take, and where. */
export interface Refusal {
  /** What becomes of the load. */
  readonly verdict: Verdict;
  /** Label of the channel. */
  readonly channel: string;
  /** Offset in the channel. */
  readonly offset: number;
}

/** The first thing that QEMU refuses; undefined if nothing is. */
export function refusal(problems: readonly CheckProblem[]): Refusal | undefined {
  const refused = problems.filter(({ severity, code }) => severity === "error" && REFUSED.includes(code));
  // A connection that is refused is so before the main channel is read.
  const problem = refused.find(({ channel }) => channel.startsWith("multifd")) ??
    refused.sort((a, b) => a.offset - b.offset)[0];
  if (problem === undefined) return undefined;
  const { code, message, qemu, channel, offset } = problem;
  const verdict: Verdict = { kind: "error", code, reason: message, ...(qemu === undefined ? {} : { qemu }) };
  return { verdict, channel, offset };
}

/** The capture as far as a destination reads it that refuses it: the main channel ends there. */
export function upTo({ channel: label, offset }: Refusal, capture: Capture): Capture {
  const mains = identifyChannels(capture).filter(({ identity }) => identity.role === "main");
  const ends = new Map(mains.map((main) => [main.channel, main.label === label ? offset : 0]));
  const channels = capture.channels.map((channel) => {
    const end = ends.get(channel);
    return end === undefined || channel.source === undefined
      ? channel
      : { ...channel, source: new OffsetSource(channel.source, 0, Math.min(end, channel.source.size)) };
  });
  return { ...capture, channels };
}

/** Found in the state of devices, when nothing but that and the description is still to be sent. */
const LATE: readonly string[] = ["section-unknown", "missing-device"];

/** Bytes that lie between two programs at least, sent and not read: Linux gives each end of a connection as much. */
const IN_FLIGHT = 208 * 1024;

/**
 * Whether the source notices that it was refused: the destination closes the connection, which nobody hears who has sent
 * everything by then.
 */
export function noticesRefusal({ verdict, channel: label, offset }: Refusal, capture: Capture): boolean {
  if (!LATE.includes(verdict.code)) return true;
  const refused = identifyChannels(capture).find((channel) => channel.label === label)?.channel.source;
  return refused === undefined || refused.size - offset > IN_FLIGHT;
}

/** What becomes of the load of {@linkcode upTo}: QEMU may have failed before it came to what it refuses. */
export function refusedVerdict({ verdict }: Refusal, result: LoadResult): Verdict {
  return result.verdict.kind === "ok" || CONSEQUENCES.includes(result.verdict.code) ? verdict : result.verdict;
}
