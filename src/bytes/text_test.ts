import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeText, encodeText } from "./text.ts";

Deno.test("decodeText() and encodeText() are inverse for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    assertEquals(encodeText(decodeText(bytes)), new Uint8Array(bytes));
  }));
});

Deno.test("decodeText() reads UTF-8 where it is UTF-8", () => {
  assertEquals(decodeText(new TextEncoder().encode("größe")), "größe");
});

Deno.test("encodeText() writes an escaped byte beside other characters", () => {
  assertEquals(encodeText("a\udcffé"), Uint8Array.of(0x61, 0xff, 0xc3, 0xa9));
});
