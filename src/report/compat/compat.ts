import { type Capture, readCapture, type Reading, type ReadingOptions } from "../../capture/values.ts";
import { type Finding, inWordsOf, type VmstateDump } from "../../wire/mod.ts";
import { type Features, Gatherer } from "./gather.ts";
import { COMPAT_FORMAT, type CompatProblem, type CompatReport, type CompatSection } from "./model.ts";
import { sectionsRule } from "./sections_rule.ts";
import { settingsRule } from "./settings_rule.ts";
import { type CompatTargetOptions, describeTarget, makeTarget, type Target } from "./target.ts";
import { unknownMachine } from "./words.ts";

/** How to judge. */
export interface CompatOptions extends CompatTargetOptions, Pick<ReadingOptions, "pageSize"> {}

/** Problems of one severity that are kept: a stream that is wrong everywhere needs no more to be told. */
const PROBLEM_LIMIT = 1_000;

/**
 * Judges whether a capture would load in another QEMU, by what that one says of itself (`-dump-vmstate`) and by what is
 * known of its version. A dump has the types of devices that QEMU has, and not the devices of its command line: whether
 * these are the source's is not judged.
 *
 * @param capture The capture; it is not closed.
 * @param dump The other QEMU.
 * @param options What else is known of it.
 * @returns The document that `migwire compat --json` prints.
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compatCapture } from "@migwire/migwire/compat";
 * import { captureOf } from "@migwire/migwire/memory";
 * import { parseVmstateDump } from "@migwire/migwire/wire";
 *
 * const dump = parseVmstateDump(`{
 *   "vmschkmachine": { "Name": "pc-q35-10.0" },
 *   "e1000": { "Name": "e1000", "version_id": 3, "minimum_version_id": 1 }
 * }`);
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d000000030700000004" + "6e6f6e65" + "00") }]);
 * const { ok, problems } = compatCapture(capture, dump);
 * assertEquals([ok, problems.map(({ code }) => code)], [false, ["machine"]]);
 * ```
 */
export function compatCapture(capture: Capture, dump: VmstateDump, options: CompatOptions = {}): CompatReport {
  const { pageSize, ...said } = options;
  const target = makeTarget(dump, said);
  const gatherer = new Gatherer();
  const problems = new Problems();
  const findings: Finding[] = [];
  const report = (finding: Finding): void => {
    // What is only odd is the matter of `check`.
    if (finding.severity === "error" && findings.length < PROBLEM_LIMIT) findings.push(finding);
  };
  capture.findings.forEach(report);
  const reading = readCapture(capture, (record, channel) => gatherer.add(record, channel), {
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(target.words === undefined ? {} : { qemu: target.words }),
    report,
  });
  // What the recorded destination answered, another one does not.
  const answers = reading.channels.filter(({ channel }) => channel.direction === "d2s").map(({ label }) => label);
  for (const finding of findings) {
    if (!answers.includes(finding.channel)) problems.add(inWordsOf(target.words, finding));
  }
  const { features } = gatherer;
  for (const problem of [...machineRule(features, target), ...settingsRule(features, target)]) problems.add(problem);
  const sections: CompatSection[] = [];
  for (const judged of sectionsRule(gatherer.sections, reading.state.description, target)) {
    sections.push(judged.section);
    for (const problem of judged.problems) problems.add(problem);
  }
  const complete = reading.ending !== undefined && reading.ending !== "cut";
  if (!complete && problems.found.errors === 0) problems.add(cutProblem(reading));
  const { manifest } = capture;
  return {
    format: COMPAT_FORMAT,
    about: "capture",
    capture: { name: capture.name, kind: capture.kind },
    source: { machine: features.machine?.name ?? null, version: manifest?.source?.qemu ?? null },
    target: describeTarget(target, features.machine?.name),
    ok: problems.found.errors === 0,
    complete,
    described: reading.state.description !== undefined,
    problems: problems.inOrder(),
    found: problems.found,
    sections,
  };
}

/** The problems, as many as are worth keeping. */
class Problems {
  readonly #kept: CompatProblem[] = [];
  readonly found = { errors: 0, warnings: 0 };

  add(problem: CompatProblem): void {
    const count = problem.severity === "error" ? ++this.found.errors : ++this.found.warnings;
    if (count <= PROBLEM_LIMIT) this.#kept.push(problem);
  }

  /** As they would be met: channel by channel, by place. */
  inOrder(): CompatProblem[] {
    const channels = [...new Set(this.#kept.map(({ channel }) => channel))];
    return this.#kept.toSorted((a, b) =>
      channels.indexOf(a.channel) - channels.indexOf(b.channel) || a.offset - b.offset
    );
  }
}

/** The machine type is there, and it is the one that is started (main-channel.md §2.2). */
function* machineRule({ machine: sent }: Features, { machine, machines, words }: Target): Generator<CompatProblem> {
  if (sent === undefined) return;
  const place = {
    severity: "error",
    code: "machine",
    channel: sent.channel,
    offset: sent.offset,
    field: "machine",
  } as const;
  if (machines !== undefined && !machines.includes(sent.name)) {
    yield {
      ...place,
      message: `QEMU there has no machine type ${sent.name}`,
      qemu: machine === undefined || machine.startsWith(sent.name)
        ? unknownMachine(sent.name, words)
        : `Machine type received is '${sent.name}' and local is '${machine}'`,
      hint: "start the source with a machine type that both have: -machine help lists them",
    };
    return;
  }
  // QEMU compares as far as the received name goes.
  if (machine === undefined || machine.startsWith(sent.name)) return;
  yield {
    ...place,
    message: `the stream is of machine type ${sent.name}, QEMU there is started with ${machine}`,
    qemu: `Machine type received is '${sent.name}' and local is '${machine}'`,
    hint: `if it has ${sent.name}: write its dump with -machine ${sent.name}, or say so with --machine`,
  };
}

/** Nothing more is known of why it does not reach its end. */
function cutProblem({ channels: [first] }: Reading): CompatProblem {
  const isEncrypted = first?.identity.role === "tls";
  return {
    severity: "error",
    code: isEncrypted ? "encrypted" : "incomplete",
    channel: first?.label ?? "main",
    offset: 0,
    message: isEncrypted ? "the stream is encrypted, so nothing can be said" : "the stream does not reach its end",
    hint: isEncrypted ? "record without TLS, or behind it" : "record the migration to its end",
  };
}
