import { assertEquals } from "@std/assert";
import { box } from "./box.ts";

Deno.test("an answer is drawn as DuckDB's shell does: numbers to the right, names and types in the middle", () => {
  const drawn = box({
    names: ["migration", "ms", "fail"],
    types: ["VARCHAR", "DOUBLE", "BIGINT"],
    rows: [["a", 1.5, "12"], ["vfio-two-devices", null, "3"]],
  });
  assertEquals(
    drawn,
    `\
┌──────────────────┬────────┬───────┐
│    migration     │   ms   │ fail  │
│     varchar      │ double │ int64 │
├──────────────────┼────────┼───────┤
│ a                │    1.5 │    12 │
│ vfio-two-devices │   NULL │     3 │
└──────────────────┴────────┴───────┘
`,
  );
});
