import { assertEquals } from "@std/assert";
import { type CaptureChannel, MemorySource, type ReadChannel } from "../../capture/mod.ts";
import type { BaseRecord } from "../../stream/mod.ts";
import { Rewriter } from "./rewrite.ts";

function channelOf(channel: Partial<CaptureChannel>): ReadChannel {
  return {
    label: "main",
    identity: { role: "main", reason: "", needed: 0 },
    channel: { label: "", index: 0, direction: "s2d", isFile: false, ...channel },
  };
}

const FOOTER = Uint8Array.of(0x7e, 0, 0, 0, 2);

function footer(offset: number, sectionId: number): BaseRecord {
  return { kind: "section-footer", offset, length: 5, marker: 0x7e, sectionId } as BaseRecord;
}

Deno.test("Rewriter finds the byte at which a record, written again, is another", () => {
  const rewriter = new Rewriter(channelOf({ source: new MemorySource(Uint8Array.of(...FOOTER, ...FOOTER)) }));
  assertEquals(rewriter.add(footer(0, 2)), []);
  const [problem] = rewriter.add(footer(5, 3));
  assertEquals([problem?.code, problem?.offset], ["rewrite-differs", 9]);
  assertEquals(rewriter.rewritten, false);
  assertEquals(rewriter.add(footer(20, 3)), [], "one difference of a channel is enough");
});

Deno.test("Rewriter finds a gap between records, and a record that is longer than its channel", () => {
  const gap = new Rewriter(channelOf({ source: new MemorySource(FOOTER) }));
  assertEquals(gap.add(footer(1, 2))[0]?.offset, 0);
  const beyond = new Rewriter(channelOf({ source: new MemorySource(FOOTER.subarray(0, 4)) }));
  assertEquals(beyond.add(footer(0, 2))[0]?.offset, 4);
  const tooLong = new Rewriter(channelOf({ source: new MemorySource(FOOTER) }));
  assertEquals(tooLong.add({ ...footer(0, 2), length: 6 })[0]?.offset, 5);
});

Deno.test("Rewriter says nothing of a channel that is gone", () => {
  const rewriter = new Rewriter(channelOf({}));
  assertEquals(rewriter.add(footer(0, 3)), []);
  assertEquals(rewriter.rewritten, null);
});
