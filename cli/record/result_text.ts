import { formatSocketAddress, type RecordOptions, type RecordResult } from "../../src/public/record.ts";
import { PHASES } from "./notice_text.ts";
import { formatBytes, formatHex, printable } from "../terminal.ts";

/** What there is to say of a recording beside what it holds. */
export function resultLines(result: RecordResult, { directory, listen }: RecordOptions): string[] {
  if (result.connections === 0) return [`nobody connected to ${formatSocketAddress(listen)}`];
  const { connections, bytes, notKept, phase } = result;
  return [
    `${formatBytes(bytes)} passed on over ${connections} ${connections === 1 ? "connection" : "connections"}, ` +
    `recorded in ${printable(directory)}`,
    ...(phase === "sent" ? [] : [`the source has not sent all; it came as far as: ${PHASES[phase]}`]),
    ...notKept.map(({ connection, direction, label, offset, reason }) =>
      `connection ${connection} (${direction}, ${label}) is not kept from ${formatHex(offset)} on: not understood, ` +
      printable(reason)
    ),
  ];
}
