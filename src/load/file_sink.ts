import type { DeviceSink } from "./sinks.ts";

/**
 * Writes the state to one file and the config to another. Existing files are not overwritten.
 *
 * @example
 * ```ts
 * import { FileSink, openCapture } from "@migwire/migwire/capture";
 * import { loadReport } from "@migwire/migwire/load";
 *
 * // Writes the state of each device of a capture into files.
 * async function keepStates(path: string): Promise<void> {
 *   const capture = openCapture(path);
 *   try {
 *     await loadReport(capture, {
 *       sink: (idstr) => {
 *         const name = idstr.replaceAll(/[/:]/g, "_");
 *         return new FileSink(`${name}.state`, `${name}.config`);
 *       },
 *     });
 *   } finally {
 *     capture.close();
 *   }
 * }
 * ```
 */
export class FileSink implements DeviceSink {
  readonly #state: Deno.FsFile;
  readonly #configPath: string;

  /** Opens `statePath`; the config goes to `configPath` when it comes. */
  constructor(statePath: string, configPath: string) {
    this.#state = Deno.openSync(statePath, { write: true, createNew: true });
    this.#configPath = configPath;
  }

  /** Takes the next bytes. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#state.writeSync(bytes.subarray(at));
  }

  /** Takes the config blob. */
  config(blob: Uint8Array): void {
    Deno.writeFileSync(this.#configPath, blob, { createNew: true });
  }

  /** Closes the file. */
  close(): void {
    this.#state.close();
  }
}
