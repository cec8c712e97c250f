import { assertEquals } from "@std/assert";
import { nearest } from "./nearest.ts";

const COMMANDS = ["inspect", "records", "record", "check", "load"];

Deno.test("nearest() finds a command with a slip of the finger", () => {
  const cases = [
    ["inspct", "inspect"],
    ["isnpect", "inspect"],
    ["inspectt", "inspect"],
    ["chekc", "check"],
    ["recrods", "records"],
    ["ins", "inspect"],
    ["loda", "load"],
  ] as const;
  for (const [typed, expected] of cases) assertEquals(nearest(typed, COMMANDS), expected, typed);
});

Deno.test("nearest() offers nothing that is far off", () => {
  for (const typed of ["", "i", "xyzzy", "delete"]) {
    assertEquals(nearest(typed, COMMANDS), undefined, typed);
  }
});
