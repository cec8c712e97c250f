import { closeQuietly } from "../net/mod.ts";
import { EmitError } from "./emit_error.ts";
import type { EmitTap, EmittedConnection } from "./emit_options.ts";
import type { PlannedConnection } from "./plan.ts";
import { sentLength } from "./item.ts";
import type { EmitConnection } from "./target.ts";
import { reasonOf } from "./waits.ts";

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
  /** Bytes that the system was asked to take, and has not answered for. */
  #inFlight = 0;
  #received = 0;
  #closed: string | undefined;
  /** Our direction has ended. */
  #ended = false;
  /** We have given it back. */
  #isGivenBack = false;

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

  /** Whether bytes are left that the system was not even asked to take. */
  get hasMore(): boolean {
    return this.#sent + this.#inFlight < this.#total;
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

  /**
   * Sends all of the bytes.
   *
   * @throws {EmitError} `closed`, if the target has gone.
   */
  async write(bytes: Uint8Array, progress: () => void): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) throw new TypeError("Cannot send: the connection is not open");
    for (let at = 0; at < bytes.length;) {
      const rest = at === 0 ? bytes : bytes.subarray(at);
      const count = await this.#handOver(socket, rest);
      this.#tap?.received(this.#number, "s2d", count === rest.length ? rest : rest.subarray(0, count));
      at += count;
      progress();
    }
  }

  async #handOver(socket: EmitConnection, bytes: Uint8Array): Promise<number> {
    this.#inFlight = bytes.length;
    try {
      const count = await socket.write(bytes);
      this.#sent += count;
      return count;
    } catch (cause) {
      const message = `${this.planned.label} was broken off after ${this.#sent} bytes: ${reasonOf(cause)}`;
      throw new EmitError("closed", message, "", { cause });
    } finally {
      this.#inFlight = 0;
    }
  }

  /** Receives until the target ends it, in whatever way. Rejects only with what `received` and the tap throw. */
  async read(received: (bytes: Uint8Array) => void): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      let count: number | null | undefined;
      try {
        count = await this.#socket?.read(buffer);
      } catch (error) {
        // Our own closing ends the reading, too.
        if (!this.#isGivenBack) this.#hasEnded(`broken off: ${reasonOf(error)}`, reasonOf(error));
        return;
      }
      if (this.#isGivenBack) return;
      if (typeof count !== "number") return this.#hasEnded("closed by the target");
      const bytes = buffer.subarray(0, count);
      this.#received += count;
      this.#tap?.received(this.#number, "d2s", bytes);
      received(bytes);
    }
  }

  #hasEnded(how: string, error?: string): void {
    this.#closed = how;
    this.#tap?.ended(this.#number, "d2s", error);
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
    this.#isGivenBack = true;
    closeQuietly(this.#socket);
    if (!this.#ended) this.#tap?.ended(this.#number, "s2d");
    this.#ended = true;
  }
}
