import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CaptureError } from "./capture_error.ts";
import type { SequentialRead } from "./drive.ts";
import { readPipe } from "./pipe.ts";
import { readBytes } from "./source.ts";

/** A pipe that gives `content`, at most `step` bytes at a time. */
function pipe(content: Uint8Array, step: number): SequentialRead {
  let at = 0;
  return (into) => {
    const part = content.subarray(at, at + Math.min(step, into.length));
    into.set(part);
    at += part.length;
    return part.length || null;
  };
}

function drain(read: SequentialRead, step: number): Uint8Array {
  const all: number[] = [];
  const buffer = new Uint8Array(step);
  for (let count = read(buffer); count; count = read(buffer)) all.push(...buffer.subarray(0, count));
  return Uint8Array.from(all);
}

Deno.test("readPipe() keeps a pipe of up to so many bytes, and gives longer ones on whole", () => {
  const content = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const step = fc.integer({ min: 1, max: 40 });
  fc.assert(fc.property(content, step, step, fc.nat(199), (content, step, other, offset) => {
    const expected = content.slice(offset);
    if (expected.length === 0) return;
    const result = readPipe(pipe(content, step), offset, 50);
    if ("source" in result) {
      assertEquals(readBytes(result.source, 0, 999), new Uint8Array(expected));
      assert(expected.length < 50);
    } else {
      assertEquals(result.pipe.head, expected.slice(0, 50));
      assertEquals(drain(result.pipe.read, other), new Uint8Array(expected));
    }
  }));
});

Deno.test("readPipe() refuses an empty pipe, and an offset behind its end", () => {
  assertEquals(assertThrows(() => readPipe(() => null), CaptureError).code, "is-empty");
  const error = assertThrows(() => readPipe(pipe(new Uint8Array(10), 4), 11), CaptureError, "the input has 10 bytes");
  assertEquals(error.code, "offset");
});
