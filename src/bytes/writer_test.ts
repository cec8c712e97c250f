import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Cursor } from "./cursor.ts";
import { ByteWriter } from "./writer.ts";

Deno.test("ByteWriter and Cursor are inverse across every growth of the buffer", () => {
  const item = fc.oneof(
    fc.record({ size: fc.constant(1 as const), value: fc.nat(0xff) }),
    fc.record({ size: fc.constant(2 as const), value: fc.nat(0xffff) }),
    fc.record({ size: fc.constant(4 as const), value: fc.nat(0x7fffffff) }),
    fc.record({ size: fc.constant(8 as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
    fc.record({ size: fc.constant(0 as const), value: fc.uint8Array({ maxLength: 200 }) }),
  );
  fc.assert(fc.property(fc.array(item, { maxLength: 60 }), (items) => {
    const writer = new ByteWriter();
    for (const { size, value } of items) {
      if (size === 1) writer.u8(value);
      else if (size === 2) writer.u16(value);
      else if (size === 4) writer.u32(value);
      else if (size === 8) writer.u64(value);
      else writer.put(value);
    }
    const cursor = new Cursor(writer.finish());
    for (const { size, value } of items) {
      if (size === 1) assertEquals(cursor.u8(), value);
      else if (size === 2) assertEquals(cursor.u16(), value);
      else if (size === 4) assertEquals(cursor.u32(), value);
      else if (size === 8) assertEquals(cursor.u64(), value);
      else assertEquals(cursor.take(value.length), new Uint8Array(value));
    }
    assertEquals(cursor.available, 0);
  }));
});
