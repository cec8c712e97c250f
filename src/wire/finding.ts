/** How much a {@linkcode Finding} matters: an error makes a destination refuse the stream, a warning does not. */
export type Severity = "error" | "warning";

/** Something wrong or suspicious, with its place. Codes are kebab-case and never renamed. */
export interface Finding {
  /** Whether QEMU's destination would refuse it. */
  readonly severity: Severity;
  /** What it is, stable, for programs. */
  readonly code: string;
  /** The channel's label, such as `main` or `multifd 1`. */
  readonly channel: string;
  /** Byte offset in the channel where it was noticed. */
  readonly offset: number;
  /** The wire field, where one is at fault. */
  readonly field?: string;
  /** What is wrong, for people. */
  readonly message: string;
  /** What QEMU says or does with the same bytes. */
  readonly qemu?: string;
}

/** A finding before the channel that noticed it put its name to it. */
export type FindingDraft = Omit<Finding, "channel" | "offset"> & { readonly offset?: number };

/**
 * A finding as an exception: what strict parsing throws.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { WireError } from "@migwire/migwire/wire";
 *
 * const error = new WireError({
 *   severity: "error",
 *   code: "magic",
 *   channel: "multifd 2",
 *   offset: 0x4010,
 *   message: "magic is 0x51455600, expected 0x11223344",
 * });
 * assertEquals(error.message, 'magic is 0x51455600, expected 0x11223344 (channel "multifd 2", offset 0x4010)');
 * ```
 */
export class WireError extends Error {
  /** `WireError`. */
  override readonly name = "WireError";
  /** What went wrong, and where. */
  readonly finding: Finding;

  /** The exception for `finding`. */
  constructor(finding: Finding) {
    super(describeFinding(finding));
    this.finding = finding;
  }

  /** The finding's stable code. */
  get code(): string {
    return this.finding.code;
  }

  /** The channel's label. */
  get channel(): string {
    return this.finding.channel;
  }

  /** Byte offset in the channel. */
  get offset(): number {
    return this.finding.offset;
  }

  /** The wire field at fault, if one is. */
  get field(): string | undefined {
    return this.finding.field;
  }
}

/**
 * One line for people: what, and where.
 *
 * @param finding The finding.
 * @returns The message, the channel's label, and the byte offset in hexadecimal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeFinding } from "@migwire/migwire/wire";
 *
 * const text = describeFinding({ severity: "warning", code: "x", channel: "main", offset: 16, message: "odd" });
 * assertEquals(text, 'odd (channel "main", offset 0x10)');
 * ```
 */
export function describeFinding(finding: Finding): string {
  return `${finding.message} (channel "${finding.channel}", offset ${hex(finding.offset)})`;
}

/**
 * A number as people read it here.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hex } from "./finding.ts";
 *
 * assertEquals(hex(16), "0x10");
 * ```
 */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
