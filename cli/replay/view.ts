import type { Capture } from "../../src/public/capture.ts";
import type { EmitPhase } from "../../src/public/emit.ts";
import type { ReplayNotice, ReplayPrelude } from "../../src/public/replay.ts";
import { LiveView } from "../live_view.ts";
import { formatBytes, type Io, printable } from "../terminal.ts";
import { preludeText } from "./text.ts";

/** Says what is known before a replay, and, on standard error, how it goes on. */
export class ReplayView {
  readonly #io: Io;
  readonly #capture: Pick<Capture, "name">;
  readonly #view: LiveView;
  readonly #quiet: boolean;
  readonly #looksOnly: boolean;
  #phase = "connecting";
  #status = "";
  /** The user has ended the input: no more questions. */
  #goesOn = false;

  /** A view of the replay of `capture`; `quiet`: nothing of it is a result; `looksOnly`: the target is only looked at. */
  constructor(io: Io, capture: Pick<Capture, "name">, quiet: boolean, looksOnly: boolean) {
    this.#io = io;
    this.#capture = capture;
    this.#quiet = quiet;
    this.#looksOnly = looksOnly;
    this.#view = new LiveView(io.stderr);
  }

  /** Something happened. */
  notice(notice: ReplayNotice): void {
    switch (notice.kind) {
      case "prelude":
        if (!this.#quiet) this.#prelude(notice.prelude);
        break;
      case "phase":
        this.#phase = notice.name;
        break;
      case "sent":
        this.#phase = "all is sent, the target is waited for";
        break;
      case "status":
        this.#status = notice.status;
        break;
      case "sending": {
        const { planned, sent } = notice;
        this.#view.show((rate) => [this.#line(sent(), planned, rate(sent()))]);
      }
    }
  }

  /** Waits for the user before a phase. */
  async step(phase: EmitPhase, name: string): Promise<void> {
    if (this.#goesOn) return;
    this.#view.line(`next: ${name} (${phase}); Enter goes on, the end of input (Ctrl-D) goes on to the end`);
    if (await this.#io.readLine(this.#io.interrupt) === null) this.#goesOn = true;
  }

  /** It is over. */
  end(): void {
    this.#view.close();
  }

  /** Said before the first byte is sent. */
  #prelude(prelude: ReplayPrelude): void {
    const { stdout } = this.#io;
    for (const line of preludeText(this.#capture.name, prelude, stdout.style, this.#looksOnly)) stdout.line(line);
    stdout.flush();
  }

  #line(sent: number, planned: number, rate: number): string {
    const share = planned === 0 ? 100 : Math.floor(sent * 100 / planned);
    const status = this.#status === "" ? "" : `, the target is ${printable(this.#status)}`;
    return `${share} % of ${formatBytes(planned)}, ${formatBytes(Math.round(rate))}/s: ${
      printable(this.#phase)
    }${status}`;
  }
}
