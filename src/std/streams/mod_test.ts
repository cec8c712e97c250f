import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TextLineStream, toBytes, toText } from "./mod.ts";

function lines(chunks: string[], options?: { allowCR: boolean }): Promise<string[]> {
  return Array.fromAsync(ReadableStream.from(chunks).pipeThrough(new TextLineStream(options)));
}

Deno.test("toBytes() and toText() read to the end", async () => {
  const chunks = [new Uint8Array([0xc3]), new Uint8Array([0xa4, 0x62])];
  assertEquals(await toBytes(ReadableStream.from(chunks)), new Uint8Array([0xc3, 0xa4, 0x62]));
  assertEquals(await toText(ReadableStream.from(chunks)), "äb");
  assertEquals(await toText(ReadableStream.from([chunks[0] as Uint8Array, "b"])), "\ufffdb");
  assertEquals(await toBytes(ReadableStream.from<Uint8Array>([])), new Uint8Array());
});

Deno.test("TextLineStream cuts where the lines end, wherever the chunks end", async () => {
  assertEquals(await lines(["a\r", "\n", "\nb", "c\n"]), ["a", "", "bc"]);
  assertEquals(await lines(["a\rb\r"]), ["a\rb\r"]);
  assertEquals(await lines(["a\rb\r", "c\r"], { allowCR: true }), ["a", "b", "c"]);
  assertEquals(await lines([]), []);
});

Deno.test("TextLineStream gives the same lines for any chunks", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\r", "\n", "") });
  await fc.assert(fc.asyncProperty(fc.array(text), fc.boolean(), async (chunks, allowCR) => {
    assertEquals(await lines(chunks, { allowCR }), await lines([chunks.join("")], { allowCR }));
  }));
});
