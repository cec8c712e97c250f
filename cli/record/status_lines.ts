import type { ChannelStatus, RecordStatus } from "../../src/public/record.ts";
import { formatBytes, printable } from "../terminal.ts";
import { PHASES } from "./notice_text.ts";

/** Channels that are shown. */
const SHOWN = 12;

/**
 * How a recording is, as lines.
 *
 * @param rate Bytes a second.
 */
export function statusLines({ phase, bytes, devices, channels }: RecordStatus, rate: number): string[] {
  const latest = devices.at(-1);
  const seen = latest === undefined ? "" : `, ${devices.length} devices, the last ${printable(latest)}`;
  const more = channels.length - SHOWN;
  return [
    `${PHASES[phase]}: ${formatBytes(bytes)}, ${formatBytes(Math.round(rate))}/s${seen}`,
    ...channels.slice(0, SHOWN).map(channelLine),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function channelLine({ connection, direction, label, bytes }: ChannelStatus): string {
  return `  ${String(connection).padStart(2)} ${direction} ${label.padEnd(12)} ${formatBytes(bytes).padStart(10)}`;
}
