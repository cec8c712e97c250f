import { assertEquals } from "@std/assert";
import { openPackets } from "../src/capture/mod.ts";
import { MemorySource, readBytes } from "../src/capture/mod.ts";
import { packetFile } from "./packets.ts";
import { allOf, mainChannel } from "./streams.ts";

Deno.test("packetFile() is a packet capture that holds the channel", () => {
  const channel = allOf(mainChannel(500));
  const capture = openPackets(new MemorySource(allOf(packetFile(mainChannel(500)))), { name: "x", label: "x" });
  const source = capture.channels[0]?.source;
  assertEquals(source === undefined ? undefined : readBytes(source, 0, source.size), channel);
  assertEquals(capture.findings, []);
});
