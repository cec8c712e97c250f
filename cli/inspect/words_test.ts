import { assertEquals } from "@std/assert";
import { count, countRecords, formatSpan, instanceName, qemuName } from "./words.ts";

Deno.test("count() knows one from many", () => {
  assertEquals([count(1, "page"), count(0, "page"), count(2, "body", "bodies")], ["1 page", "0 pages", "2 bodies"]);
});

Deno.test("formatSpan() takes the unit that suits", () => {
  const cases: [number, string][] = [
    [0, "0 µs"],
    [1500, "1.5 µs"],
    [999_000, "999 µs"],
    [12_345_678, "12.3 ms"],
    [325_420_873, "325 ms"],
    [1_927_327_357, "1.9 s"],
    [-8_313_659, "-8.3 ms"],
  ];
  for (const [nanoseconds, expected] of cases) assertEquals(formatSpan(nanoseconds), expected);
});

Deno.test("instanceName() names the instance where there may be several", () => {
  assertEquals(instanceName({ idstr: "i8259", instanceId: 0 }), "i8259");
  assertEquals(instanceName({ idstr: "i8259\x07", instanceId: 1 }), "i8259\\x07 (instance 1)");
});

Deno.test("qemuName() gives QEMU's name of a kind", () => {
  assertEquals([qemuName("section-part"), qemuName("rp-req-pages-id")], ["PART", "REQ_PAGES_ID"]);
});

Deno.test("countRecords() tells what matters of the records of a channel", () => {
  const records = { "file-header": 1, "section-start": 1, "section-full": 2, "ram-page": 300, eof: 1 };
  assertEquals(countRecords(records), "3 sections, 300 RAM pages, EOF");
  assertEquals(countRecords({ "multifd-init": 1 }), "");
});
