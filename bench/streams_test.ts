import { assertEquals } from "@std/assert";
import { inspectCapture } from "../src/report/inspect/mod.ts";
import { memoryCapture } from "../testing/memory_capture.ts";
import { allOf, DEVICE_BUFFER, deviceChannel, mainChannel, PAGE } from "./streams.ts";

Deno.test("mainChannel() is a complete main channel of so many pages", () => {
  const bytes = allOf(mainChannel(5000));
  const report = inspectCapture(memoryCapture([{ bytes }]));
  assertEquals([report.complete, report.problems, report.main?.ending], [true, [], "complete-no-description"]);
  assertEquals(report.main?.ramBlocks.map(({ usedLength, pages }) => [usedLength, pages.normal]), [[
    5000 * PAGE,
    5000,
  ]]);
});

Deno.test("deviceChannel() is a multifd channel of so many packets, numbered from 0", () => {
  const bytes = allOf(deviceChannel(3));
  const report = inspectCapture(memoryCapture([{ bytes }]));
  const [device] = report.devices;
  assertEquals(report.problems, []);
  assertEquals([device?.buffers, device?.stopCopyBytes], [3, 3 * DEVICE_BUFFER]);
  assertEquals(device?.multifd?.missingIndex, null);
});
