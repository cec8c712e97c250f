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

/** Layout of a record of `s390-storage_attributes`. */
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

/** Layout of a record of `s390-skeys`. */
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

/** Layout of {@linkcode TodClock}. */
export const todClock: Struct<TodClock> = struct<TodClock>("todclock", [
  u8("present"),
  when((clock) => clock.present !== 0, u8("high"), u64("low")),
]);
