import { surplusChannels } from "./connections.ts";
import type { ChannelFacts, Facts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

const STYLES = {
  round: "MULTIFD_FLUSH records",
  section: "ends of RAM sections",
} as const;

/**
 * The points at which the main channel and the multifd channels wait for each other: as many SYNC packets on each
 * channel as there are points on the main channel, and both in the destination's style (destination-engine.md C.4).
 */
export function* barrierRule(facts: Facts): Generator<ProblemDraft> {
  const { main, channels, expectations } = facts;
  const multifd = channels.filter(({ channel }) => channel.identity.role === "multifd");
  if (multifd.length === 0 || facts.alone || main.blocks.size === 0) return;
  const style = main.flushes > 0 ? "round" : "section";
  const barriers = style === "round" ? main.flushes : main.ramEnds;
  const expected = expectations.syncStyle;
  if (expected !== undefined && expected.value !== style && (style === "round" || multifd.some(hasSync))) {
    yield error({
      code: "sync-style",
      channel: "main",
      offset: 0,
      message: `the channels wait for each other at ${STYLES[style]}, the destination does at ${
        STYLES[expected.value]
      }`,
      qemu: "waits for ever, or does not read what follows the first SYNC",
      hint: "use the same machine type, and the same multifd-flush-after-each-section, on both sides",
      expected,
      lost: "pages behind a SYNC may not have been read",
    });
  }
  // A channel that was cut lacks what was not sent any more: that it is cut says all.
  if (!facts.whole) return;
  const surplus = surplusChannels(facts);
  for (const channel of multifd) {
    // The destination closes it, and the source may then not have finished it.
    if (!surplus.includes(channel)) yield* compare(channel, barriers, STYLES[style]);
  }
}

function hasSync({ syncs }: ChannelFacts): boolean {
  return syncs.length > 0;
}

function* compare(
  { channel: { label }, syncs, bytes }: ChannelFacts,
  barriers: number,
  where: string,
): Generator<ProblemDraft> {
  if (syncs.length === barriers) return;
  const counts = `${syncs.length} SYNC packets, and the main channel has ${barriers} ${where}`;
  const surplus = syncs[barriers];
  yield error(
    surplus === undefined
      ? {
        code: "sync-count",
        channel: label,
        offset: bytes,
        message: `the channel has ${counts}: the destination waits for the missing ones`,
        qemu: "waits for ever at the barrier",
      }
      : {
        code: "sync-count",
        channel: label,
        offset: surplus,
        message: `the channel has ${counts}: nothing after this one is read`,
        qemu: "the channel sleeps here; what follows is never read",
      },
  );
}
