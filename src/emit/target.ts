import {
  closeQuietly,
  connectTo,
  formatSocketAddress,
  mayConnect,
  type Socket,
  type SocketAddress,
} from "../net/mod.ts";
import { EmitError } from "./emit_error.ts";

/** An open connection to a target. */
export interface EmitConnection {
  /** Sends some of the bytes; gives how many. Rejects when the target has gone. */
  write(bytes: Uint8Array): Promise<number>;
  /** Receives bytes; null at the end. Rejects when the connection was broken off. */
  read(into: Uint8Array): Promise<number | null>;
  /** Tells the target that nothing more comes. */
  closeWrite(): Promise<void>;
  /** Ends it. */
  close(): void;
}

/** Where a migration is sent. */
export interface EmitTarget {
  /** What it is called, for people. */
  readonly name: string;
  /** It answers on the return path, and closes the connections when it is done. */
  readonly answers: boolean;
  /** Opens a connection. Rejects with {@linkcode EmitError} if it cannot be. */
  connect(signal: AbortSignal): Promise<EmitConnection>;
}

/**
 * A destination that listens at an address. Its connecting rejects with {@linkcode EmitError}: `connect`,
 * `not-allowed`.
 *
 * @param address Where.
 * @returns The target; nothing is connected yet.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { socketTarget } from "@migwire/migwire/emit";
 * import { parseSocketAddress } from "@migwire/migwire/record";
 *
 * const target = socketTarget(parseSocketAddress("tcp:localhost:4444"));
 * assertEquals([target.name, target.answers], ["tcp:localhost:4444", true]);
 * ```
 */
export function socketTarget(address: SocketAddress): EmitTarget {
  const name = formatSocketAddress(address);
  return {
    name,
    answers: true,
    async connect(signal): Promise<EmitConnection> {
      if (!mayConnect(address)) throw notAllowed(address);
      let socket;
      try {
        socket = await connected(address, signal);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const hint = "start the destination with -incoming, and look at its address";
        throw new EmitError("connect", `Cannot connect to ${name}: ${why}`, hint, { cause });
      }
      if (signal.aborted) {
        closeQuietly(socket);
        throw signal.reason;
      }
      // A message to the destination waits for nothing.
      if ("setNoDelay" in socket) socket.setNoDelay(true);
      return socket;
    },
  };
}

/** Between two tries; what listens takes one connection after the other. */
const RETRY_MS = 20;

/** Connects. A Unix socket whose queue is full says so, where TCP lets one wait. */
async function connected(address: SocketAddress, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    try {
      return await connectTo(address, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** A target that takes everything and says nothing: to see, or to record, what would be sent. */
export const SILENT_TARGET: EmitTarget = {
  name: "nowhere",
  answers: false,
  connect: () =>
    Promise.resolve({
      write: (bytes) => Promise.resolve(bytes.length),
      read: () => Promise.resolve(null),
      closeWrite: () => Promise.resolve(),
      close: () => {},
    }),
};

function notAllowed(address: SocketAddress): EmitError {
  const flags = address.kind === "unix"
    ? `--allow-net=unix:${address.path} --allow-read=${address.path} --allow-write=${address.path}`
    : `--allow-net=${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  const message = `Cannot connect to ${formatSocketAddress(address)}: Deno has no permission for it`;
  return new EmitError("not-allowed", message, `start with ${flags}`);
}
