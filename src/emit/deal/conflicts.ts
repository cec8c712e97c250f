import { multifdBlockName } from "../../wire/mod.ts";
import type { Item } from "../item.ts";
import { PageSet } from "./page_set.ts";
import type { RamPackets } from "./ram_packet.ts";

/**
 * Packets that write to the same page, whose order therefore matters: groups of two or more indices of `items`, each
 * in ascending order. Packets that share no page with another are in none. Reads the headers of the RAM packets, again
 * where there is something to group; what it holds meanwhile is a bit for each page.
 */
export function conflicts(items: readonly Item[], packets: RamPackets): number[][] {
  const repeated = repeatedPages(items, packets);
  if (repeated.size === 0) return [];
  const union = new Union();
  const firstWith = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    for (const [block, page] of pagesOf(item, packets)) {
      if (!repeated.get(block)?.has(page)) continue;
      const key = `${page} ${block}`;
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, index);
      else union.join(first, index);
    }
  }
  return union.groups();
}

/** Pages that more than one packet writes, by their blocks. */
function repeatedPages(items: readonly Item[], packets: RamPackets): Map<string, Set<number>> {
  const seen = new Map<string, PageSet>();
  const repeated = new Map<string, Set<number>>();
  for (const item of items) {
    for (const [block, page] of pagesOf(item, packets)) {
      const pages = seen.get(block) ?? new PageSet();
      seen.set(block, pages);
      if (!pages.add(page)) continue;
      const again = repeated.get(block) ?? new Set();
      repeated.set(block, again.add(page));
    }
  }
  return repeated;
}

/** The pages of a packet: block, number. What does not begin where pages do touches two. */
function* pagesOf(item: Item, packets: RamPackets): Generator<[block: string, page: number]> {
  if (item.kind !== "multifd-ram") return;
  const header = packets.header(item);
  const { pageSize, pageOffsets } = header;
  const block = multifdBlockName(header);
  for (const offset of pageOffsets) {
    const page = Math.floor(offset / pageSize);
    yield [block, page];
    if (offset % pageSize !== 0) yield [block, page + 1];
  }
}

/** Puts numbers together that belong together. */
class Union {
  readonly #parents = new Map<number, number>();

  /** Says that two numbers belong together. */
  join(a: number, b: number): void {
    const [from, to] = [this.#root(a), this.#root(b)].sort((x, y) => y - x) as [number, number];
    if (!this.#parents.has(to)) this.#parents.set(to, to);
    this.#parents.set(from, to);
  }

  /** Those that belong together, in ascending order. */
  groups(): number[][] {
    const groups = new Map<number, number[]>();
    for (const number of [...this.#parents.keys()].sort((a, b) => a - b)) {
      const root = this.#root(number);
      const group = groups.get(root) ?? [];
      groups.set(root, group);
      group.push(number);
    }
    return [...groups.values()].filter(({ length }) => length > 1);
  }

  #root(number: number): number {
    let root = number;
    for (let parent = this.#parents.get(root); parent !== undefined && parent !== root;) {
      root = parent;
      parent = this.#parents.get(root);
    }
    // The way is short the next time.
    if (root !== number) this.#parents.set(number, root);
    return root;
  }
}
