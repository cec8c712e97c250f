import type { EmitTap } from "../../src/public/emit.ts";
import { type CaptureRecorder, recordInto } from "../../src/public/record.ts";

/** A capture of what a replay sends. */
export class ReplayRecording {
  readonly #directory: string;
  readonly #name: string;
  #recorder: CaptureRecorder | undefined;
  #isEmpty = true;

  /** Nothing is written yet; `name` is that of the capture that is sent. */
  constructor(directory: string, name: string) {
    this.#directory = directory.replace(/(?<=.)\/+$/, "");
    this.#name = name;
  }

  /**
   * Begins.
   *
   * @returns What sees the bytes.
   * @throws {RecordError} If the directory cannot be made.
   */
  begin(): EmitTap {
    const name = this.#name;
    const recorder = recordInto(this.#directory, { name, about: `${name}, as migwire replayed it` });
    this.#recorder = recorder;
    return {
      open: (): number => {
        this.#isEmpty = false;
        return recorder.open();
      },
      received: (...what) => recorder.received(...what),
      ended: (...what) => recorder.ended(...what),
    };
  }

  /** It is over. What is empty is taken away again. */
  end(): void {
    if (this.#recorder === undefined) return;
    this.#recorder.close();
    this.#recorder = undefined;
    if (this.#isEmpty) Deno.removeSync(this.#directory, { recursive: true });
  }
}
