import { assertEquals } from "@std/assert";
import { qemuIsBefore } from "./context.ts";

Deno.test("qemuIsBefore() compares the major version, and the minor one only of the same major", () => {
  const before = (qemu: string): boolean => qemuIsBefore({ qemu }, 9, 2);
  assertEquals(["8.0", "8.2", "8.9", "9.0", "9.1"].map(before), [true, true, true, true, true]);
  assertEquals(["9.2", "9.3", "10.0", "10.1", "11.2"].map(before), [false, false, false, false, false]);
});

Deno.test("qemuIsBefore() takes a destination of no version for 10.0", () => {
  assertEquals([qemuIsBefore({}, 10, 0), qemuIsBefore({}, 10, 1)], [false, true]);
});
