/** Which channels there are, and which the destination waits for (destination-engine.md A.1, rows 94 to 96). @module */

import type { ChannelFacts, Facts } from "./facts.ts";
import { channelIdWords } from "../../wire/mod.ts";
import { error, type ProblemDraft } from "./problem.ts";

const COUNT_HINT = "set multifd and multifd-channels to the same on both sides";

/** There is one main channel. */
export function* mainChannelRule({ channels, alone, capture }: Facts): Generator<ProblemDraft> {
  const mains = channels.filter(({ channel }) => channel.identity.role === "main");
  const [, second] = mains;
  if (second !== undefined) {
    yield error({
      code: "second-main",
      channel: second.channel.label,
      offset: 0,
      message: "a second main channel: a destination takes one",
    });
  }
  const unreadable = channels.some(({ channel: { channel, identity } }) =>
    channel.direction === "s2d" && identity.role !== "multifd" && identity.role !== "preempt" &&
    identity.role !== "empty"
  );
  // One that cannot be read may well be it.
  if (mains.length > 0 || alone || unreadable) return;
  const silent = capture.findings.find(({ code }) => code === "silent-channel");
  const empty = channels.find(({ channel: { channel, identity } }) =>
    identity.role === "empty" && channel.direction === "s2d"
  );
  const nothing = silent?.channel ?? empty?.channel.channel.label;
  yield error({
    code: "no-main",
    channel: nothing ?? "main",
    offset: 0,
    message: nothing === undefined
      ? "there is no main channel"
      : `there is no main channel: nothing was ever sent on ${nothing}, so the migration did not begin`,
    qemu: "Failed to peek at channel",
    hint: "look at the source: it failed before it wrote its first byte",
  });
}

/** As many multifd channels as the destination waits for, with ids from 0 on, each once. */
export function* channelCountRule(facts: Facts): Generator<ProblemDraft> {
  const { channels, alone, main, expectations } = facts;
  if (alone) return;
  const multifd = channels.filter(({ channel }) => channel.identity.role === "multifd");
  if (multifd.length === 0 && main.flushes === 0) return;
  const misfits = [...countMisfits(facts, multifd)];
  yield* misfits;
  yield* ids(facts, multifd, misfits.length > 0);
  // A destination without multifd passes over MULTIFD_FLUSH (destination-engine.md B.7, row 74).
  if (multifd.length === 0 && expectations.multifd?.value !== false) {
    yield error({
      code: "no-multifd",
      channel: "main",
      offset: 0,
      message: "the main channel waits for multifd channels, but there is none: they were not recorded",
    });
  }
}

/** The multifd channels that the destination has no use for: those that were opened after the ones it takes. */
export function surplusChannels({ channels, expectations }: Facts): ChannelFacts[] {
  const { multifd: isOn, multifdChannels: expected } = expectations;
  return channels.filter(({ channel }) => channel.identity.role === "multifd")
    .sort((a, b) => a.channel.channel.index - b.channel.channel.index)
    .slice(isOn?.value === false ? 0 : expected?.value ?? Infinity);
}

function* countMisfits(facts: Facts, multifd: readonly ChannelFacts[]): Generator<ProblemDraft> {
  const { multifd: isOn, multifdChannels: expected } = facts.expectations;
  const surplus = surplusChannels(facts);
  const [first] = surplus;
  const count = multifd.length;
  if (isOn?.value === false && first !== undefined) {
    yield error({
      code: "multifd-off",
      channel: first.channel.label,
      offset: 0,
      message: `the source sends over ${count} multifd channels, the destination has the capability multifd off`,
      qemu: "socket_accept_incoming_migration: Extra incoming migration connection; ignoring",
      hint: COUNT_HINT,
      expected: isOn,
      lost: lostOn(surplus),
    });
  } else if (expected !== undefined && first !== undefined) {
    yield error({
      code: "channel-count",
      channel: first.channel.label,
      offset: 0,
      message: `the source has ${count} multifd channels, the destination takes ${expected.value}`,
      qemu: "socket_accept_incoming_migration: Extra incoming migration connection; ignoring",
      hint: COUNT_HINT,
      expected,
      lost: lostOn(surplus),
    });
  } else if (expected !== undefined && isOn?.value !== false && count > 0 && count < expected.value) {
    yield error({
      code: "channel-count",
      channel: multifd[0]?.channel.label ?? "multifd",
      offset: 0,
      message: `the source has ${count} multifd channels, the destination waits for ${expected.value}`,
      qemu: "waits for ever for the others, in state setup; the source may say completed all the same",
      hint: COUNT_HINT,
      expected,
      lost: "the destination cannot have begun",
    });
  }
}

function lostOn(channels: readonly ChannelFacts[]): string {
  const names = channels.map(({ channel }) => channel.label).join(", ");
  const normal = channels.reduce((sum, { pages }) => sum + pages.normal, 0);
  const zero = channels.reduce((sum, { pages }) => sum + pages.zero, 0);
  return `what surplus connections carried is LOST, here ${names} with ${normal} pages and ${zero} zero pages: ` +
    "the destination's memory is not the source's";
}

function* ids(
  { expectations: { qemu, multifdChannels } }: Facts,
  multifd: readonly ChannelFacts[],
  isExplained: boolean,
): Generator<ProblemDraft> {
  const context = qemu === undefined ? {} : { qemu: qemu.value };
  const seen = new Set<number>();
  for (const { channel: { label, multifdId = 0 } } of multifd) {
    const twice = seen.has(multifdId);
    seen.add(multifdId);
    if (!twice && (multifdId < multifd.length || isExplained)) continue;
    const isBeyond = multifdChannels !== undefined && multifdId >= multifdChannels.value;
    yield error({
      code: twice ? "channel-id-twice" : "channel-id",
      channel: label,
      offset: 24,
      field: "id",
      message: twice
        ? `id is ${multifdId}, which another channel has`
        : `id is ${multifdId}, but there are ${multifd.length} channels: another one was not recorded`,
      ...(twice ? { qemu: `multifd: received id '${multifdId}' already setup` } : {}),
      ...(!twice && isBeyond ? { qemu: channelIdWords(context, multifdId, multifdChannels.value) } : {}),
    });
  }
}
