import { assertEquals } from "@std/assert";
import { bytesOf, MainStream, RAM_EOS, ramStream, stream, word } from "../../../testing/main_stream.ts";
import { linesOf, memoryCapture } from "./captures_for_test.ts";

/** Kind and section of each line. */
function sections(bytes: Uint8Array): unknown[] {
  return linesOf(memoryCapture(bytes)).map(({ kind, section }) => [kind, section?.idstr]);
}

Deno.test("ScopeTracker counts header, body and footer to a section, and nothing else", () => {
  assertEquals(sections(ramStream().command(1).part(2, RAM_EOS).eof().bytes()), [
    ["file-header", undefined],
    ["configuration", undefined],
    ["section-start", "ram"],
    ["ram-block-list", "ram"],
    ["ram-eos", "ram"],
    ["section-footer", "ram"],
    ["command", undefined],
    ["section-part", "ram"],
    ["ram-eos", "ram"],
    ["section-footer", "ram"],
    ["eof", undefined],
  ]);
});

Deno.test("ScopeTracker knows where a section ends that has no footer", () => {
  const bytes = new MainStream({ footers: false }).header().full(1, "ram", 4, RAM_EOS).command(1).eof().bytes();
  assertEquals(sections(bytes).slice(2), [
    ["section-full", "ram"],
    ["ram-eos", "ram"],
    ["command", undefined],
    ["eof", undefined],
  ]);
});

Deno.test("ScopeTracker counts a cut device-state packet to its device", () => {
  const idstr = bytesOf(new TextEncoder().encode("0000:00:05.0/vfio"), new Uint8Array(239));
  const init = bytesOf(word(0x1122334400000001n), new Uint8Array(56));
  const packet = bytesOf(
    word(0x1122334400000001n),
    [0, 0, 0, 0x40],
    idstr,
    [0, 0, 0, 0, 0, 0, 0, 99],
    new Uint8Array(20),
  );
  assertEquals(sections(bytesOf(init, packet)), [["multifd-init", undefined], ["truncated", "0000:00:05.0/vfio"]]);
});

Deno.test("ScopeTracker tells what is in a package", () => {
  const inner = new MainStream().command(4).command(5);
  const lines = linesOf(memoryCapture(stream().packaged(inner).command(1).eof().bytes()));
  assertEquals(lines.map(({ kind, depth }) => [kind, depth]), [
    ["file-header", 0],
    ["configuration", 0],
    ["command", 0],
    ["command", 1],
    ["command", 1],
    ["command", 0],
    ["eof", 0],
  ]);
});
