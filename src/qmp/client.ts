import { closeQuietly, connectTo, formatSocketAddress, type SocketAddress } from "../net/mod.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { QMP_LIMITS, type QmpLimits } from "./limits.ts";
import type { JsonObject, QmpEvent, QmpMessage } from "./message.ts";
import { monitorError, QmpError } from "./qmp_error.ts";
import { QmpSession } from "./session.ts";

/** What a client talks over: a socket, or what a test puts in its place. */
export interface QmpConnection {
  /** As of `Deno.Conn`. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** As of `Deno.Conn`. */
  write(bytes: Uint8Array): Promise<number>;
  /** As of `Deno.Conn`; ends what waits in `read` and `write`. */
  close(): void;
}

/** How a client connects, and waits. */
export interface QmpOptions {
  /** How long it waits; {@linkcode QMP_LIMITS} where absent. */
  readonly limits?: Partial<QmpLimits>;
  /** Closes the connection when it is aborted. */
  readonly signal?: AbortSignal;
  /** What it measures its waits by; the system's if absent. */
  readonly clock?: Clock;
  /** Called for each event, also for those that come before `connect` returns. */
  readonly onEvent?: (event: QmpEvent) => void;
}

/** Somebody waits for the answer to a command. */
interface Waiting {
  readonly command: string;
  /** What was written for it. */
  readonly bytes: Uint8Array;
  /** It was written a second time. */
  isRepeated: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: QmpError) => void;
  /** Takes its limit back. */
  readonly stopClock: () => void;
}

/** Events that are kept. */
const KEPT_EVENTS = 1000;

const BUFFER_BYTES = 64 * 1024;

/** What makes a monitor take commands. */
const NEGOTIATE = "qmp_capabilities";

/** What a monitor says to other commands before that. */
const NOT_NEGOTIATED = "Expecting capabilities negotiation";

const BUSY_HINT =
  "a monitor serves one program at a time, and libvirt holds its own: give QEMU a -qmp of its own for this";

const STUCK_HINT = "QEMU's main loop may stand still, as it does while a destination waits for data that does not come";

/**
 * A connection to QEMU's monitor (QMP). Several commands may be under way. No wait is without a limit, and whatever ends
 * the connection ends all that waits for it.
 *
 * @example
 * ```ts
 * import { QmpClient } from "@migwire/migwire/qmp";
 *
 * // What a QEMU says that it is doing.
 * async function status(path: string): Promise<unknown> {
 *   using qmp = await QmpClient.connect({ kind: "unix", path }, { signal: AbortSignal.timeout(5_000) });
 *   return await qmp.call("query-status");
 * }
 * ```
 */
export class QmpClient {
  readonly #connection: QmpConnection;
  readonly #options: QmpOptions;
  readonly #limits: QmpLimits;
  readonly #clock: Clock;
  /** The monitor's name, in errors. */
  readonly #name: string;
  readonly #session = new QmpSession();
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  readonly #events: QmpEvent[] = [];
  readonly #greeting = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<QmpError>();
  /** What is being written, and all that was to be written before. */
  #writing: Promise<unknown> = Promise.resolve();
  #end: QmpError | undefined;

  private constructor(connection: QmpConnection, name: string, options: QmpOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#limits = { ...QMP_LIMITS, ...options.limits };
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#name = name;
    this.#greeting.promise.catch(() => {});
    if (options.onEvent !== undefined) this.#listeners.add(options.onEvent);
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    if (options.signal?.aborted) this.#abort();
    this.#read();
  }

  /**
   * Connects, and makes the monitor take commands.
   *
   * @param to The monitor's address, or a connection to it, which the client closes in the end.
   * @throws {QmpError} If it cannot; nothing stays open then.
   */
  static async connect(to: SocketAddress | QmpConnection, options: QmpOptions = {}): Promise<QmpClient> {
    const name = "kind" in to ? `the monitor at ${formatSocketAddress(to)}` : "the monitor";
    const connection = "kind" in to ? await openConnection(to, name, options) : to;
    const client = new QmpClient(connection, name, options);
    try {
      await client.#begin();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Settled when the connection has ended, with the reason. Never rejected. */
  get closed(): Promise<QmpError> {
    return this.#closed.promise;
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** The latest events, the oldest first; at most a thousand are kept. */
  get events(): readonly QmpEvent[] {
    return this.#events;
  }

  /**
   * Calls `listener` for each event from now on.
   *
   * @returns A function that ends that.
   */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Lets QEMU do a command.
   *
   * @param command Its name.
   * @param args Its arguments.
   * @param options `limitMs` is how long its answer is waited for, in place of the limit that all have.
   * @returns What it returns.
   * @throws {QmpError} `refused` with QEMU's words if it is not done; another code if there is no answer.
   */
  async call(
    command: string,
    args: JsonObject = {},
    { limitMs }: { readonly limitMs?: number } = {},
  ): Promise<unknown> {
    if (this.#end !== undefined) throw this.#withCommand(this.#end, command);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { id, bytes } = this.#session.command(command, args);
    const limit = limitMs ?? this.#limits.answerMs;
    const stopClock = this.#clock.after(limit, () => {
      this.#waiting.delete(id);
      const message = `Cannot do ${command}: ${this.#name} has not answered for ${limit / 1000} s`;
      reject(new QmpError("silent", message, { command, hint: STUCK_HINT }));
    });
    this.#waiting.set(id, { command, bytes, isRepeated: false, resolve, reject, stopClock });
    this.#send(bytes);
    return await promise;
  }

  /** Ends the connection, and all that waits for it. */
  close(): void {
    this.#close(new QmpError("closed", `The connection to ${this.#name} is closed`));
  }

  /** Ends the connection. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #begin(): Promise<void> {
    const limit = this.#limits.greetingMs;
    const message = `Cannot use ${this.#name}: it has not greeted for ${limit / 1000} s`;
    const stopClock = this.#clock.after(limit, () => this.#close(new QmpError("silent", message, { hint: BUSY_HINT })));
    try {
      await this.#greeting.promise;
    } finally {
      stopClock();
    }
    await this.call(NEGOTIATE);
  }

  readonly #abort = (): void => {
    const options = { cause: this.#options.signal?.reason };
    this.#close(new QmpError("aborted", `The connection to ${this.#name} was broken off`, options));
  };

  async #read(): Promise<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    try {
      while (this.#end === undefined) {
        const count = await this.#connection.read(buffer);
        if (count === null) return this.#close(this.#gone("QEMU has closed it"));
        for (const message of this.#session.push(buffer.subarray(0, count))) this.#receive(message);
      }
    } catch (error) {
      this.#close(error instanceof QmpError ? error : this.#gone(reasonOf(error), error));
    }
  }

  #send(bytes: Uint8Array): void {
    this.#writing = this.#writing.then(() => this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.length && this.#end === undefined;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
    } catch (error) {
      this.#close(this.#gone(reasonOf(error), error));
    }
  }

  #receive(message: QmpMessage): void {
    if (message.kind === "greeting") return this.#greeting.resolve();
    if (message.kind === "event") return this.#tell(message);
    const { id = 0 } = message;
    if (message.kind === "refusal" && message.text.startsWith(NOT_NEGOTIATED) && this.#repeat(id)) return;
    const waiting = this.#take(id);
    // Too late, or the connection has ended meanwhile.
    if (waiting === undefined) return;
    if (message.kind === "answer") return waiting.resolve(message.value);
    const { command } = waiting;
    const { text: qemu, qemuClass } = message;
    waiting.reject(new QmpError("refused", `QEMU refuses ${command}: ${qemu}`, { command, qemu, qemuClass }));
  }

  /** Says again what a monitor has forgotten that was opened twice while QEMU started, and the command after it. */
  #repeat(id: number): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || waiting.isRepeated) return false;
    waiting.isRepeated = true;
    this.#send(this.#session.command(NEGOTIATE).bytes);
    this.#send(waiting.bytes);
    return true;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.stopClock();
    return waiting;
  }

  #tell(event: QmpEvent): void {
    this.#events.push(event);
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    for (const listener of [...this.#listeners]) listener(event);
  }

  #close(why: QmpError): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    closeQuietly(this.#connection);
    this.#greeting.reject(why);
    for (const id of [...this.#waiting.keys()]) {
      const waiting = this.#take(id);
      waiting?.reject(this.#withCommand(why, waiting.command));
    }
    this.#listeners.clear();
    this.#closed.resolve(why);
  }

  #withCommand({ code, message, hint, cause }: QmpError, command: string): QmpError {
    const why = message.slice(0, 1).toLowerCase() + message.slice(1);
    return new QmpError(code, `Cannot do ${command}: ${why}`, {
      command,
      hint,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #gone(reason: string, cause?: unknown): QmpError {
    return new QmpError("closed", `The connection to ${this.#name} has ended: ${reason}`, {
      hint: "QEMU may have exited: see what it wrote to its standard error",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** Connects. A system that takes longer than the limit has its connection closed when it comes. */
async function openConnection(
  address: SocketAddress,
  name: string,
  { limits, signal, clock = SYSTEM_CLOCK }: QmpOptions,
): Promise<QmpConnection> {
  const limit = limits?.connectMs ?? QMP_LIMITS.connectMs;
  const stopping = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (error: QmpError): void => {
    reject(error);
    stopping.abort();
  };
  const abort = (): void =>
    stop(new QmpError("aborted", `The connection to ${name} was broken off`, { cause: signal?.reason }));
  const stopClock = clock.after(
    limit,
    () =>
      stop(
        new QmpError("silent", `Cannot connect to ${name}: no connection for ${limit / 1000} s`, { hint: BUSY_HINT }),
      ),
  );
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  const connecting = connectTo(address, stopping.signal);
  // A Unix socket cannot be told to stop.
  connecting.then((late) => stopping.signal.aborted && closeQuietly(late), () => {});
  try {
    return await Promise.race([stopped, connecting]);
  } catch (error) {
    throw error instanceof QmpError ? error : monitorError(address, error);
  } finally {
    stopClock();
    signal?.removeEventListener("abort", abort);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
