import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readBytes } from "../capture/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { loadReport } from "../report/load/mod.ts";
import { forge, type ForgedCapture, forgeDescription, ForgeError, forgeRow, parseForgeDescription } from "./mod.ts";

const TITLE = "test";

function forged(...steps: readonly unknown[]): ForgedCapture {
  return forge(forgeDescription({ title: TITLE, steps }));
}

/** Bytes of a channel. */
function bytesOf(capture: ForgedCapture, index: number): Uint8Array {
  const source = capture.channels[index]?.source;
  return source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size);
}

Deno.test("forge() sends what the steps say in their order, a millisecond between two", () => {
  const { events, channels } = forged("open", { connect: 1 }, { connect: 0 }, { wait: 10 }, {
    raw: { content: [{ u8: 1 }] },
  }, {
    close: 0,
  });
  assertEquals(channels.map(({ label }) => label), ["channel-00.s2d", "channel-01.s2d", "channel-02.s2d"]);
  assertEquals(events.map(({ kind, channel, time }) => [kind, channel, time / 1_000_000]), [
    ["open", 0, 1],
    ["open", 1, 2],
    ["data", 1, 2],
    ["open", 2, 3],
    ["data", 2, 3],
    ["data", 0, 15],
    ["end", 2, 16],
    ["end", 2, 16],
    ["end", 0, 17],
    ["end", 0, 17],
    ["end", 1, 17],
    ["end", 1, 17],
  ]);
});

Deno.test("a content is made of words and values", () => {
  const content = [
    "end",
    { u8: 7 },
    { u32: 0x01020304 },
    { u64: "0xfedcba9876543210" },
    { u64: 5 },
    { zeros: 2 },
    { hex: "a b c d" },
    { text: "Aé" },
    { zero: { offset: 4096, block: "b" } },
  ];
  assertEquals(
    bytesOf(forged("open", { raw: { content } }), 0).toHex(),
    ["ffffffffef100001", "07", "01020304", "fedcba9876543210", "0000000000000005", "0000", "abcd", "41c3a9"].join("") +
      "0000000000001002016200",
  );
  assertEquals(
    bytesOf(forged("open", { raw: { content: [{ page: {} }, { name: "n" }] } }), 0).length,
    8 + 7 + 4096 + 256,
  );
});

Deno.test("a description that cannot be forged is refused with the place", () => {
  const cases: [value: unknown, path: string][] = [
    ["text", "it"],
    [{ steps: [] }, "title"],
    [{ title: 5, steps: [] }, "title"],
    [{ title: TITLE }, "steps"],
    [{ title: TITLE, steps: "setup" }, "steps"],
    [{ title: TITLE, steps: [5] }, "steps[0]"],
    [{ title: TITLE, steps: [{ a: 1, b: 2 }] }, "steps[0]"],
    [{ title: TITLE, steps: [], colour: "red" }, "colour"],
    [{ title: TITLE, steps: [], barriers: "none" }, "barriers"],
    [{ title: TITLE, steps: [], ram: 5 }, "ram"],
    [{ title: TITLE, steps: [], ram: { a: "much" } }, "ram.a"],
    [{ title: TITLE, steps: [], channels: 256 }, "channels"],
    [{ title: TITLE, steps: [], destination: { multifd: "auto" } }, "destination.multifd"],
    [{ title: TITLE, steps: [], destination: 5 }, "destination"],
    [{ title: TITLE, steps: ["set-up"] }, "steps[0].set-up"],
    [{ title: TITLE, steps: ["constructor"] }, "steps[0].constructor"],
    [{ title: TITLE, steps: ["eof"] }, "steps[0].eof"],
    [{ title: TITLE, steps: ["open", "open"] }, "steps[1].open"],
    [{ title: TITLE, steps: ["open", { close: "main" }, "eof"] }, "steps[2].eof"],
    [{ title: TITLE, steps: ["setup", "data"] }, "steps[1].data.idx"],
    [{ title: TITLE, steps: ["setup", { data: { idx: 0, colour: 1 } }] }, "steps[1].data.colour"],
    [{ title: TITLE, steps: ["setup", { data: { idx: 0, payload: "0" } }] }, "steps[1].data.payload"],
    [{ title: TITLE, steps: ["setup", { data: { idx: 0, content: ["x"] } }] }, "steps[1].data.content[0]"],
    [{ title: TITLE, steps: ["setup", { data: { idx: 0, size: "65MiB" } }] }, "steps[1].data.size"],
    [{ title: TITLE, steps: ["setup", { data: { idx: 0, channel: 2 } }] }, "steps[1].data"],
    [{ title: TITLE, steps: ["setup", { ram: { pages: [1] } }] }, "steps[1].ram.pages[0]"],
    [{ title: TITLE, steps: ["setup", { ram: { zero: Array(129).fill(0) } }] }, "steps[1].ram"],
    [{ title: TITLE, steps: ["setup", { part: "other" }] }, "steps[1].part"],
    [{ title: TITLE, steps: ["setup", "command"] }, "steps[1].command.number"],
    [{ title: TITLE, steps: ["setup", { raw: {} }] }, "steps[1].raw.content"],
    [
      { title: TITLE, steps: ["setup", { raw: { content: [{ page: { offset: 1 } }] } }] },
      "steps[1].raw.content[0].page.offset",
    ],
    [{ title: TITLE, steps: ["setup", ...Array(3).fill({ raw: { content: [{ zeros: "30MiB" }] } })] }, "steps[3].raw"],
  ];
  for (const [value, path] of cases) {
    const error = assertThrows(() => forge(forgeDescription(value)), ForgeError);
    assertEquals(error.path, path);
  }
});

Deno.test("a forged capture says what destination it is for; a device without a place on the root bus is left out", () => {
  const destination = { "devices": ["0000:00:05.0/vfio", "0000:01:00.0/vfio"], "load-config-after-iter": "on" };
  const capture = forge(
    forgeDescription({ title: TITLE, destination, steps: ["open", { raw: { content: [] } }] }),
    "it",
  );
  capture.close();
  assertEquals([capture.name, capture.manifest.about, capture.events.length], ["it", TITLE, 3]);
  assertEquals(capture.manifest.destination?.command?.slice(3), [
    "-device",
    "vfio-pci,host=0000:00:05.0,addr=05.0,x-migration-multifd-transfer=auto,x-migration-load-config-after-iter=on",
  ]);
});

Deno.test("parseForgeDescription() says what is no YAML", async () => {
  await assertRejects(() => parseForgeDescription("a: [1"), ForgeError, "is no YAML");
  await assertRejects(() => parseForgeDescription("#".repeat(1024 * 1024 + 1)), ForgeError, "letters");
});

Deno.test("forgeRow() knows rows by their names alone", () => {
  assertEquals(forgeRow("row-96")?.row, 96);
  assertEquals([forgeRow("row-97"), forgeRow("17")], [undefined, undefined]);
});

Deno.test("buffers of any sizes, orders and channels make a capture that passes the checks and loads", async () => {
  const buffers = fc.array(fc.record({ size: fc.nat(200), channel: fc.nat(2), place: fc.nat() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(buffers, fc.array(fc.nat(15), { maxLength: 5 }), async (list, pages) => {
      const data = list.map(({ size, channel, place }, idx) => ({ place, data: { idx, size: size + 1, channel } }))
        .sort((a, b) => a.place - b.place).map(({ data }) => ({ data }));
      const ram = [...new Set(pages)].map((page) => ({ ram: { pages: [page * 4096], channel: page % 3 } }));
      const description = forgeDescription({
        title: TITLE,
        channels: 3,
        steps: ["setup", ...ram, "barrier", "switchover", ...data, { config: list.length }, "finish"],
      });
      const capture = forge(description);
      assertEquals(checkCapture(capture, {}).problems.filter(({ severity }) => severity === "error"), []);
      const { verdict, devices } = await loadReport(capture);
      assertEquals([verdict.kind, devices[0]?.bytes], ["ok", list.reduce((sum, { size }) => sum + size + 1, 0)]);
    }),
    { numRuns: 30 },
  );
});
