/**
 * What the newest QEMU says of a main channel that ends too early. Its reader gives zeros behind the end of its input,
 * and often looks at them before it looks for the error.
 *
 * @module
 */

import { hex, SECTION_TYPES } from "../wire/mod.ts";
import type { SectionEntry } from "./migration_state.ts";

/** Where nothing better is known: what QEMU says in the end of any input that failed. */
export const INPUT_OUTPUT_ERROR = "load of migration failed: Input/output error";

const NO_ELEMENT = "Failed to load section ID: stream error: -5";

/** Begun bytes with as many zeros behind them as their readers look at. */
function zeroFilled(begun: Uint8Array): DataView {
  const bytes = new Uint8Array(16);
  bytes.set(begun.subarray(0, bytes.length));
  return new DataView(bytes.buffer);
}

/** Cut in the file header. */
export function cutFileHeader(begun: Uint8Array): string {
  const view = zeroFilled(begun);
  if (begun.length < 4) return "waits for ever for the first four bytes";
  return `Unsupported migration stream version, file version ${view.getUint32(4).toString(16)} != 3`;
}

/** Cut behind the file header, or in the configuration. */
export function cutConfiguration(begun: Uint8Array): string {
  if (begun.length === 0) return `Configuration section missing, 0 != ${SECTION_TYPES.CONFIGURATION}`;
  return "Failed to load configuration state: stream error: -5";
}

/** Cut where an element should begin, or in its header. */
export function cutElement(begun: Uint8Array): string {
  switch (begun[0]) {
    case undefined:
      return NO_ELEMENT;
    case SECTION_TYPES.START:
    case SECTION_TYPES.FULL:
      return cutLongHeader(begun);
    case SECTION_TYPES.PART:
    case SECTION_TYPES.END:
      return "Failed to read section ID: -5";
    default:
      return INPUT_OUTPUT_ERROR;
  }
}

function cutLongHeader(begun: Uint8Array): string {
  const nameLength = begun[5] ?? 0;
  const isNamed = nameLength > 0 && begun.length >= 6 + nameLength;
  if (isNamed) return "Failed to read instance/version ID: -5";
  return `Unable to read ID string for section ${zeroFilled(begun).getUint32(1)}`;
}

/** Cut where the footer of a section should begin, or in it. */
export function cutFooter(begun: Uint8Array, { idstr, sectionId }: SectionEntry): string {
  if (begun.length === 0) return "check_section_footer: Read section footer failed: -5";
  const read = zeroFilled(begun).getUint32(1);
  if (read === sectionId) return NO_ELEMENT;
  return `Mismatched section id in footer for ${idstr} - read ${hex(read)} expected ${hex(sectionId)}`;
}

/** Cut in the VM description. */
export const CUT_DESCRIPTION = "does not mind: all that it needs has been loaded";
