import { concat } from "@std/bytes/concat";
import { type Io, makeOutput } from "./io.ts";

/** An {@linkcode Io} that keeps what is written. */
export interface MemoryIo extends Io {
  /** What went to standard output, so far as flushed. */
  out(): string;
  /** What went to standard error. */
  err(): string;
  /** What went to standard output, as bytes. */
  outBytes(): Uint8Array;
}

/** How a {@linkcode memoryIo} differs from a pipe with nothing set. */
export interface MemoryIoOptions {
  /** Whether both outputs are terminals; they are then coloured unless `NO_COLOR` is in `env`. */
  isTerminal?: boolean;
  /** Columns of the terminal. */
  columns?: number;
  /** The environment. */
  env?: Readonly<Record<string, string>>;
  /** Lines that the user types. */
  lines?: readonly string[];
  /** Stands for SIGINT. */
  interrupt?: AbortSignal;
}

/**
 * Makes an {@linkcode Io} for tests of commands.
 *
 * @param options How it differs from a pipe.
 * @returns The io.
 *
 * @example Usage
 * ```ts
 * import { memoryIo } from "./memory_io.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const io = memoryIo();
 * io.stdout.line("done");
 * assertEquals(io.out(), "done\n");
 * ```
 */
export function memoryIo(options: MemoryIoOptions = {}): MemoryIo {
  const { isTerminal = false, env = {} } = options;
  const coloured = isTerminal && !env["NO_COLOR"];
  const lines = [...options.lines ?? []];
  const chunks: { out: Uint8Array[]; err: Uint8Array[] } = { out: [], err: [] };
  const keep = (list: Uint8Array[]) => ({
    isTerminal: () => isTerminal,
    writeSync: (bytes: Uint8Array): number => (list.push(bytes.slice()), bytes.length),
  });
  const stdout = makeOutput(keep(chunks.out), coloured);
  const outBytes = (): Uint8Array => {
    stdout.flush();
    return concat(chunks.out);
  };
  return {
    stdout,
    stderr: makeOutput(keep(chunks.err), coloured, 0),
    env: (name) => env[name],
    columns: () => options.columns,
    readLine: () => Promise.resolve(lines.shift() ?? null),
    interrupt: options.interrupt ?? new AbortController().signal,
    out: () => new TextDecoder().decode(outBytes()),
    err: () => new TextDecoder().decode(concat(chunks.err)),
    outBytes,
  };
}
