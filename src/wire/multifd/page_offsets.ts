import type { Cursor } from "../../bytes/mod.ts";
import { field } from "../fields.ts";
import type { Field } from "../struct.ts";
import { multifdPageCount } from "./constants.ts";

/** The part of a RAM packet's header that names its pages. */
export interface PageOffsets {
  /** Page size in bytes. Not on the wire: whoever reads has to know it. */
  pageSize: number;
  /** Pages with content. */
  normalPages: number;
  /** Pages of zeros. */
  zeroPages: number;
  /** Byte offsets in the block: first those of the normal pages, then those of the zero pages. */
  pageOffsets: number[];
  /** `pageOffsets` exactly: only there, and written instead, if one is above 2^53 − 1 and so had to be rounded. */
  exactOffsets?: bigint[];
  /** The bytes of the entries that no page uses; absent where they are zero. QEMU before 9.0 leaves stale offsets there. */
  unusedOffsets?: Uint8Array;
}

const TWO_32 = 2 ** 32;

/** Entries in use: no more than there are, whatever the counts say. */
function usedEntries({ normalPages = 0, zeroPages = 0 }: Readonly<Partial<PageOffsets>>, pageCount: number): number {
  return Math.min(pageCount, normalPages + zeroPages);
}

/** Two halves instead of a bigint: this loop runs for every page of a migration. */
function readOffsets(cursor: Cursor, count: number): number[] {
  const { buffer, byteOffset, byteLength } = cursor.takeView(8 * count);
  const view = new DataView(buffer, byteOffset, byteLength);
  const offsets: number[] = [];
  for (let at = 0; at < byteLength; at += 8) offsets.push(view.getUint32(at) * TWO_32 + view.getUint32(at + 4));
  return offsets;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * The rows of the offset table, `8 × page count` bytes however many pages there are. Stale entries are a warning unless
 * `staleIsNormal`.
 */
export function offsetRows<T extends PageOffsets>(pageSize: number, staleIsNormal: boolean): Field<T>[] {
  const pageCount = multifdPageCount(pageSize);
  const pageOffsets = field<PageOffsets, number[]>(
    "pageOffsets",
    { meaning: (_, { normalPages, zeroPages }) => `${normalPages} normal, then ${zeroPages} zero pages` },
    (decoder, before) => readOffsets(decoder, usedEntries(before, pageCount)),
    (writer, offsets, from) => {
      if (from.exactOffsets !== undefined) { for (const offset of from.exactOffsets) writer.u64(offset); }
      else {
        for (const offset of offsets) {
          writer.u32(Math.floor(offset / TWO_32));
          writer.u32(offset % TWO_32);
        }
      }
    },
  );
  const exactOffsets: Field<PageOffsets> = {
    name: "exactOffsets",
    read(decoder, into): void {
      const offsets = into.pageOffsets ?? [];
      if (offsets.every(Number.isSafeInteger)) return;
      decoder.pos -= 8 * offsets.length;
      into.exactOffsets = offsets.map(() => decoder.u64());
    },
    write(): void {},
  };
  const unusedOffsets: Field<PageOffsets> = {
    name: "unusedOffsets",
    read(decoder, into): void {
      const offset = decoder.offset;
      const bytes = decoder.takeView(8 * (pageCount - usedEntries(into, pageCount)));
      const meaning = "entries that no page uses";
      const field = "unusedOffsets";
      const stale = !isZero(bytes);
      decoder.trace?.({ offset, length: bytes.length, field, value: stale ? "not zero" : "zero", meaning });
      if (!stale) return;
      into.unusedOffsets = bytes.slice();
      if (staleIsNormal) return;
      const message = `${field} is not zero; QEMU ignores these bytes`;
      decoder.note({ severity: "warning", code: "stale-offset", field, offset, message });
    },
    write(writer, from): void {
      const length = 8 * (pageCount - (from.exactOffsets ?? from.pageOffsets).length);
      if (length < 0 || (from.unusedOffsets !== undefined && from.unusedOffsets.length !== length)) {
        throw new RangeError(`Cannot write page offsets: ${pageCount} entries must be filled exactly`);
      }
      if (from.unusedOffsets === undefined) writer.zeros(length);
      else writer.put(from.unusedOffsets);
    },
  };
  return [pageOffsets, exactOffsets, unusedOffsets] as Field<T>[];
}
