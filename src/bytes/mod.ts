/** Bytes without any knowledge of QEMU: cursor, writer, ranges, names. @module */
export { Cursor, Incomplete } from "./cursor.ts";
export { bytesOfHex, hexText } from "./hex.ts";
export { groupBy } from "./group_by.ts";
export type { ByteRange } from "./range.ts";
export { decodeText, encodeText } from "./text.ts";
export { ByteWriter } from "./writer.ts";
export { Random } from "./random.ts";
export { matchesWildcard } from "./wildcard.ts";
