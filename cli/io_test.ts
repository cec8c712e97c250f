import { assert, assertEquals } from "@std/assert";
import { haveProgram } from "../src/capture/files_for_test.ts";
import { makeOutput, processIo } from "./io.ts";
import { memoryIo } from "./memory_io.ts";
import { programArgs } from "./process_for_test.ts";

Deno.test("makeOutput() colours only when told to", () => {
  const sink = { isTerminal: () => true, writeSync: (bytes: Uint8Array): number => bytes.length };
  assertEquals(makeOutput(sink, true).style.red("x"), "\x1b[31mx\x1b[39m");
  assertEquals(makeOutput(sink, false).style.red("x"), "x");
  assertEquals(makeOutput(sink, false).isTerminal, true);
});

Deno.test("memoryIo() is coloured as a terminal without NO_COLOR", () => {
  assertEquals(memoryIo().stdout.style.bold("x"), "x");
  assertEquals(memoryIo({ isTerminal: true }).stdout.style.bold("x"), "\x1b[1mx\x1b[22m");
  const quiet = memoryIo({ isTerminal: true, env: { NO_COLOR: "1" } });
  assertEquals(quiet.stdout.style.bold("x"), "x");
  assertEquals(quiet.env("NO_COLOR"), "1");
});

Deno.test("memoryIo() keeps bytes as they are", () => {
  const io = memoryIo();
  io.stdout.bytes(new Uint8Array([0xff, 0]));
  io.stderr.write("!");
  assertEquals(io.outBytes(), new Uint8Array([0xff, 0]));
  assertEquals(io.err(), "!");
});

Deno.test("processIo() gives a variable that may not be read as absent", () => {
  assertEquals(processIo().env("MIGWIRE_NOT_SET"), undefined);
});

Deno.test("processIo() takes SIGINT over only once", () => {
  const io = processIo();
  assertEquals(io.interrupt.aborted, false);
  assertEquals(io.interrupt, io.interrupt);
});

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";

/** The arguments with which Deno runs `body`, which sees an `io` of its process. */
function processArgs(body: string): string[] {
  const io = JSON.stringify(import.meta.resolve("./io.ts"));
  const source = `const { processIo } = await import(${io}); const io = processIo(); ${body}`;
  return programArgs(source);
}

Deno.test({
  name: "processIo() gives lines as they are typed, then null; a line that nobody waits for is for the next who asks",
  ignore: !mayRun,
  async fn(): Promise<void> {
    const child = new Deno.Command(Deno.execPath(), {
      args: processArgs(`
        const aborted = new AbortController();
        const stopped = io.readLine(aborted.signal);
        aborted.abort();
        const lines = [await stopped, await io.readLine(AbortSignal.abort())];
        console.log("ready");
        for (let i = 0; i < 3; i++) lines.push(await io.readLine(new AbortController().signal));
        console.log(JSON.stringify(lines));`),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const typing = child.stdin.getWriter();
    const decoder = new TextDecoder();
    let out = "";
    for await (const chunk of child.stdout) {
      if (out === "") {
        await typing.write(new TextEncoder().encode("retry\nqu"));
        await typing.write(new TextEncoder().encode("it\n"));
        await typing.close();
      }
      out += decoder.decode(chunk);
    }
    assertEquals((await child.status).code, 0);
    assertEquals(out, 'ready\n[null,null,"retry","quit",null]\n');
  },
});

Deno.test({
  name: "processIo() knows the width of its terminal, and has colours there unless NO_COLOR is set",
  ignore: !mayRun || !haveProgram("script"),
  async fn(): Promise<void> {
    const program = processArgs(
      `console.log(JSON.stringify([io.columns(), io.stdout.isTerminal, io.stdout.style.red("x") !== "x"]));`,
    );
    const words = [Deno.execPath(), ...program].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const shown = async (env: Readonly<Record<string, string>>): Promise<string> => {
      const { stdout } = await new Deno.Command("script", {
        args: ["-qec", `stty cols 97; ${words}`, "/dev/null"],
        stdin: "null",
        env: { SHELL: "/bin/sh", TERM: "xterm-256color", NO_COLOR: "", ...env },
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const coloured = await shown({});
    assert(coloured.endsWith("[97,true,true]"), coloured);
    const plain = await shown({ NO_COLOR: "1" });
    assert(plain.endsWith("[97,true,false]"), plain);
  },
});

Deno.test({
  name: "processIo() knows no width where results go to a pipe",
  ignore: !mayRun,
  async fn(): Promise<void> {
    const args = processArgs(`console.log(io.columns(), io.env("MIGWIRE_TRIED"));`);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, env: { MIGWIRE_TRIED: "yes" } }).output();
    assertEquals(new TextDecoder().decode(stdout), "undefined yes\n");
  },
});
