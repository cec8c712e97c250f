import { type CaptureRecorder, recordInto } from "../../src/record/mod.ts";

/** What a replay writes, if it writes. */
export class Recordings {
  readonly #directory: string | undefined;
  readonly #name: string;
  #recorder: CaptureRecorder | undefined;
  #isEmpty = true;

  /** Nothing is written yet. */
  constructor(directory: string | undefined, name: string) {
    this.#directory = directory?.replace(/(?<=.)\/+$/, "");
    this.#name = name;
  }

  /** Whether something is to be written. */
  get isWanted(): boolean {
    return this.#directory !== undefined;
  }

  /**
   * Begins.
   *
   * @throws {RecordError} If the directory cannot be made.
   */
  begin(): CaptureRecorder {
    const name = this.#name;
    const recorder = recordInto(this.#directory ?? "", { name, about: `${name}, as migwire replayed it` });
    this.#recorder = recorder;
    const open = (): number => {
      this.#isEmpty = false;
      return recorder.open();
    };
    return {
      open,
      received: (...what) => recorder.received(...what),
      ended: (...what) => recorder.ended(...what),
      close: () => recorder.close(),
    };
  }

  /** It is over. What is empty is taken away again. */
  end(): void {
    this.#recorder?.close();
    if (this.#recorder !== undefined && this.#isEmpty) Deno.removeSync(this.#directory ?? "", { recursive: true });
    this.#recorder = undefined;
  }
}
