/** A block of RAM of the target. */
export interface TargetBlock {
  /** Its name. */
  readonly name: string;
  /** Bytes in use. */
  readonly usedLength: number;
  /** Bytes that it can grow to. */
  readonly maxLength: number;
}

/** A name stands to the right in its column, and may be longer than that, and have spaces. */
const LINE = /^ *(.+?) +\d+(?:\.\d+)? [KMGTPE]?i?B +0x[0-9a-f]+ 0x([0-9a-f]+) 0x([0-9a-f]+)/;

/**
 * Reads the table of `x-query-ramblock`, or of `info ramblock`, which is for people and has got more columns with time.
 * Lines that are not understood are left out.
 */
export function readRamBlocks(text: string): TargetBlock[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, name, used, max] = LINE.exec(line) ?? [];
    if (name === undefined || used === undefined || max === undefined) return [];
    return [{ name, usedLength: Number.parseInt(used, 16), maxLength: Number.parseInt(max, 16) }];
  });
}
