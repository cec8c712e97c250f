import { assertEquals } from "@std/assert";
import { RAM_EOS, ramStream } from "../../../testing/main_stream.ts";
import { identifyChannels } from "../../capture/mod.ts";
import { memoryCapture } from "./captures_for_test.ts";
import { type MultifdInit, multifdInit } from "../../wire/mod.ts";
import { sectionNames, selectChannels, selectDevices, selectKinds } from "./select.ts";

/** The initial packet of a multifd channel. */
function init(id: number): Uint8Array {
  const packet: MultifdInit = { magic: 0x11223344, version: 1, uuid: new Uint8Array(16), id };
  return multifdInit().encode(packet);
}

Deno.test("selectChannels() takes labels, roles, connections and names of files", () => {
  const channels = identifyChannels(memoryCapture(ramStream().bytes(), init(0), init(1)));
  const selected = (text: string): string[] => selectChannels(channels, text).map(({ label }) => label);
  assertEquals(selected("main"), ["main"]);
  assertEquals(selected("multifd 1"), ["multifd 1"]);
  assertEquals(selected("multifd"), ["multifd 0", "multifd 1"]);
  assertEquals(selected("2"), ["multifd 1"]);
  assertEquals(selected("channel-01.s2d"), ["multifd 0"]);
  for (const text of ["", "multi", "7", "1.0"]) assertEquals(selected(text), []);
});

Deno.test("selectDevices() takes a whole name before parts of names", () => {
  const names = ["ram", "ram-extra", "0000:00:05.0/vfio"];
  assertEquals(selectDevices(names, "ram"), ["ram"]);
  assertEquals(selectDevices(names, "vfio"), ["0000:00:05.0/vfio"]);
  assertEquals(selectDevices(names, "ra"), ["ram", "ram-extra"]);
  assertEquals(selectDevices(names, "usb"), []);
});

Deno.test("selectKinds() takes * for any letters, and nothing else for more than it is", () => {
  assertEquals(selectKinds("section-start"), ["section-start"]);
  assertEquals(selectKinds("section-*"), [
    "section-start",
    "section-full",
    "section-part",
    "section-end",
    "section-footer",
  ]);
  assertEquals(selectKinds("*-page"), ["ram-page", "ram-compress-page"]);
  for (const pattern of ["section", "section-.*", "ram.page", "(", "\\", ""]) assertEquals(selectKinds(pattern), []);
});

Deno.test("sectionNames() gives each name once, in the order of the capture", () => {
  const bytes = ramStream().part(2, RAM_EOS).full(3, "timer", 2, new Uint8Array(24)).full(4, "ram", 4, RAM_EOS).eof();
  assertEquals(sectionNames(memoryCapture(bytes.bytes())), ["ram", "timer"]);
});

Deno.test("selectKinds() of letters that mean something in regular expressions gives none", () => {
  for (const pattern of ["ram-pa\ufffde", "ram-\\pages", "(", "[a", "a{2}", "+", "\ud800"]) {
    assertEquals(selectKinds(pattern), [], pattern);
  }
});
