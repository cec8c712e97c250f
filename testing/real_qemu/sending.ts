/** Plays a source: sends channels to a destination. @module */

import { closeQuietly } from "../../src/net/mod.ts";
import { writeAll } from "../write_all.ts";

/** Connections to a destination, opened in the order of `channels`, each with the bytes that it is to carry. */
export class Sender {
  readonly #open: Deno.UnixConn[] = [];

  /**
   * Sends all channels at the same time, and closes the source's direction of each. What comes back is thrown away.
   *
   * @param to Path of the destination's socket.
   * @param channels The bytes of each, in the order in which the connections are opened.
   * @param holdsMain The first channel is closed when the destination has closed the others.
   */
  async send(to: string, channels: readonly Uint8Array[], holdsMain: boolean): Promise<void> {
    for (const _ of channels) this.#open.push(await Deno.connect({ transport: "unix", path: to }));
    const [main, ...others] = this.#open.map((conn) => this.#drain(conn));
    const writes = this.#open.map((conn, i) => {
      const mayClose = holdsMain && i === 0 ? Promise.all(others) : undefined;
      return this.#write(conn, channels[i] ?? new Uint8Array(0), mayClose);
    });
    await Promise.all([main, ...others, ...writes]);
  }

  /** Closes all connections. */
  close(): void {
    this.#open.forEach(closeQuietly);
  }

  /** A destination that has failed closes its end: it is its own words that count then. */
  async #write(conn: Deno.UnixConn, bytes: Uint8Array, mayClose: Promise<unknown> | undefined): Promise<void> {
    try {
      await writeAll(conn, bytes);
      await mayClose;
      await conn.closeWrite();
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  async #drain(conn: Deno.UnixConn): Promise<void> {
    const buffer = new Uint8Array(1 << 16);
    try {
      while (await conn.read(buffer) !== null);
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }
}

function isClosed(error: unknown): boolean {
  const { BrokenPipe, ConnectionReset, NotConnected, BadResource, Interrupted } = Deno.errors;
  return [BrokenPipe, ConnectionReset, NotConnected, BadResource, Interrupted].some((kind) => error instanceof kind);
}
