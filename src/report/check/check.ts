import {
  type Capture,
  readCapture,
  type ReadChannel,
  type Reading,
  type ReadingOptions,
} from "../../capture/values.ts";
import type { BaseRecord, DeviceStateRecord, MultifdDeviceStateRecord } from "../../stream/mod.ts";
import { inWordsOf } from "../../wire/mod.ts";
import { type ExpectationOptions, type Expectations, expectationsOf } from "../../capture/values.ts";
import { barrierRule } from "./barriers.ts";
import { checkConfigPacket } from "./config_packet.ts";
import { channelCountRule, mainChannelRule } from "./connections.ts";
import { comparedRule, coverageRule, judgeReading } from "./coverage.ts";
import { descriptionRule } from "./description.ts";
import { devicePacketRule, switchoverStartRule } from "./device_packets.ts";
import type { ChannelFacts, Facts, Rule } from "./facts.ts";
import { Gatherer } from "./gather.ts";
import { withHint } from "./hints.ts";
import { capabilityRule, machineRule } from "./machine_fit.ts";
import { CHECK_FORMAT, type CheckedChannel, type CheckProblem, type CheckReport } from "./model.ts";
import { missingDeviceRule } from "./missing_devices.ts";
import { MultifdFit } from "./multifd_fit.ts";
import { causesFirst } from "./order.ts";
import { heedOutcome, outcomeRule } from "./outcome.ts";
import type { ProblemDraft } from "./problem.ts";
import { Rewriter } from "./rewrite.ts";
import { sectionNameRule } from "./section_names.ts";
import { sizeLimitRule } from "./size_limit.ts";
import { switchoverAckRule, switchoverCommandRule } from "./switchover.ts";
import { withMagicWords } from "./unknown_magic.ts";
import { deviceFitRule, deviceStateRule, transferRule } from "./vfio_mode.ts";

/** How to check. */
export interface CheckOptions extends Pick<ReadingOptions, "pageSize"> {
  /** What the destination expects; overrides what a `capture.json` says of it. */
  readonly expect?: ExpectationOptions;
  /** Warnings count as errors. */
  readonly strict?: boolean;
}

/** What is judged when all channels have been read. */
const RULES: readonly Rule[] = [
  mainChannelRule,
  channelCountRule,
  machineRule,
  capabilityRule,
  switchoverCommandRule,
  switchoverAckRule,
  transferRule,
  deviceStateRule,
  deviceFitRule,
  devicePacketRule,
  switchoverStartRule,
  sizeLimitRule,
  barrierRule,
  sectionNameRule,
  missingDeviceRule,
  descriptionRule,
  comparedRule,
];

/** Problems of one severity that are kept: a stream that is wrong everywhere needs no more to be told. */
const PROBLEM_LIMIT = 10_000;

/** The problems that were found, as many as are worth keeping. */
class Problems {
  readonly #kept: ProblemDraft[] = [];
  /** How many there are, kept or not. */
  readonly found = { errors: 0, warnings: 0 };

  add(problem: ProblemDraft): void {
    const count = problem.severity === "error" ? ++this.found.errors : ++this.found.warnings;
    if (count <= PROBLEM_LIMIT) this.#kept.push(problem);
  }

  get all(): readonly ProblemDraft[] {
    return this.#kept;
  }

  get errors(): ProblemDraft[] {
    return this.#kept.filter(({ severity }) => severity === "error");
  }
}

/** What is done with each record. */
class Reader {
  readonly #gatherer = new Gatherer();
  readonly #rewriters = new Map<ReadChannel, Rewriter>();
  readonly #undescribed = new Map<ReadChannel, number>();
  readonly #fit: MultifdFit;
  readonly #report: (problem: ProblemDraft) => void;

  constructor(expectations: Expectations, judgesIds: boolean, report: (problem: ProblemDraft) => void) {
    this.#fit = new MultifdFit(expectations, this.#gatherer.main.blocks, judgesIds);
    this.#report = report;
  }

  add(record: BaseRecord, channel: ReadChannel): void {
    this.#gatherer.add(record, channel);
    let rewriter = this.#rewriters.get(channel);
    if (rewriter === undefined) this.#rewriters.set(channel, rewriter = new Rewriter(channel));
    rewriter.add(record).forEach(this.#report);
    this.#fit.add(record, channel).forEach(this.#report);
    if (record.kind === "multifd-device-state") {
      const packet = record as MultifdDeviceStateRecord;
      if (((packet.vfioFlags ?? 0) & 1) !== 0) checkConfigPacket(packet, channel.label).forEach(this.#report);
    } else if (record.kind === "device-state" && (record as DeviceStateRecord).extent === "guessed") {
      this.#undescribed.set(channel, (this.#undescribed.get(channel) ?? 0) + record.length);
    }
  }

  facts(capture: Capture, expectations: Expectations, reading: Reading): Facts {
    const channels = reading.channels.map((channel) => this.#gatherer.of(channel));
    const alone = isAlone(capture);
    return {
      capture,
      expectations,
      reading,
      channels,
      main: this.#gatherer.main,
      devices: this.#gatherer.devices,
      alone,
      whole: isComplete(reading, channels),
    };
  }

  channel({ channel, bytes, opaque, cut }: ChannelFacts): CheckedChannel {
    const rewriter = this.#rewriters.get(channel);
    return {
      label: channel.label,
      role: channel.identity.role,
      connection: channel.channel.index,
      direction: channel.channel.direction,
      bytes,
      understood: bytes - opaque - cut,
      undescribed: this.#undescribed.get(channel) ?? 0,
      opaque,
      cut,
      // A channel without bytes has nothing to be written.
      rewritten: rewriter === undefined ? true : rewriter.rewritten,
    };
  }
}

/** Channels that a recovery goes on with. */
const INTERRUPTIBLE: readonly string[] = ["main", "recovery", "preempt", "return-path"];

/** Whether it is one channel, of a migration that may have had more. */
function isAlone({ kind }: Capture): boolean {
  return kind === "file" || kind === "stdin";
}

/** The last main channel reached EOF, and no channel is cut or unread; those before a recovery may be cut. */
function isComplete({ ending }: Reading, channels: readonly ChannelFacts[]): boolean {
  if (ending === undefined || ending === "cut") return false;
  const recovered = channels.some(({ channel }) => channel.identity.role === "recovery");
  return channels.every(({ channel: { identity: { role } }, truncated, opaque }) =>
    opaque === 0 && (!truncated || (recovered && INTERRUPTIBLE.includes(role)))
  );
}

/**
 * Judges a capture: every channel by itself, all of them together, and against what the destination expects. Every
 * channel is written again from its records and compared. Reads in memory that does not grow with the pages and device
 * buffers.
 *
 * @param capture The capture; it is not closed.
 * @param options How to check.
 * @returns The document that `migwire check --json` prints (schema/check-1.schema.json).
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkCapture } from "@migwire/migwire/check";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * const report = checkCapture(capture);
 * assertEquals(report.ok, false);
 * assertEquals(report.problems.map(({ code }) => code), ["truncated"]);
 * ```
 */
export function checkCapture(capture: Capture, options: CheckOptions = {}): CheckReport {
  const { expect = {}, strict = false, pageSize } = options;
  const { manifest } = capture;
  const expectations = expectationsOf(manifest, expect);
  const isRecorded = Object.values(expect).every((value) => value === undefined);
  const problems = new Problems();
  const qemu = expectations.qemu?.value;
  const report = (problem: ProblemDraft): void => {
    problems.add(withHint(heedOutcome(inWordsOf(qemu, problem), manifest?.outcome)));
  };
  const reader = new Reader(expectations, isAlone(capture), report);
  capture.findings.forEach(report);
  const reading = readCapture(capture, (record, channel) => reader.add(record, channel), {
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(qemu === undefined ? {} : { qemu }),
    report: (finding) => report(judgeReading(finding)),
  });
  const facts = reader.facts(capture, expectations, reading);
  for (const rule of RULES) {
    for (const problem of rule(facts)) report(problem);
  }
  for (const problem of coverageRule(facts, problems.all)) report(problem);
  // The recorded outcome is that of the recorded destination, not of one that the user asks about.
  if (isRecorded) { for (const problem of outcomeRule(facts, problems.errors)) report(problem); }
  const { errors, warnings } = problems.found;
  return {
    format: CHECK_FORMAT,
    capture: {
      name: capture.name,
      kind: capture.kind,
      ...(manifest?.outcome === undefined ? {} : { outcome: manifest.outcome }),
    },
    complete: facts.whole,
    ok: errors === 0 && (!strict || warnings === 0),
    strict,
    expectations,
    problems: causesFirst(problems.all).map((problem) => withoutDraft(withMagicWords(problem, facts))),
    found: { errors, warnings },
    channels: facts.channels.map((channel) => reader.channel(channel)),
  };
}

function withoutDraft({ expected: _expected, lost: _lost, ...problem }: ProblemDraft): CheckProblem {
  return problem;
}
