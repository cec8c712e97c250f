import type { DestinationSettings } from "./settings.ts";
import type { Verdict } from "./verdict.ts";

/** The multifd connections of a destination (destination-engine.md A.1). */
export class Connections {
  readonly #settings: DestinationSettings;
  readonly #ids = new Set<number>();
  /** Connections that the main channel waits for. */
  readonly expected: number;
  /** Connections that were closed at once, since all were there. */
  surplus = 0;
  /** What was wrong with a connection: QEMU exits then. */
  error: Verdict | undefined;

  /** No connection has come. */
  constructor(settings: DestinationSettings) {
    this.#settings = settings;
    this.expected = settings.multifd && settings.mappedRam !== true ? settings.channels : 0;
  }

  /** Connections that were taken. */
  get taken(): number {
    return this.#ids.size;
  }

  /** All are there. */
  get complete(): boolean {
    return this.#ids.size >= this.expected;
  }

  /** Whether the channel was taken. */
  has(id: number): boolean {
    return this.#ids.has(id);
  }

  /** A connection came, with its id. */
  connect(id: number): "accepted" | "surplus" {
    const { expected } = this;
    const { checksLastId } = this.#settings.profile;
    if (this.#settings.mappedRam) {
      this.#refuse("config", "a multifd connection, but with mapped-ram there are none");
      return "surplus";
    }
    if (this.complete) {
      this.surplus++;
      return "surplus";
    }
    if (this.#ids.has(id)) {
      this.#refuse("channel-id", `channel id ${id} came twice`, `multifd: received id '${id}' already setup'`);
    } else if (id >= expected) {
      this.#refuse("channel-id", `channel id ${id} of ${expected} channels`, idText(id, expected, checksLastId));
    }
    this.#ids.add(id);
    return "accepted";
  }

  #refuse(code: string, reason: string, qemu?: string): void {
    this.error ??= { kind: "error", code, reason, ...(qemu === undefined ? {} : { qemu }) };
  }
}

/** QEMU's words for an id that is too high. Up to 10.x one that equals the number is taken, with undefined behaviour. */
function idText(id: number, expected: number, checksLastId: boolean): string | undefined {
  if (checksLastId) return `multifd: received channel id ${id} exceeds channel count ${expected}`;
  if (id === expected) return undefined;
  return `multifd: received channel id ${id} is greater than number of channels ${expected}`;
}
