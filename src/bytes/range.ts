/** A stretch of a channel: where bytes are, without the bytes themselves. */
export interface ByteRange {
  /** First byte, counted from the start of the channel. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}
