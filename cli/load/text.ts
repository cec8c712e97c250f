import type { LoadedDevice, QueueBound, Verdict } from "../../src/load/mod.ts";
import type { DeviceLimits, LoadReport } from "../../src/report/load/mod.ts";
import { assumptions } from "../assumptions.ts";
import { formatBytes, formatTable, printable, type Style } from "../terminal.ts";

const MILLISECOND = 1e6;

/**
 * What becomes of a load, as lines; the last one is the verdict.
 *
 * @param report What becomes of it.
 * @param style How it looks.
 */
export function loadText(report: LoadReport, style: Style): string[] {
  const { capture, destination, order, seed, barriers, devices, answers, warnings, limits } = report;
  const multifd = destination.multifd
    ? `${destination.channels} multifd channels, barriers at ${
      destination.barriers === "flush" ? "each MULTIFD_FLUSH" : "the end of each RAM section"
    }`
    : "multifd off";
  return [
    style.bold(printable(capture.name)),
    assumptions(report.expectations),
    `loading as QEMU ${printable(destination.qemu)}: ${multifd}`,
    `order: ${order}${seed === null ? "" : `, seed ${seed}`}; ${barriers} barriers passed`,
    ...devices.flatMap((device) => ["", ...deviceLines(device, style)]),
    ...(limits === undefined ? [] : ["", ...limitLines(limits, style)]),
    ...(answers.length === 0 ? [] : ["", `return path: ${answers.map(answerText).join(", ")}`]),
    ...warnings.map(({ code, message }) => `${style.yellow("warning:")} ${code}: ${printable(message)}`),
    "",
    verdictLine(report, style),
    ...recorded(report),
  ];
}

function deviceLines(device: LoadedDevice, style: Style): string[] {
  const { queue } = device;
  const rows: [string, string][] = [["state", `${formatBytes(device.bytes)}, sha256 ${device.sha256}`]];
  if (device.mode === "main") rows.push(["came by", `main channel, ${formatBytes(device.mainBytes)}`]);
  else if (device.mainBytes > 0) rows.push(["before the stop", `${formatBytes(device.mainBytes)} on the main channel`]);
  rows.push([
    "config",
    device.configSha256 === null
      ? "not loaded"
      : `${formatBytes(device.configBytes)}, sha256 ${device.configSha256}${
        device.gated ? "; it waited for CONFIG_LOAD_READY" : ""
      }`,
  ]);
  if (queue !== null) {
    rows.push(
      ["buffers", `${queue.buffersLoaded} of ${queue.buffersQueued} loaded, starved ${times(queue.starvations)}`],
      ["queue", queueText(device)],
    );
  }
  rows.push(["device state", device.state]);
  const title = `${printable(device.idstr)}${device.instanceId === 0 ? "" : ` instance ${device.instanceId}`}`;
  const how = device.mode === "multifd" ? "over multifd channels" : "on the main channel";
  return [style.bold(`${title}: ${how}`), ...formatTable([{}, {}], rows).map((line) => `  ${line}`)];
}

function queueText({ queue, peakTime }: LoadedDevice): string {
  if (queue === null || queue.peakBytesAt < 0) return "empty all the time";
  const when = peakTime === 0 ? "" : ` after ${(peakTime / MILLISECOND).toFixed(1)} ms`;
  return `at most ${
    formatBytes(queue.peakBytes)
  } (${queue.peakBytes} bytes) with buffer ${queue.peakBytesAt}${when}, ` +
    `and ${queue.peakBuffers} buffers with buffer ${queue.peakBuffersAt}`;
}

function limitLines(limits: readonly DeviceLimits[], style: Style): string[] {
  if (limits.length === 0) return ["no device state came on multifd channels: there is nothing to limit"];
  return limits.flatMap(({ idstr, thisOrder, worstOrder, always }) => [
    style.bold(`limits that ${printable(idstr)} survives`),
    ...formatTable([{}, { title: "size", align: "right" }, { title: "bytes", align: "right" }, {
      title: "buffers",
      align: "right",
    }], [
      boundRow("  in this order", thisOrder),
      boundRow("  in the worst order of its channels", worstOrder),
      boundRow("  with a device of any speed", always),
    ]),
  ]);
}

function boundRow(what: string, { bytes, buffers }: QueueBound): string[] {
  return [what, formatBytes(bytes), String(bytes), String(buffers)];
}

function answerText({ message, value }: LoadReport["answers"][number]): string {
  return value === undefined ? message : `${message} ${value}`;
}

/** What QEMU does, by the kind of verdict. */
const QEMU_DOES: { readonly [kind in Verdict["kind"]]: string } = {
  ok: "loads it",
  error: "fails with its own error",
  "would-hang": "waits for ever",
  "would-abort": "aborts",
  "lost-state": "reports success and loses state",
};

function verdictLine({ verdict, destination, sourceBelieves }: LoadReport, style: Style): string {
  const { kind, code, reason, qemu } = verdict;
  const version = `QEMU ${printable(destination.qemu)}`;
  if (kind === "ok") return `${style.green("loaded")} · ${version} loads it`;
  const said = kind === "error" && qemu !== undefined && qemu !== "" ? `: ${printable(qemu)}` : "";
  const source = kind === "error" && sourceBelieves === "success" ? "; the source believes it succeeded" : "";
  return `${style.red("not loaded")}: ${code}: ${printable(reason)} · ${version} ${QEMU_DOES[kind]}${said}${source}`;
}

/** What the recorder noted, where that is something else. */
function recorded({ capture, loaded }: LoadReport): string[] {
  const { outcome } = capture;
  if (outcome?.destination === undefined) return [];
  const completed = outcome.destination === "completed";
  if (completed === loaded) return [];
  const error = outcome.error === undefined ? "" : `: ${outcome.error.split("\n")[0] ?? ""}`;
  return [
    printable(`recorded: the destination was "${outcome.destination}"${error}`),
  ];
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
