import { within } from "../real_qemu/deadline.ts";

/** An answer of the agent. */
export type Answer = { readonly [field: string]: unknown };

/** Longer than the agent itself waits for a QEMU to start. */
const CALL_LIMIT = 90_000;

/** Asks the lab's agent. `testdata/vfio-lab/README.md` says what it can be asked for. */
export class Agent {
  readonly #port: number;

  /** The agent behind a port of 127.0.0.1. */
  constructor(port: number) {
    this.#port = port;
  }

  /** What it answers. Throws with its words if it refuses. */
  async call(action: string, request: Answer = {}): Promise<Answer> {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    const answer = await within(
      CALL_LIMIT,
      `the lab to answer "${action}"`,
      exchange(conn, { ...request, do: action }),
    );
    if (answer.ok !== true) throw new Error(`Cannot ${action} in the lab: ${answer.error}`);
    return answer;
  }
}

async function exchange(conn: Deno.Conn, request: Answer): Promise<Answer> {
  const bytes = new TextEncoder().encode(JSON.stringify(request) + "\n");
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 16);
  while (!text.endsWith("\n")) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("Cannot hear the lab's agent: it has closed the connection");
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return JSON.parse(text);
}
