/** A worker of `record.ts` that plays the source: opens connections, and sends the same bytes over each. @module */

/** What it is told. */
export interface SourceTask {
  /** Where it connects to, on the loopback. */
  readonly port: number;
  /** Connections. */
  readonly channels: number;
  /** Bytes for each. */
  readonly bytes: number;
}

/** As large as QEMU's buffers of multifd. */
const PIECE = 512 * 1024;

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

async function send(conn: Deno.TcpConn, bytes: number): Promise<void> {
  const piece = Uint8Array.from({ length: PIECE }, (_, i) => i * 7 >> 3);
  for (let sent = 0; sent < bytes;) sent += await conn.write(piece.subarray(0, Math.min(PIECE, bytes - sent)));
  await conn.closeWrite();
  while (await conn.read(new Uint8Array(1024)) !== null);
  conn.close();
}

const scope = self as unknown as {
  onmessage: (event: { readonly data: SourceTask }) => Promise<void>;
  postMessage(what: string): void;
};

scope.onmessage = async ({ data: { port, channels, bytes } }) => {
  const conns = [];
  for (let i = 0; i < channels; i++) conns.push(await connect(port));
  scope.postMessage("begins");
  await Promise.all(conns.map((conn) => send(conn, bytes)));
  scope.postMessage("done");
};
