import { type ByteSource, type ReadChannel, recordBatches } from "../../capture/values.ts";
import { type BaseRecord, ChannelParser, type Grammar, type TruncatedRecord } from "../../stream/mod.ts";
import { type Finding, inWordsOf } from "../../wire/mod.ts";

/** What comes next on a channel. */
export type Item =
  /** A record. */
  | { readonly kind: "record"; readonly record: BaseRecord }
  /** An error that the parser found: a destination does not go on after it. */
  | { readonly kind: "error"; readonly finding: Finding }
  /** The bytes end inside of a record, of which the beginning may be known; the finding says so in QEMU's words. */
  | { readonly kind: "cut"; readonly finding: Finding; readonly record?: BaseRecord };

/** Reads a channel one record at a time, as somebody asks for it. Keeps what one read of the file gave. */
export class RecordCursor {
  /** The channel. */
  readonly entry: ReadChannel;
  readonly #batches: Generator<readonly BaseRecord[]>;
  readonly #noted: Finding[] = [];
  #items: Item[] = [];
  #head = 0;
  #done = false;

  /** A cursor at the start of a channel, whose bytes are in `source`; its findings are in the words of QEMU `qemu`. */
  constructor(entry: ReadChannel, source: ByteSource, grammar: Grammar, qemu: string) {
    this.entry = entry;
    const parser = new ChannelParser(grammar, {
      channel: entry.label,
      report: (finding) => {
        // The engine finds this itself: the packet's buffer is taken before its flag is looked at.
        if (finding.severity !== "error" || finding.code === "sync-device-state") return;
        this.#noted.push(inWordsOf(qemu, finding));
      },
    });
    this.#batches = recordBatches(source, parser);
  }

  /** What comes next; undefined at the end of the channel. */
  peek(): Item | undefined {
    while (this.#head >= this.#items.length && !this.#done) this.#fill();
    return this.#items[this.#head];
  }

  /** Goes on to the next item. */
  skip(): void {
    this.#head++;
  }

  #fill(): void {
    const { value, done } = this.#batches.next();
    this.#head = 0;
    if (done) {
      this.#items = [];
      this.#done = true;
      return;
    }
    this.#items = inOrder(value, this.#noted.splice(0));
  }
}

/** Errors go in front of the first record that ends behind them: what comes before is read before they are met. */
function inOrder(records: readonly BaseRecord[], findings: readonly Finding[]): Item[] {
  const items: Item[] = [];
  let next = 0;
  const errorsBefore = (end: number): void => {
    for (let finding = findings[next]; finding !== undefined && finding.offset < end; finding = findings[++next]) {
      if (finding.code !== "truncated") items.push({ kind: "error", finding });
    }
  };
  for (const record of records) {
    errorsBefore(record.offset + record.length);
    if (record.kind !== "truncated") items.push({ kind: "record", record });
  }
  errorsBefore(Infinity);
  const cut = findings.find(({ code }) => code === "truncated");
  const last = records.at(-1) as TruncatedRecord | undefined;
  if (cut !== undefined) {
    items.push({ kind: "cut", finding: cut, ...(last?.cut === undefined ? {} : { record: last.cut }) });
  }
  return items;
}
