/** Entries of a block: large lists grow by blocks, so that growing copies nothing. */
const BLOCK = 1 << 16;
const BLOCK_BITS = 16;

/** Entries that a list begins with: most connections of a capture are short. */
const FIRST = 16;

/** Columns of some entries. 28 bytes an entry. */
interface Block {
  readonly starts: Float64Array;
  readonly positions: Float64Array;
  readonly times: Float64Array;
  readonly lengths: Uint32Array;
}

/**
 * Where the bytes of one direction of a connection are in a file: a list of pieces. Holds places, no bytes, in typed
 * arrays: a capture of 10 GB has millions of pieces.
 */
export class SegmentList {
  readonly #blocks: Block[] = [];
  #length = 0;

  /** Number of pieces. */
  get length(): number {
    return this.#length;
  }

  /** Adds a piece: stream offset, bytes, place in the file, time. */
  add(start: number, length: number, position: number, time: number): void {
    const index = this.#length & (BLOCK - 1);
    const block = this.#writable(this.#length >>> BLOCK_BITS, index);
    block.starts[index] = start;
    block.lengths[index] = length;
    block.positions[index] = position;
    block.times[index] = time;
    this.#length++;
  }

  /** Stream offset of the first byte of piece `index`. */
  start(index: number): number {
    return this.#blocks[index >>> BLOCK_BITS]?.starts[index & (BLOCK - 1)] ?? NaN;
  }

  /** Stream offset after the last byte of piece `index`. */
  end(index: number): number {
    return this.start(index) + this.size(index);
  }

  /** Bytes of piece `index`. */
  size(index: number): number {
    return this.#blocks[index >>> BLOCK_BITS]?.lengths[index & (BLOCK - 1)] ?? NaN;
  }

  /** Where in the file piece `index` is. */
  position(index: number): number {
    return this.#blocks[index >>> BLOCK_BITS]?.positions[index & (BLOCK - 1)] ?? NaN;
  }

  /** When piece `index` was seen. */
  time(index: number): number {
    return this.#blocks[index >>> BLOCK_BITS]?.times[index & (BLOCK - 1)] ?? NaN;
  }

  /** The last piece that begins at or before `offset`; -1 if there is none. The pieces must be in order. */
  find(offset: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.start(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #writable(block: number, index: number): Block {
    const there = this.#blocks[block];
    if (there !== undefined && index < there.starts.length) return there;
    const first = block === 0 ? FIRST : BLOCK;
    const grown = makeBlock(there === undefined ? first : there.starts.length * 4);
    if (there !== undefined) {
      grown.starts.set(there.starts);
      grown.positions.set(there.positions);
      grown.times.set(there.times);
      grown.lengths.set(there.lengths);
    }
    return this.#blocks[block] = grown;
  }
}

function makeBlock(entries: number): Block {
  return {
    starts: new Float64Array(entries),
    positions: new Float64Array(entries),
    times: new Float64Array(entries),
    lengths: new Uint32Array(entries),
  };
}
