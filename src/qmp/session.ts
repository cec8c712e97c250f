import { JsonSplitter } from "./json_splitter.ts";
import { type JsonObject, type QmpMessage, readQmpMessage } from "./message.ts";
import { QmpError } from "./qmp_error.ts";

/** The largest answers of QEMU, `query-qmp-schema`, have some hundred KiB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** A command that is to be sent. */
export interface OutgoingCommand {
  /** Its number; the answer has the same. */
  readonly id: number;
  /** What is to be written. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** QMP without any connection: bytes in, messages out; commands in, bytes out. */
export class QmpSession {
  readonly #splitter: JsonSplitter;
  #isGreeted = false;
  #commands = 0;

  /** A new session; a message of more than `maxBytes` is refused. */
  constructor(maxBytes: number = MAX_MESSAGE_BYTES) {
    this.#splitter = new JsonSplitter(maxBytes);
  }

  /**
   * Takes what came from the monitor.
   *
   * @returns The messages that have ended in it. An answer has the number of a command that was made.
   * @throws {QmpError} `protocol` if it is not QMP. The session must not be used then.
   */
  push(bytes: Uint8Array): QmpMessage[] {
    return this.#splitter.push(bytes).map((text) => {
      const message = readQmpMessage(text);
      this.#expect(message, text);
      return message;
    });
  }

  /** A command for the monitor. */
  command(name: string, args: JsonObject = {}): OutgoingCommand {
    const id = ++this.#commands;
    return { id, bytes: new TextEncoder().encode(`${JSON.stringify({ execute: name, arguments: args, id })}\n`) };
  }

  #expect(message: QmpMessage, text: string): void {
    // One who connects while QEMU still starts may be greeted twice.
    if (message.kind === "greeting") this.#isGreeted = true;
    if (!this.#isGreeted) {
      throw new QmpError("protocol", `Cannot read the monitor: no greeting, but ${text.slice(0, 100)}`);
    }
    if (message.kind !== "answer" && message.kind !== "refusal") return;
    const { id } = message;
    if (id === undefined || !Number.isInteger(id) || id < 1 || id > this.#commands) {
      throw new QmpError("protocol", `Cannot read the monitor: nothing was asked for ${text.slice(0, 200)}`);
    }
  }
}
