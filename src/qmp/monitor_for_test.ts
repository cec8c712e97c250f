import type { QmpConnection } from "./client.ts";
import { isObject, type JsonObject } from "./message.ts";

/** What a monitor of a test does with a command: the value that is returned, or a thrown {@linkcode Refusal}. */
export type Answers = { readonly [command: string]: (args: JsonObject) => unknown };

/** What QEMU refuses. */
export class Refusal extends Error {
  /** QEMU's class. */
  readonly qemuClass: string;

  /** A refusal in QEMU's words. */
  constructor(text: string, qemuClass = "GenericError") {
    super(text);
    this.qemuClass = qemuClass;
  }
}

/** A command that a monitor of a test got. */
export interface ReceivedCommand {
  readonly execute: string;
  readonly arguments: JsonObject;
  readonly id: number;
}

/** What a monitor says first. */
export const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": ""}, "capabilities": ["oob"]}}\r\n';

/** A monitor in memory. It greets, and answers what `answers` knows; anything else is not found. */
export class FakeMonitor {
  /** What a client connects to. */
  readonly connection: QmpConnection;
  /** The commands that came, without `qmp_capabilities`. */
  readonly received: ReceivedCommand[] = [];
  /** How often it was told `qmp_capabilities`. */
  negotiations = 0;
  /** The client has closed the connection. */
  isClosed = false;
  /** Does not answer any more. */
  isMute = false;
  #answers: Answers;
  readonly #out: (Uint8Array | null)[] = [];
  #wake: (() => void) | undefined;
  #rest = "";

  /** A monitor that says `greeting` first. */
  constructor(answers: Answers = {}, greeting: string = GREETING) {
    this.#answers = answers;
    this.connection = {
      read: (buffer) => this.#read(buffer),
      write: (bytes) => Promise.resolve(this.#write(bytes)),
      close: () => this.#close(),
    };
    if (greeting !== "") this.say(greeting);
  }

  /** Answers otherwise from now on. */
  change(answers: Answers): void {
    this.#answers = { ...this.#answers, ...answers };
  }

  /** Says something. */
  say(text: string | Uint8Array): void {
    this.#out.push(typeof text === "string" ? new TextEncoder().encode(text) : text);
    this.#wake?.();
  }

  /** Tells of an event. */
  event(name: string, data: JsonObject = {}): void {
    this.say(`${JSON.stringify({ timestamp: { seconds: 1, microseconds: 500 }, event: name, data })}\r\n`);
  }

  /** Closes the connection. */
  hangUp(): void {
    this.#out.push(null);
    this.#wake?.();
  }

  /** The names of the commands that came. */
  names(): string[] {
    return this.received.map(({ execute }) => execute);
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    while (this.#out.length === 0) {
      if (this.isClosed) throw new Deno.errors.BadResource("closed");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const first = this.#out.shift();
    if (first === undefined || first === null) return null;
    const count = Math.min(buffer.length, first.length);
    buffer.set(first.subarray(0, count));
    if (count < first.length) this.#out.unshift(first.subarray(count));
    return count;
  }

  /** Takes a part only, as a socket may. */
  #write(bytes: Uint8Array): number {
    if (this.isClosed) throw new Deno.errors.BadResource("closed");
    const taken = bytes.subarray(0, Math.max(1, bytes.length >> 1));
    const lines = (this.#rest + new TextDecoder().decode(taken)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#receive(JSON.parse(line));
    return taken.length;
  }

  #receive(command: ReceivedCommand): void {
    const { execute, id } = command;
    if (this.isMute) return;
    if (execute === "qmp_capabilities") {
      this.negotiations++;
      return this.#answer({ return: {}, id });
    }
    this.received.push(command);
    const answer = Object.hasOwn(this.#answers, execute) ? this.#answers[execute] : undefined;
    try {
      if (answer === undefined) throw new Refusal(`The command ${execute} has not been found`, "CommandNotFound");
      const value = answer(command.arguments);
      if (value !== NO_ANSWER) this.#answer({ return: value, id });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#answer({ error: { class: error.qemuClass, desc: error.message }, id });
    }
  }

  #answer(message: JsonObject): void {
    if (isObject(message)) this.say(`${JSON.stringify(message)}\r\n`);
  }

  #close(): void {
    if (this.isClosed) throw new Deno.errors.BadResource("closed");
    this.isClosed = true;
    this.#wake?.();
  }
}

/** What an answer gives that does not come. */
export const NO_ANSWER: unique symbol = Symbol("no answer");
