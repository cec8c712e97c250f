/**
 * How QEMU words its errors, by version. migwire's texts are those of the newest QEMU.
 *
 * @module
 */

import type { Finding } from "./finding.ts";

/** A text that older versions have in other words. */
interface Wording {
  /** First version, major and minor, that says it as migwire does. */
  readonly since: readonly [major: number, minor: number];
  /** The newest text, whole. */
  readonly newest: RegExp;
  /** What those before say; `$1`, `$&` as in `String.replace`. */
  readonly older: string;
}

const INPUT_OUTPUT_ERROR = "load of migration failed: Input/output error";

/** What is said of multifd packets, but not of a channel's initial packet. */
const PACKET_TEXT =
  /^(Unexpected end-of-file before all data were read|multifd \d+: .*|multifd: (received packet (with|magic \w+(,| and) expected|version \d+(,| and) expected) .*|unknown ram block .*|offset too long .*))$/;

/** The first row that fits counts: the more special texts come first. */
const WORDINGS: readonly Wording[] = [
  { since: [10, 2], newest: /^Not a migration stream, magic: .*$/, older: "Not a migration stream" },
  { since: [10, 2], newest: /^waits for ever for the first four bytes$/, older: "Not a migration stream" },
  {
    since: [10, 2],
    newest: /^Unsupported migration stream version, file version .*$/,
    older: "Unsupported migration stream version",
  },
  {
    since: [10, 2],
    newest: /^SaveVM v2 format is obsolete and no longer supported$/,
    older: "SaveVM v2 format is obsolete and don't work anymore",
  },
  { since: [10, 2], newest: /^Configuration section missing, .*$/, older: "Configuration section missing" },
  // The name of the field follows.
  {
    since: [10, 2],
    newest: /^Failed to load configuration state: stream error: -5$/,
    older: "Failed to load configuration:",
  },
  { since: [10, 2], newest: /^Unknown section type (\d+)$/, older: "Unknown savevm section type $1" },
  { since: [10, 2], newest: /^Unknown section (\d+)$/, older: "Unknown savevm section $1" },
  { since: [10, 2], newest: /^Unknown section or instance/, older: "Unknown savevm section or instance" },
  { since: [10, 2], newest: /^Failed to load section ID: stream error: -5$/, older: INPUT_OUTPUT_ERROR },
  {
    since: [10, 2],
    newest: /^Failed to read instance\/version ID: -5$/,
    older: "qemu_loadvm_section_start_full: $&",
  },
  { since: [10, 2], newest: /^Failed to read section ID: -5$/, older: "qemu_loadvm_section_part_end: $&" },
  { since: [10, 2], newest: /^Failed to load .* state: stream error: -5$/, older: INPUT_OUTPUT_ERROR },
  // What threads that read multifd packets find, these keep to themselves.
  { since: [9, 0], newest: PACKET_TEXT, older: INPUT_OUTPUT_ERROR },
  {
    since: [8, 2],
    newest: /^Getting RAM address failed$/,
    older: "Unknown combination of migration flags: 0x0",
  },
];

/**
 * Whether a version is older than `major.minor`. One that is not known, or not understood, is the newest.
 *
 * @param version As QEMU or a package writes it: `10.0`, `7.2.22 (Debian 1:7.2+dfsg-7)`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isQemuBefore } from "./qemu_wording.ts";
 *
 * assert(isQemuBefore("7.2.22", 8, 2) && !isQemuBefore("11.1", 8, 2) && !isQemuBefore(undefined, 8, 2));
 * ```
 */
export function isQemuBefore(version: string | undefined, major: number, minor: number): boolean {
  const [, ownMajor, ownMinor] = /^(\d{1,4})\.(\d{1,4})/.exec(version ?? "") ?? [];
  // Without a version both are no number, and less than none.
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}

/**
 * A text of the newest QEMU in the words of another version.
 *
 * @param text What the newest says.
 * @param version Version of the QEMU that is to be quoted; the newest if undefined.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { qemuWording } from "./qemu_wording.ts";
 *
 * assertEquals(qemuWording("Unknown section 77", "10.0"), "Unknown savevm section 77");
 * assertEquals(qemuWording("Unknown section 77", "11.1"), "Unknown section 77");
 * ```
 */
export function qemuWording(text: string, version: string | undefined): string {
  const row = WORDINGS.find(({ newest }) => newest.test(text));
  if (row === undefined || !isQemuBefore(version, ...row.since)) return text;
  return text.replace(row.newest, row.older);
}

/** A finding with its text in the words of `version`. */
export function inWordsOf<F extends Finding>(version: string | undefined, finding: F): F {
  if (finding.qemu === undefined || version === undefined) return finding;
  return { ...finding, qemu: qemuWording(finding.qemu, version) };
}
