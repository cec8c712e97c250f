import type { DeviceLimits, QueueBound } from "../../src/public/load.ts";
import { WIDTH, wrap } from "../inspect/layout.ts";
import { instanceName } from "../inspect/words.ts";
import { formatBytes, formatTable, type Style } from "../terminal.ts";

/**
 * The limits that a capture survives, device by device.
 *
 * @param limits What was found.
 * @param style How it looks.
 */
export function limitLines(limits: readonly DeviceLimits[], style: Style): string[] {
  if (limits.length === 0) return ["No device state came on multifd channels: there is nothing to limit."];
  const tables = limits.flatMap((device) => [
    ...wrap(`smallest limits that ${instanceName(device)} survives`, WIDTH).map(style.bold),
    ...table(device),
  ]);
  return [...tables, "No limit was applied."];
}

function table({ thisOrder, worstOrder, always }: DeviceLimits): string[] {
  const right = (title: string) => ({ title, align: "right" }) as const;
  const rows = [
    row("in this order", thisOrder),
    row("in the worst order of the channels", worstOrder),
    row("in any order, however slow the device", always),
  ];
  return formatTable([{}, right("size"), right("bytes"), right("buffers")], rows).map((line) => `  ${line}`);
}

function row(when: string, bound: QueueBound | null): string[] {
  if (bound === null) return [when, "not queued", "-", "-"];
  const { bytes, buffers } = bound;
  return [when, formatBytes(bytes), String(bytes), String(buffers)];
}
