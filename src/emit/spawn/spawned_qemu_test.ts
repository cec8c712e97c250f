/** Programs that are not QEMU, started as if they were. Without files and processes these tests are ignored. @module */

import { relative } from "node:path";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { withFolder } from "../../../testing/temporary.ts";
import { canWrite, haveProgram } from "../../capture/files_for_test.ts";
import { type Clock, SYSTEM_CLOCK } from "../../qmp/mod.ts";
import { SPAWN_LIMITS, SpawnedQemu, SpawnError, type SpawnOptions } from "./mod.ts";

// The group of a process may be ended by whom may run everything.
const ignore = !canWrite() || Deno.permissions.querySync({ name: "run" }).state !== "granted" || !haveProgram("bash");

/** A program in `folder` that runs `script`, which finds `$here` to be the folder. */
async function program(folder: string, script: string): Promise<string> {
  const path = `${folder}/program`;
  await Deno.writeTextFile(path, `#!/bin/sh\nhere='${folder}'\n${script}\n`, { mode: 0o700 });
  return path;
}

/** Waits until what a program writes to `file` has an end of line. */
async function lineOf(file: string): Promise<string> {
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    const text = await Deno.readTextFile(file).catch(() => "");
    if (text.endsWith("\n")) return text.trimEnd();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${file} is not written`);
}

/** A clock on which the monitor's time is over when the program has written to `file`. */
function patientClock(file: string): Clock {
  const ready = lineOf(file);
  const after = (ms: number, then: () => void): () => void => {
    if (ms === SPAWN_LIMITS.startMs) void ready.then(then);
    return SYSTEM_CLOCK.after(ms, then);
  };
  return { ...SYSTEM_CLOCK, after };
}

/** Whether a process is there, and does not only wait for its parent to take notice of its end. */
async function isAlive(pid: string): Promise<boolean> {
  // Deno itself may read nothing in /proc.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`], stderr: "null" }).output();
  const stat = new TextDecoder().decode(stdout);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Starts `script`, which must fail; gives the error when nothing is left. */
async function failing(
  folder: string,
  script: string,
  options: Partial<SpawnOptions> = {},
): Promise<SpawnError> {
  const path = await program(folder, script);
  const { signal } = new AbortController();
  const error = await assertRejects(
    () => SpawnedQemu.start({ argv: [path, "-x"], recorded: false, signal, parent: folder, ...options }),
    SpawnError,
  );
  assertNoFolder(folder);
  return error;
}

function assertNoFolder(parent: string): void {
  assertEquals([...Deno.readDirSync(parent)].filter(({ isDirectory }) => isDirectory), []);
}

const spawnTest = (name: string, fn: (folder: string) => Promise<void>): void =>
  Deno.test({ name, ignore, fn: () => withFolder(fn) });

spawnTest("SpawnedQemu says with what a program ended, and the end of what it said", async (folder) => {
  const error = await failing(folder, "echo out; echo 'no such machine' >&2; exit 3");
  assertEquals(error.code, "ended");
  assertEquals(
    error.message,
    `Cannot start ${folder}/program: it ended with exit code 3. It said:\nno such machine`,
  );
  assertStringIncludes((await failing(folder, "kill -9 $$")).message, "it ended with SIGKILL, and said nothing");
  const long = await failing(folder, "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done >&2");
  assert(long.message.endsWith("line 1999") && long.message.length < 2200);
});

spawnTest("SpawnedQemu gives the program our monitor, and a group of its own", async (folder) => {
  const error = await failing(folder, 'echo "$@" >&2; cat /proc/$$/stat >&2; exit 1');
  const [args = "", stat = ""] = error.message.split("\n").slice(1);
  const [, path = ""] = /^-x -incoming defer -qmp unix:(.*),server=on,wait=off$/.exec(args) ?? [];
  assert(path.startsWith(`${folder}/mw-`), args);
  const [, pid, group] = /^(\d+) .*\) \w \d+ (\d+) /.exec(stat) ?? [];
  assertEquals(group, pid, stat);
});

spawnTest("SpawnedQemu makes its folder for the owner alone", async (folder) => {
  const { message } = await failing(folder, "ls -ld $here/mw-* >&2; exit 1");
  assertStringIncludes(message, "\ndrwx------");
});

spawnTest("SpawnedQemu gives up a program that opens no monitor", async (folder) => {
  const script = 'echo waiting >&2; sleep 0.05; echo $$ > "$here/pid"; exec sleep 600';
  const error = await failing(folder, script, { clock: patientClock(`${folder}/pid`) });
  assertEquals(error.code, "silent");
  assertStringIncludes(error.message, "its monitor did not answer within 30 s. It said:\nwaiting");
  assertStringIncludes(error.hint, '"$@"');
  assertEquals(await isAlive(await lineOf(`${folder}/pid`)), false);
});

spawnTest("SpawnedQemu ends what does not hear SIGTERM", async (folder) => {
  const script = 'trap "echo not now >&2" TERM; echo $$ > "$here/pid"; while :; do sleep 0.05; done';
  const error = await failing(folder, script, {
    clock: patientClock(`${folder}/pid`),
    limits: { terminateMs: 100 },
  });
  assertEquals(error.code, "silent");
  assertEquals(await isAlive(await lineOf(`${folder}/pid`)), false);
});

spawnTest("SpawnedQemu ends what a program has started, also if the program has ended", async (folder) => {
  const child = "(trap '' TERM; exec sleep 600) & echo $! > \"$here/child\"";
  for (const [rest, code] of [["wait", "silent"], ["exit 1", "ended"]]) {
    const clock = patientClock(`${folder}/child`);
    const error = await failing(folder, `${child}; ${rest}`, { clock, limits: { terminateMs: 100 } });
    assertEquals(error.code, code);
    assertEquals(await isAlive(await lineOf(`${folder}/child`)), false);
    await Deno.remove(`${folder}/child`);
  }
});

spawnTest("SpawnedQemu leaves nothing behind when it is aborted", async (folder) => {
  const path = await program(folder, 'echo $$ > "$here/pid"; exec sleep 600');
  const abort = new AbortController();
  const options = { argv: [path], recorded: false, signal: abort.signal, parent: folder };
  const started = SpawnedQemu.start(options);
  const pid = await lineOf(`${folder}/pid`);
  assertEquals(await isAlive(pid), true);
  const reason = new Error("enough");
  abort.abort(reason);
  assertEquals(await started.catch((error) => error), reason);
  assertEquals(await isAlive(pid), false);
  assertNoFolder(folder);
  // And does not begin.
  assertEquals(await SpawnedQemu.start(options).catch((error) => error), reason);
});

spawnTest("SpawnedQemu measures its waits by the clock that it is given", async (folder) => {
  const limits: number[] = [];
  const clock = {
    ...SYSTEM_CLOCK,
    after: (ms: number, then: () => void) => {
      limits.push(ms);
      return SYSTEM_CLOCK.after(ms / 100, then);
    },
  };
  assertEquals((await failing(folder, "exec sleep 600", { clock })).code, "silent");
  assertEquals([limits[0], limits.filter((ms) => ms === 3_000).length], [30_000, 1]);
});

spawnTest("SpawnedQemu says that a program is not there, or may not be run", async (folder) => {
  const { signal } = new AbortController();
  const start = (argv: readonly string[], recorded: boolean): Promise<SpawnError> =>
    assertRejects(() => SpawnedQemu.start({ argv, recorded, signal, parent: folder }), SpawnError);
  for (const recorded of [true, false]) {
    const error = await start(["qemu-system-nosuch", "-S"], recorded);
    assertEquals(error.code, "no-program");
    assertEquals(error.message, "Cannot start qemu-system-nosuch: there is no such program");
    assertStringIncludes(error.hint, "install QEMU (Debian's package qemu-system)");
  }
  await Deno.writeTextFile(`${folder}/plain`, "no program");
  assertEquals((await start([`${folder}/plain`], false)).code, "no-program");
  assertEquals((await start(["rm", "-rf", "x"], true)).code, "recorded");
  assertEquals((await start(["qemu-system-x86_64", "-kernel", "no-such-kernel"], true)).code, "missing");
  assertNoFolder(folder);
});

spawnTest("SpawnedQemu needs a folder whose path is short enough for a socket", async (folder) => {
  const parent = `${folder}/${"long".repeat(25)}`;
  await Deno.mkdir(parent);
  const { signal } = new AbortController();
  const error = await assertRejects(
    () => SpawnedQemu.start({ argv: ["true"], recorded: false, signal, parent }),
    SpawnError,
    "its path is too long for a socket",
  );
  assertEquals(error.code, "folder");
  assertNoFolder(parent);
});

spawnTest("SpawnedQemu makes the firmware that a recorded command had, in a folder of its own", async (folder) => {
  const path = await program(folder, `stat -c 'it has %s bytes, mode %a' firmware >&2; echo "$@" >&2; exit 1`);
  // A program can be named from where migwire runs, although QEMU runs elsewhere.
  for (const binary of [path, relative(Deno.cwd(), path)]) {
    const error = await assertRejects(() =>
      SpawnedQemu.start({
        argv: ["qemu-system-x86_64", "-bios", "payload.bin"],
        recorded: true,
        blocks: [{ name: "pc.bios", usedLength: 65536 }],
        binary,
        signal: new AbortController().signal,
        parent: folder,
      }), SpawnError);
    assertStringIncludes(error.message, "it has 65536 bytes, mode 600\n-bios firmware -incoming defer");
    assertNoFolder(folder);
  }
});

spawnTest("SpawnedQemu says what is left to do when a program does not end", async (folder) => {
  const path = await program(folder, `trap '' TERM; echo $$ > "$here/pid"; while :; do sleep 0.05; done`);
  const ready = patientClock(`${folder}/pid`);
  // No time is left for the end after SIGKILL.
  const after = (ms: number, then: () => void): () => void => {
    if (ms !== 7777) return ready.after(ms, then);
    then();
    return () => {};
  };
  const error = await assertRejects(() =>
    SpawnedQemu.start({
      argv: [path],
      recorded: false,
      signal: new AbortController().signal,
      parent: folder,
      limits: { terminateMs: 50, killMs: 7777 },
      clock: { ...ready, after },
    }), SpawnError);
  const pid = await lineOf(`${folder}/pid`);
  assertEquals([error.code, error.message], ["unstoppable", `Cannot stop QEMU: process ${pid} does not end`]);
  assertStringIncludes(error.hint, `kill -9 -- -${pid}`);
});

spawnTest(
  "SpawnedQemu takes a shorter path where that of the system's folder is too long for a socket",
  async (folder) => {
    const path = await program(folder, 'echo "$@" >&2; exit 1');
    const long = `${folder}/${"long".repeat(25)}`;
    await Deno.mkdir(long);
    const script = new URL("spawn_program_for_test.ts", import.meta.url).pathname;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", script, "", path],
      env: { TMPDIR: long },
    }).output();
    const { code, message } = JSON.parse(new TextDecoder().decode(stdout));
    const [, short = ""] = / -qmp unix:(\/tmp\/mw-[^/]*)\/qmp,/.exec(message) ?? [];
    assertEquals(code, "ended");
    assert(short !== "", message);
    // Neither of the two folders is left.
    assertNoFolder(long);
    // That the other one lies where Deno may look is not said.
    assertEquals((await new Deno.Command("ls", { args: ["-d", short], stderr: "null" }).output()).success, false);
  },
);

/** Runs `argv` as a QEMU in a Deno of its own with these permissions. */
async function withPermissions(
  folder: string,
  permissions: readonly string[],
  argv: readonly string[],
): Promise<{ readonly pid?: number; readonly code?: string; readonly message?: string; readonly hint?: string }> {
  const script = new URL("spawn_program_for_test.ts", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--no-check", "--quiet", ...permissions, script, folder, ...argv];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [text, trouble] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(text !== undefined && text !== "", trouble);
  assertNoFolder(folder);
  return JSON.parse(text);
}

spawnTest("SpawnedQemu says which permissions it needs", async (folder) => {
  const path = await program(folder, "exit 1");
  const files = ["--allow-read", `--allow-write=${folder}`];
  const noRun = await withPermissions(folder, files, [path]);
  assertEquals([noRun.code, noRun.hint], ["not-allowed", `start with --allow-run=${path}, or --allow-run`]);
  const noWrite = await withPermissions(folder, ["--allow-read", "--allow-run"], [path]);
  assertEquals(noWrite.code, "not-allowed");
  assertStringIncludes(noWrite.hint ?? "", `--allow-write=${folder}`);
  const fake = await program(folder, `exec ${fakeQemu()} "$@"`);
  const noNet = await withPermissions(folder, [...files, "--allow-run"], [fake]);
  assertEquals(noNet.code, "not-allowed");
  assertStringIncludes(noNet.hint ?? "", "--allow-net");
});

spawnTest("SpawnedQemu ends a QEMU behind another program, with permission for that program alone", async (folder) => {
  const path = await program(folder, `${fakeQemu()} "$@" & echo $! > "$here/child"; wait`);
  const permissions = ["--allow-read", `--allow-write=${folder}`, "--allow-net", `--allow-run=${path}`];
  const { pid, message } = await withPermissions(folder, permissions, [path]);
  assert(pid !== undefined, message);
  assertEquals(await isAlive(`${pid}`), false);
  assertEquals(await isAlive(await lineOf(`${folder}/child`)), false);
});

function fakeQemu(): string {
  const script = new URL("fake_qemu_for_test.ts", import.meta.url).pathname;
  return `'${Deno.execPath()}' run -A --no-check --quiet '${script}'`;
}
