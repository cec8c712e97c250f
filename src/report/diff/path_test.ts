import { assert, assertEquals } from "@std/assert";
import { pathText } from "./path.ts";
import { matchesPath, passes } from "./pattern.ts";
import { workTime } from "../../../testing/work_time.ts";

Deno.test("pathText() puts dots between names and brackets around numbers", () => {
  assertEquals(pathText([]), "");
  assertEquals(pathText(["ram", "blocks", "pc.ram", "usedLength"]), "ram.blocks.pc.ram.usedLength");
  assertEquals(pathText(["devices", "dma", 1, "regs", 0, "mode"]), "devices.dma[1].regs[0].mode");
});

Deno.test("matchesPath() matches a path and what it is in, never half a name", () => {
  const path = ["devices", "0000:00:02.0/vga", 0, "config", "command"];
  const cases: [string, boolean][] = [
    ["devices.0000:00:02.0/vga[0].config.command", true],
    ["devices.0000:00:02.0/vga[0].config", true],
    ["devices", true],
    ["*", true],
    ["dev", false],
    ["devices.0000:00:02.0/vg", false],
    ["devices.*/vga*", true],
    ["*config", true],
    ["*.config.comman?", true],
    ["*.config.command.*", false],
    ["devices.*[0].con*d", true],
    ["devices.*[1]*", false],
    ["", false],
    ["?evices", true],
    ["*x*", false],
  ];
  for (const [pattern, expected] of cases) assertEquals(matchesPath(pattern, path), expected, pattern);
});

Deno.test("matchesPath() is not slow for patterns and names that are made to be", () => {
  const started = workTime();
  assert(!matchesPath(`${"*a".repeat(50)}b`, ["a".repeat(5000)]));
  assert(workTime() - started < 2000);
});

Deno.test("passes() lets through what one pattern wants and none does not", () => {
  const path = ["devices", "timer", 0];
  assert(passes({}, path));
  assert(passes({ only: ["ram", "devices"] }, path));
  assert(!passes({ only: ["ram"] }, path));
  assert(!passes({ only: ["devices"], ignore: ["*.timer*"] }, path));
});
