import { assertEquals, assertThrows } from "@std/assert";
import { type ConnectOrder, inConnectOrder } from "./connect_order.ts";

/** The main channel was the second one. */
const CONNECTIONS = [{ name: "main", recorded: 1 }, { name: "0", recorded: 2 }, { name: "1", recorded: 0 }];

for (
  const [order, expected] of [
    ["main-first", "main 0 1"],
    ["main-last", "0 1 main"],
    ["recorded", "1 main 0"],
    [[2, 0, 1], "1 main 0"],
  ] satisfies [ConnectOrder, string][]
) {
  Deno.test(`inConnectOrder() opens them in the order ${order}`, () => {
    assertEquals(inConnectOrder(CONNECTIONS, order).map(({ name }) => name).join(" "), expected);
  });
}

for (const order of [[], [0, 1], [0, 1, 1], [0, 1, 2, 2], [0, 1, 3], [0, 1, -1], [0, 1, 1.5], [0, 1, NaN]]) {
  Deno.test(`inConnectOrder() refuses the order ${order.join()}`, () => {
    const message =
      `Cannot open the connections in the order ${order.join()}: it has to name each of 0 (the main channel) to 2 once`;
    assertThrows(() => inConnectOrder(CONNECTIONS, order), RangeError, message);
  });
}
