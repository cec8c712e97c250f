import { MigwireError } from "../../errors/mod.ts";

/** Why channels cannot be dealt anew. Stable, for programs. */
export type DealErrorCode =
  /** There is no multifd channel. */
  | "no-channel"
  /** A channel ends within its initial packet. */
  | "initial-packet"
  /** More channels end in the middle of something than there are to be. */
  | "ends"
  /** The lengths of packets fit no page size, or not the one that was given. */
  | "page-size"
  /** Packets cannot be decompressed, which they must be to go to another channel. */
  | "compression"
  /** Compressed anew, the packets take more memory than is allowed. */
  | "too-large"
  /** Device packets would come before the first SYNC. */
  | "device-packets";

/**
 * Multifd channels that cannot be dealt anew, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DealError } from "@migwire/migwire/emit";
 *
 * const error = new DealError("no-channel", "Cannot deal the packets: there is no multifd channel");
 * assertEquals([error.code, error.hint], ["no-channel", ""]);
 * ```
 */
export class DealError extends MigwireError<DealErrorCode> {
  /** The class's name. */
  override readonly name = "DealError";
}
