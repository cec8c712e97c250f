import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams/to-text";
import type { CommandModule } from "./command.ts";
import { EXIT, ExitError } from "./exit.ts";
import type { Io } from "./io.ts";
import { COMMANDS, type ListedCommand, main } from "./main.ts";
import { type MemoryIo, memoryIo } from "./memory_io.ts";
import { programArgs } from "./process_for_test.ts";
import { ClosedPipeError } from "./writer.ts";

/** A command `probe` that does what a test wants. */
function probe(run: CommandModule["run"]): ListedCommand[] {
  const definition = {
    name: "probe",
    summary: "try something",
    operands: [],
    options: [],
    examples: [],
  };
  return [{ ...definition, load: () => Promise.resolve({ definition, run }) }];
}

async function ended(run: CommandModule["run"], io: MemoryIo = memoryIo()): Promise<number> {
  return await main(["probe"], io, probe(run));
}

function throwing(error: unknown): CommandModule["run"] {
  return (_, io) => {
    io.stdout.line("found so far");
    throw error;
  };
}

Deno.test("main() shows its help where it was asked for, and refuses to guess", async () => {
  for (const argv of [["--help"], ["-h"], ["help"]]) {
    const io = memoryIo();
    assertEquals(await main(argv, io), EXIT.ok);
    assertStringIncludes(io.out(), "Usage: migwire COMMAND");
  }
  const io = memoryIo();
  assertEquals(await main([], io), EXIT.usage);
  assertEquals(io.out(), "");
  assertStringIncludes(io.err(), "Usage: migwire COMMAND");
});

Deno.test("main() prints the version of deno.json", async () => {
  const io = memoryIo();
  assertEquals(await main(["--version"], io), EXIT.ok);
  assertMatch(io.out(), /^migwire \d+\.\d+\.\d+\n$/);
});

Deno.test("main() shows the help of a command, asked for in either order", async () => {
  for (const argv of [["probe", "--help"], ["help", "probe"]]) {
    const io = memoryIo();
    assertEquals(await main(argv, io, probe(() => EXIT.fault)), EXIT.ok);
    assertStringIncludes(io.out(), "migwire probe: try something");
  }
});

Deno.test("main() returns what the command returns, and flushes what it wrote", async () => {
  const io = memoryIo();
  const run = (_: unknown, io: Io): number => (io.stdout.write("done"), EXIT.fault);
  assertEquals(await ended(run, io), EXIT.fault);
  assertEquals(io.out(), "done");
});

Deno.test("main() suggests the nearest command", async () => {
  const cases: [string[], string][] = [
    [["isnpect"], 'migwire: Cannot run "isnpect": there is no such command. Did you mean inspect?\n'],
    [["xyzzy"], 'migwire: Cannot run "xyzzy": there is no such command\n'],
    [["help", "chekc"], "Did you mean check?"],
    [["--json"], "migwire: Cannot use --json: the options of a command follow it\n"],
    [["--hlep"], "Did you mean --help?"],
    [["\x1b[2J"], 'Cannot run "\\x1b[2J"'],
  ];
  for (const [argv, message] of cases) {
    const io = memoryIo();
    assertEquals(await main(argv, io), EXIT.usage);
    assertStringIncludes(io.err(), message);
    assertStringIncludes(io.err(), 'Try "migwire --help".\n');
  }
});

Deno.test("main() names the command in usage errors", async () => {
  const io = memoryIo();
  assertEquals(await main(["probe", "--hlep"], io, probe(() => 0)), EXIT.usage);
  assertEquals(
    io.err(),
    "migwire probe: Cannot use --hlep: there is no such option. Did you mean --help?\n" +
      'Try "migwire probe --help".\n',
  );
});

Deno.test("main() gives every kind of error its exit code, after the results so far", async () => {
  const wireError = Object.assign(new Error("Cannot read \x1b[2J"), { name: "WireError" });
  const nodeError = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const cases: [unknown, number, string][] = [
    [new ExitError(EXIT.fault, "cut short"), EXIT.fault, "migwire probe: cut short\n"],
    [wireError, EXIT.fault, "migwire probe: Cannot read \\x1b[2J\n"],
    [new Deno.errors.NotFound("no dump"), EXIT.blocked, "migwire probe: no dump\n"],
    [new Deno.errors.NotCapable("no access"), EXIT.blocked, "migwire probe: no access\n"],
    [nodeError, EXIT.blocked, "migwire probe: connect ECONNREFUSED\n"],
    [new DOMException("Interrupted", "AbortError"), EXIT.interrupted, ""],
  ];
  for (const [error, exitCode, message] of cases) {
    const io = memoryIo();
    assertEquals(await ended(throwing(error), io), exitCode);
    assertEquals([io.out(), io.err()], ["found so far\n", message]);
  }
});

Deno.test("main() calls a bug a bug, with its stack", async () => {
  const io = memoryIo();
  assertEquals(await ended(throwing(new TypeError("x is undefined")), io), EXIT.blocked);
  assertMatch(io.err(), /bug in migwire.*\nTypeError: x is undefined\n +at /);
  assertEquals(await ended(throwing("text")), EXIT.blocked);
});

Deno.test("main() ends quietly when nobody reads any more", async () => {
  const io = memoryIo();
  assertEquals(await ended(throwing(new ClosedPipeError()), io), EXIT.closedPipe);
  assertEquals(io.err(), "");

  const closed = { ...memoryIo(), stdout: memoryIo().stdout };
  closed.stdout.flush = () => {
    throw new ClosedPipeError();
  };
  assertEquals(await ended(throwing(new Error("x")), closed), EXIT.closedPipe);
});

Deno.test("main() hides no error of the output itself behind the one that it was about to tell", async () => {
  const io = memoryIo();
  io.stdout.flush = () => {
    throw new Error("the disk is full");
  };
  await assertRejects(() => ended(throwing(new Error("x")), io), Error, "the disk is full");
});

Deno.test("main() lists each command as its module defines it", async () => {
  for (const { name, summary, load } of COMMANDS) {
    const { definition } = await load();
    assertEquals({ name: definition.name, summary: definition.summary }, { name, summary });
    assert(definition.examples.length > 0, `${name} has no example`);
  }
});

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";

/** Runs migwire in a process, with a command `probe` whose body is given as source. */
function spawnProbe(body: string): Deno.ChildProcess {
  const main = JSON.stringify(import.meta.resolve("./main.ts"));
  const io = JSON.stringify(import.meta.resolve("./io.ts"));
  const source = `
    const { main } = await import(${main});
    const { processIo } = await import(${io});
    const definition = { name: "probe", summary: "", operands: [], options: [], examples: [] };
    const run = async (_, io) => { ${body} };
    const load = () => Promise.resolve({ definition, run });
    Deno.exit(await main(["probe"], processIo(), [{ ...definition, load }]));`;
  return new Deno.Command(Deno.execPath(), {
    args: programArgs(source),
    stdout: "piped",
    stderr: "piped",
    env: { RUST_BACKTRACE: "0" },
  }).spawn();
}

Deno.test({
  name: "migwire ends quietly when its reader closes the pipe",
  ignore: !mayRun,
  async fn(): Promise<void> {
    const child = spawnProbe(`for (;;) io.stdout.line("a line of output");`);
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [status, err] = await Promise.all([child.status, toText(child.stderr)]);
    assertEquals([status.code, err], [EXIT.closedPipe, ""]);
  },
});

Deno.test({
  name: "migwire lets a command clean up on SIGINT and ends with 130",
  ignore: !mayRun || Deno.build.os === "windows",
  async fn(): Promise<void> {
    const child = spawnProbe(`
      const { interrupt } = io;
      const alive = setInterval(() => {}, 1000);
      io.stdout.line("ready");
      io.stdout.flush();
      await new Promise((resolve) => interrupt.addEventListener("abort", resolve));
      clearInterval(alive);
      io.stdout.line("clean");
      interrupt.throwIfAborted();`);
    assertEquals(await interruptWhenReady(child), [EXIT.interrupted, "ready\nclean\n", ""]);
  },
});

Deno.test({
  name: "migwire ends with 130 on SIGINT inside a synchronous loop",
  ignore: !mayRun || Deno.build.os === "windows",
  async fn(): Promise<void> {
    const child = spawnProbe(`
      io.stdout.line("ready");
      io.stdout.flush();
      for (;;);`);
    assertEquals(await interruptWhenReady(child), [EXIT.interrupted, "ready\n", ""]);
  },
});

Deno.test({
  name: "migwire ends at once on a second SIGINT, whatever its command still does",
  ignore: !mayRun || Deno.build.os === "windows",
  async fn(): Promise<void> {
    const child = spawnProbe(`
      io.interrupt.addEventListener("abort", () => (io.stdout.line("first"), io.stdout.flush()));
      setInterval(() => {}, 1000);
      io.stdout.line("ready");
      io.stdout.flush();
      await new Promise(() => {});`);
    const decoder = new TextDecoder();
    let out = "";
    for await (const chunk of child.stdout) {
      out += decoder.decode(chunk);
      child.kill("SIGINT");
    }
    const [status, err] = await Promise.all([child.status, toText(child.stderr)]);
    assertEquals([status.code, out, err], [EXIT.interrupted, "ready\nfirst\n", ""]);
  },
});

Deno.test({
  name: "migwire runs as a program: its arguments are those of the process, its result is the exit code",
  ignore: !mayRun,
  async fn(): Promise<void> {
    const script = new URL("main.ts", import.meta.url).pathname;
    const run = async (...argv: readonly string[]): Promise<[number, string, string]> => {
      const args = ["run", "--no-prompt", script, ...argv];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return [code, out, err];
    };
    const [code, out, err] = await run("--version");
    assertEquals([code, err], [EXIT.ok, ""]);
    assertMatch(out, /^migwire \d/);
    const refused = await run("inspct");
    assertEquals(refused[0], EXIT.usage);
    assertStringIncludes(refused[2], "Did you mean inspect?");
  },
});

async function interruptWhenReady(child: Deno.ChildProcess): Promise<[number, string, string]> {
  const decoder = new TextDecoder();
  let out = "";
  for await (const chunk of child.stdout) {
    if (out === "") child.kill("SIGINT");
    out += decoder.decode(chunk);
  }
  const [status, err] = await Promise.all([child.status, toText(child.stderr)]);
  return [status.code, out, err];
}
