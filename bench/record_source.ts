/** A worker of `record.ts` that plays the source: a main channel of pages, and multifd channels. @module */

import { DEVICE_BUFFER, deviceChannel, mainChannel, PAGE } from "./streams.ts";

/** What it is told. */
export interface SourceTask {
  /** Where it connects to, on the loopback. */
  readonly port: number;
  /** Connections. */
  readonly channels: number;
  /** Bytes of pages or of device state for each. */
  readonly bytes: number;
}

/** What it tells. */
export type SourceMessage =
  /** All connections are open. */
  | { readonly what: "begins" }
  /** All was sent, and the destination has closed; `bytes` in all. */
  | { readonly what: "done"; readonly bytes: number };

async function connect(port: number): Promise<Deno.TcpConn> {
  for (let attempts = 200;; attempts--) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      // The relay has not started yet.
      if (!(error instanceof Deno.errors.ConnectionRefused) || attempts === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function send(conn: Deno.TcpConn, pieces: Iterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (const piece of pieces) {
    for (let sent = 0; sent < piece.length;) sent += await conn.write(piece.subarray(sent));
    bytes += piece.length;
  }
  await conn.closeWrite();
  while (await conn.read(new Uint8Array(1024)) !== null);
  conn.close();
  return bytes;
}

const scope = self as unknown as {
  onmessage: (event: { readonly data: SourceTask }) => Promise<void>;
  postMessage(message: SourceMessage): void;
};

scope.onmessage = async ({ data: { port, channels, bytes } }) => {
  const conns = [];
  for (let i = 0; i < channels; i++) conns.push(await connect(port));
  scope.postMessage({ what: "begins" });
  const counts = await Promise.all(
    conns.map((conn, i) => send(conn, i === 0 ? mainChannel(bytes / PAGE) : deviceChannel(bytes / DEVICE_BUFFER))),
  );
  scope.postMessage({ what: "done", bytes: counts.reduce((sum, count) => sum + count, 0) });
};
