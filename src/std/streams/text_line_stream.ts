/** Options for {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** Whether a lone carriage return ends a line too. Default `false`. */
  allowCR?: boolean;
}

/**
 * Cuts a stream of strings into lines, without their `\n` or `\r\n`.
 *
 * @example Usage
 * ```ts
 * import { TextLineStream } from "@std/streams/text-line-stream";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = ReadableStream.from(["a\r", "\nb\n", "c"]).pipeThrough(new TextLineStream());
 * assertEquals(await Array.fromAsync(lines), ["a", "b", "c"]);
 * ```
 */
export class TextLineStream extends TransformStream<string, string> {
  /**
   * Makes a stream that cuts lines.
   *
   * @param options What ends a line.
   */
  constructor(options: TextLineStreamOptions = { allowCR: false }) {
    // A `\r` at the end of what has come may be half of `\r\n`: it waits for the next chunk.
    const ending = options.allowCR ? /\r\n|\n|\r(?!$)/ : /\r?\n/;
    let rest = "";
    super({
      transform(chunk, controller): void {
        const lines = (rest + chunk).split(ending);
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller): void {
        if (rest === "") return;
        controller.enqueue(
          options.allowCR && rest.endsWith("\r") ? rest.slice(0, -1) : rest,
        );
      },
    });
  }
}
