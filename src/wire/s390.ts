/** Sections of s390 machines: storage attributes, storage keys, clock (main-channel.md §7.2 to §7.4). @module */

import { type Rules, u64, u8, when } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Struct, struct } from "./struct.ts";

/** Flags of a storage attributes word; above them stands the page frame number. */
export const STATTRIB_FLAG = {
  /** End of the body. */
  EOS: 0x01,
  /** A count and as many values follow. */
  MORE: 0x02,
  /** The source could not read them. */
  ERROR: 0x04,
  /** Pre-copy of the attributes is finished. */
  DONE: 0x08,
} as const;

/** A word with flags in its low 12 bits, then a count where values follow as payload, one byte a page. */
export interface PageValues {
  /** Address or page frame number, and a flag. */
  word: bigint;
  /** Pages that follow. */
  count?: bigint;
}

/** The low bits that hold flags. */
export function pageValuesFlags(record: Readonly<Partial<PageValues>>): number {
  return Number((record.word ?? 0n) & 0xfffn);
}

/** Most pages in a record that are believed; sources send at most 524288. */
const COUNT_LIMIT = 1n << 32n;

const countRules: Rules<PageValues, bigint> = {
  check: (count) =>
    count <= COUNT_LIMIT ? undefined : { code: "count", fatal: true, message: `is ${count}, more than any memory has` },
};

/** The flags that storage attributes and storage keys have in common. */
const MORE = STATTRIB_FLAG.MORE;
const ERROR = STATTRIB_FLAG.ERROR;

/** What tells storage attributes and storage keys apart. */
interface Kind {
  /** For people. */
  readonly name: string;
  /** What QEMU says of flags that it does not know. */
  readonly unexpected: string;
  /** What QEMU says when the source could not read them. */
  readonly incomplete: string;
  /** Flags that may stand in a word. */
  readonly known: readonly number[];
}

function pageValues({ name, known, unexpected, incomplete }: Kind): Struct<PageValues> {
  return struct<PageValues>(name, [
    u64("word", {
      meaning: (word) => `${hex(word & ~0xfffn)} | ${hex(word & 0xfffn)}`,
      check: (word) => {
        const flags = Number(word & 0xfffn);
        if (flags === ERROR) {
          return {
            code: "incomplete",
            message: "says that the source could not read them",
            qemu: incomplete,
          };
        }
        if (known.includes(flags)) return undefined;
        return {
          code: "flags",
          fatal: true,
          message: `has flags ${hex(flags)}, which nobody knows`,
          qemu: `${unexpected}: ${hex(flags)}`,
        };
      },
    }),
    when((record) => pageValuesFlags(record) === MORE, u64("count", countRules)),
  ]);
}

/**
 * Layout of a record of `s390-storage_attributes` (main-channel.md §7.2); as many bytes as `count` follow. Codes:
 * `flags` and `count`, both fatal, `incomplete`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { STATTRIB_FLAG, storageAttributes } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0000000000002002" + "0000000000000003"); // then three values
 * const { word, count } = storageAttributes.decode(bytes);
 * assertEquals([word >> 12n, word & 0xfffn, count], [2n, BigInt(STATTRIB_FLAG.MORE), 3n]);
 * ```
 */
export const storageAttributes: Struct<PageValues> = pageValues({
  name: "storage attributes",
  known: Object.values(STATTRIB_FLAG),
  unexpected: "Unexpected storage attribute flag data",
  incomplete: "Storage attributes data is incomplete",
});

/** Flags of a storage keys word; above them stands the address. */
export const SKEYS_FLAG = {
  /** End of the body. */
  EOS: 0x01,
  /** A count and as many keys follow. */
  SKEYS: 0x02,
  /** The source could not read them; ends the body. */
  ERROR: 0x04,
} as const;

/**
 * Layout of a record of `s390-skeys` (main-channel.md §7.3); as many bytes as `count` follow. Codes as for
 * {@linkcode storageAttributes}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SKEYS_FLAG, storageKeys } from "@migwire/migwire/wire";
 *
 * assertEquals(storageKeys.decode(Uint8Array.fromHex("0000000000000001")), { word: BigInt(SKEYS_FLAG.EOS) });
 * ```
 */
export const storageKeys: Struct<PageValues> = pageValues({
  name: "storage keys",
  known: Object.values(SKEYS_FLAG),
  unexpected: "Unexpected storage key flag data",
  incomplete: "Storage key data is incomplete",
});

/** Body of `todclock`. */
export interface TodClock {
  /** 0: the clock is missing. */
  present: number;
  /** Epoch index. */
  high?: number;
  /** The clock. */
  low?: bigint;
}

/**
 * Layout of the body of `todclock` (main-channel.md §7.4): 1 or 10 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { todClock } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("01" + "00" + "00000000000003e8");
 * assertEquals(todClock.decode(bytes), { present: 1, high: 0, low: 1000n });
 * assertEquals(todClock.encode({ present: 0 }), Uint8Array.of(0));
 * ```
 */
export const todClock: Struct<TodClock> = struct<TodClock>("todclock", [
  u8("present"),
  when((clock) => clock.present !== 0, u8("high"), u64("low")),
]);
