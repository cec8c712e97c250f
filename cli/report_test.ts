import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "parse5";
import { withFolder } from "../testing/temporary.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { canReadAndWrite, SMALL } from "./small_capture_for_test.ts";

const ignore = !canReadAndWrite();

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

async function report(args: readonly string[], options: MemoryIoOptions = {}): Promise<MemoryIo & { code: number }> {
  const io = memoryIo(options);
  const code = await main(["report", ...args], io);
  return { ...io, code };
}

Deno.test({
  name: "migwire report writes one whole page, and says where",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const { code, out, err } = await report([SMALL, "--out", `${folder}/report.html`]);
      assertEquals([code, out()], [EXIT.ok, ""]);
      assertMatch(err(), /report\.html: report, \d[\d.]* KiB\n$/);
      assertEquals(namesIn(folder), ["report.html"]);
      const text = await Deno.readTextFile(`${folder}/report.html`);
      parse(text, { onParseError: ({ code }) => assert(false, code) });
      assertStringIncludes(text, "325 ms from SWITCHOVER_START");
    }),
});

Deno.test({
  name: "migwire report replaces a file only with --force",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const out = `${folder}/report.html`;
      await Deno.writeTextFile(out, "mine");
      const refused = await report([SMALL, "-o", out]);
      assertEquals([refused.code, await Deno.readTextFile(out)], [EXIT.blocked, "mine"]);
      assertStringIncludes(refused.err(), "it exists");
      assertEquals((await report([SMALL, "-o", out, "--force"])).code, EXIT.ok);
      assertStringIncludes(await Deno.readTextFile(out), "<!DOCTYPE html>");
      const nowhere = await report([SMALL, "-o", `${folder}/none/report.html`]);
      assertEquals(nowhere.code, EXIT.blocked);
      assertEquals(namesIn(folder), ["report.html"]);
    }),
});

Deno.test({
  name: "migwire report draws in the terminal, and writes a page too if it is told to",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const { code, out, err } = await report([SMALL, "--terminal", "-o", `${folder}/r.html`]);
      assertEquals(code, EXIT.ok);
      assertStringIncludes(out(), "multifd 1");
      assertStringIncludes(err(), "r.html: report");
    }),
});

Deno.test({
  name: "migwire report asks about another destination",
  ignore,
  async fn(): Promise<void> {
    const args = [SMALL, "--terminal", "--qemu", "10.1", "--max-queued-size", "64KiB", "--device-rate", "100KiB"];
    const { code, out } = await report(args);
    assertEquals(code, EXIT.ok);
    assertMatch(out(), /not loaded: size-limit/);
    assertMatch(out(), /limits +broken: 128 KiB of 64 KiB/);
  },
});

Deno.test("migwire report says what is wrong with a command line", async () => {
  const cases: [string[], RegExp][] = [
    [["x"], /give --out FILE, or --terminal/],
    [["x", "--terminal", "--force"], /--force without --out/],
    [["x", "--terminal", "--device-rate", "0"], /a device that takes nothing never ends/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await report(args);
    assertEquals(code, EXIT.usage);
    assertMatch(err(), message);
  }
});
