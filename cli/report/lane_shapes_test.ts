import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { kindPaths, stackHeights, stackPaths, stepPath } from "./lane_shapes.ts";

Deno.test("stackHeights() fills the whole height, and shows whatever is there", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 20, max: 60 }),
      (shares, height) => {
        const heights = stackHeights(shares, height);
        const total = heights.reduce((sum, one) => sum + one, 0);
        assertEquals(
          total,
          shares.some((share) => share > 0) ? height : 0,
        );
        assertEquals(heights.map((one) => one >= 2), shares.map((share) => share > 0));
      },
    ),
  );
});

Deno.test("stackPaths() has a rectangle for each run of bins that look alike", () => {
  assertEquals(stackPaths([[1, 1, 0, 3]], 4, 20), ["M0 0h500v20h-500zM750 0h250v20h-250z"]);
  const [lower, upper] = stackPaths([[1, 0], [1, 0]], 2, 20);
  assertEquals([lower, upper], ["M0 10h500v10h-500z", "M0 0h500v10h-500z"]);
  assertEquals(stackPaths([[0, 0]], 2, 20), [""]);
});

Deno.test("kindPaths() draws the kinds that a lane has", () => {
  const lane = {
    label: "main",
    role: "main",
    opened: null,
    closed: null,
    reset: false,
    kinds: { zero: [0, 1], ram: [1, 0] },
  };
  assertEquals(kindPaths(lane, 2, 20), [
    { kind: "ram", path: "M0 0h500v20h-500z" },
    { kind: "zero", path: "M500 0h500v20h-500z" },
  ]);
});

Deno.test("stepPath() goes up to each value, and is empty where there is none", () => {
  assertEquals(stepPath([0, 0], 1, 30), "");
  assertEquals(stepPath([1], 0, 30), "");
  assertMatch(stepPath([1, 2], 2, 30), /^M0,15L500,15L500,0L1000,0/);
});
