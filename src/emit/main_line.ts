import type { BaseRecord, CommandRecord, LongSectionRecord, ShortSectionRecord } from "../stream/mod.ts";
import { commandName, MIG_CMD } from "../wire/mod.ts";
import { type Item, itemOf, type ItemOptions, joins } from "./item.ts";
import type { EmitPhase, Mark, Stretch } from "./stretch.ts";

interface Draft {
  name: string;
  phase?: EmitPhase;
  readonly marks: Mark[];
  readonly items: Item[];
}

/**
 * Cuts a main, recovery or preempt channel into stretches, at each place where it waits for something or another phase
 * begins. Without changes a stretch is one range of the channel, whatever its length.
 */
export class MainLine {
  readonly #options: ItemOptions;
  readonly #stretches: Draft[] = [];
  #iterations = 0;
  #bitmaps = 0;
  #phase: EmitPhase | undefined;
  /** PINGs so far. */
  pings = 0;
  /** INIT_DATA_SENT: some device needs an acknowledgement before the guest stops. */
  needsAck = false;

  /** A line of the channel in `options`. */
  constructor(options: ItemOptions) {
    this.#options = options;
  }

  /** Takes the next record. */
  add(record: BaseRecord): void {
    this.#cut(record);
    const item = itemOf(record, this.#options);
    let last = this.#stretches.at(-1);
    if (last === undefined) {
      last = { name: "begin", marks: [], items: [] };
      this.#stretches.push(last);
    }
    const before = last.items.at(-1);
    if (before !== undefined && joins(before, item)) {
      last.items[last.items.length - 1] = { ...before, length: before.length + item.length };
    } else last.items.push(item);
    this.#after(record);
  }

  /** The stretches. */
  get stretches(): readonly Stretch[] {
    return this.#stretches;
  }

  #begin(name: string, phase?: EmitPhase, ...marks: readonly Mark[]): void {
    const isNew = phase !== undefined && (phase !== this.#phase || phase === "iteration");
    if (phase !== undefined) this.#phase = phase;
    this.#stretches.push({ name, ...(isNew ? { phase } : {}), marks: [...marks], items: [] });
  }

  #cut(record: BaseRecord): void {
    switch (record.kind) {
      case "file-header":
        return this.#begin("setup", "setup");
      case "section-part":
        if ((record as ShortSectionRecord).idstr !== "ram") return;
        if (this.#phase === "postcopy") return this.#afterPackage();
        return this.#begin(`RAM iteration ${++this.#iterations}`, "iteration");
      case "section-end":
        return this.#stop(`END section of ${(record as ShortSectionRecord).idstr ?? "?"}`);
      case "section-full":
        if (this.#phase === "postcopy" || this.#phase === "devices") return;
        return this.#begin(`FULL section of ${(record as LongSectionRecord).idstr}`, "devices");
      case "ram-multifd-flush":
        return this.#begin("MULTIFD_FLUSH", undefined, { kind: "barrier", style: "round" });
      case "ram-eos":
        if (this.#phase === "postcopy") return;
        return this.#begin("end of a RAM section", undefined, { kind: "barrier", style: "section" });
      case "eof":
        return this.#begin("EOF", "end");
      case "command":
        return this.#cutAtCommand((record as CommandRecord).command);
    }
  }

  /** Pages in postcopy: what waits for postcopy to begin need not wait for them. */
  #afterPackage(): void {
    if (this.#stretches.at(-1)?.marks.some(({ kind }) => kind === "package")) this.#begin("RAM in postcopy");
  }

  /** The first END section of a stream without SWITCHOVER_START is where its guest stopped. */
  #stop(name: string): void {
    if (this.#phase === "setup" || this.#phase === "iteration") this.#begin(name, "switchover", { kind: "stop" });
  }

  #cutAtCommand(command: number): void {
    switch (command) {
      case MIG_CMD.SWITCHOVER_START:
        return this.#begin(commandName(command), "switchover", { kind: "stop" }, { kind: "switchover-start" });
      case MIG_CMD.PACKAGED:
        return this.#begin(commandName(command), "postcopy", { kind: "stop" }, { kind: "package" });
      case MIG_CMD.POSTCOPY_RESUME:
        return this.#begin(commandName(command), "recovery", {
          kind: "await",
          message: "recv-bitmap",
          count: this.#bitmaps,
        });
    }
  }

  /** What the record asks for: whatever follows waits for it. */
  #after(record: BaseRecord): void {
    if (record.kind === "vfio-init-data-sent") this.needsAck = true;
    if (record.kind !== "command") return;
    const { command } = record as CommandRecord;
    if (command === MIG_CMD.PING) this.pings++;
    if (command === MIG_CMD.RECV_BITMAP) this.#bitmaps++;
    if (command === MIG_CMD.POSTCOPY_RESUME) {
      this.#begin("after POSTCOPY_RESUME", "postcopy", { kind: "await", message: "resume-ack", count: 1 });
    }
  }
}
