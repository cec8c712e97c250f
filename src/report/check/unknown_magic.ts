import { firstBytes } from "../../capture/values.ts";
import { isQemuBefore, MULTIFD_MAGIC, QEMU_VM_FILE_MAGIC, qemuWording } from "../../wire/mod.ts";
import type { ChannelFacts, Facts } from "./facts.ts";
import type { ProblemDraft } from "./problem.ts";

/** Adds to a channel that nobody knows what QEMU says of its first four bytes. */
export function withMagicWords(problem: ProblemDraft, facts: Facts): ProblemDraft {
  if (problem.code !== "not-understood" || problem.offset !== 0 || problem.qemu !== undefined) return problem;
  const channel = facts.channels.find((candidate) => candidate.channel.label === problem.channel);
  const qemu = channel === undefined ? undefined : magicWords(channel, facts);
  return qemu === undefined ? problem : { ...problem, qemu };
}

/** What QEMU takes such a channel for depends on whether it expects several, and whether it can look at them first. */
function magicWords(
  { channel: { identity, channel } }: ChannelFacts,
  { expectations, alone }: Facts,
): string | undefined {
  if (identity.role !== "unknown" || channel.direction === "d2s" || channel.source === undefined) return undefined;
  const first = firstBytes(channel, 4);
  if (first.length < 4) return undefined;
  const magic = new DataView(first.buffer, first.byteOffset).getUint32(0);
  const hexadecimal = magic.toString(16);
  const qemu = expectations.qemu?.value;
  const isMultifd = expectations.multifd?.value === true;
  const isFirst = channel.index === 0;
  // More connections than one are closed unread.
  if (!isFirst && !isMultifd) return undefined;
  // A file cannot be looked at first.
  if (!alone && !isQemuBefore(qemu, 10, 2)) return `unknown channel magic: ${magic}`;
  // Since 8.0 the main channel is the one that begins as such, no matter which comes first.
  if (isMultifd && !(isFirst && (alone || isQemuBefore(qemu, 8, 0)))) {
    return `multifd: received packet magic ${hexadecimal} expected ${MULTIFD_MAGIC.toString(16)}`;
  }
  return qemuWording(`Not a migration stream, magic: ${hexadecimal} != ${QEMU_VM_FILE_MAGIC.toString(16)}`, qemu);
}
