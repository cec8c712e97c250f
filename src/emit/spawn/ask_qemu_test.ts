import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { withFolder } from "../../../testing/temporary.ts";
import { canWrite, haveProgram } from "../../capture/files_for_test.ts";
import { type AskOptions, askQemu, type QemuSelf } from "./ask_qemu.ts";
import { SpawnError } from "./spawn_error.ts";

/** Needs a shell, which may be started under whatever name its script has. */
const ignore = !canWrite() || !haveProgram("sleep") ||
  Deno.permissions.querySync({ name: "run" }).state !== "granted";

/** A program that answers as QEMU does; `dump` is a shell command, to which $1 is the file. */
const SCRIPT = (dump: string): string =>
  `#!/bin/sh
case "$1" in
  --version) echo "QEMU emulator version 7.2.22 (Debian 1:7.2)"; echo "Copyright (c)"; exit;;
esac
machine=pc
while [ $# -gt 0 ]; do
  case "$1" in
    -machine) machine=$2;;
    -dump-vmstate) file=$2;;
  esac
  shift
done
if [ "$machine" = help ]; then
  printf 'Supported machines are:\\npc  Standard PC (alias of pc-7.2)\\npc-7.2  Standard PC\\nnone  empty machine\\n'
  exit
fi
[ "$machine" = pc ] && machine=pc-7.2
${dump}
`;

const WRITES =
  `printf '{"vmschkmachine": {"Name": "%s"}, "d": {"version_id": 1, "minimum_version_id": 1}}' $machine >$file`;

async function ask(
  dump: string,
  options: Partial<AskOptions> = {},
): Promise<QemuSelf> {
  let self: QemuSelf | undefined;
  await withFolder(async (folder) => {
    const binary = `${folder}/qemu`;
    await Deno.writeTextFile(binary, SCRIPT(dump), { mode: 0o755 });
    try {
      self = await askQemu({ binary, signal: new AbortController().signal, parent: folder, ...options });
    } finally {
      for await (const { name } of Deno.readDir(folder)) assertEquals(name, "qemu", "the private folder is left");
    }
  });
  assert(self !== undefined);
  return self;
}

Deno.test({
  name: "askQemu() asks for version, machine types and what is loaded",
  ignore,
  async fn(): Promise<void> {
    const self = await ask(WRITES, { machine: "pc" });
    assertEquals([self.version, self.machines, self.machine], [
      "7.2.22 (Debian 1:7.2)",
      ["pc", "pc-7.2", "none"],
      "pc-7.2",
    ]);
    assertEquals([...self.dump.types.keys()], ["d"]);
    assertEquals((await ask(WRITES)).machine, "pc-7.2", "its default");
  },
});

Deno.test({
  name: "askQemu() says that there is no such machine type, and what is loaded all the same",
  ignore,
  async fn(): Promise<void> {
    const self = await ask(WRITES, { machine: "pc-10.0" });
    assertEquals([self.machine, self.dump.machine, self.dump.types.size], [undefined, "none", 1]);
  },
});

Deno.test({
  name: "askQemu() says what goes wrong, and leaves nothing behind",
  ignore,
  async fn(): Promise<void> {
    const cases: [string, string, string][] = [
      ["echo no such thing >&2; exit 3", "ended", "ended with exit code 3. It said: no such thing"],
      ["exit 4", "ended", "It said nothing."],
      ["true", "ended", "it wrote no dump"],
      ["echo x >$file", "ended", "it is not JSON"],
      ["truncate -s 70M $file", "ended", "bytes"],
    ];
    for (const [dump, code, message] of cases) {
      const error = await assertRejects(() => ask(dump), SpawnError, message);
      assertEquals(error.code, code);
    }
    const modules = 'echo "Only modules from the same build can be loaded." >&2; kill -ABRT $$';
    const error = await assertRejects(() => ask(modules), SpawnError);
    assertStringIncludes(error.hint, "QEMU_MODULE_DIR");
    const missing = { binary: "/nowhere/qemu-system-x86_64" };
    assertEquals((await assertRejects(() => ask("", missing), SpawnError)).code, "no-program");
    const other = await assertRejects(() => ask("", { binary: "sh" }), SpawnError);
    assert(["command", "ended"].includes(other.code));
    const noQemu = await assertRejects(
      () => ask("", { binary: "true" }),
      SpawnError,
      "its --version is not that of a QEMU",
    );
    assertEquals(noQemu.code, "command");
  },
});

Deno.test({
  name: "askQemu() waits no longer than it may, and ends what it started",
  ignore,
  async fn(): Promise<void> {
    const late = await assertRejects(
      () => ask("sleep 60 & wait", { limitMs: 300 }),
      SpawnError,
      "did not end within 0.3 s",
    );
    assertEquals(late.code, "silent");
    const abort = new AbortController();
    setTimeout(() => abort.abort(new DOMException("Interrupted", "AbortError")), 200);
    await assertRejects(() => ask("sleep 60 & wait", { signal: abort.signal }), DOMException, "Interrupted");
    await assertRejects(() => ask(WRITES, { signal: AbortSignal.abort() }), DOMException);
  },
});
