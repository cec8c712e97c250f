/** Nanoseconds of a second. */
const SECOND = 1_000_000_000n;

/** Option `if_tsresol` where there is none: microseconds. */
export const MICROSECONDS = 6;

/**
 * The clock of an interface of a pcapng file. Counts from a moment near to the frames, so that 64-bit times can be told
 * apart to the nanosecond in ordinary numbers, without the price of a `bigint` for each frame.
 */
export class InterfaceClock {
  readonly #unitsPerSecond: bigint;
  readonly #offset: bigint;
  readonly #nanoseconds: number;
  #highZero = 0;
  #lowZero = 0;

  /**
   * A clock whose units are as `if_tsresol` says, and which is `offset` seconds behind.
   *
   * @param resolution Negative power of 10, or of 2 where the highest bit is set.
   */
  constructor(resolution: number, offset: bigint) {
    const power = BigInt(resolution & 0x7f);
    this.#unitsPerSecond = (resolution & 0x80) === 0 ? 10n ** power : 2n ** power;
    this.#nanoseconds = Number(SECOND) / Number(this.#unitsPerSecond);
    this.#offset = offset;
  }

  /** The second that a time is in. */
  secondOf(high: number, low: number): bigint {
    return (BigInt(high) << 32n | BigInt(low)) / this.#unitsPerSecond + this.#offset;
  }

  /** Counts from `second` on. */
  startAt(second: bigint): void {
    const zero = (second - this.#offset) * this.#unitsPerSecond;
    this.#highZero = Number(zero >> 32n);
    this.#lowZero = Number(zero & 0xffffffffn);
  }

  /** Nanoseconds since the start. */
  timeOf(high: number, low: number): number {
    return ((high - this.#highZero) * 2 ** 32 + (low - this.#lowZero)) * this.#nanoseconds;
  }
}
