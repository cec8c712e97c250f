import { type Capture, CaptureError } from "../../capture/values.ts";
import { checkCapture, type CheckReport } from "../check/mod.ts";
import { inspectCapture, type InspectReport } from "../inspect/mod.ts";
import { loadJudged, type LoadReport } from "../load/mod.ts";
import { BufferRows } from "./buffer_rows.ts";
import { PageRuns } from "./page_runs.ts";
import { EXPORT_FORMAT, type RowSink } from "./tables.ts";

/** Errors that say of a capture that it cannot be loaded, though it can be looked at. */
const UNLOADABLE: readonly string[] = ["encrypted", "no-payload"];

/**
 * The rows of a capture: what `inspect`, `check` and `load` find. Rows of pages and buffers come as they are read, so
 * that memory does not grow with them. The row of `migrations` comes last.
 *
 * @param capture The capture; it is not closed. A pipe that was not kept cannot be read several times.
 * @param path What the row calls it.
 * @param sink Receives the rows.
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exportCapture } from "@migwire/migwire/export";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const tables = new Set<string>();
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * await exportCapture(capture, "cut.bin", (table) => tables.add(table));
 * assertEquals([...tables], ["channels", "problems", "migrations"]);
 * ```
 */
export async function exportCapture(capture: Capture, path: string, sink: RowSink): Promise<void> {
  const runs = new PageRuns(sink);
  const inspected = inspectCapture(capture, { sink: (record, channel) => runs.add(record, channel) });
  const checked = checkCapture(capture);
  const buffers = new BufferRows(sink);
  const { load, notLoaded } = await tryToLoad(capture, inspected, checked, buffers);
  buffers.finish();
  channelRows(inspected, sink);
  sectionRows(inspected, sink);
  deviceRows(inspected, load, sink);
  for (const { severity, code, channel, offset, field, message, qemu, hint } of checked.problems) {
    sink("problems", { severity, code, channel, stream_offset: offset, field, message, qemu, hint });
  }
  sink("migrations", { capture: path, ...migrationRow(inspected, checked, load), not_loaded: notLoaded });
}

/**
 * The rows of a capture that cannot be read: one of `problems`, and one of `migrations`.
 *
 * @param path What the row calls it.
 * @param failure Why: a stable code, and a text for people.
 * @param sink Receives the rows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exportUnreadable } from "@migwire/migwire/export";
 *
 * const tables: string[] = [];
 * exportUnreadable("cut.bin", { code: "empty", message: "it has no bytes" }, (table) => tables.push(table));
 * assertEquals(tables, ["problems", "migrations"]);
 * ```
 */
export function exportUnreadable(path: string, failure: { code: string; message: string }, sink: RowSink): void {
  const { code, message } = failure;
  sink("problems", { severity: "error", code, message });
  sink("migrations", {
    format: EXPORT_FORMAT,
    capture: path,
    readable: false,
    failure: message,
    errors: 1,
    warnings: 0,
  });
}

async function tryToLoad(
  capture: Capture,
  inspected: InspectReport,
  checked: CheckReport,
  buffers: BufferRows,
): Promise<{ readonly load: LoadReport | null; readonly notLoaded: string | null }> {
  try {
    const load = await loadJudged(capture, inspected, checked, { onEvent: (event) => buffers.take(event) });
    return { load, notLoaded: null };
  } catch (error) {
    if (!(error instanceof CaptureError) || !UNLOADABLE.includes(error.code)) throw error;
    return { load: null, notLoaded: error.message };
  }
}

function channelRows({ channels }: InspectReport, sink: RowSink): void {
  for (const { label, role, connection, direction, id, bytes, syncs, ends, cut, opaqueBytes } of channels) {
    sink("channels", {
      label,
      role,
      connection,
      direction,
      multifd_id: id,
      bytes,
      syncs,
      ends,
      cut_at: cut?.offset,
      opaque_bytes: opaqueBytes,
    });
  }
}

function sectionRows({ main }: InspectReport, sink: RowSink): void {
  for (const { sectionId, idstr, instanceId, versionId, counts, bytes, extent } of main?.sections ?? []) {
    sink("sections", {
      section_id: sectionId,
      idstr,
      instance_id: instanceId,
      version_id: versionId,
      starts: counts.start,
      parts: counts.part,
      ends: counts.end,
      fulls: counts.full,
      bytes,
      extent,
    });
  }
}

function deviceRows({ devices }: InspectReport, load: LoadReport | null, sink: RowSink): void {
  for (const device of devices) {
    const { idstr, instanceId, multifd } = device;
    const loaded = load?.devices.find((one) => one.idstr === idstr && one.instanceId === instanceId);
    sink("devices", {
      idstr,
      instance_id: instanceId,
      mode: device.mode,
      precopy_bytes: device.precopyBytes,
      stop_copy_bytes: device.stopCopyBytes,
      buffers: device.buffers,
      config_bytes: device.configBytes,
      out_of_order_buffers: multifd?.outOfOrderBuffers,
      out_of_order_distance: multifd?.outOfOrderDistance,
      missing_index: multifd?.missingIndex,
      pci_id: device.pci?.id,
      loaded_bytes: loaded?.bytes,
      state: loaded?.state,
      peak_bytes: loaded?.queue?.peakBytes,
      peak_buffers: loaded?.queue?.peakBuffers,
      limit_bytes: loaded?.maxQueued.bytes,
      limit_buffers: loaded?.maxQueued.buffers,
      starvations: loaded?.queue?.starvations,
      starved_ns: loaded?.starvedTime,
    });
  }
}

function migrationRow(
  { capture, complete, qemu, main, channels, switchover }: InspectReport,
  { found }: CheckReport,
  load: LoadReport | null,
): Parameters<RowSink>[1] {
  return {
    format: EXPORT_FORMAT,
    kind: capture.kind,
    about: capture.about,
    readable: true,
    complete,
    source_qemu: qemu.source,
    destination_qemu: qemu.destination,
    source_outcome: capture.outcome?.source,
    destination_outcome: capture.outcome?.destination,
    machine: main?.machine,
    page_size: main?.pageSize,
    ending: main?.ending,
    postcopy: main?.postcopy,
    capabilities: main?.capabilities.join(","),
    channels: channels.length,
    bytes: channels.reduce((total, { bytes }) => total + bytes, 0),
    switchover_start_ns: switchover?.startTime,
    last_device_ns: switchover?.lastDevicePacketTime,
    eof_ns: switchover?.eofTime,
    switchover_ns: switchover?.nanoseconds,
    verdict: load?.verdict.kind,
    verdict_code: load?.verdict.code,
    verdict_reason: load?.verdict.reason,
    source_believes: load?.sourceBelieves,
    errors: found.errors,
    warnings: found.warnings,
  };
}
