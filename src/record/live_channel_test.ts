import { assertEquals, assertStringIncludes } from "@std/assert";
import { ChannelGrammars } from "../capture/mod.ts";
import type { BaseRecord } from "../stream/mod.ts";
import { LiveChannel, type LiveObserver } from "./live_channel.ts";

/** Keeps what it is told. */
function listener(): LiveObserver & { readonly kinds: string[]; readonly labels: string[] } {
  const kinds: string[] = [];
  const labels: string[] = [];
  return {
    kinds,
    labels,
    identified: ({ label }: LiveChannel) => void labels.push(label),
    record: ({ kind }: BaseRecord) => void kinds.push(kind),
  };
}

const PLACE = { index: 0, direction: "s2d" } as const;

Deno.test("LiveChannel tells what it is as soon as that is known, then its records", () => {
  const observer = listener();
  const channel = new LiveChannel(PLACE, new ChannelGrammars({}), observer);
  for (const byte of Uint8Array.fromHex("5145564d00000003")) {
    assertEquals([channel.label, observer.kinds], ["?", []]);
    channel.push(Uint8Array.of(byte));
  }
  channel.end();
  assertEquals([observer.labels, observer.kinds], [["main"], ["file-header", "truncated"]]);
});

Deno.test("LiveChannel knows the id of a multifd channel when its initial packet is whole", () => {
  const observer = listener();
  const channel = new LiveChannel(PLACE, new ChannelGrammars({}), observer);
  const init = new Uint8Array(64);
  init.set(Uint8Array.fromHex("1122334400000001"));
  init[24] = 5;
  channel.push(init);
  assertEquals(channel.label, "multifd 5");
});

Deno.test("LiveChannel says what a channel too short to tell is, when it has ended", () => {
  const observer = listener();
  const channel = new LiveChannel(PLACE, new ChannelGrammars({}), observer);
  channel.push(Uint8Array.fromHex("5145"));
  channel.end();
  assertEquals(observer.labels, ["main"]);
});

Deno.test("LiveChannel survives a reader that fails, and reads no more", () => {
  const observer = listener();
  const channel = new LiveChannel(PLACE, new ChannelGrammars({}), observer, () => ({
    expecting: "anything",
    complete: true,
    step(): never {
      throw new TypeError("a mistake");
    },
  }));
  channel.push(Uint8Array.fromHex("5145564d00000003"));
  channel.push(Uint8Array.of(0));
  channel.end();
  assertStringIncludes(channel.failure ?? "", "a mistake");
  assertEquals([channel.passing, observer.kinds], [0, []]);
});
