import { MigwireError } from "../errors/mod.ts";
import { formatSocketAddress, type SocketAddress } from "../net/mod.ts";

/** Why a monitor did not do what it was asked. Stable, for programs. */
export type QmpErrorCode =
  /** Deno was started without a permission. */
  | "not-allowed"
  /** Nobody is there. */
  | "connect"
  /** Nothing came in time. The connection is still there: an answer that comes too late is passed over. */
  | "silent"
  /** The connection has ended. */
  | "closed"
  /** QEMU refused the command. */
  | "refused"
  /** What came is not QMP. The connection is closed. */
  | "protocol"
  /** The caller's signal. */
  | "aborted";

/** What an error says besides its text. */
export interface QmpErrorDetails extends ErrorOptions {
  /** What to do about it. */
  readonly hint?: string;
  /** The command that got no answer, or a refusal. */
  readonly command?: string;
  /** What QEMU said, when it refused. */
  readonly qemu?: string;
  /** QEMU's class of the refusal: `GenericError`, `CommandNotFound`, `DeviceNotFound`. */
  readonly qemuClass?: string;
}

/**
 * A monitor that cannot be reached, or did not do what it was asked, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { QmpError } from "@migwire/migwire/qmp";
 *
 * const error = new QmpError("refused", "QEMU refused stop: not now", { command: "stop", qemu: "not now" });
 * assertEquals([error.code, error.command, error.qemu], ["refused", "stop", "not now"]);
 * ```
 */
export class QmpError extends MigwireError<QmpErrorCode> {
  /** The class's name. */
  override readonly name = "QmpError";
  /** The command that got no answer, or a refusal. */
  readonly command?: string;
  /** What QEMU said, when it refused. */
  readonly qemu?: string;
  /** QEMU's class of the refusal: `GenericError`, `CommandNotFound`, `DeviceNotFound`. */
  readonly qemuClass?: string;

  /** The error `code`, with its text for people. */
  constructor(code: QmpErrorCode, message: string, details: QmpErrorDetails = {}) {
    super(code, message, details.hint, details);
    const { command, qemu, qemuClass } = details;
    if (command !== undefined) this.command = command;
    if (qemu !== undefined) this.qemu = qemu;
    if (qemuClass !== undefined) this.qemuClass = qemuClass;
  }
}

/** Why there is no connection to the monitor at `address`. */
export function monitorError(address: SocketAddress, cause: unknown): QmpError {
  const name = formatSocketAddress(address);
  if (cause instanceof Deno.errors.NotCapable) {
    const message = `Cannot connect to the monitor at ${name}: Deno has no permission for it`;
    return new QmpError("not-allowed", message, { hint: `start with ${permissionsFor(address)}`, cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = `start QEMU with -qmp ${name},server=on,wait=off`;
  return new QmpError("connect", `Cannot connect to the monitor at ${name}: ${reason}`, { hint, cause });
}

/** A Unix socket needs three permissions. */
function permissionsFor(address: SocketAddress): string {
  if (address.kind === "unix") {
    return `--allow-net=unix:${address.path} --allow-read=${address.path} --allow-write=${address.path}`;
  }
  return `--allow-net=${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
