import { type MultifdInit, multifdInit } from "../../wire/mod.ts";
import type { Item } from "../item.ts";
import type { Lane } from "../lane.ts";
import { DealError } from "./deal_error.ts";
import { itemBytes } from "./item_bytes.ts";

const layout = multifdInit();

/** A channel's initial packet with another id. */
export function withId(init: Item, id: number): Item {
  return changed(init, { id });
}

/**
 * A lane whose initial packet has another UUID; the rest of it is the same.
 *
 * @param uuid That of the destination's machine: 32 hexadecimal digits, with dashes or without.
 * @throws {TypeError} If `uuid` is none.
 * @throws {DealError} `initial-packet`, if the channel ends within its initial packet.
 */
export function withUuid(lane: Lane, uuid: string): Lane {
  const digits = uuid.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(digits)) {
    throw new TypeError(`Cannot take ${JSON.stringify(uuid)} for a UUID: 32 hexadecimal digits are wanted`);
  }
  return { ...lane, init: changed(lane.init, { uuid: Uint8Array.fromHex(digits) }) };
}

/** Throws {@linkcode DealError} if a channel's initial packet is not whole. */
export function needInitialPacket(init: Item): void {
  if (init.kind === "multifd-init") return;
  throw new DealError(
    "initial-packet",
    `Cannot change the channel of connection ${init.connection}: it ends within its initial packet`,
    "send the channels as they were recorded",
  );
}

function changed(init: Item, change: Partial<MultifdInit>): Item {
  needInitialPacket(init);
  const bytes = layout.encode({ ...layout.decode(itemBytes(init)), ...change });
  return { ...init, parts: () => [bytes], sentLength: bytes.length };
}
