import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import schema from "../schema/inspect-1.schema.json" with { type: "json" };
import { CORPUS_FOLDERS } from "../testing/corpus_folders.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import { be, blockList, MainStream, RAM_EOS, ramStream, stream } from "../testing/main_stream.ts";
import { devicePacket, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../testing/memory_capture.ts";
import { inspectCapture } from "../src/report/inspect/mod.ts";
import { EXIT } from "./exit.ts";
import { showReport } from "./inspect.ts";
import { WIDTH } from "./inspect/layout.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { unstyled } from "./style.ts";

const [shared, own] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];
const DEMO = "vfio-multifd-2";

function pathOf(name: string, folder = shared): string {
  return decodeURIComponent(new URL(name, folder?.url).pathname);
}

async function inspect(args: readonly string[], options: MemoryIoOptions = {}): Promise<MemoryIo & { code: number }> {
  const io = memoryIo(options);
  const code = await main(["inspect", ...args], io);
  return { ...io, code };
}

Deno.test({
  name: "migwire inspect --json fits the schema for every capture, which names every field",
  ignore: CAPTURES.length === 0,
  async fn(): Promise<void> {
    const published = compile(schema);
    const exact = compileClosed(schema);
    for (const name of CAPTURES) {
      const { code, out, err } = await inspect(["--json", pathOf(name)]);
      assertEquals([code, err()], [EXIT.ok, ""], name);
      const json = JSON.parse(out());
      assertFits(published, json, name);
      assertFits(exact, json, name);
      assertEquals(json.capture.name, name);
    }
  },
});

Deno.test({
  name: "migwire inspect --digests --json fits the schema for every capture, which names every field",
  ignore: CAPTURES.length === 0,
  async fn(): Promise<void> {
    const [published, exact] = [compile(schema), compileClosed(schema)];
    for (const name of CAPTURES) {
      const json = JSON.parse((await inspect(["--digests", "--json", pathOf(name)])).out());
      assertFits(published, json, name);
      assertFits(exact, json, name);
    }
  },
});

Deno.test({
  name: "migwire inspect --digests shows what RAM and devices hold",
  ignore: own?.captures.includes(DEMO) !== true,
  async fn(): Promise<void> {
    const args = ["--digests", pathOf(DEMO, own)];
    const { digests: { blocks, devices }, problems } = JSON.parse((await inspect(["--json", ...args])).out());
    const { code, out } = await inspect(args);
    assertEquals([code, problems], [EXIT.ok, []]);
    assert(blocks.length > 0 && devices.length === 1);
    for (const { sha256 } of blocks) assertStringIncludes(out(), `\n    ${sha256}\n`);
    assertStringIncludes(out(), "\nSHA-256 of VFIO devices\n  0000:00:05.0/vfio state (293.1 KiB)\n");
    assertStringIncludes(out(), `\n    ${devices[0].stateSha256}\n`);
    for (const line of out().split("\n")) assert(unicodeWidth(line) <= WIDTH, line);
    const plain = JSON.parse((await inspect(["--json", pathOf(DEMO, own)])).out());
    assertEquals(plain.digests, undefined);
  },
});

Deno.test({
  name: "migwire inspect --digests puts no more RAM together than it may",
  ignore: own?.captures.includes(DEMO) !== true,
  async fn(): Promise<void> {
    const { code, out, err } = await inspect(["--digests", "--ram-limit", "1MiB", pathOf(DEMO, own)]);
    assertEquals([code, out()], [EXIT.blocked, ""]);
    assertMatch(
      err(),
      /^migwire inspect: Cannot put the RAM together: .* allowed are 1048576\nallow more with --ram-limit/,
    );
    const without = await inspect(["--ram-limit", "1MiB", pathOf(DEMO, own)]);
    assertEquals(without.code, EXIT.usage);
  },
});

Deno.test("the schema of inspect refuses what is not of its shape", () => {
  const validate = compile(schema);
  const report = inspectCapture(memoryCapture([{ bytes: ramStream().bytes() }]));
  assertFits(validate, report, "a report");
  assertFits(validate, { ...report, added: 1 }, "fields that were added within the version");
  assertEquals(validate({ ...report, format: "migwire-inspect/2" }), false);
  assertEquals(validate({ ...report, devices: [{ idstr: "x" }] }), false);
});

Deno.test("inspect's reports of streams that no capture has fit the schema", () => {
  const validate = compileClosed(schema);
  const vfio = ramStream().start(3, "a/vfio", 1, [VFIO_TAG.setup, VFIO_TAG.end]).end(3, [vfioData(9), VFIO_TAG.end]);
  const cut = multifdChannel(0, devicePacket(0, 10), devicePacket(2, 500)).subarray(0, -20);
  const channels = [{ bytes: vfio.raw(0x55).bytes() }, { bytes: cut }, { bytes: new Uint8Array(0) }];
  assertFits(validate, JSON.parse(JSON.stringify(inspectCapture(memoryCapture(channels)))), "mixed");
  assertFits(validate, JSON.parse(JSON.stringify(inspectCapture(memoryCapture([{ bytes: be(1, 8) }])))), "garbage");
});

/** Captures whose text shows all that the command can say. */
const TELLING = [
  "vfio-multifd-2",
  "vfio-two-devices",
  "vfio-cut",
  "plain-postcopy-recover",
  "plain-mapped-ram",
  "plain-missing-capability",
];

for (const name of TELLING) {
  Deno.test({
    name: `migwire inspect tells of ${name} what it told before`,
    ignore: !CAPTURES.includes(name),
    async fn(t): Promise<void> {
      const { out } = await inspect([pathOf(name)]);
      await t.assertSnapshot(out());
    },
  });
}

Deno.test({
  name: "migwire inspect fits the width of its text for every capture, and colours change nothing else",
  ignore: CAPTURES.length === 0,
  async fn(): Promise<void> {
    for (const name of CAPTURES) {
      const { out } = await inspect(["--sections", pathOf(name)]);
      for (const line of out().split("\n")) assert(unicodeWidth(line) <= WIDTH, `${name}: ${line}`);
      const coloured = await inspect(["--sections", pathOf(name)], { isTerminal: true });
      assertEquals(unstyled(coloured.out()), out());
    }
  },
});

Deno.test({
  name: "migwire inspect shows the capture of the demo",
  ignore: own?.captures.includes(DEMO) !== true,
  async fn(): Promise<void> {
    const { code, out, err } = await inspect([pathOf(DEMO, own)]);
    assertEquals([code, err()], [EXIT.ok, ""]);
    assertMatch(out(), /^vfio-multifd-2: complete\n/);
    assertStringIncludes(out(), "stop-and-copy  293.1 KiB in 5 buffers of 37.1 KiB to 64 KiB");
  },
});

Deno.test({
  name: "migwire inspect lists all sections when asked",
  ignore: own?.captures.includes(DEMO) !== true,
  async fn(): Promise<void> {
    const [few, all] = [await inspect([pathOf(DEMO, own)]), await inspect(["--sections", pathOf(DEMO, own)])];
    assertStringIncludes(few.out(), "29 sections of devices");
    assertEquals(/--sections/.test(all.out()), false);
    assertStringIncludes(all.out(), "  i8259 ");
  },
});

Deno.test("migwire inspect refuses a page size that no target has", async () => {
  for (const size of ["0", "128", "512", "5000", "128KiB"]) {
    const { code, err } = await inspect(["--page-size", size, "-"]);
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), "Cannot use --page-size");
  }
});

Deno.test("migwire inspect says what is in the way", async () => {
  const { code, out, err } = await inspect(["testdata/no-such-capture"]);
  assertEquals([code, out()], [EXIT.blocked, ""]);
  assertMatch(err(), /^migwire inspect: Cannot open testdata\/no-such-capture/);
});

/** What is printed of channels in memory. */
function show(channels: readonly Uint8Array[], json = false): { code: number; out: string } {
  const io = memoryIo();
  const report = inspectCapture(memoryCapture(channels.map((bytes) => ({ bytes }))));
  const code = showReport(report, { json, sections: true }, io);
  return { code, out: io.out() };
}

Deno.test("migwire inspect fails only where nothing is understood", () => {
  const garbage = new Uint8Array(20).fill(0x77);
  assertEquals(show([garbage]).code, EXIT.fault);
  assertStringIncludes(show([garbage]).out, "unknown is not understood (20 bytes): no known channel begins with");
  assertEquals(show([ramStream().bytes(), garbage]).code, EXIT.ok);
  assertEquals(show([]).code, EXIT.ok);
  assertStringIncludes(show([]).out, "Nothing was sent.");
});

Deno.test("migwire inspect lets no text of a capture reach the terminal as it is", () => {
  const name = "pc\x1b[2J\u202e\u009b\n";
  const bytes = stream(name).start(2, "ram", 4, [blockList({ [name]: 0x1000 }), RAM_EOS])
    .start(3, `${name}/vfio`, 1, [VFIO_TAG.setup, VFIO_TAG.end]).raw(0x55).bytes();
  const text = show([bytes]).out;
  assertStringIncludes(text, "pc\\x1b[2J\\u{202e}\\x9b\\x0a/vfio");
  const json = show([bytes], true).out;
  for (const out of [text, json]) assertEquals(/[\p{C}\p{Zl}\p{Zp}]/u.test(out.replaceAll("\n", "")), false);
  assertEquals(JSON.parse(json).main.machine, name);
});

Deno.test("migwire inspect fits its width whatever names there are", () => {
  const long = "很长 ".repeat(40);
  const start = stream("m".repeat(250)).start(2, "ram", 4, [blockList({ [long]: 0x1000 }), RAM_EOS])
    .start(3, `${"d".repeat(250)}/vfio`, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
  const { out } = show([start.bytes(), multifdChannel(255, devicePacket(0, 10, { idstr: "i".repeat(255) }))]);
  for (const line of out.split("\n")) assert(unicodeWidth(line) <= WIDTH, line);
});

Deno.test("migwire inspect shows the first of many, and says how many more there are", () => {
  const blocks = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`block${i}`, 0x1000]));
  const { out } = show([stream().start(2, "ram", 4, [blockList(blocks), RAM_EOS]).bytes()]);
  assertStringIncludes(out, "  block49  ");
  assertStringIncludes(out, "  ... and 10 more; --json has all\n");
});

Deno.test("migwire inspect tells what is known of a buffer in which a channel is cut", () => {
  const cut = multifdChannel(3, devicePacket(0, 10), devicePacket(1, 5000)).subarray(0, -100);
  const { out } = show([ramStream().bytes(), cut]);
  assertStringIncludes(out, "  multifd 3 ends at 0x");
  assertStringIncludes(out, "    begun      5188 bytes of it came\n");
  assertStringIncludes(out, "    inside of  buffer 1 of 0000:00:05.0/vfio\n");
  assertStringIncludes(out, "at least 100 more bytes");
});

Deno.test("migwire inspect says when a device's state came both ways, and what is missing", () => {
  const bytes = new MainStream().header().start(3, "a/vfio", 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .end(3, [vfioData(9), VFIO_TAG.end]).bytes();
  const packets = multifdChannel(0, devicePacket(0, 10, { idstr: "a/vfio" }), devicePacket(2, 5, { idstr: "a/vfio" }));
  const { out } = show([bytes, packets]);
  assertStringIncludes(out, "  a/vfio: both on the main channel and over multifd channels\n");
  assertStringIncludes(out, "buffer 1, though later ones came");
  assertStringIncludes(out, "1 buffer came early, by up to 1, at best, as times were not recorded");
});
