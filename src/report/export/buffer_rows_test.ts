import { assertEquals } from "@std/assert";
import type { LoadEvent } from "../../load/mod.ts";
import { BufferRows } from "./buffer_rows.ts";

/** The rows of buffers of these events. */
function rowsOf(...events: readonly Partial<LoadEvent>[]): unknown[] {
  const rows: unknown[] = [];
  const buffers = new BufferRows((_, row) => rows.push(Object.values(row)));
  for (const [time, event] of events.entries()) buffers.take({ kind: "incoming", device: "vfio", time, ...event });
  buffers.finish();
  return rows;
}

Deno.test("a buffer has a row when it is loaded: its channel, and when it came, was begun and was done", () => {
  const rows = rowsOf(
    { idx: 1, bytes: 8, channel: "multifd 2" },
    { idx: 0, bytes: 4, channel: "multifd 0" },
    { kind: "starved" },
    { kind: "loading", idx: 0 },
    { kind: "loaded", idx: 0 },
  );
  assertEquals(rows, [["vfio", 0, "multifd 0", 4, 1, 3, 4], ["vfio", 1, "multifd 2", 8, 0, null, null]]);
});

Deno.test("a config is begun and done at once; a buffer that comes twice has one row, and one of nobody has none", () => {
  const rows = rowsOf(
    { idx: 0, bytes: 4, channel: "a" },
    { idx: 0, bytes: 5, channel: "b" },
    { kind: "config", idx: 0 },
    { kind: "loaded", idx: 7 },
  );
  assertEquals(rows, [["vfio", 0, "a", 4, 0, 2, 2]]);
});
