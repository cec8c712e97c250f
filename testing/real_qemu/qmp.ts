import { TextLineStream } from "@std/streams/text-line-stream";
import { within } from "./deadline.ts";

/** What a command is given. */
export type Arguments = { readonly [name: string]: unknown };

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

const CALL_LIMIT = 20_000;

/** A QMP connection that asks and gets answers, one at a time; events are passed over. */
export class Qmp {
  readonly #conn: Deno.UnixConn;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(conn: Deno.UnixConn) {
    this.#conn = conn;
    this.#lines = conn.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    this.#writer = conn.writable.getWriter();
  }

  /** Connects to a QEMU's monitor, and makes it take commands. */
  static async connect(path: string): Promise<Qmp> {
    const qmp = new Qmp(await Deno.connect({ transport: "unix", path }));
    await within(CALL_LIMIT, "the greeting of QMP", qmp.#lines.read());
    await qmp.call("qmp_capabilities");
    return qmp;
  }

  /** What the command returns. Throws with QEMU's words if it is refused. */
  async call(execute: string, args: Arguments = {}): Promise<unknown> {
    const message = JSON.stringify({ execute, arguments: args });
    await this.#writer.write(new TextEncoder().encode(message + "\n"));
    const answer = await within(CALL_LIMIT, execute, this.#answer());
    if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
    return answer.return;
  }

  async #answer(): Promise<Answer> {
    while (true) {
      const { value } = await this.#lines.read();
      if (value === undefined) throw new Error("QEMU has closed its monitor");
      const answer: Answer | { readonly event: string } = JSON.parse(value);
      // One who connects while QEMU still starts may be greeted twice.
      if (!("event" in answer) && !("QMP" in answer)) return answer;
    }
  }

  /** Lets go of the connection. */
  close(): void {
    try {
      this.#conn.close();
    } catch (error) {
      // A stream that has seen the end has closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
