import { createHash } from "node:crypto";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CaptureError, MemorySource, type ReadChannel } from "../../capture/mod.ts";
import { compareSpans, describeSpan } from "./compare_spans.ts";
import { readExactly, Span } from "./span.ts";

const PLACE = { channel: "main", offset: 100 };

function channelOf(bytes: Uint8Array | undefined): ReadChannel {
  return {
    label: "multifd 0",
    identity: { role: "multifd", reason: "", needed: 0 },
    channel: {
      label: "channel-01.s2d",
      index: 1,
      direction: "s2d",
      isFile: false,
      ...(bytes === undefined ? {} : { source: new MemorySource(bytes) }),
    },
  };
}

/** A span whose bytes lie in two places. */
function spanOf(bytes: Uint8Array): Span {
  const half = bytes.length >>> 1;
  const channel = channelOf(bytes);
  return new Span([
    { bytes: bytes.subarray(0, half), place: PLACE },
    { channel, offset: half, length: bytes.length - half },
  ]);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

Deno.test("compareSpans() finds the bytes that differ, whatever the pieces are", () => {
  fc.assert(fc.property(
    fc.uint8Array({ max: 2, maxLength: 60 }),
    fc.uint8Array({ max: 2, maxLength: 60 }),
    (a, b) => {
      const found = compareSpans(spanOf(a), spanOf(b));
      const differing = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).filter((i) => a[i] !== b[i]);
      const listed = found?.ranges.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)) ?? [];
      assertEquals(listed, differing);
      if (found === undefined) return;
      assertEquals([found.a, found.b], [
        { bytes: a.length, sha256: sha256(a) },
        { bytes: b.length, sha256: sha256(b) },
      ]);
      for (const { offset, length, a: left, b: right } of found.ranges) {
        const shown = Math.min(length, 32);
        assertEquals(left, a.subarray(offset, offset + shown).toHex());
        assertEquals(right, b.subarray(offset, offset + shown).toHex());
      }
    },
  ));
});

Deno.test("compareSpans() keeps a thousand ranges, and counts the others", () => {
  const b = Uint8Array.from({ length: 5000 }, (_, i) => i % 2);
  const found = compareSpans(spanOf(new Uint8Array(5000)), spanOf(b));
  assertEquals(found?.ranges.length, 1000);
  assertEquals(found?.moreRanges, 1500);
});

Deno.test("compareSpans() shows the first bytes of a long range, and sees it go on in the next piece", () => {
  const length = 600_000;
  const found = compareSpans(spanOf(new Uint8Array(length)), spanOf(new Uint8Array(length).fill(7)));
  assertEquals(found?.ranges, [{ offset: 0, length, a: "00".repeat(32), b: "07".repeat(32) }]);
});

Deno.test("describeSpan() gives length and digest", () => {
  const bytes = Uint8Array.from({ length: 9 }, (_, i) => i);
  assertEquals(describeSpan(spanOf(bytes)), { bytes: 9, sha256: sha256(bytes) });
  assertEquals(describeSpan(new Span([])), { bytes: 0, sha256: sha256(new Uint8Array(0)) });
});

Deno.test("Span.place() tells where each byte stands", () => {
  const span = spanOf(new Uint8Array(10));
  assertEquals(span.place(0), { channel: "main", offset: 100 });
  assertEquals(span.place(4), { channel: "main", offset: 104 });
  assertEquals(span.place(5), { channel: "multifd 0", offset: 5 });
  assertEquals(span.place(10), { channel: "multifd 0", offset: 10 });
  assertEquals(new Span([]).place(0), undefined);
});

Deno.test("readExactly() throws when the bytes are not there any more", () => {
  assertThrows(() => readExactly(channelOf(new Uint8Array(3)), 1, 3), CaptureError, "shorter");
  assertThrows(() => readExactly(channelOf(undefined), 0, 1), CaptureError);
  assert(!new Span([{ channel: channelOf(undefined), offset: 0, length: 1 }]).readable);
});
