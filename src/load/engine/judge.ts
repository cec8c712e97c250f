import type { Connections } from "./connections.ts";
import type { DestinationSettings } from "./settings.ts";
import { LOADED, type Verdict, type VerdictKind } from "./verdict.ts";

/** What the main channel waits for. */
export type MainWait =
  /** Connections that have not come. */
  | "connections"
  /** A SYNC of each multifd channel. */
  | "barrier"
  /** The device that is being given what came for it. */
  | "device"
  /** It was read to its end. */
  | "end";

/** Records left on a channel that is not read any more. */
export interface Unread {
  /** RAM packets with pages. */
  readonly ram: number;
  /** Device-state packets. */
  readonly device: number;
}

/** Where a load stands when nothing can go on any more. */
export interface Standstill {
  readonly connections: Connections;
  readonly mainError: Verdict | undefined;
  readonly channelError: Verdict | undefined;
  /** The error that was recorded first, be it of the main channel, a multifd channel or a load thread. */
  readonly firstError: Verdict | undefined;
  /** It was there when the main channel came to its end. */
  readonly failedBeforeEnd: boolean;
  /** The device that a channel, and so the main channel, waits for, while it waits for the main channel (row 60). */
  readonly deadlock: string | undefined;
  readonly mainWait: MainWait | undefined;
  readonly eof: boolean;
  readonly settings: DestinationSettings;
  /** The source marks its barriers in the other way. */
  readonly syncModesDiffer: boolean;
  /** What each load thread comes to. */
  readonly threads: readonly Verdict[];
  readonly unread: ReadonlyMap<number, Unread>;
}

/**
 * What becomes of a load that stands still, in the order in which QEMU comes to it: aborts, errors of the main channel,
 * waiting of the main channel, then the load threads (destination-engine.md A.2.5, A.2.6, B.7).
 */
export function judge(at: Standstill): Verdict {
  const thread = (kind: VerdictKind): Verdict | undefined => at.threads.find((verdict) => verdict.kind === kind);
  const aborted = at.channelError?.kind === "would-abort" ? at.channelError : thread("would-abort");
  if (aborted !== undefined) return aborted;
  if (at.connections.error !== undefined) return at.connections.error;
  const count = channelCount(at);
  if (at.mainError !== undefined) return count ?? stuckCleanup(at) ?? at.firstError ?? at.mainError;
  if (!at.eof) return count ?? waiting(at);
  // An error that is there already is told at once; else QEMU waits for every load thread before it looks for errors.
  if (at.firstError !== undefined && at.failedBeforeEnd) return stuckCleanup(at) ?? at.firstError;
  const hang = thread("would-hang");
  if (hang !== undefined) return waitingForThread(at, hang);
  return at.firstError ?? count ?? thread("lost-state") ?? unreadVerdict(at) ?? LOADED;
}

/** Cleaning up waits for each load thread: one whose device takes no bytes does not even look up (B.3 note ii). */
function stuckCleanup({ threads }: Standstill): Verdict | undefined {
  return threads.find(({ code }) => code === "write-0");
}

/** The source has more or fewer multifd channels than the destination (rows 94 to 96). */
function channelCount({ connections: { surplus, taken, complete }, settings }: Standstill): Verdict | undefined {
  if (surplus > 0) {
    const total = taken + surplus;
    return {
      kind: "error",
      code: "channel-count",
      reason: settings.multifd
        ? `${total} multifd channels, the destination takes ${settings.channels}: the others' pages are lost, and both ` +
          "sides can report success all the same"
        : `${total} multifd channels, but the destination has multifd off`,
      qemu: "socket_accept_incoming_migration: Extra incoming migration connection; ignoring",
    };
  }
  if (complete) return undefined;
  return {
    kind: "would-hang",
    code: "channel-count",
    reason: `${taken} multifd channels, the destination waits for ${settings.channels}`,
  };
}

/** The main channel waits. */
function waiting(at: Standstill): Verdict {
  const { mainWait, channelError, deadlock, syncModesDiffer } = at;
  if (deadlock !== undefined) {
    const reason =
      "the main channel waits at a barrier for a channel, whose packet waits for the device's queue, which " +
      "waits with its config for the main channel";
    return { kind: "would-hang", code: "barrier-config", reason, device: deadlock };
  }
  switch (mainWait) {
    case "barrier":
      return {
        kind: "would-hang",
        code: syncModesDiffer ? "sync-mode" : "barrier",
        reason: `the main channel waits at a barrier for a SYNC that does not come${
          channelError === undefined ? "" : `, after an error on a channel: ${channelError.reason}`
        }`,
        ...(channelError?.qemu === undefined ? {} : { qemu: channelError.qemu }),
      };
    case "device":
      return { kind: "would-hang", code: "device", reason: "the main channel waits for a device that takes no data" };
    default:
      return { kind: "would-hang", code: "main-open", reason: "nothing more comes on the main channel, which is open" };
  }
}

/** The main channel is at its end, and a load thread does not come to its own. */
function waitingForThread({ channelError, syncModesDiffer, unread }: Standstill, hang: Verdict): Verdict {
  if (channelError !== undefined) {
    return {
      kind: "would-hang",
      code: "channel-error-after-end",
      reason: `${channelError.reason}; nobody wakes the load thread any more, which waits: ${hang.reason}`,
      ...(channelError.qemu === undefined ? {} : { qemu: channelError.qemu }),
    };
  }
  const sleeping = [...unread.values()].some(({ device }) => device > 0);
  if (!syncModesDiffer || !sleeping) return hang;
  return { ...hang, code: "sync-mode", reason: `${hang.reason}: its channel sleeps at a SYNC that no barrier is for` };
}

/** Channels that sleep at a SYNC too many, with something behind it (rows 72, 91). */
function unreadVerdict({ unread, syncModesDiffer }: Standstill): Verdict | undefined {
  for (const [id, { ram, device }] of unread) {
    if (ram + device === 0) continue;
    return {
      kind: "lost-state",
      code: syncModesDiffer ? "sync-mode" : "unread-after-sync",
      reason: `multifd channel ${id} sleeps at a SYNC that the main channel never comes to: ${ram} RAM packets and ` +
        `${device} device-state packets behind it are not read`,
    };
  }
  return undefined;
}
