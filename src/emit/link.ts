import { closeQuietly } from "../net/mod.ts";
import type { EmitTap, EmittedConnection } from "./emit_options.ts";
import type { PlannedConnection } from "./plan.ts";
import { sentLength } from "./item.ts";
import type { EmitConnection } from "./target.ts";

/** Messages of a target are short. */
const READ_BYTES = 64 * 1024;

/** One connection of a plan: before, while and after it is open. */
export class Link {
  /** What is sent over it. */
  readonly planned: PlannedConnection;
  /** What is waited for or done just now; undefined when all is sent. */
  waiting: string | undefined = "its turn to be opened";
  readonly #total: number;
  readonly #tap: EmitTap | undefined;
  #socket: EmitConnection | undefined;
  #number = -1;
  #sent = 0;
  #received = 0;
  #closed: string | undefined;
  /** Our direction has ended. */
  #ended = false;

  /** A link that is not open yet. */
  constructor(planned: PlannedConnection, tap: EmitTap | undefined) {
    this.planned = planned;
    this.#tap = tap;
    this.#total = planned.steps.reduce(
      (sum, { items }) => items.reduce((bytes, item) => bytes + sentLength(item), sum),
      0,
    );
  }

  /** How it is now. */
  get status(): EmittedConnection {
    return {
      label: this.planned.label,
      opened: this.#socket !== undefined,
      sent: this.#sent,
      planned: this.#total,
      received: this.#received,
      ...(this.waiting === undefined ? {} : { waiting: this.waiting }),
      ...(this.#closed === undefined ? {} : { closed: this.#closed }),
    };
  }

  /** Bytes that were handed to the system. */
  get sent(): number {
    return this.#sent;
  }

  /** How the target ended it; undefined as long as it has not. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** It is open now. */
  open(socket: EmitConnection): void {
    this.#socket = socket;
    if (this.#tap !== undefined) this.#number = this.#tap.open();
  }

  /** Sends all of the bytes. Rejects when the target has gone. */
  async write(bytes: Uint8Array, progress: () => void): Promise<void> {
    if (this.#socket === undefined) throw new TypeError("Cannot send: the connection is not open");
    for (let at = 0; at < bytes.length;) {
      const rest = at === 0 ? bytes : bytes.subarray(at);
      const count = await this.#socket.write(rest);
      this.#tap?.received(this.#number, "s2d", count === rest.length ? rest : rest.subarray(0, count));
      this.#sent += count;
      at += count;
      progress();
    }
  }

  /** Receives until the target ends it, in whatever way. */
  async read(received: (bytes: Uint8Array) => void): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    const socket = this.#socket;
    if (socket === undefined) return;
    try {
      for (let count: number | null; (count = await socket.read(buffer)) !== null;) {
        const bytes = buffer.subarray(0, count);
        this.#received += count;
        this.#tap?.received(this.#number, "d2s", bytes);
        received(bytes);
      }
      this.#closed ??= "closed by the target";
      this.#tap?.ended(this.#number, "d2s");
    } catch (error) {
      // Our own closing ends the reading, too.
      if (this.#ended && !isReset(error)) return;
      this.#closed ??= `broken off: ${reasonOf(error)}`;
      this.#tap?.ended(this.#number, "d2s", reasonOf(error));
    }
  }

  /** Tells the target that nothing more comes. */
  async end(): Promise<void> {
    if (this.#socket === undefined || this.#ended) return;
    this.#ended = true;
    this.#tap?.ended(this.#number, "s2d");
    // A target that has gone need not be told.
    await this.#socket.closeWrite().catch(() => {});
  }

  /** Gives the connection back. */
  close(): void {
    if (this.#socket === undefined) return;
    if (!this.#ended) this.#tap?.ended(this.#number, "s2d");
    this.#ended = true;
    closeQuietly(this.#socket);
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset;
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
