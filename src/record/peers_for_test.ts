import { openCapture, readBytes } from "../capture/mod.ts";
import { closeQuietly } from "../net/mod.ts";
import { Recording, type RecordNotice, type RecordOptions } from "./mod.ts";

/** Whether the tests may use sockets and folders. */
export function mayRelay(): boolean {
  const net = Deno.permissions.querySync({ name: "net", host: "127.0.0.1" });
  const folder = Deno.permissions.querySync({ name: "write", path: temporaryFolder() });
  return net.state === "granted" && folder.state === "granted";
}

function temporaryFolder(): string {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "TMPDIR" });
  return (state === "granted" ? Deno.env.get("TMPDIR") : undefined) ?? "/tmp";
}

/** A destination that waits, a recording before it, and as many sources as a test opens. */
export class Scene {
  /** Where everything lies. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "migwire-record-" });
  /** The capture directory. */
  readonly directory: string = `${this.folder}/capture`;
  /** What the recording told. */
  readonly notices: RecordNotice[] = [];
  /** The recording. */
  readonly recording: Recording;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #opened: Deno.TcpConn[] = [];

  /** Begins to record. */
  constructor(options: Partial<RecordOptions> = {}) {
    const { port } = this.#listener.addr;
    this.recording = new Recording({
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
      to: { kind: "tcp", host: "127.0.0.1", port },
      directory: this.directory,
      graceMs: 50,
      notice: (notice) => this.notices.push(notice),
      ...options,
    });
  }

  /** The destination takes a connection. */
  readonly accept = async (): Promise<Deno.TcpConn> => {
    const destination = await this.#listener.accept();
    this.#opened.push(destination);
    return destination;
  };

  /** Connects only to the recording. */
  readonly connectSource = async (): Promise<Deno.TcpConn> => {
    const { address } = this.recording;
    const port = address.kind === "tcp" ? address.port : 0;
    const source = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#opened.push(source);
    return source;
  };

  /** Connects: the source's end, and the destination's. */
  readonly connect = async (): Promise<{ readonly source: Deno.TcpConn; readonly destination: Deno.TcpConn }> => {
    const [source, destination] = await Promise.all([this.connectSource(), this.accept()]);
    return { source, destination };
  };

  /** The destination is not there any more. */
  readonly stopListening = (): void => closeQuietly(this.#listener);

  /** Ends everything. */
  close(): void {
    this.stopListening();
    for (const socket of this.#opened) closeQuietly(socket);
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Runs `use` in a scene. */
export async function inScene(
  use: (scene: Scene) => Promise<void>,
  options: Partial<RecordOptions> = {},
): Promise<void> {
  const scene = new Scene(options);
  try {
    await use(scene);
  } finally {
    scene.close();
  }
}

/** Sends all bytes, in pieces of the lengths that `next` gives. */
export async function sendPieces(socket: Deno.Conn, bytes: Uint8Array, next: () => number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + Math.max(1, next()));
    for (let sent = 0; sent < piece.length;) sent += await socket.write(piece.subarray(sent));
    at += piece.length;
  }
}

/** All that comes until the end. */
export async function readToEnd(socket: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let count: number | null; (count = await socket.read(buffer)) !== null;) parts.push(buffer.slice(0, count));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** The bytes of the channel files of a capture, by their names. */
export function channelFiles(directory: string): Map<string, Uint8Array> {
  const capture = openCapture(directory);
  try {
    return new Map(
      capture.channels.map(({ label, source }) => [
        label,
        source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size),
      ]),
    );
  } finally {
    capture.close();
  }
}
