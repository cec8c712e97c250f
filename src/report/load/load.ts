import { type Capture, CaptureError, type ExpectationOptions, expectationsOf } from "../../capture/values.ts";
import {
  type DestinationSettings,
  destinationSettings,
  type DeviceSettings,
  loadCapture,
  type LoadedDevice,
  type LoadOptions,
  type LoadResult,
  type LoadWarning,
  NO_LIMITS,
  type QemuProfile,
  type SettingsOptions,
  type StreamFacts,
  type Verdict,
} from "../../load/mod.ts";
import { isMultifdCompression, type MultifdContext } from "../../wire/mod.ts";
import { checkCapture, type CheckReport } from "../check/mod.ts";
import { inspectCapture, type InspectReport } from "../inspect/mod.ts";
import { doubts, noticesRefusal, refusal, refusedVerdict, upTo } from "./fit.ts";
import { suggestLimits } from "./limits.ts";
import { type DeviceReport, LOAD_FORMAT, type LoadReport } from "./model.ts";
import { Waits } from "./waits.ts";

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
 * Says what a destination would do with a capture: loads it, and adds what QEMU refuses for other reasons than those of
 * the engine.
 *
 * @param capture The capture; it is not closed. A pipe that was not kept cannot be loaded.
 * @param options The destination, and how to feed it.
 * @returns The document that `migwire load --json` prints (schema/load-1.schema.json).
 * @throws `CaptureError` if bytes cannot be had, or are encrypted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { loadReport } from "@migwire/migwire/load";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const { verdict, devices } = await loadReport(capture);
 * assertEquals([verdict.kind, devices.map(({ idstr }) => idstr)], ["ok", ["0000:00:05.0/vfio"]]);
 * capture.close();
 * ```
 */
export async function loadReport(capture: Capture, options: LoadReportOptions = {}): Promise<LoadReport> {
  const { expect = {}, pageSize } = options;
  const reading = pageSize === undefined ? {} : { pageSize };
  const inspected = inspectCapture(capture, reading);
  refuseUnloadable(capture, inspected);
  return await loadJudged(capture, inspected, checkCapture(capture, { ...reading, expect }), options);
}

/** As {@linkcode loadReport}, for whoever has inspected and checked the capture already, with the same options. */
export async function loadJudged(
  capture: Capture,
  inspected: InspectReport,
  checked: CheckReport,
  options: LoadReportOptions = {},
): Promise<LoadReport> {
  const { expect = {}, deviceRate, onEvent } = options;
  refuseUnloadable(capture, inspected);
  const expectations = expectationsOf(capture.manifest, expect);
  const asked = destinationSettings(expectations, factsOf(inspected), options);
  const settings = options.suggestLimits === true ? withoutLimits(asked) : asked;
  const outcome = capture.manifest?.outcome?.destination;
  const multifd: MultifdContext = {
    qemu: settings.profile.version,
    ...(settings.compression === undefined ? {} : { compression: settings.compression }),
  };
  const waits = new Waits();
  const refused = refusal(checked.problems);
  const result = await loadCapture(refused === undefined ? capture : upTo(refused, capture), {
    ...options,
    settings,
    open: options.open ?? (outcome !== undefined && WAITING.includes(outcome)),
    multifd,
    onEvent(event): void {
      waits.take(event);
      onEvent?.(event);
    },
  });
  const verdict = refused === undefined ? result.verdict : refusedVerdict(refused, result);
  return {
    format: LOAD_FORMAT,
    capture: {
      name: capture.name,
      kind: capture.kind,
      ...(capture.manifest?.outcome === undefined ? {} : { outcome: capture.manifest.outcome }),
    },
    loaded: verdict.kind === "ok",
    verdict,
    errors: verdict === refused?.verdict ? [verdict] : result.errors,
    sourceBelieves: refused !== undefined && verdict === refused.verdict && noticesRefusal(refused, capture)
      ? "failure"
      : sourceBelieves(verdict, result, inspected),
    destination: {
      qemu: settings.profile.version,
      multifd: settings.multifd,
      channels: settings.channels,
      compression: settings.compression ?? "none",
      mappedRam: settings.mappedRam ?? false,
      barriers: settings.barriers,
      switchoverAck: settings.switchoverAck,
    },
    expectations,
    order: result.order,
    seed: result.order === "random" ? options.seed ?? 0 : null,
    deviceRate: deviceRate ?? null,
    switchoverStart: result.switchoverStarted ? switchoverTime(result, inspected) : null,
    devices: result.devices.map((device) => deviceReport(device, settings, waits)),
    answers: result.answers,
    barriers: result.barriers,
    warnings: [
      ...unknownProperties(settings.profile, expect),
      ...result.warnings,
      ...doubts(checked.problems),
      ...proposals(result),
    ],
    ...(options.suggestLimits === true ? { limits: suggestLimits(capture, result, settings.barriers) } : {}),
  };
}

function refuseUnloadable(capture: Capture, inspected: InspectReport): void {
  refuseEncrypted(capture, inspected);
  refuseWithoutPayload(capture);
}

/** The order of buffers could be told, but zeros would be taken for the devices' state. */
function refuseWithoutPayload({ name, manifest }: Capture): void {
  if (manifest?.payload !== false) return;
  throw new CaptureError(
    "no-payload",
    `Cannot load ${name}: it was recorded without payload, zeros stand for the state of its devices`,
    "record again without --no-payload",
  );
}

function refuseEncrypted(capture: Capture, { channels }: InspectReport): void {
  if (!channels.some(({ ends }) => ends === "encrypted")) return;
  throw new CaptureError(
    "encrypted",
    `Cannot load ${capture.name}: its channels are under TLS, and the keys are not in the capture`,
    "record at an end where the stream is plain",
  );
}

function factsOf({ main, channels, devices }: InspectReport): StreamFacts {
  const methods = channels.flatMap(({ compression = [] }) => compression).filter(isMultifdCompression);
  return {
    ...(main === null || main.machine === null ? {} : { machine: main.machine }),
    arm: main !== null && main.targetPageBits !== null,
    multifdChannels: channels.filter(({ role }) => role === "multifd").length,
    compression: methods.find((method) => method !== "none") ?? "none",
    devices: devices.map(({ idstr, instanceId, precopyRecords, initDataSent }) => ({
      idstr,
      instanceId,
      precopy: precopyRecords > 0 || initDataSent,
    })),
  };
}

function withoutLimits(settings: DestinationSettings): DestinationSettings {
  return {
    ...settings,
    device(idstr, instanceId): DeviceSettings | undefined {
      const device = settings.device(idstr, instanceId);
      return device === undefined ? undefined : { ...device, limits: NO_LIMITS };
    },
  };
}

/** The load clock is the recorder's only in recorded order; else everything comes at once. */
function switchoverTime({ order }: LoadResult, { switchover }: InspectReport): number {
  return order === "recorded" ? switchover?.startTime ?? 0 : 0;
}

function deviceReport(device: LoadedDevice, settings: DestinationSettings, waits: Waits): DeviceReport {
  const { limits = NO_LIMITS, gate = false } = settings.device(device.idstr, device.instanceId) ?? {};
  const waited = waits.of(device.idstr);
  const { starvedTime, gatedFrom, configTime } = waited;
  return {
    ...device,
    maxQueued: { bytes: finite(limits.bytes), buffers: finite(limits.buffers) },
    peakTime: waited.cameAt(device.queue?.peakBytesAt ?? -1),
    peakBuffersTime: waited.cameAt(device.queue?.peakBuffersAt ?? -1),
    starvedTime,
    gate: gate && device.mode === "multifd" ? { waitedFrom: gatedFrom, passed: configTime } : null,
  };
}

function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}

/** Properties that the user asks for and the destination's version does not have: they do nothing. */
function unknownProperties({ version, ...has }: QemuProfile, expect: ExpectationOptions): LoadWarning[] {
  const properties = [
    ["x-migration-multifd-transfer", "10.0", expect.multifdTransfer !== undefined && !has.multifdTransfer],
    ["x-migration-load-config-after-iter", "10.1", expect.loadConfigAfterIter !== undefined && !has.gate],
    ["x-migration-max-queued-buffers-size", "10.1", expect.maxQueuedSize !== undefined && !has.sizeLimit],
  ] as const;
  return properties.filter(([, , isUnknown]) => isUnknown).map(([name, since]) => ({
    code: "unknown-property",
    message: `QEMU ${version} has no ${name}, which is new in ${since}: it is left out of account`,
  }));
}

/** A limit that only patches have had. */
function proposals({ errors }: LoadResult): LoadWarning[] {
  if (!errors.some(({ code }) => code === "buffer-limit")) return [];
  return [{ code: "no-release", message: "the limit on the number of buffers is a proposal: no QEMU release has it" }];
}

/**
 * With SHUT the source knows, though SHUT 0 is no proof (A.5 step 4). Without a return path it takes the migration for
 * complete once it has sent everything, which the capture shows, and for failed if the connection breaks before.
 */
function sourceBelieves(
  { kind }: Verdict,
  { answers }: LoadResult,
  { main }: InspectReport,
): LoadReport["sourceBelieves"] {
  const shut = answers.find(({ message }) => message === "SHUT");
  if (shut !== undefined) return shut.value === 0 ? "success" : "failure";
  // It listens, and hears nothing more, or that the connection breaks.
  if (answers.length > 0) return kind === "would-abort" ? "failure" : "nothing";
  if (main !== null && main.ending !== "cut") return "success";
  return kind === "would-hang" ? "nothing" : "failure";
}
