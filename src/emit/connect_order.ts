/** In which order the connections are opened that a destination waits for before it begins. */
export type ConnectOrder =
  /** The main channel, then the multifd channels by id: as QEMU's source does (destination-engine.md C.1). */
  | "main-first"
  /** The multifd channels by id, then the main channel. */
  | "main-last"
  /** As they were recorded. */
  | "recorded"
  /** In this order: 0 is the main channel, `n` the `n`th multifd channel. */
  | readonly number[];

/**
 * Puts the connections in order.
 *
 * @param connections The main channel, then the multifd channels by id.
 * @throws {RangeError} If the order does not name each of them once.
 */
export function inConnectOrder<T extends { readonly recorded: number }>(
  connections: readonly T[],
  order: ConnectOrder,
): T[] {
  if (order === "main-first") return [...connections];
  if (order === "main-last") return [...connections.slice(1), ...connections.slice(0, 1)];
  if (order === "recorded") return connections.toSorted((a, b) => a.recorded - b.recorded);
  const chosen = order.flatMap((index) => connections[index] ?? []);
  if (chosen.length !== connections.length || new Set(chosen).size !== chosen.length) {
    throw new RangeError(
      `Cannot open the connections in the order ${order.join(",")}: it has to name each of ` +
        `0 (the main channel) to ${connections.length - 1} once`,
    );
  }
  return chosen;
}
