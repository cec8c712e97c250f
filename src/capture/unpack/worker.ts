/**
 * Decompressors are asynchronous, here and as programs; reading a capture is not. So one runs in a worker, and whoever
 * reads waits for it: the two take turns with one block of shared memory.
 *
 * @module
 */

/** What the worker is told at its start. */
export interface Task {
  /** Words of {@linkcode TURN} and the following, then the block. */
  readonly memory: SharedArrayBuffer;
  /** What unpacks: a decompressor of the runtime, or a program that is called with `-dc`. */
  readonly by: { readonly runtime: "gzip" | "zstd" } | { readonly program: string };
}

/** The worker's reasons to give the turn back. */
export const ASKS = { input: 1, output: 2, end: 3, failure: 4 } as const;

/** Whose turn it is: 0 the reader's, 1 the worker's; 2 when the reader wants no more. */
export const TURN = 0;
/** Why the worker gave the turn back: one of {@linkcode ASKS}. */
export const ASK = 1;
/** Bytes in the block. */
export const LENGTH = 2;
/** The input that is in the block is the last of a frame: what follows needs a fresh decompressor. */
export const LAST = 3;
/** Bytes of these words. */
export const WORDS_BYTES = 16;

/**
 * The worker. Its text is what the worker is made from, so that it needs no file of its own in a bundle: it must use
 * nothing that is not in it.
 */
export function unpackWorker(): void {
  const scope = globalThis as unknown as { onmessage: (event: { data: Task }) => void; close(): void };

  scope.onmessage = async ({ data: { memory, by } }): Promise<void> => {
    const words = new Int32Array(memory, 0, 4);
    const block = new Uint8Array(memory, 16);

    /** Gives the turn to the reader, and waits for it; does nothing when the reader wants no more. */
    const ask = (why: number, length: number): void => {
      words[1] = why;
      words[2] = length;
      Atomics.compareExchange(words, 0, 1, 0);
      Atomics.notify(words, 0);
      // The other side's last notice can come late, and wake this one although nothing has changed.
      while (Atomics.load(words, 0) === 0) Atomics.wait(words, 0, 0);
    };
    /** The next input; empty at its end. */
    const input = (): { bytes: Uint8Array; last: boolean } => {
      ask(1, 0);
      if (Atomics.load(words, 0) === 2) return { bytes: new Uint8Array(0), last: false };
      return { bytes: block.slice(0, words[2]), last: words[3] === 1 };
    };
    const output = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += block.length) {
        const part = bytes.subarray(at, at + block.length);
        block.set(part);
        ask(2, part.length);
      }
    };

    /** One decompressor for each frame of the input. */
    const byRuntime = async (name: "gzip" | "zstd"): Promise<void> => {
      const zlib = process.getBuiltinModule("node:zlib");
      for (let next = input(); next.bytes.length > 0 || next.last;) {
        const unpacker = name === "gzip" ? zlib.createGunzip() : zlib.createZstdDecompress();
        unpacker.on("data", output);
        const finished = new Promise<void>((resolve, reject) => {
          unpacker.on("end", resolve);
          unpacker.on("error", reject);
        });
        // It is awaited below; until then an error must not count as one that nobody takes.
        finished.catch(() => {});
        for (;;) {
          const { bytes, last } = next;
          if (bytes.length > 0) {
            await Promise.race([new Promise((resolve) => unpacker.write(bytes, resolve)), finished]);
          }
          next = input();
          if (last || (next.bytes.length === 0 && !next.last)) break;
        }
        unpacker.end();
        await finished;
      }
    };

    const byProgram = async (program: string): Promise<void> => {
      const child = new Deno.Command(program, { args: ["-dc"], stdin: "piped", stdout: "piped", stderr: "piped" })
        .spawn();
      const feed = async (): Promise<void> => {
        const writer = child.stdin.getWriter();
        try {
          for (let next = input(); next.bytes.length > 0; next = input()) {
            await writer.write(next.bytes as Uint8Array<ArrayBuffer>);
          }
          await writer.close();
        } catch {
          // It went away: its exit code and its words say why.
        }
      };
      const fed = feed();
      const said = new Response(child.stderr).text();
      for await (const bytes of child.stdout) output(bytes);
      const { success } = await child.status;
      await fed;
      if (!success) throw new Error((await said).trim() || `${program} failed`);
    };

    try {
      if ("runtime" in by) await byRuntime(by.runtime);
      else await byProgram(by.program);
      ask(3, 0);
    } catch (error) {
      const { name, message } = error as Error;
      const text = new TextEncoder().encode(`${name}\n${message}`).subarray(0, block.length);
      block.set(text);
      ask(4, text.length);
    }
    // A worker that waits cannot be ended from outside: it must end by itself.
    scope.close();
  };
}
