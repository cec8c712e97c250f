import { MigwireError } from "../errors/mod.ts";

/** Why a capture cannot be opened or read. Stable, for programs. */
export type CaptureErrorCode =
  /** There is nothing of that name. */
  | "not-found"
  /** The operating system forbids it. */
  | "permission-denied"
  /** Deno was started without the permission. */
  | "not-allowed"
  /** No bytes. */
  | "is-empty"
  /** A directory without any channel, or a packet capture without a migration. */
  | "no-channels"
  /** A packet capture with several migrations: it must be said which. */
  | "several-migrations"
  /** There is no migration of that number. */
  | "migration"
  /** Not a capture of a version that is known. */
  | "format"
  /** The offset is not inside of the file, or there can be none. */
  | "offset"
  /** A save image of libvirt: the stream begins further on. */
  | "libvirt-image"
  /** A disk image. */
  | "qcow2-image"
  /** The stream is compressed. */
  | "compressed"
  /** The program that would unpack it is not there. */
  | "no-program"
  /** It does not fit into memory. */
  | "too-large"
  /** Pages and device data were left out when it was recorded. */
  | "no-payload"
  /** Its channels are under TLS. */
  | "encrypted"
  /** Standard input is a terminal. */
  | "terminal"
  /** Reading failed. */
  | "read-failed"
  /** There is something of the name that is to be written. */
  | "exists"
  /** Writing failed: the disk is full, or the system forbids it. */
  | "write-failed"
  /** It cannot be stored in the form that is asked for. */
  | "no-form";

/**
 * A capture that cannot be opened, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { CaptureError, MemorySource } from "@migwire/migwire/capture";
 * import { sourceAt } from "./source.ts";
 *
 * const error = assertThrows(() => sourceAt(new MemorySource(new Uint8Array(4)), 4, "x.bin"), CaptureError);
 * assertEquals(error.code, "offset");
 * ```
 */
export class CaptureError extends MigwireError<CaptureErrorCode> {
  /** The class's name. */
  override readonly name = "CaptureError";
}
