import {
  formatSocketAddress,
  type MigrationSide,
  type RecordNotice,
  type RecordOptions,
  type RecordPhase,
} from "../../src/public/record.ts";
import { formatBytes } from "../terminal.ts";

/** What is going on, for people. */
export const PHASES: { readonly [phase in RecordPhase]: string } = {
  waiting: "waiting for the source",
  setup: "setup",
  memory: "memory, the guest runs at the source",
  devices: "devices, the guest stands still",
  postcopy: "postcopy, the guest runs at the destination",
  sent: "all was sent",
};

/**
 * What happened, on one line.
 *
 * @returns The line; undefined if it is of no interest.
 */
export function noticeText(notice: RecordNotice, { to }: Pick<RecordOptions, "to">): string | undefined {
  switch (notice.kind) {
    case "opened":
      return `connection ${notice.connection} opened, passed on to ${formatSocketAddress(to)}`;
    case "identified":
      return notice.direction === "s2d" ? `connection ${notice.connection} is ${channelText(notice.label)}` : undefined;
    case "ended":
      return `connection ${notice.connection} ended${endText(notice)}`;
    case "phase":
      return PHASES[notice.phase];
    case "waiting-for-recovery":
      return "postcopy was interrupted: waiting for the recovery; Ctrl-C ends";
    case "full":
      return `${formatBytes(notice.bytes)} are recorded, the rest is not; the migration goes on`;
    case "refused":
      return `a connection was refused. ${notice.error.message}`;
  }
}

/** Ids of multifd channels are not known as early as that they are such. */
function channelText(label: string): string {
  return label === "multifd" ? "a multifd channel" : `the ${label} channel`;
}

function endText({ by, error }: { readonly by?: MigrationSide; readonly error?: string }): string {
  const who = by === undefined ? "" : ` by the ${by}`;
  return error === undefined ? `, closed${who}` : `, broken off${who}: ${error}`;
}
