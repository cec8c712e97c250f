import { type Capture, readDescription } from "../../capture/values.ts";
import type { DeviceDescription, VmDescription } from "../../wire/mod.ts";
import { inspectCapture, type InspectOptions, type InspectReport } from "../inspect/mod.ts";
import { CaptureGatherer, sectionKey } from "./gather.ts";
import type { Gathered } from "./gathered.ts";
import type { DiffSide, DiffSideName, DiffUnread } from "./model.ts";

/** One of two captures, read. */
export interface Side {
  /** Which. */
  readonly name: DiffSideName;
  /** The capture, which is open. */
  readonly capture: Capture;
  /** What is in it. */
  readonly report: InspectReport;
  /** What is compared. */
  readonly gathered: Gathered;
  /** The main channel could not be read to its end: what is not there may have come later. */
  readonly partial: boolean;
  /** The descriptions of the sections of a name and instance. */
  readonly descriptions: ReadonlyMap<string, readonly DeviceDescription[]>;
}

/** Reads a capture, once. */
export function readSide(name: DiffSideName, capture: Capture, options: InspectOptions): Side {
  const gatherer = new CaptureGatherer();
  const report = inspectCapture(capture, { ...options, sink: (record, channel) => gatherer.add(record, channel) });
  const { gathered } = gatherer;
  const source = gathered.main?.channel.source;
  const description = source === undefined ? undefined : readDescription(source);
  return { name, capture, report, gathered, partial: isPartial(report), descriptions: byDevice(description) };
}

/** The last main channel is the one that matters: those before it were interrupted. */
function isPartial({ main, channels }: InspectReport): boolean {
  const last = channels.findLast(({ role }) => role === "main" || role === "recovery");
  return main === null || main.ending === "cut" || last?.ends !== "whole";
}

function byDevice(description: VmDescription | undefined): Map<string, DeviceDescription[]> {
  const found = new Map<string, DeviceDescription[]>();
  for (const device of description?.devices ?? []) {
    const key = sectionKey(device.name, device.instanceId);
    const known = found.get(key);
    if (known === undefined) found.set(key, [device]);
    else known.push(device);
  }
  return found;
}

/** A side in the words of the report. */
export function sideSummary({ report }: Side): DiffSide {
  const { capture, complete, qemu, main } = report;
  return {
    name: capture.name,
    kind: capture.kind,
    complete,
    ...(qemu.source === undefined ? {} : { qemu: qemu.source }),
    machine: main?.machine ?? null,
  };
}

/** What could not be read of a side. */
export function* unreadOf({ name: side, report, gathered }: Side): Generator<DiffUnread> {
  if (!report.complete) {
    for (const { label, ends, bytes, cut, opaque, reason } of report.channels) {
      if (ends === "encrypted") yield { side, what: label, offset: 0, reason: "it is encrypted" };
      else if (cut !== undefined) {
        yield { side, what: label, offset: cut.offset, reason: `it is cut: ${cut.expected} should go on there` };
      } else if (ends !== "whole") {
        yield { side, what: label, offset: opaque?.offset ?? bytes, reason: opaque?.reason ?? reason };
      }
    }
    if (report.main === null) yield { side, what: "main", offset: 0, reason: "there is no main channel to be read" };
  }
  for (const { what, place, reason } of gathered.leftOut) {
    yield { side, what: `${what} on ${place.channel}`, offset: place.offset, reason };
  }
  for (const { idstr, instanceId, unsupported } of gathered.sections.values()) {
    if (unsupported === undefined) continue;
    yield {
      side,
      what: `${idstr}[${instanceId}]`,
      offset: unsupported.offset,
      reason: "its contents are not compared",
    };
  }
}
