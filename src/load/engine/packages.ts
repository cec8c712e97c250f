import type { BaseRecord, CommandRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";

/**
 * Packages on the main channel: QEMU reads what is inside of one as a stream of its own, which has to end, with an EOF byte
 * or with POSTCOPY_RUN, before its bytes do.
 */
export class Packages {
  #begin = 0;
  #end = 0;
  #isOpen = false;

  /** Where a record of the main channel stands: in a package, outside of all, or behind one that had no end. */
  place(record: BaseRecord): "inside" | "outside" | "behind-cut" {
    const { kind, offset } = record;
    if (this.#isOpen && offset >= this.#end) return "behind-cut";
    const place = this.#isOpen && offset >= this.#begin ? "inside" : "outside";
    if (kind === "eof" && place === "inside") this.#isOpen = false;
    if (kind === "command") this.#command(record as CommandRecord, place);
    return place;
  }

  #command({ command, offset, length, blobLength }: CommandRecord, place: "inside" | "outside"): void {
    if (command === MIG_CMD.POSTCOPY_RUN && place === "inside") this.#isOpen = false;
    if (command !== MIG_CMD.PACKAGED || blobLength === undefined) return;
    this.#begin = offset + length;
    this.#end = this.#begin + blobLength;
    this.#isOpen = true;
  }
}
