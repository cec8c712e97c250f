import { closeQuietly } from "../../src/net/mod.ts";
import { writeAll } from "../write_all.ts";

type Event = { readonly t: number; readonly ch: number; readonly [field: string]: unknown };

/**
 * Stands between a source and a destination, and writes what either sends into a capture directory (the format is
 * `migwire-capture/1`). Bytes are in their file before they go on.
 */
export class Relay {
  readonly #folder: string;
  readonly #to: string;
  readonly #listener: Deno.Listener<Deno.UnixConn>;
  readonly #start = performance.now();
  readonly #events: Event[] = [];
  readonly #open = new Set<Deno.UnixConn>();
  readonly #pumps: Promise<void>[] = [];
  #channels = 0;
  readonly #accepting: Promise<void>;

  /**
   * Listens at once.
   *
   * @param from Path of the socket to listen on.
   * @param to Path of the socket that the connections go to.
   * @param folder The capture directory; it exists.
   */
  constructor(from: string, to: string, folder: string) {
    this.#to = to;
    this.#folder = folder;
    this.#listener = Deno.listen({ transport: "unix", path: from });
    this.#accepting = this.#accept();
    // Whoever waits for the end is told; whoever closes it before does not mind.
    this.#accepting.catch(() => {});
  }

  /** Waits for all connections to be closed, and writes `events.jsonl`. */
  async finish(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#pumps);
    this.close();
    const lines = this.#events.map((event) => JSON.stringify(event) + "\n");
    await Deno.writeTextFile(`${this.#folder}/events.jsonl`, lines.join(""));
  }

  /** Closes everything, whatever is under way. */
  close(): void {
    for (const resource of [this.#listener, ...this.#open]) closeQuietly(resource);
  }

  /** One connection after the other, so that the destination sees them in the order in which they were opened. */
  async #accept(): Promise<void> {
    for await (const source of this.#listener) {
      this.#open.add(source);
      const destination = await Deno.connect({ transport: "unix", path: this.#to });
      this.#open.add(destination);
      const channel = this.#channels++;
      this.#note({ ch: channel, ev: "open" });
      this.#pumps.push(
        this.#pump(channel, "s2d", source, destination),
        this.#pump(channel, "d2s", destination, source),
      );
    }
  }

  #note(event: Omit<Event, "t">): void {
    this.#events.push({ t: Math.round((performance.now() - this.#start) * 1e6), ...event } as Event);
  }

  async #pump(ch: number, dir: string, from: Deno.UnixConn, to: Deno.UnixConn): Promise<void> {
    const path = `${this.#folder}/channel-${String(ch).padStart(2, "0")}.${dir}`;
    const buffer = new Uint8Array(1 << 18);
    let off = 0;
    let file: Deno.FsFile | undefined;
    try {
      for (let length: number | null; (length = await from.read(buffer)) !== null; off += length) {
        file ??= await Deno.open(path, { write: true, create: true });
        const bytes = buffer.subarray(0, length);
        await writeAll(file, bytes);
        this.#note({ ch, dir, off, len: length });
        await writeAll(to, bytes);
      }
      this.#note({ ch, dir, ev: "end", off });
      // Whoever has closed both directions has no more to be told.
      await to.closeWrite().catch(() => {});
    } catch (error) {
      this.#note({ ch, dir, ev: "reset", off, error: String(error) });
      closeQuietly(from);
      closeQuietly(to);
    } finally {
      file?.close();
    }
  }
}
