import type { ReadChannel } from "../../capture/values.ts";
import type { BaseRecord, CommandRecord, ShortSectionRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import type { Place } from "./place.ts";
import type { MigrationPhase } from "./model.ts";

/** A phase whose times are not known yet. */
export interface PhaseDraft extends Omit<MigrationPhase, "from" | "to"> {
  /** Where it begins. */
  readonly from: Place;
  /** Where it ends. */
  to: Place;
}

type Iteration = PhaseDraft & { sections: number };

/** RAM sections that are marked one by one; if there are more, neighbours are taken together. */
const ITERATION_LIMIT = 128;

const COMMANDS_OF_STOP: readonly number[] = [MIG_CMD.SWITCHOVER_START, MIG_CMD.PACKAGED];

/** Finds the phases of a migration in its main channel, and in those that went on where it broke off. */
export class PhaseTally {
  readonly #iterations: Iteration[] = [];
  /** RAM sections that one iteration stands for. */
  #together = 1;
  #parts = 0;
  #current: Iteration | undefined;
  #start: Place | undefined;
  #last: Place | undefined;
  #setupEnd: Place | undefined;
  /** Where the guest was stopped, as far as the stream shows it. */
  #stop: Place | undefined;
  #switchoverStart: Place | undefined;
  #lastIterable: Place | undefined;
  #isIterable = false;
  #run: Place | undefined;
  #eof: Place | undefined;

  /** Looks at a record of a main or recovery channel. */
  add(record: BaseRecord, { channel: { index: connection, direction } }: ReadChannel): void {
    const before: Place = { connection, direction, offset: record.offset };
    const after: Place = { connection, direction, offset: record.offset + record.length };
    this.#start ??= before;
    switch (record.kind) {
      case "section-start":
        this.#leave();
        this.#isIterable = true;
        break;
      case "section-part":
        this.#leave();
        this.#isIterable = true;
        this.#setupEnd ??= before;
        if ((record as ShortSectionRecord).idstr === "ram") this.#iterate(before, after);
        break;
      case "section-end":
        this.#leave();
        this.#stopAt(before);
        break;
      case "section-full":
        this.#leave();
        // Some devices are set up early, with a section of their own.
        if (this.#setupEnd !== undefined) this.#stopAt(before);
        break;
      case "command":
        this.#leave();
        this.#command(record as CommandRecord, before, after);
        break;
      case "eof":
        this.#leave();
        this.#setupEnd ??= before;
        this.#eof = after;
        break;
    }
    if (this.#eof === undefined || record.kind === "eof") this.#last = after;
    if (this.#current !== undefined) this.#current.to = after;
    if (this.#isIterable && this.#stop === undefined) this.#lastIterable = after;
  }

  #leave(): void {
    this.#current = undefined;
    this.#isIterable = false;
  }

  #command({ command }: CommandRecord, before: Place, after: Place): void {
    if (COMMANDS_OF_STOP.includes(command)) this.#stopAt(before);
    if (command === MIG_CMD.SWITCHOVER_START) this.#switchoverStart ??= after;
    if (command === MIG_CMD.POSTCOPY_RUN) this.#run ??= after;
  }

  #stopAt(place: Place): void {
    this.#setupEnd ??= place;
    this.#stop ??= place;
  }

  #iterate(from: Place, to: Place): void {
    const number = ++this.#parts;
    const before = this.#iterations.at(-1);
    if (before !== undefined && before.sections < this.#together) {
      before.sections++;
      this.#current = before;
      return;
    }
    this.#current = { name: "iteration", number, sections: 1, from, to };
    this.#iterations.push(this.#current);
    if (this.#iterations.length > ITERATION_LIMIT) this.#thin();
  }

  /** Puts neighbours together, so that half as many are left. */
  #thin(): void {
    this.#together *= 2;
    const all = this.#iterations.splice(0);
    for (let i = 0; i < all.length; i += 2) {
      const [first, second] = [all[i], all[i + 1]];
      if (first === undefined) break;
      if (second !== undefined) {
        first.sections += second.sections;
        first.to = second.to;
      }
      this.#iterations.push(first);
    }
    this.#current = this.#iterations.at(-1);
  }

  /** Where the guest's standing still begins, and what says so; undefined if it was not stopped. */
  get downtime(): { readonly from: "switchover-start" | "last-iterable"; readonly place: Place } | undefined {
    if (this.#switchoverStart !== undefined) return { from: "switchover-start", place: this.#switchoverStart };
    const place = this.#lastIterable;
    return this.#stop === undefined || place === undefined ? undefined : { from: "last-iterable", place };
  }

  /** Whether the guest had been stopped when the last record was read. */
  get isStopped(): boolean {
    return this.#stop !== undefined;
  }

  /** Where EOF was read; undefined if it was not. */
  get eof(): Place | undefined {
    return this.#eof;
  }

  /** The phases, in stream order. */
  get phases(): PhaseDraft[] {
    const [start, last] = [this.#start, this.#last];
    if (start === undefined || last === undefined) return [];
    const phase = (name: MigrationPhase["name"], from: Place | undefined, to: Place): PhaseDraft[] =>
      from === undefined ? [] : [{ name, from, to }];
    return [
      ...phase("setup", start, this.#setupEnd ?? last),
      ...this.#iterations,
      ...phase("switchover", this.#stop, this.#run ?? last),
      ...phase("postcopy", this.#run, last),
      ...(this.#eof === undefined ? [] : phase("end", this.#eof, this.#eof)),
    ];
  }
}
