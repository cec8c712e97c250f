import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { MemorySource } from "../capture/mod.ts";
import type { Item } from "./item.ts";
import { PieceBuffer } from "./piece_buffer.ts";
import { itemOfBytes, noise } from "./plan_for_test.ts";

/** Pieces as texts: length, connection and end of the last byte. */
function textsOf(pieces: PieceBuffer, items: readonly Item[]): string[] {
  return Array.from(pieces.fill(items), ({ bytes, connection, end }) => `${bytes.length} ${connection}:${end}`);
}

Deno.test("PieceBuffer puts small items together, and cuts large ones", () => {
  const items = [itemOfBytes(noise(3), 0), itemOfBytes(noise(4), 1), itemOfBytes(noise(15), 2)];
  assertEquals(textsOf(new PieceBuffer(10), items), ["10 2:3", "10 2:13", "2 2:15"]);
  assertEquals(textsOf(new PieceBuffer(7), items), ["7 1:4", "7 2:7", "7 2:14", "1 2:15"]);
  assertEquals(textsOf(new PieceBuffer(100), items), ["22 2:15"]);
  assertEquals(textsOf(new PieceBuffer(5), []), []);
});

Deno.test("PieceBuffer tells where changed bytes stood in what was recorded", () => {
  const item = { ...itemOfBytes(noise(10)), offset: 2, length: 5, parts: () => [noise(20)], sentLength: 20 };
  assertEquals(textsOf(new PieceBuffer(4), [item]), ["4 0:6", "4 0:7", "4 0:7", "4 0:7", "4 0:7"]);
});

Deno.test("PieceBuffer gives all bytes, in pieces as large as can be", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.integer({ min: 0, max: 120 })), (size, lengths) => {
      const items = lengths.map((length, i): Item => {
        const whole = noise(length + 6, i);
        const item = { ...itemOfBytes(whole), offset: 3, length };
        return i % 2 === 0
          ? item
          : { ...item, parts: () => [noise(7, i), { offset: 3, length }], sentLength: length + 7 };
      });
      const expected = lengths.map((length, i) => {
        const plain = noise(length + 6, i).subarray(3, length + 3);
        return i % 2 === 0 ? plain : concat([noise(7, i), plain]);
      });
      const pieces = Array.from(new PieceBuffer(size).fill(items), ({ bytes }) => bytes.slice());
      assertEquals(concat(pieces), concat(expected));
      assertEquals(pieces.slice(0, -1).every(({ length }) => length === size), true);
    }),
  );
});

Deno.test("PieceBuffer tells that a capture has become shorter, and reads on where a source gives little", () => {
  const short = { ...itemOfBytes(noise(10)), length: 11 };
  const message = "Cannot send bytes 10 on: the capture has become shorter";
  assertThrows(() => textsOf(new PieceBuffer(100), [short]), RangeError, message);
  const source = new MemorySource(noise(10));
  const readAt = (at: number, into: Uint8Array): number => source.readAt(at, into.subarray(0, 1));
  const slow = { size: 10, readAt, close: (): void => {} };
  const [piece] = Array.from(new PieceBuffer(100).fill([{ ...itemOfBytes(noise(10)), source: slow }]));
  assertEquals(piece?.bytes, noise(10));
});
