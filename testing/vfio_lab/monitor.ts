import { TextLineStream } from "@std/streams/text-line-stream";
import { until, within } from "../real_qemu/deadline.ts";
import { writeAll } from "../write_all.ts";

const CALL_LIMIT = 30_000;
const MIGRATION_LIMIT = 60_000;

/** Capabilities and parameters, by QEMU's names. */
export interface MigrationSettings {
  /** On or off. */
  readonly capabilities: { readonly [name: string]: boolean };
  /** Numbers and words. */
  readonly parameters: { readonly [name: string]: unknown };
}

/** The monitor of a QEMU in the lab, asked one thing at a time. Events are passed over. */
export class Monitor {
  readonly #conn: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#lines = conn.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  /** Connects to `tcp:127.0.0.1:PORT`, and makes it take commands. */
  static async connect(address: string): Promise<Monitor> {
    const monitor = new Monitor(await Deno.connect({ hostname: "127.0.0.1", port: portOf(address) }));
    await within(CALL_LIMIT, "the greeting of QMP", monitor.#lines.read());
    await monitor.call("qmp_capabilities");
    return monitor;
  }

  /** What the command returns. Throws with QEMU's words if it is refused. */
  async call(execute: string, args: { readonly [name: string]: unknown } = {}): Promise<unknown> {
    await writeAll(this.#conn, new TextEncoder().encode(JSON.stringify({ execute, arguments: args }) + "\n"));
    return await within(CALL_LIMIT, execute, this.#answer(execute));
  }

  /** Sets capabilities and parameters. */
  async set({ capabilities, parameters }: MigrationSettings): Promise<void> {
    await this.call("migrate-set-capabilities", {
      capabilities: Object.entries(capabilities).map(([capability, state]) => ({ capability, state })),
    });
    await this.call("migrate-set-parameters", parameters);
  }

  /** How the migration ended: `completed`, or QEMU's words. */
  async end(): Promise<string> {
    return await until(MIGRATION_LIMIT, "the migration to end", async () => {
      const { status, "error-desc": error } = await this.call("query-migrate") as { [field: string]: unknown };
      if (status === "failed") return String(error);
      return status === "completed" ? status : undefined;
    });
  }

  /** Lets go of the connection. */
  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch (error) {
      // A stream that has seen the end has closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #answer(execute: string): Promise<unknown> {
    while (true) {
      const { value } = await this.#lines.read();
      if (value === undefined) throw new Error(`${execute}: QEMU has closed its monitor`);
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
      if ("return" in answer) return answer.return;
    }
  }
}

/** PORT of `tcp:HOST:PORT`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
