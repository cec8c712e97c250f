/** Plans that are made by hand, for tests. @module */

import { concat } from "@std/bytes";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { type Capture, MemorySource } from "../capture/mod.ts";
import { randomNumbers } from "../../testing/random.ts";
import type { Item } from "./item.ts";
import type { StreamNeeds } from "./needs.ts";
import type { EmitPlan, EmitStep, PlannedConnection } from "./plan.ts";

/** A stream that needs nothing. */
export const NO_NEEDS: StreamNeeds = {
  blocks: [],
  multifdChannels: 0,
  compression: "none",
  capabilities: [],
  returnPath: false,
  switchoverStart: false,
  devices: [],
  whole: true,
};

/** A step: its bytes, and what may be said of it. */
export type StepDraft = Partial<Omit<EmitStep, "items">> & { readonly bytes: Uint8Array };

/** A connection: its steps, and what may be said of it. */
export type ConnectionDraft = Partial<Omit<PlannedConnection, "steps">> & { readonly steps: readonly StepDraft[] };

/** A plan; the first connection is `main`, the others are `multifd 0` and so on. */
export function planOf(connections: readonly ConnectionDraft[], rest: Partial<EmitPlan> = {}): EmitPlan {
  return {
    connections: connections.map(({ steps, ...said }, index) => ({
      role: index === 0 ? "main" : "multifd",
      label: index === 0 ? "main" : `multifd ${index - 1}`,
      after: [],
      ending: "keep",
      ...said,
      steps: steps.map(({ bytes, ...step }, number) => ({
        name: `step ${number}`,
        after: [],
        items: [itemOfBytes(bytes, index)],
        ...step,
      })),
    })),
    needs: NO_NEEDS,
    pings: 0,
    whole: true,
    notes: [],
    ...rest,
  };
}

/** Bytes as an item. */
export function itemOfBytes(bytes: Uint8Array, connection = 0): Item {
  return { kind: "test", connection, source: new MemorySource(bytes), offset: 0, length: bytes.length };
}

/** Bytes that no two places share for long. */
export function noise(length: number, seed = 1): Uint8Array {
  const random = randomNumbers(seed);
  return Uint8Array.from({ length }, () => random(256));
}

/** Lets all go on that waits for nothing but its turn. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A tap that notes everything: `open 0`, `0 s2d 5`, `0 d2s end`. */
export class NotingTap {
  readonly notes: string[] = [];
  #opened = 0;

  open(): number {
    this.notes.push(`open ${this.#opened}`);
    return this.#opened++;
  }

  received(connection: number, direction: "s2d" | "d2s", bytes: Uint8Array): void {
    this.notes.push(`${connection} ${direction} ${bytes.length}`);
  }

  ended(connection: number, direction: "s2d" | "d2s", error?: string): void {
    this.notes.push(`${connection} ${direction} ${error ?? "end"}`);
  }
}

/** Makes a capture of what goes to the target, with events in the order of writing. */
export class CaptureTap {
  readonly #channels: { readonly pieces: Uint8Array[]; length: number }[] = [];
  readonly #events: object[] = [];
  #time = 0;

  open(): number {
    const ch = this.#channels.push({ pieces: [], length: 0 }) - 1;
    this.#events.push({ t: this.#time++, ch, ev: "open" });
    return ch;
  }

  received(ch: number, dir: "s2d" | "d2s", bytes: Uint8Array): void {
    const channel = this.#channels[ch];
    if (channel === undefined || dir !== "s2d") return;
    this.#events.push({ t: this.#time++, ch, dir, off: channel.length, len: bytes.length });
    channel.pieces.push(bytes.slice());
    channel.length += bytes.length;
  }

  ended(ch: number, dir: "s2d" | "d2s"): void {
    if (dir === "s2d") this.#events.push({ t: this.#time++, ch, dir, ev: "end", off: this.#channels[ch]?.length });
  }

  /** What came, as a capture with the manifest of another. */
  capture({ manifest }: Pick<Capture, "manifest">): Capture {
    const channels = this.#channels.map(({ pieces }) => ({ bytes: concat(pieces) }));
    return { ...memoryCapture(channels, this.#events), ...(manifest === undefined ? {} : { manifest }) };
  }
}
