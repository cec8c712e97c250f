/** Pages that share a piece of the set: with 4 KiB pages, 8 MiB of RAM. */
const PIECE_PAGES = 2048;

/** Which pages of a block occurred: a bit for each, where any near it did. */
export class PageSet {
  readonly #pieces = new Map<number, Uint32Array>();

  /** Adds a page by its number; gives whether it was there already. */
  add(page: number): boolean {
    const number = Math.floor(page / PIECE_PAGES);
    let piece = this.#pieces.get(number);
    if (piece === undefined) {
      piece = new Uint32Array(PIECE_PAGES / 32);
      this.#pieces.set(number, piece);
    }
    const bit = page - number * PIECE_PAGES;
    const word = piece[bit >> 5] ?? 0;
    const mask = 1 << (bit & 31);
    piece[bit >> 5] = word | mask;
    return (word & mask) !== 0;
  }
}
