/**
 * Items by their keys, in the order in which the keys first came: `Map.groupBy`, which not all runtimes of today have.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { groupBy } from "./group_by.ts";
 *
 * assertEquals([...groupBy([1, 2, 3], (n) => n % 2)], [[1, [1, 3]], [0, [2]]]);
 * ```
 */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
