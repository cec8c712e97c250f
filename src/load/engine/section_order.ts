import type { CommandRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import type { LoadingDevice } from "./loading_device.ts";

/** Commands of postcopy, which a source with a VFIO device refuses to use. */
const POSTCOPY: ReadonlySet<number> = new Set([
  MIG_CMD.POSTCOPY_ADVISE,
  MIG_CMD.POSTCOPY_LISTEN,
  MIG_CMD.POSTCOPY_RUN,
]);

/** Notices sections and commands in an order that no QEMU writes, though every one reads it (rows 65, 67, 90). */
export class SectionOrder {
  readonly #warn: (code: string, message: string) => void;
  /** Kinds of sections that each device had. */
  readonly #seen = new Map<LoadingDevice<unknown>, Set<string>>();
  #postcopy = false;
  /** SWITCHOVER_START came after one of them, which is odd if there is a VFIO device. */
  #late = false;
  /** Where the package ends that was begun last. */
  #packageEnd = 0;

  /** An order in which nothing was seen; `warn` is told what is odd. */
  constructor(warn: (code: string, message: string) => void) {
    this.#warn = warn;
  }

  /** A section of a device begins. */
  section(device: LoadingDevice<unknown>, kind: string): void {
    let seen = this.#seen.get(device);
    if (seen === undefined) this.#seen.set(device, seen = new Set());
    if (kind === "section-end" && seen.has("section-full")) {
      device.warn("order", "its FULL section came before its END");
    }
    seen.add(kind);
  }

  /** A command. */
  command({ command, offset, length, blobLength = 0 }: CommandRecord): void {
    if (POSTCOPY.has(command)) this.#postcopy = true;
    if (command === MIG_CMD.PACKAGED) this.#packageEnd = offset + length + blobLength;
    if (command !== MIG_CMD.SWITCHOVER_START) return;
    if (offset < this.#packageEnd) this.#warn("order", "SWITCHOVER_START inside of a package");
    else if (this.#postcopy) this.#late = true;
  }

  /** The main channel was read to its end. */
  end(): void {
    if (this.#late && this.#seen.size > 0) this.#warn("order", "SWITCHOVER_START after commands of postcopy");
    for (const [device, seen] of this.#seen) {
      if (!seen.has("section-end")) device.warn("no-end", "it had no END section");
    }
  }
}
