import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  BLOCK,
  counted,
  MainStream,
  page,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  word,
} from "../testing/main_stream.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { unstyled } from "./style.ts";

/** What a run printed, and how it ended. */
interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function records(path: string, args: readonly string[], options?: MemoryIoOptions): Promise<Run> {
  const io = memoryIo(options);
  const code = await main(["records", path, ...args], io);
  return { code, out: io.out(), err: io.err() };
}

/** Runs `records` on a file with those bytes. */
async function onBytes(bytes: Uint8Array, args: readonly string[], options?: MemoryIoOptions): Promise<Run> {
  const path = await Deno.makeTempFile({ prefix: "migwire-" });
  try {
    await Deno.writeFile(path, bytes);
    return await records(path, args, options);
  } finally {
    await Deno.remove(path);
  }
}

/** Whether temporary files can be made; tests that need them are ignored otherwise. */
const ignore = !canWrite();

function canWrite(): boolean {
  try {
    Deno.removeSync(Deno.makeTempFileSync({ prefix: "migwire-" }));
    return true;
  } catch {
    return false;
  }
}

const CAPTURE = new URL("../testdata/vfio-multifd-2", import.meta.url);
const noCapture = Deno.permissions.querySync({ name: "read", path: CAPTURE }).state !== "granted";
const capture = decodeURIComponent(CAPTURE.pathname);

Deno.test({
  name: "records prints a line a record, below its channel",
  ignore,
  async fn(): Promise<void> {
    const { code, out, err } = await onBytes(smallStream().bytes(), []);
    assertEquals([code, err], [EXIT.ok, ""]);
    const lines = out.split("\n");
    assertEquals(lines.slice(0, 8), [
      "main  main, connection 0, from the source, 12.5 KiB",
      "0x00000000         8  file-header           version=3",
      '0x00000008        15  configuration         machine="pc-q35-9.2"',
      '0x00000017        17  section-start         id=2 idstr="ram" instance=0 version=4',
      '0x00000028        23  ram-block-list        total=64KiB 1 block "pc.ram"=64KiB',
      "0x0000003f         8  ram-eos               EOS",
      "0x00000047         5  section-footer        id=2",
      '0x0000004c         5  section-part          id=2 idstr="ram" instance=0',
    ]);
    assertStringIncludes(out, '  device-state          idstr="timer" instance=0 extent=described 3 fields\n');
  },
});

Deno.test({
  name: "records squashes pages, or gives a line to each",
  ignore,
  async fn(): Promise<void> {
    const bytes = ramStream().part(2, [page(0, BLOCK), page(0x3000), page(0x1000), RAM_EOS]).eof().bytes();
    const squashed = await onBytes(bytes, ["--kind", "ram-page"]);
    assertStringIncludes(squashed.out, 'ram-page              block="pc.ram" 3 pages 0x0..0x4000 (3 runs)\n');
    const single = await onBytes(bytes, ["--kind", "ram-page", "--pages"]);
    assertEquals(single.out.match(/ 1 page /g)?.length, 3);
  },
});

Deno.test({
  name: "records indents what is in a package, and parts channels by an empty line",
  ignore: noCapture || ignore,
  async fn(): Promise<void> {
    const bytes = stream().packaged(new MainStream().command(4)).eof().bytes();
    const { out } = await onBytes(bytes, ["--kind", "command"]);
    assertStringIncludes(out, "  command               PACKAGED blob=5\n");
    assertStringIncludes(out, "    command             POSTCOPY_LISTEN\n");
    const channels = await records(capture, ["--kind", "*-init"]);
    assertMatch(channels.out, /^multifd 0 .*\n0x.*\n\nmultifd 1 .*\n0x.*\n$/);
  },
});

Deno.test({
  name: "records --hex shows each field with its bytes, and shortens what is long",
  ignore,
  async fn(): Promise<void> {
    const { out } = await onBytes(smallStream().bytes(), ["--hex", "--payload", "20", "--kind", "device-state"]);
    assertStringIncludes(out, "  00 00 00 00 00 00 03 e8  cpu_ticks_offset  1000 (0x3e8)\n");
    const text = await onBytes(smallStream().bytes(), ["--hex", "--payload", "20", "--kind", "vm-description"]);
    assertMatch(text.out, /\n {4}payload, \d+ bytes\n/);
    assertMatch(text.out, /\n {4}0x0000\w{4} {2}7b 22 70 .* {2}\|{"page_size": ?4\w*.*\|\n/);
    assertMatch(text.out, /\n {4}… \d+ more\n$/);
  },
});

Deno.test({
  name: "records --fields shows fields without bytes, also a VFIO config in words",
  ignore: noCapture,
  async fn(): Promise<void> {
    const { out } = await records(capture, ["--fields", "--device", "vfio", "--channel", "multifd"]);
    assertMatch(out, /\n {4}vfio\.flags +1 +CONFIG_STATE\n/);
    assertMatch(out, /\n {4}config\.intxA +0\n/);
    assertMatch(out, /\n {4}\S.*Device \[\w{4}:\w{4}\].*\n {6}Subsystem: .*\n {6}Control: /);
    assertEquals(out.includes("payload, "), false);
  },
});

Deno.test({
  name: "records --ndjson prints an object a line, safe to print",
  ignore,
  async fn(): Promise<void> {
    const bytes = stream().full(1, "a\u202eb", 1, new Uint8Array(4)).eof().bytes();
    const { out } = await onBytes(bytes, ["--ndjson", "--kind", "section-full"]);
    assertStringIncludes(out, '"idstr":"a\\u202eb"');
    assertEquals(JSON.parse(out), {
      channel: "main",
      kind: "section-full",
      offset: 23,
      length: 19,
      type: 4,
      sectionId: 1,
      idstr: "a\u202eb",
      instanceId: 0,
      versionId: 1,
    });
  },
});

Deno.test({
  name: "records prints nothing from a capture that a terminal would obey",
  ignore,
  async fn(): Promise<void> {
    const name = "x\x1b[2J\u202e\n";
    const blocks = [word(0x1000n | 4n), counted(name), word(0x1000), RAM_EOS];
    const bytes = stream().start(2, "ram", 4, blocks).full(3, name, 1, new Uint8Array(3)).bytes();
    for (const args of [[], ["--hex"], ["--fields"], ["--ndjson"]]) {
      const { out, err } = await onBytes(bytes, args);
      assertEquals(/[^\n\P{C}]/u.test(out + err), false, args.join());
    }
  },
});

Deno.test({
  name: "records colours on a terminal only",
  ignore,
  async fn(): Promise<void> {
    const bytes = stream().bytes();
    const [plain, coloured] = [await onBytes(bytes, []), await onBytes(bytes, [], { isTerminal: true })];
    assertEquals(plain.out, unstyled(plain.out));
    assert(coloured.out !== unstyled(coloured.out));
    assertEquals(unstyled(coloured.out), plain.out);
  },
});

Deno.test({
  name: "records lists a cut capture, says what is missing, and is content",
  ignore,
  async fn(): Promise<void> {
    const { code, out, err } = await onBytes(stream().bytes(), []);
    assertEquals(code, EXIT.ok);
    assertMatch(out, /0x00000017 {9}0 {2}truncated {13}expected="section type" missing=1 \(at least\)\n$/);
    assertMatch(err, /^error: the channel ends .* \(channel "main", offset 0x17\)\n$/);
  },
});

Deno.test({
  name: "records lists what nobody understands, but says so",
  ignore,
  async fn(): Promise<void> {
    const { code, out, err } = await onBytes(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9), []);
    assertEquals(code, EXIT.fault);
    assertStringIncludes(out, "  opaque                ");
    assertStringIncludes(err, "nothing in it could be understood");
  },
});

Deno.test({
  name: "records prints so many problems, and how many more there are",
  ignore,
  async fn(): Promise<void> {
    const wrong = stream();
    for (let i = 0; i < 150; i++) wrong.command(99);
    const { err } = await onBytes(wrong.eof().bytes(), []);
    assertEquals(err.match(/^error: /gm)?.length, 100);
    assertMatch(err, /… and 5\d more problems: "migwire check" lists them\n$/);
  },
});

Deno.test({
  name: "records refuses names that fit nothing, or too much, and suggests what was meant",
  ignore: noCapture,
  async fn(): Promise<void> {
    const cases: [string[], string][] = [
      [["--kind", "ram-pgae"], 'Cannot use "ram-pgae" for --kind: did you mean ram-page?'],
      [["--kind", "xyzzy*"], "records of that kind do not exist"],
      [["--channel", "mian"], 'Cannot use "mian" for --channel: did you mean main?'],
      [["--channel", "9"], "the capture has main, multifd 0, multifd 1"],
      [["--device", "tmier"], 'Cannot use "tmier" for --device: did you mean timer?'],
      [["--device", "xyzzy"], "the capture has no such section"],
      [["--device", "0000:00:1f"], "it fits 0000:00:1f.0/ICH9LPC, 0000:00:1f."],
      [["--hex", "--ndjson"], "Cannot use --ndjson and --hex together"],
      [["--payload", "9"], "Cannot use --payload without --hex"],
      [["--page-size", "1000"], "A page of 1000 bytes is that of no target"],
    ];
    for (const [args, message] of cases) {
      const { code, out, err } = await records(capture, args);
      assertEquals([code, out], [EXIT.usage, ""], args.join(" "));
      assertStringIncludes(err, message);
    }
  },
});

Deno.test({
  name: "records says which kinds there are when nothing fits",
  ignore,
  async fn(): Promise<void> {
    const { code, out, err } = await onBytes(stream().eof().bytes(), ["--kind", "rp-*"]);
    assertEquals([code, out], [EXIT.ok, ""]);
    assertEquals(err, "No record fits; kinds that were seen: file-header, configuration, eof\n");
  },
});

Deno.test("records says what is in the way", async () => {
  const { code, err } = await records("/nowhere/at/all", []);
  assertEquals(code, EXIT.blocked);
  assertMatch(err, /^migwire records: Cannot /);
});
