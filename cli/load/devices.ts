import type { DeviceReport } from "../../src/public/load.ts";
import { labelled, WIDTH, wrap } from "../inspect/layout.ts";
import { count, formatSpan, instanceName } from "../inspect/words.ts";
import { formatBytes, type Style } from "../terminal.ts";

type Fact = readonly [label: string, text: string];

/**
 * What became of a device.
 *
 * @param device The device.
 * @param style How it looks.
 */
export function deviceLines(device: DeviceReport, style: Style): string[] {
  const { mode, bytes, sha256, mainBytes, configBytes, configSha256, state } = device;
  const how = mode === "multifd" ? "over multifd channels" : "on the main channel";
  const facts: Fact[] = [
    ["state", `${formatBytes(bytes)}, sha256 ${sha256}`],
    ...(mode === "multifd" && mainBytes > 0
      ? [["pre-copy", `${formatBytes(mainBytes)} of it, on the main channel`] as const]
      : []),
    ["config", configSha256 === null ? "not loaded" : `${formatBytes(configBytes)}, sha256 ${configSha256}`],
    ...queueFacts(device),
    ...gateFacts(device),
    ["ends in", state],
  ];
  return [...wrap(`${instanceName(device)}: ${how}`, WIDTH).map(style.bold), ...labelled(facts, 2)];
}

function queueFacts(device: DeviceReport): Fact[] {
  const { queue, starvedTime, configSha256, maxQueued } = device;
  if (queue === null) return [];
  const { starvations } = queue;
  const limits = [
    ...(maxQueued.bytes === null ? [] : [exactly(maxQueued.bytes)]),
    ...(maxQueued.buffers === null ? [] : [count(maxQueued.buffers, "buffer")]),
  ];
  return [
    ["buffers", buffersText(queue, configSha256 !== null)],
    ["starved", starvations === 0 ? "never" : `${times(starvations)}${starvedTime === 0 ? "" : inAll(starvedTime)}`],
    ["queue", queueText(queue, device)],
    ...(limits.length === 0 ? [] : [["limit", limits.join(", ")] as const]),
  ];
}

type Queue = NonNullable<DeviceReport["queue"]>;

function buffersText({ buffersLoaded, buffersQueued }: Queue, hasConfig: boolean): string {
  if (buffersLoaded === 0 && !hasConfig) {
    return buffersQueued === 0 ? "none came" : `none loaded, ${buffersQueued} came`;
  }
  const loaded = `${count(buffersLoaded, "data buffer")}${hasConfig ? " and the config" : ""}`;
  const left = buffersQueued - buffersLoaded - (hasConfig ? 1 : 0);
  return left === 0 ? loaded : `${loaded}; ${left} more came and ${left === 1 ? "was" : "were"} not loaded`;
}

/** With the number in full, which a limit is set by. */
function exactly(bytes: number): string {
  return bytes < 1024 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} bytes)`;
}

function queueText(queue: Queue, { peakTime, peakBuffersTime }: DeviceReport): string {
  const { peakBytes, peakBytesAt, peakBuffers, peakBuffersAt } = queue;
  if (peakBuffersAt < 0) return "empty all the time";
  const buffers = count(peakBuffers, "buffer");
  const together = peakBytesAt === peakBuffersAt;
  return [
    ...(peakBytesAt < 0
      ? []
      : [peak(`${exactly(peakBytes)}${together ? ` in ${buffers}` : ""}`, peakBytesAt, peakTime)]),
    ...(together ? [] : [peak(buffers, peakBuffersAt, peakBuffersTime)]),
  ].join("\n");
}

function peak(most: string, idx: number, time: number): string {
  return `at most ${most} when buffer ${idx} came${time === 0 ? "" : `, after ${formatSpan(time)}`}`;
}

function inAll(time: number): string {
  return `, ${formatSpan(time)} in all`;
}

function times(number: number): string {
  return number === 1 ? "once" : `${number} times`;
}

function gateFacts({ gate }: DeviceReport): Fact[] {
  if (gate === null) return [];
  return [["gate", gateText(gate)]];
}

function gateText({ waitedFrom, passed }: NonNullable<DeviceReport["gate"]>): string {
  if (waitedFrom === null) {
    return passed === null ? "the config never came to it" : "CONFIG_LOAD_READY came before the config was needed";
  }
  if (passed === null) return "the config waits for CONFIG_LOAD_READY";
  return `the config waited for CONFIG_LOAD_READY${
    passed === waitedFrom ? "" : `, ${formatSpan(passed - waitedFrom)}`
  }`;
}
