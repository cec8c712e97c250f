import { assertEquals } from "@std/assert";
import type { Item } from "./item.ts";
import { itemOfBytes } from "./plan_for_test.ts";
import type { Lane } from "./lane.ts";
import { planLane } from "./plan_lane.ts";
import type { Precondition } from "./plan.ts";

const SOURCE = itemOfBytes(new Uint8Array(1000)).source;

/** A lane by letters: `r` RAM, `d` device, `s` SYNC. Each is ten bytes, one behind the other. */
function laneOf(letters: string): Lane {
  const kinds: { readonly [letter: string]: string } = {
    r: "multifd-ram",
    d: "multifd-device-state",
    s: "multifd-sync",
  };
  const items = [...letters].map((letter, i): Item => (
    { kind: kinds[letter] ?? "", connection: 3, source: SOURCE, offset: 64 + 10 * i, length: 10 }
  ));
  const intervals: { packets: Item[]; sync?: Item }[] = [{ packets: [] }];
  for (const item of items) {
    const last = intervals.at(-1);
    if (item.kind !== "multifd-sync") last?.packets.push(item);
    else {
      intervals[intervals.length - 1] = { packets: last?.packets ?? [], sync: item };
      intervals.push({ packets: [] });
    }
  }
  return { id: 0, init: { kind: "multifd-init", connection: 3, source: SOURCE, offset: 0, length: 64 }, intervals };
}

const RULES = {
  released: (interval: number): Precondition[] =>
    interval === 0 ? [] : [{ kind: "opened", connection: 100 + interval }],
  devices: (interval: number): Precondition[] => [{ kind: "opened", connection: 200 + interval }],
  apart: false,
};

/** Steps as texts: name, what comes before, the items by offset and length. */
function textOf({ name, after, items }: ReturnType<typeof planLane>["steps"][number]): string {
  const before = after.map((one) => one.kind === "opened" ? one.connection : one.kind).join("+");
  return `${name} [${before}] ${items.map(({ offset, length }) => `${offset}:${length}`).join(" ")}`;
}

const INIT = "initial packet [] 0:64";

const cases: readonly [string, readonly string[], readonly (number | undefined)[], readonly (number | undefined)[]][] =
  [
    ["", [], [undefined], [undefined]],
    ["r", ["the last packets [] 64:10"], [undefined], [undefined]],
    ["s", ["packets up to SYNC 0 [] 64:10"], [2, undefined], [undefined, undefined]],
    [
      "rrsrs",
      ["packets up to SYNC 0 [] 64:30", "packets up to SYNC 1 [101] 94:20"],
      [2, 3, undefined],
      [undefined, undefined, undefined],
    ],
    [
      "srdds",
      [
        "packets up to SYNC 0 [] 64:10",
        "packets up to SYNC 1 [101] 74:10",
        "device packets of interval 1 [101+201] 84:20",
        "packets up to SYNC 1 [101] 104:10",
      ],
      [2, 5, undefined],
      [undefined, 4, undefined],
    ],
    [
      "drd",
      ["device packets of interval 0 [200] 64:30"],
      [undefined],
      [2],
    ],
    [
      "sdd",
      ["packets up to SYNC 0 [] 64:10", "device packets of interval 1 [101+201] 74:20"],
      [2, undefined],
      [undefined, 3],
    ],
  ];

for (const [letters, steps, upToSync, upToDevices] of cases) {
  Deno.test(`planLane() cuts the packets "${letters}" where they wait for something`, () => {
    const plan = planLane(laneOf(letters), RULES);
    assertEquals(plan.steps.map(textOf), [INIT, ...steps]);
    assertEquals([plan.upToSync, plan.upToDevices], [upToSync, upToDevices]);
  });
}

Deno.test("planLane() keeps packets apart where they are to be put into another order", () => {
  const { steps } = planLane(laneOf("rrs"), { ...RULES, apart: true });
  assertEquals(steps.map(textOf), [INIT, "packets up to SYNC 0 [] 64:10 74:10 84:10"]);
});

Deno.test("planLane() joins only what stands behind each other, as it stands", () => {
  const { id, init, intervals: [first] } = laneOf("rrr");
  const [a, b, c] = first?.packets ?? [];
  if (a === undefined || b === undefined || c === undefined) throw new TypeError("three packets");
  const joined = (...packets: Item[]): (readonly number[])[] =>
    planLane({ id, init, intervals: [{ packets }] }, RULES).steps[1]?.items.map((item) => [item.offset, item.length]) ??
      [];
  assertEquals(joined(a, b, c), [[64, 30]]);
  assertEquals(joined(a, c, b), [[64, 10], [84, 10], [74, 10]]);
  assertEquals(joined(a, { ...b, parts: () => [] }, c), [[64, 10], [74, 10], [84, 10]]);
  assertEquals(joined(a, { ...b, connection: 4 }), [[64, 10], [74, 10]]);
  assertEquals(joined(a, { ...b, source: itemOfBytes(new Uint8Array(0)).source }), [[64, 10], [74, 10]]);
});
