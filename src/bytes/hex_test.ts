import { assertEquals } from "@std/assert";
import { bytesOfHex, hexText } from "./mod.ts";

Deno.test("hexText() and bytesOfHex() do what the runtime's own do, for every byte", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(hexText(bytes), bytes.toHex());
  assertEquals(bytesOfHex(bytes.toHex().toUpperCase()), bytes);
  assertEquals([hexText(new Uint8Array(0)), bytesOfHex("").length], ["", 0]);
});
