import { type Capture, CaptureError, type ExpectationOptions, expectationsOf } from "../../capture/mod.ts";
import {
  type DestinationSettings,
  destinationSettings,
  loadCapture,
  type LoadOptions,
  type LoadResult,
  NO_LIMITS,
  type SettingsOptions,
  type StreamFacts,
  type Verdict,
} from "../../load/mod.ts";
import type { MultifdCompression, MultifdContext } from "../../wire/mod.ts";
import { checkCapture, type CheckReport } from "../check/mod.ts";
import { inspectCapture, type InspectReport } from "../inspect/mod.ts";
import { refusal } from "./fit.ts";
import { suggestLimits } from "./limits.ts";
import { LOAD_FORMAT, type LoadReport } from "./model.ts";

/** How a capture is loaded. */
export interface LoadReportOptions
  extends
    SettingsOptions,
    Pick<LoadOptions, "order" | "seed" | "sink" | "deviceRate" | "pageSize" | "open" | "onEvent"> {
  /** What the destination expects; overrides what a `capture.json` says of it. */
  readonly expect?: ExpectationOptions;
  /** Finds the smallest limits that the capture survives; then no limit is applied. */
  readonly suggestLimits?: boolean;
}

/** Statuses of a destination that still waits. */
const WAITING: readonly string[] = ["setup", "active", "device", "postcopy-active", "none"];

/**
 * Says what a destination would do with a capture: loads it, and adds what QEMU refuses before it comes to the devices.
 *
 * @param capture The capture; it is not closed. A pipe that was not kept cannot be loaded.
 * @param options The destination, and how to feed it.
 * @throws `CaptureError` if bytes cannot be had, or are encrypted.
 */
export async function loadReport(capture: Capture, options: LoadReportOptions = {}): Promise<LoadReport> {
  const { expect = {}, pageSize } = options;
  const reading = pageSize === undefined ? {} : { pageSize };
  const inspected = inspectCapture(capture, reading);
  refuseEncrypted(capture, inspected);
  const checked = checkCapture(capture, { ...reading, expect });
  const expectations = expectationsOf(capture.manifest, expect);
  const settings = destinationSettings(expectations, factsOf(inspected), options);
  const outcome = capture.manifest?.outcome?.destination;
  const context: MultifdContext = {
    qemu: settings.profile.version,
    ...(expectations.multifdCompression === undefined ? {} : { compression: expectations.multifdCompression.value }),
  };
  const result = await loadCapture(capture, {
    ...options,
    settings: options.suggestLimits === true ? withoutLimits(settings) : settings,
    open: options.open ?? (outcome !== undefined && WAITING.includes(outcome)),
    multifd: context,
  });
  const verdict = verdictOf(checked, result);
  return {
    format: LOAD_FORMAT,
    capture: {
      name: capture.name,
      kind: capture.kind,
      ...(capture.manifest?.outcome === undefined ? {} : { outcome: capture.manifest.outcome }),
    },
    loaded: verdict.kind === "ok",
    verdict,
    sourceBelieves: sourceBelieves(verdict, result),
    destination: {
      qemu: settings.profile.version,
      multifd: settings.multifd,
      channels: settings.channels,
      barriers: settings.barriers,
      switchoverAck: settings.switchoverAck,
    },
    expectations,
    order: result.order,
    seed: result.order === "random" ? options.seed ?? 0 : null,
    devices: result.devices,
    answers: result.answers,
    barriers: result.barriers,
    warnings: result.warnings,
    ...(options.suggestLimits === true ? { limits: suggestLimits(capture, result) } : {}),
  };
}

function refuseEncrypted(capture: Capture, { channels }: InspectReport): void {
  if (!channels.some(({ ends }) => ends === "encrypted")) return;
  throw new CaptureError(
    "encrypted",
    `Cannot load ${capture.name}: its channels are under TLS, and the keys are not in the capture`,
    "record at an end where the stream is plain",
  );
}

function factsOf({ main, channels }: InspectReport): StreamFacts {
  const compression = channels.flatMap((channel) => channel.compression ?? []).find((method) => method !== "none");
  return {
    ...(main?.machine == null ? {} : { machine: main.machine }),
    arm: main?.targetPageBits != null,
    multifdChannels: channels.filter(({ role }) => role === "multifd").length,
    compression: (compression ?? "none") as MultifdCompression,
  };
}

function withoutLimits(settings: DestinationSettings): DestinationSettings {
  return {
    ...settings,
    device(idstr, instanceId) {
      const device = settings.device(idstr, instanceId);
      return device === undefined ? undefined : { ...device, limits: NO_LIMITS };
    },
  };
}

/** A cut main channel is the consequence of what QEMU refused, if it refused something. */
function verdictOf(checked: CheckReport, { verdict }: LoadResult): Verdict {
  const refused = refusal(checked.problems);
  if (refused === undefined) return verdict;
  return verdict.kind === "ok" || verdict.code === "truncated-main" || verdict.kind === "would-hang"
    ? refused
    : verdict;
}

/**
 * With SHUT the source knows, though SHUT 0 is no proof (A.5 step 4). Without a return path it takes the migration for
 * complete once it has sent everything, and for failed if the connection breaks before.
 */
function sourceBelieves({ kind }: Verdict, { answers, mainEnded }: LoadResult): LoadReport["sourceBelieves"] {
  const shut = answers.find(({ message }) => message === "SHUT");
  if (shut !== undefined) return shut.value === 0 ? "success" : "failure";
  if (answers.length > 0) return "nothing";
  return mainEnded || kind === "would-hang" ? "success" : "failure";
}
