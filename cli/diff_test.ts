import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import schema from "../schema/diff-1.schema.json" with { type: "json" };
import { CORPUS_FOLDERS } from "../testing/corpus_folders.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import {
  be,
  BLOCK,
  blockList,
  type MainStream,
  page,
  RAM_EOS,
  smallStream,
  stream,
  word,
} from "../testing/main_stream.ts";
import { memoryCapture } from "../testing/memory_capture.ts";
import { diffCaptures, type Difference, type DiffOptions, type DiffReport } from "../src/report/diff/mod.ts";
import { showDiff } from "./diff.ts";
import { EXIT } from "./exit.ts";
import { WIDTH } from "./inspect/layout.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { unstyled } from "./style.ts";

const [shared, own] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];
const ignore = CAPTURES.length === 0;

function pathOf(name: string, folder = shared): string {
  return decodeURIComponent(new URL(name, folder?.url).pathname);
}

async function diff(...args: string[]): Promise<MemoryIo & { code: number }> {
  const io = memoryIo();
  return { ...io, code: await main(["diff", ...args], io) };
}

/** Compares two streams, and shows the result. */
async function show(
  a: MainStream | Uint8Array,
  b: MainStream | Uint8Array,
  options: DiffOptions & { json?: boolean } = {},
  ioOptions: MemoryIoOptions = {},
): Promise<{ code: number; out: string }> {
  const capture = (one: MainStream | Uint8Array): ReturnType<typeof memoryCapture> =>
    memoryCapture([{ bytes: one instanceof Uint8Array ? one : one.bytes() }]);
  return shown(await diffCaptures(capture(a), capture(b), options), options.json === true, ioOptions);
}

function shown(report: DiffReport, json = false, ioOptions: MemoryIoOptions = {}): { code: number; out: string } {
  const io = memoryIo(ioOptions);
  return { code: showDiff(report, { json }, io), out: io.out() };
}

/** A stream with a device of `values`, four bytes each, of an array and a field. */
function withDevice(array: readonly number[], last: number, machine = "pc-q35-9.2"): MainStream {
  const fields = [
    { name: "regs", type: "uint32", size: 4, array_len: array.length },
    { name: "last", type: "uint32", size: 4 },
  ];
  const device = { name: "dev", instance_id: 1, vmsd_name: "dev", version: 1, fields };
  return stream(machine).full(7, "dev", 1, [array.map((value) => be(value, 4)), be(last, 4)], 1).eof()
    .description({ page_size: 4096, devices: [device] });
}

Deno.test("migwire diff says that nothing differs, and what it did not compare", async () => {
  assertEquals(await show(smallStream(), smallStream()), {
    code: EXIT.ok,
    out: "A  memory: pc-q35-9.2, complete\nB  memory: pc-q35-9.2, complete\n" +
      "no difference, RAM contents not compared (--ram)\n",
  });
  const { out } = await show(smallStream(), smallStream(), { ram: true });
  assertStringIncludes(out, "\nno difference\n");
});

Deno.test("migwire diff groups what differs, and puts neighbours in an array together", async () => {
  const { code, out } = await show(withDevice([1, 2, 3, 4, 5, 6], 7), withDevice([1, 20, 30, 4, 0, 0], 16, "virt-9.2"));
  assertEquals(code, EXIT.fault);
  assertEquals(out.split("\n"), [
    "A  memory: pc-q35-9.2, complete",
    "B  memory: virt-9.2, complete",
    "6 differences: 6 changed, RAM contents not compared (--ram)",
    "",
    "Configuration",
    "  machine  pc-q35-9.2 -> virt-9.2",
    "",
    "Devices",
    "  dev[1]",
    "    regs[1..2]  2, 3 -> 20 (0x14), 30 (0x1e)",
    "    regs[4..5]  5, 6 -> 0, 0",
    "    last        7 -> 16 (0x10)",
    "",
  ]);
  const same = await show(withDevice([1, 1, 1, 1, 1, 1], 7), withDevice([2, 2, 2, 2, 2, 2], 7));
  assertStringIncludes(same.out, "    regs[0..5]  1 -> 2, each of 6\n");
  const many = await show(withDevice([1, 2, 3, 4, 5, 6], 7), withDevice([2, 3, 4, 5, 6, 7], 7));
  assertStringIncludes(many.out, "    regs[0..5]  1, 2, 3, 4, … -> 2, 3, 4, 5, …\n");
  const longer = await show(withDevice([1, 2], 7), withDevice([1, 2, 3, 4, 5, 6], 7));
  assertStringIncludes(longer.out, "    regs[2..5]  only in B: 3, 4, 5, 6\n");
  const shorter = await show(withDevice([1, 2, 3, 3], 7), withDevice([1, 2], 7));
  assertStringIncludes(shorter.out, "    regs[2..3]  only in A: 3, each of 2\n");
});

Deno.test("migwire diff lists what only one side has by name", async () => {
  const a = stream().start(2, "ram", 4, [blockList({ "pc.ram": 0x1000, vga: 0x1000 }), RAM_EOS])
    .command(1).full(0, "timer", 2, [word(1), word(0), word(2)]).eof();
  const b = stream().start(2, "ram", 4, [blockList({ "pc.ram": 0x2000 }), RAM_EOS]).eof();
  const { out } = await show(a, b);
  assertStringIncludes(out, "\nCapabilities\n  only in A: return-path\n");
  assertStringIncludes(out, "\nRAM\n  only in A: vga\n  pc.ram.usedLength  4096 (0x1000) -> 8192 (0x2000)\n");
  assertStringIncludes(out, "\nCommands\n  only in A: OPEN_RETURN_PATH\n");
  assertStringIncludes(out, "\nSections\n  only in A: timer\n");
  assertStringIncludes((await show(b, a)).out, "\nSections\n  only in B: timer\n");
});

Deno.test("migwire diff shows the ranges of RAM that differ", async () => {
  const of = (fill: number): MainStream =>
    stream().start(2, "ram", 4, [blockList({ [BLOCK]: 0x2000 }), RAM_EOS])
      .part(2, [page(0, BLOCK, fill), page(0x1000, undefined, 1), RAM_EOS]).end(2, RAM_EOS).eof();
  const { out } = await show(of(1), of(2), { ram: true });
  assertStringIncludes(out, "\nRAM\n  pc.ram.contents  4 KiB of 8 KiB differ: [0x0..0xfff]\n");
});

Deno.test("migwire diff shows the bytes of what nothing describes", async () => {
  const of = (...bytes: number[]): MainStream => stream().full(7, "dev", 1, bytes).full(8, "dev2", 1, [1, 2]).eof();
  const { out } = await show(of(1, 2, 3), of(1, 9, 3));
  assertStringIncludes(out, "  dev\n    bytes  1 byte of 3 bytes differs: [0x1] 02 -> 09\n");
  const longer = await show(of(1, 2, 3), of(1, 2, 3, 4));
  assertStringIncludes(longer.out, "bytes  3 bytes -> 4 bytes, 1 byte differs: [0x3] nothing -> 04\n");
  const longs = await show(
    of(...new Array(40).fill(1)),
    of(...new Array(40).fill(1).map((_, i) => i % 4 === 3 ? 1 : 2)),
  );
  assertStringIncludes(longs.out, "30 bytes of 40 bytes differ: [0x0..0x2] 010101 -> 020202");
  assertStringIncludes(longs.out, "7 more ranges");
});

Deno.test("migwire diff says what could not be read, and what is not compared for that", async () => {
  const bytes = smallStream().bytes();
  const { out, code } = await show(bytes, bytes.subarray(0, 300));
  assertEquals(code, EXIT.fault);
  assertStringIncludes(out, "B  memory: pc-q35-9.2, not complete\n");
  assertStringIncludes(out, "\nStream\n  ending  complete -> cut\n");
  assertStringIncludes(out, "\nNot compared\n  B main at 0x12c: it is cut");
  assertStringIncludes(out, "\n  what B does not have, or not whole: ");
});

const PLACE = { channel: "main", offset: 0 };

/** A report with these differences. */
function reportOf(differences: readonly Difference[], rest: Partial<DiffReport> = {}): DiffReport {
  const side = { name: "x", kind: "file", complete: true, machine: null };
  return {
    format: "migwire-diff/1",
    a: side,
    b: side,
    same: false,
    compared: { ram: true, traffic: false, only: [], ignore: [] },
    found: { added: 0, removed: 0, changed: differences.length, leftOut: 0 },
    differences,
    unread: [],
    notCompared: [],
    ...rest,
  };
}

function changed(path: Difference["path"], rest: Partial<Difference> = {}): Difference {
  return { path, name: path.join("."), kind: "changed", a: 1, b: 2, where: { a: PLACE, b: PLACE }, ...rest };
}

Deno.test("migwire diff prints values of all sorts", () => {
  const cases: [Partial<Difference>, string][] = [
    [{ a: null, b: "text" }, "f  nothing -> text"],
    [{ a: true, b: false }, "f  yes -> no"],
    [{ a: -20, b: 1.5 }, "f  -20 (-0x14) -> 1.5"],
    [{ a: { fields: 1 }, b: { bytes: 2048, sha256: "00" } }, "f  1 field -> 2 KiB"],
    [
      { a: 5, b: 5, type: { a: "uint32", b: "uint64" }, size: { a: 4, b: 8 } },
      "f  5 -> 5  (uint32 of 4 bytes -> uint64 of 8 bytes)",
    ],
    [{ a: 1, b: 1, size: { a: 4, b: 1 } }, "f  1 -> 1  (? of 4 bytes -> ? of 1 byte)"],
    [{ meaning: { b: "not armed" } }, "f  1 -> 2\n      A: -\n      B: not armed"],
    [{ meaning: { a: "same", b: "same" } }, "f  1 -> 2\n"],
  ];
  for (const [rest, expected] of cases) {
    const { out } = shown(reportOf([changed(["devices", "dev", 0, "f"], rest)]));
    assertStringIncludes(out, `  dev\n    ${expected}`);
  }
  const removed: Difference = { ...changed(["devices", "dev", 0, "f"]), kind: "removed", meaning: { a: "not armed" } };
  assertStringIncludes(shown(reportOf([removed])).out, "    f  only in A: 1\n      not armed\n");
});

Deno.test("migwire diff keeps its text short; the JSON has all", () => {
  const many = (path: (i: number) => Difference["path"], count: number): Difference[] =>
    Array.from({ length: count }, (_, i) => changed(path(i)));
  const fields = shown(reportOf(many((i) => ["devices", "dev", 0, `f${i}`], 30))).out;
  assertStringIncludes(fields, "    f19  1 -> 2\n    ... and 10 more; --json has all\n");
  const devices = shown(reportOf(many((i) => ["devices", "dev", i, "f"], 60))).out;
  assertStringIncludes(devices, "  dev[49]\n    f  1 -> 2\n  ... and 10 more devices; --json has all\n");
  const sections = many((i) => ["sections", `s${i}`, 0], 60).map((one): Difference => ({ ...one, kind: "added" }));
  assertStringIncludes(shown(reportOf(sections)).out, "s49, and 10 more\n             (--json has all)\n");
  const notes = shown(reportOf([], {
    found: { added: 0, removed: 0, changed: 5, leftOut: 2 },
    unread: Array.from({ length: 12 }, (_, i) => ({ side: "a", what: `m${i}`, offset: i, reason: "why" })),
    notCompared: Array.from({ length: 12 }, (_, i) => ({ name: `n${i}`, missing: "b" })),
  })).out;
  assertStringIncludes(notes, "5 differences: 5 changed; 2 left out by --only and --ignore\n");
  assertStringIncludes(notes, "  A m9 at 0x9: why\n  and 2 more places; --json has all\n");
  assertStringIncludes(notes, "and 2 more\n  5 differences beside those that there was room for\n");
});

Deno.test("migwire diff says of buffers that differ how many they are", () => {
  const ranges = [{ offset: 0, length: 20, a: "00".repeat(20), b: "11".repeat(20) }];
  const value = { bytes: 4096, sha256: "00" };
  const buffers = [3, 4, 5].map((i) =>
    changed(["devices", "dev/vfio", 0, "buffers", i], { a: value, b: value, ranges, moreRanges: 2 })
  );
  const { out } = shown(reportOf(buffers));
  assertStringIncludes(out, "buffers[3..5]  3 differ; the first: at least 20 bytes of 4 KiB differ");
  assertStringIncludes(
    out.replaceAll(/\n */g, " "),
    "[0x0..0x13] 0000000000000000… -> 1111111111111111…, and 2 more ranges",
  );
});

Deno.test("migwire diff lets nothing from a capture act on the terminal", async () => {
  const hostile = "a\x1b[2J\u202eb\x07";
  const of = (version: number): MainStream =>
    stream(hostile).full(7, hostile, version, [version]).full(8, "dev2", 1, [1]).eof();
  for (const isTerminal of [false, true]) {
    const { out } = await show(of(1), of(2), {}, { isTerminal });
    const plain = unstyled(out).replaceAll("\n", "");
    assert(!/[\p{C}]/u.test(plain), JSON.stringify(plain));
    assertStringIncludes(plain, "a\\x1b[2J\\u{202e}b\\x07");
  }
  const words = { a: hostile, b: `${hostile}2` };
  const report = reportOf([
    changed(["devices", hostile, 0, hostile], { ...words, meaning: words, type: words, size: { a: 1, b: 2 } }),
  ], {
    unread: [{ side: "a", what: hostile, offset: 0, reason: hostile }],
    notCompared: [{ name: hostile, missing: "a" }],
  });
  assert(!/[\p{C}]/u.test(shown(report).out.replaceAll("\n", "")));
  const json = await show(of(1), of(2), { json: true });
  assert(!/[\p{C}]/u.test(json.out.replaceAll("\n", "")));
});

Deno.test("migwire diff --json fits its schema, with room for fields to come and none for others", async () => {
  const [published, exact] = [compile(schema), compileClosed(schema)];
  const cut = smallStream().bytes().subarray(0, 300);
  const pairs = [
    [smallStream(), smallStream()],
    [withDevice([1, 2], 3), withDevice([1, 3, 4], 3, "virt-9.2")],
    [smallStream(), cut],
    [be(1, 8), smallStream()],
  ] as const;
  for (const [i, [a, b]] of pairs.entries()) {
    const { out } = await show(a, b, { json: true, ram: true, traffic: true, ignore: ["x"] });
    assertFits(published, JSON.parse(out), `pair ${i}`);
    assertFits(exact, JSON.parse(out), `pair ${i}`);
  }
  const { out } = await show(smallStream(), cut, { json: true });
  assertFits(published, { ...JSON.parse(out), added: 1 }, "fields that were added within the version");
});

Deno.test({
  name: "migwire diff --json of real captures fits its schema",
  ignore,
  async fn(): Promise<void> {
    const exact = compileClosed(schema);
    const pairs = [
      ["plain-7.2", "plain-11.1"],
      ["vfio-multifd-2", "vfio-main"],
      ["vfio-multifd-2", "vfio-two-devices"],
      ["plain-many-devices", "plain-dirty-bitmaps"],
      ["plain-tls", "plain-cut"],
      ["plain-postcopy", "plain-mapped-ram"],
    ] as const;
    for (const [a, b] of pairs) {
      const { code, out } = await diff("--json", "--ram", "--traffic", pathOf(a), pathOf(b));
      assertEquals(code, EXIT.fault);
      assertFits(exact, JSON.parse(out()), `${a} ${b}`);
    }
  },
});

Deno.test({
  name: "the text of real captures that differ fits its width",
  ignore,
  async fn(): Promise<void> {
    for (const [a, b] of [["plain-7.2", "plain-aarch64-virt"], ["vfio-multifd-2", "plain-cut"]] as const) {
      const { out } = await diff("--ram", "--traffic", pathOf(a), pathOf(b));
      const tooLong = out().split("\n").filter((line) => line.length > WIDTH + 10 && !/^[AB] {2}/.test(line));
      assertEquals(tooLong, []);
    }
  },
});

Deno.test({
  name: "migwire diff ends with 0, 1, 2 or 3",
  ignore: (own?.captures ?? []).length === 0,
  async fn(): Promise<void> {
    const demo = pathOf("vfio-multifd-2", own);
    assertEquals((await diff(demo, demo)).code, EXIT.ok);
    assertEquals((await diff(demo, `${demo}/channel-00.s2d`)).code, EXIT.fault);
    assertEquals((await diff("--only", "configuration", demo, `${demo}/channel-00.s2d`)).code, EXIT.ok);
    assertEquals((await diff(demo, `${demo}/nothing`)).code, EXIT.blocked);
    assertEquals((await diff("--offset-a", "0x99999999", `${demo}/channel-00.s2d`, demo)).code, EXIT.blocked);
    assertEquals((await diff("--migration-b", "1", demo, `${demo}/channel-00.s2d`)).code, EXIT.blocked);
    const limited = await diff("--ram", "--ram-limit", "1MiB", demo, demo);
    assertEquals(limited.code, EXIT.blocked);
    assertStringIncludes(limited.err(), "allow more with --ram-limit");
  },
});

Deno.test("migwire diff puts a long text below its name, and tells runs from their neighbours", () => {
  const long = "n".repeat(70);
  const text = Array.from({ length: 12 }, (_, i) => `word${i}`).join(" ");
  const { out } = shown(reportOf([
    changed(["devices", "dev", 0, long], { a: text, b: text.toUpperCase() }),
    changed(["devices", "dev", 0, "a", 0, "f"]),
    changed(["devices", "dev", 0, "a", 1, "f"]),
    changed(["devices", "dev", 0, "b", 0]),
    changed(["devices", "dev", 0, "c", 1]),
    changed(["devices", "dev", 0, "c", 2], { a: { fields: 2 }, b: 1 }),
    changed(["devices", "dev", 0, "d", 1], { a: { fields: 2 } }),
    changed(["devices", "dev", 0, "d", 2], { a: { fields: 3 } }),
  ]));
  assertStringIncludes(out, `    ${"n".repeat(59)}…\n        word0 word1`);
  assertStringIncludes(out, "    a[0].f");
  assertStringIncludes(out, "    a[1].f");
  assertStringIncludes(out, "    b[0] ");
  assertStringIncludes(out, "    c[1] ");
  assertStringIncludes(out, "    c[2] ");
  assert(/ {4}d\[1\.\.2\] +2 fields, 3 fields -> 2, 2\n/.test(out), out);
  const traffic = shown(reportOf([changed(["traffic", "switchover", "nanoseconds"])])).out;
  assertStringIncludes(traffic, "Traffic\n  switchover.nanoseconds  1 -> 2\n");
});

Deno.test({
  name: "the README shows what diff prints of two captures that are not in the project",
  ignore,
  async fn(): Promise<void> {
    const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
    const [, command = "", output] = /^```text\n\$ migwire (diff .*)\n([^]*?)^```$/m.exec(readme) ?? [];
    const [name = "", a = "", b = "", ...options] = command.replaceAll("'", "").split(" ");
    const io = memoryIo();
    assertEquals(await main([name, ...options, pathOf(a), pathOf(b)], io), EXIT.fault);
    assertEquals(io.out(), output);
  },
});

Deno.test("migwire diff refuses options that cannot be", async () => {
  const cases: [string[], string][] = [
    [["-", "-"], "Cannot read both captures from standard input"],
    [["--ram-limit", "1MiB", "a", "b"], "Cannot use --ram-limit without --ram"],
    [["a"], "B"],
    [["--page-size", "5", "a", "b"], "Cannot use --page-size"],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await diff(...args);
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), message);
  }
});
