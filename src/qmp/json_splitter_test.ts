import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { JsonSplitter } from "./json_splitter.ts";
import { QmpError } from "./qmp_error.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("JsonSplitter finds the same objects however the bytes are cut, and however they are laid out", () => {
  const object = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue());
  const blank = fc.constantFrom("\r\n", "\n", "", " \t", "\n\n");
  fc.assert(fc.property(
    fc.array(fc.tuple(object, blank, fc.constantFrom(0, 4))),
    fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
    (objects, sizes) => {
      const bytes = encode(objects.map(([json, end, indent]) => JSON.stringify(json, null, indent) + end).join(""));
      const splitter = new JsonSplitter(1 << 20);
      const found: unknown[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value ?? 1;
        // The splitter must not keep a view of a buffer that is used again.
        const piece = bytes.slice(at, at + size);
        found.push(...splitter.push(piece).map((text) => JSON.parse(text)));
        piece.fill(0x7b);
        at += size;
      }
      assertEquals(JSON.stringify(found), JSON.stringify(objects.map(([json]) => json)));
    },
  ));
});

Deno.test("JsonSplitter refuses what does not begin an object, at its first byte", () => {
  for (const text of ["[1]", '"x"', "}", "SSH-2.0-OpenSSH_9.2", "\0", '{"a":1},']) {
    const error = assertThrows(() => new JsonSplitter(100).push(encode(text)), QmpError, "what came is not QMP");
    assertEquals(error.code, "protocol");
  }
});

Deno.test("JsonSplitter knows the monitor for people", () => {
  const text = "QEMU 10.0.2 monitor - type 'help' for more information\r\n(qemu) ";
  const error = assertThrows(() => new JsonSplitter(100).push(encode(text)), QmpError);
  assertEquals(error.hint, "this is the monitor for people (-monitor): give the address of a -qmp");
});

Deno.test("JsonSplitter keeps no more than it may", () => {
  const splitter = new JsonSplitter(10);
  assertEquals(splitter.push(encode('{"a":1234}{"b"')), ['{"a":1234}']);
  assertThrows(() => splitter.push(encode(":123456")), QmpError, "an object of more than 10 bytes");
  assertThrows(() => new JsonSplitter(10).push(encode('{"a":12345}')), QmpError, "more than 10 bytes");
});

Deno.test("JsonSplitter takes braces and escapes in texts for what they are", () => {
  const text = String.raw`{"a":"}{\"]\\","b":["{"]}`;
  assertEquals(new JsonSplitter(100).push(encode(text)), [text]);
});
