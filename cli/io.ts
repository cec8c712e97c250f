import { EXIT } from "./exit.ts";
import { makeStyle, type Style } from "./style.ts";
import { type Sink, Writer } from "./writer.ts";

/** Standard output or error, as a command sees it. */
export interface Output {
  /** Writes text as it is. */
  write(text: string): void;
  /** Writes a line. */
  line(text?: string): void;
  /** Writes raw bytes after the text before them. */
  bytes(bytes: Uint8Array): void;
  /** Writes what is still kept. */
  flush(): void;
  /** Whether a person looks at it: progress and raw bytes depend on that. */
  readonly isTerminal: boolean;
  /** Its colours; none unless it is a terminal and `NO_COLOR` is not set. */
  readonly style: Style;
}

/** All that a command touches besides captures, so that tests can give it their own. */
export interface Io {
  /** Results. */
  readonly stdout: Output;
  /** Progress and diagnostics. */
  readonly stderr: Output;
  /**
   * An environment variable, or `undefined` if it is not set or may not be read.
   *
   * @param name Its name.
   */
  env(name: string): string | undefined;
  /** Columns of the terminal that results go to; undefined if they do not go to one. */
  columns(): number | undefined;
  /** Waits for a line that the user types on standard input; null at the end of the input, or when `signal` is aborted. */
  readLine(signal?: AbortSignal): Promise<string | null>;
  /**
   * Aborted by SIGINT, SIGTERM or SIGHUP, with an `AbortError`; a command that throws it on ends with 130. Asking for it takes the signals over: the command must then end by itself and leave nothing half
   * written. Only for commands that wait: a handler would never run inside a synchronous loop, which without it simply
   * ends.
   */
  readonly interrupt: AbortSignal;
}

/**
 * The {@linkcode Io} of this process.
 *
 * @returns Standard output and error, the environment and the signals.
 */
export function processIo(): Io {
  let interrupt: AbortSignal | undefined;
  return {
    stdout: makeOutput(Deno.stdout, Deno.stdout.isTerminal() && !Deno.noColor),
    // Not buffered: what goes wrong should be seen at once.
    stderr: makeOutput(Deno.stderr, Deno.stderr.isTerminal() && !Deno.noColor, 0),
    env: readEnvironment,
    columns: terminalColumns,
    readLine: lineReader(),
    get interrupt(): AbortSignal {
      return interrupt ??= takeInterrupts();
    },
  };
}

/**
 * Makes an output.
 *
 * @param sink Where the bytes go.
 * @param coloured Whether its style colours.
 * @param bufferLength As for {@linkcode Writer}.
 * @returns The output.
 */
export function makeOutput(
  sink: Sink & { isTerminal(): boolean },
  coloured: boolean,
  bufferLength?: number,
): Output {
  const writer = new Writer(sink, bufferLength);
  return Object.assign(writer, { isTerminal: sink.isTerminal(), style: makeStyle(coloured) });
}

function readEnvironment(name: string): string | undefined {
  // Asked first, so that no prompt appears and a run without the permission is like one without the variable.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

function terminalColumns(): number | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  try {
    return Deno.consoleSize().columns;
  } catch {
    // Some terminals do not say.
    return undefined;
  }
}

/** Reads standard input line by line. A line that nobody waits for any more is there for whoever asks next. */
function lineReader(): Io["readLine"] {
  let lines: ReadableStreamDefaultReader<string> | undefined;
  let next: Promise<ReadableStreamReadResult<string>> | undefined;
  return async (signal) => {
    // Only who asks for a line needs it.
    const { TextLineStream } = await import("@std/streams/text-line-stream");
    lines ??= Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    next ??= lines.read();
    const stopped = new Promise<undefined>((resolve) => {
      if (signal?.aborted) resolve(undefined);
      signal?.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const result = await Promise.race([next, stopped]);
    if (result === undefined) return null;
    next = undefined;
    return result.value ?? null;
  };
}

function takeInterrupts(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    // The second time somebody is in earnest.
    if (controller.signal.aborted) Deno.exit(EXIT.interrupted);
    controller.abort(new DOMException("Interrupted", "AbortError"));
  };
  // What was started, and what is half written, has to be cleared away whoever ends us.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, interrupt);
  return controller.signal;
}
