import { MigwireError } from "../errors/mod.ts";
import { formatSocketAddress, type SocketAddress } from "../net/mod.ts";

/** Why a recording cannot begin, or did not go on. Stable, for programs. */
export type RecordErrorCode =
  /** The directory is there already. */
  | "exists"
  /** Deno was started without a permission. */
  | "not-allowed"
  /** It cannot listen at the address. */
  | "listen"
  /** The destination cannot be reached. */
  | "connect"
  /** The directory cannot be written, or not any more. */
  | "storage";

/**
 * A recording that cannot begin, or did not go on, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RecordError } from "@migwire/migwire/record";
 *
 * const error = new RecordError("exists", "Cannot record into capture: it exists already", "name another");
 * assertEquals([error.code, error.hint], ["exists", "name another"]);
 * ```
 */
export class RecordError extends MigwireError<RecordErrorCode> {
  /** The class's name. */
  override readonly name = "RecordError";
}

/** What an error of the system says, without its class. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why the directory, or a file of it, cannot be made or written; `hint` for what has no better one. */
export function storageError(directory: string, cause: unknown, hint?: string): RecordError {
  const options = { cause };
  if (cause instanceof Deno.errors.AlreadyExists) {
    const message = `Cannot record into ${directory}: it exists already, and nothing is overwritten`;
    return new RecordError("exists", message, "name a directory that is not there yet", options);
  }
  if (cause instanceof Deno.errors.NotCapable) {
    const message = `Cannot record into ${directory}: Deno has no permission to write it`;
    return new RecordError(
      "not-allowed",
      message,
      `start with --allow-read=${directory} --allow-write=${directory}`,
      options,
    );
  }
  return new RecordError("storage", `Cannot write ${directory}: ${reasonOf(cause)}`, hint, options);
}

/** Why nobody can connect to the relay. */
export function listenError(address: SocketAddress, cause: unknown): RecordError {
  const name = formatSocketAddress(address);
  const options = { cause };
  if (cause instanceof Deno.errors.NotCapable) return permissionError("listen at", address, cause);
  if (cause instanceof Deno.errors.AddrInUse) {
    const hint = address.kind === "unix" ? "remove the file if nobody listens there" : "choose another port";
    return new RecordError("listen", `Cannot listen at ${name}: the address is in use`, hint, options);
  }
  return new RecordError("listen", `Cannot listen at ${name}: ${reasonOf(cause)}`, undefined, options);
}

/** Why the destination was not reached. */
export function connectError(address: SocketAddress, cause: unknown): RecordError {
  const name = formatSocketAddress(address);
  if (cause instanceof Deno.errors.NotCapable) return permissionError("connect to", address, cause);
  const message = `Cannot connect to the destination at ${name}: ${reasonOf(cause)}`;
  return new RecordError("connect", message, "start the destination with -incoming first", { cause });
}

/** A Unix socket needs three permissions. */
function permissionError(what: string, address: SocketAddress, cause: unknown): RecordError {
  const flags = address.kind === "unix"
    ? `--allow-net=unix:${address.path} --allow-read=${address.path} --allow-write=${address.path}`
    : `--allow-net=${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  const message = `Cannot ${what} ${formatSocketAddress(address)}: Deno has no permission for it`;
  return new RecordError("not-allowed", message, `start with ${flags}`, { cause });
}
