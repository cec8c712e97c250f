import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import schema from "../schema/edit-1.schema.json" with { type: "json" };
import { canWrite } from "../src/capture/files_for_test.ts";
import { openCapture, readBytes } from "../src/capture/mod.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import { withFolder } from "../testing/temporary.ts";
import { definition } from "./edit.ts";
import { EXIT } from "./exit.ts";
import { commandHelp } from "./help.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { makeStyle } from "./style.ts";

const ignore = !canWrite();

const CAPTURE = decodeURIComponent(new URL("../testdata/vfio-multifd-2", import.meta.url).pathname);
const unreadable = Deno.permissions.querySync({ name: "read", path: CAPTURE }).state !== "granted";

async function edit(
  args: readonly string[],
  options: MemoryIoOptions = {},
): Promise<{ code: number; io: MemoryIo; out: string; err: string }> {
  const io = memoryIo(options);
  const code = await main(["edit", ...args], io);
  return { code, io, out: io.out(), err: io.err() };
}

Deno.test("the help of migwire edit is as it was agreed on", async (t) => {
  await t.assertSnapshot(commandHelp(definition, makeStyle(false)));
});

Deno.test({
  name: "migwire edit --dry-run says what would change, a line each",
  ignore: unreadable,
  async fn(): Promise<void> {
    const { code, out, err } = await edit([
      CAPTURE,
      "--set",
      "kind=configuration,machine=pc-q35-9.2",
      "--drop=device=0000:00:05.0/vfio,index=1",
      "--dry-run",
    ]);
    assertEquals([code, err], [EXIT.ok, ""]);
    assertEquals(out.split("\n"), [
      "vfio-multifd-2: 2 edits, 4 changes",
      "set            main           0x8  configuration                                    machine pc-q35-10.0 -> pc-q35-9.2",
      "  lengths      main           0x8  configuration                                    nameLength 11 (0xb) -> 10 (0xa)",
      "  description  main           0x8  configuration",
      "drop           multifd 1  0x41900  multifd-device-state 0000:00:05.0/vfio buffer 1  64.3 KiB",
      "main: 76856 bytes, now 76855",
      "multifd 1: 334368 bytes, now 268544",
      "",
    ]);
  },
});

Deno.test({
  name: "migwire edit does its edits in the order in which they are typed",
  ignore: unreadable,
  async fn(): Promise<void> {
    const order = async (...args: string[]): Promise<unknown[]> => {
      const { out } = await edit([CAPTURE, ...args, "--dry-run", "--json"]);
      return JSON.parse(out).edits;
    };
    const [set, drop] = [["--set", "index=2,idx=7"], ["--drop=index=1"]];
    assertEquals(await order(...set, ...drop), ["set index=2,idx=7", "drop index=1"]);
    assertEquals(await order(...drop, ...set), ["drop index=1", "set index=2,idx=7"]);
  },
});

Deno.test({
  name: "the JSON of migwire edit is as its schema says",
  ignore: unreadable,
  async fn(): Promise<void> {
    const cases = [
      ["--set", "device=*,idstr=other"],
      ["--set", "index=1,data=00", "--leave-wrong", "lengths,counts"],
      ["--set", "kind=section-full,nth=1,versionId=9", "--seed", "7"],
      ["--drop", "channel=multifd 1", "--truncate", "channel=main,at=0x100"],
      ["--duplicate", "section=timer", "--reorder", "section=timer after section=cpu_common,kind=section-full"],
      ["--reorder", "device=*/vfio,shuffle", "--renumber", "device=*/vfio", "--corrupt", "channel=main,bits=9"],
    ];
    for (const args of cases) {
      const { code, out, err } = await edit([CAPTURE, ...args, "--dry-run", "--json"]);
      assertEquals(code, EXIT.ok, err);
      assertFits(compile(schema), JSON.parse(out), args.join(" "));
      assertFits(compileClosed(schema), JSON.parse(out), args.join(" "));
    }
  },
});

Deno.test({
  name: "migwire edit writes a directory, packets, and packets to a pipe",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const change = [CAPTURE, "--set", "index=1,data=@" + folder + "/data"];
      await Deno.writeFile(`${folder}/data`, Uint8Array.of(1, 2, 3));
      for (const name of ["a", "b.pcapng"]) {
        const { code, err } = await edit([...change, "--out", `${folder}/${name}`]);
        assertEquals(code, EXIT.ok, err);
        assertStringIncludes(err, name === "a" ? ": directory, " : ": packets, ");
        const capture = openCapture(`${folder}/${name}`);
        const sizes = capture.channels.map(({ source }) => source?.size);
        assertEquals(sizes, [76856, 394012, 334368 - 65536 + 3]);
        const [main] = capture.channels;
        assert(main?.source !== undefined);
        assertEquals(readBytes(main.source, 0, 4), new TextEncoder().encode("QEVM"));
        if (name === "a") assertStringIncludes(capture.manifest?.about ?? "", "edited with migwire");
        capture.close();
        assertEquals((await edit([...change, "--out", `${folder}/${name}`])).code, EXIT.blocked);
        assertEquals((await edit([...change, "--out", `${folder}/${name}`, "--force"])).code, EXIT.ok);
      }
      const { code, io, err } = await edit([...change, "--out", "-"]);
      assertEquals(code, EXIT.ok);
      assertStringIncludes(err, "data 65536 bytes -> 3 bytes");
      assertEquals(io.outBytes(), await Deno.readFile(`${folder}/b.pcapng`));
      const large = await Deno.open(`${folder}/large`, { write: true, create: true });
      await large.truncate(257 * 1024 * 1024);
      large.close();
      for (const [file, text] of [["none", "Cannot read"], ["large", "larger than 256 MiB"]] as const) {
        const { code, err } = await edit([CAPTURE, "--set", `index=1,data=@${folder}/${file}`, "--dry-run"]);
        assertEquals(code, EXIT.blocked);
        assertStringIncludes(err, text);
      }
    });
  },
});

Deno.test({
  name: "migwire edit says what is wrong with what it is asked for",
  ignore: unreadable,
  async fn(): Promise<void> {
    const cases: [args: string[], code: number, text: string][] = [
      [[CAPTURE, "--drop", "index=1"], EXIT.usage, "--out is missing"],
      [[CAPTURE, "--dry-run"], EXIT.usage, "nothing is to be changed"],
      [[CAPTURE, "--drop", "index=1", "--out", "-", "--json"], EXIT.usage, "both are standard output"],
      [[CAPTURE, "--drop", "index=1", "--dry-run", "--leave-wrong", "length"], EXIT.usage, "did you mean lengths?"],
      [[CAPTURE, "--drop", "index=1", "--dry-run", "--leave-wrong", "all"], EXIT.usage, "there are lengths, counts"],
      [[CAPTURE, "--drop", "devise=x", "--dry-run"], EXIT.usage, "did you mean device?"],
      [[CAPTURE, "--drop", "device=0000:00:05.0/vfoi", "--dry-run"], EXIT.fault, "did you mean 0000:00:05.0/vfio?"],
      [[CAPTURE, "--set", "index=1,nextPaketSize=1", "--dry-run"], EXIT.fault, "did you mean nextPacketSize?"],
      [
        [CAPTURE, "--set", "section=timer,cpu_tick_offset=1", "--dry-run"],
        EXIT.fault,
        "did you mean cpu_ticks_offset?",
      ],
      [[CAPTURE, "--drop", "kind=ram-pages", "--dry-run"], EXIT.fault, "did you mean ram-page?"],
      [[CAPTURE, "--drop", "channel=multifd-1", "--dry-run"], EXIT.fault, "did you mean multifd 1?"],
      [[CAPTURE, "--drop", "nth=999999", "--dry-run"], EXIT.fault, "records are all of it but nth"],
    ];
    for (const [args, code, text] of cases) {
      const result = await edit(args);
      assertEquals([result.code, result.out], [code, ""], args.join(" "));
      assertStringIncludes(result.err, text, args.join(" "));
    }
    const terminal = await edit([CAPTURE, "--drop", "index=1", "--out", "-"], { isTerminal: true });
    assertEquals(terminal.code, EXIT.usage);
  },
});
