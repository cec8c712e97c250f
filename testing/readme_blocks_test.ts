/** Each block of the README is run as it is written: here, or where `readme_blocks.ts` says. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import config from "../deno.json" with { type: "json" };
import { canWrite, haveProgram } from "../src/capture/files_for_test.ts";
import { closeQuietly } from "../src/net/mod.ts";
import { libvirtImage } from "./libvirt_image.ts";
import { blocksOf, partsOf, withoutComment } from "./readme_blocks.ts";
import { CAPTURES, haveCaptures } from "./real_captures.ts";

const ROOT = new URL("..", import.meta.url);
const mayRead = Deno.permissions.querySync({ name: "read", path: ROOT }).state === "granted";
const mayRun = mayRead && canWrite() && ["bash", "cp"].every(haveProgram) &&
  ["run", "net"].every((name) => Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted");

function readme(): string {
  return Deno.readTextFileSync(new URL("README.md", ROOT));
}

Deno.test("blocksOf() finds each block with its line", () => {
  const markdown = "a\n\n```sh\nx\n```\n\ntext\n```\ny\nz\n```\n";
  assertEquals(blocksOf(markdown), [
    { language: "sh", text: "x\n", line: 3 },
    { language: "", text: "y\nz\n", line: 8 },
  ]);
});

Deno.test("partsOf() refuses a block that nobody runs", () => {
  assertThrows(() => partsOf("```yaml\na: 1\n```\n"), Error, "Nobody runs the block of README.md, line 1: yaml a: 1");
  assertThrows(() => partsOf("```text\n$ migwire dance\n```\n"), Error, "line 1");
});

Deno.test({
  name: "each block of the README has somebody who runs it",
  ignore: !mayRead,
  fn(): void {
    const parts = partsOf(readme());
    const count = (runner: string): number => parts.filter((part) => part.runner === runner).length;
    for (const runner of ["shell", "ci", "captures", "doc test", "export gate", "replay gate"]) {
      assert(count(runner) > 0, runner);
    }
    const run = Deno.readTextFileSync(new URL(".ci/run", ROOT));
    for (const { command } of parts.filter(({ runner }) => runner === "ci")) {
      const [, version, task] = /^npx -y deno@(\S+) task (\w+)/.exec(command) ?? [];
      assert(task !== undefined, command);
      assertStringIncludes(run, `deno=(npx -y deno@${version})`);
      assert(new RegExp(`gate "task ${task}" \\d+ "\\$\\{deno\\[@\\]\\}" task ${task}$`, "m").test(run), command);
    }
    // With --doc and no path, Deno runs the examples of all Markdown files, too.
    assert(/\bdeno test\b.* --doc /.test(config.tasks.test.command) && !/\.ts\b/.test(config.tasks.test.command));
    assertStringIncludes(Deno.readTextFileSync(new URL("testing/export_gate.ts", ROOT)), "README.md");
    assertStringIncludes(Deno.readTextFileSync(new URL("testing/real_qemu/readme_gate.ts", ROOT)), "partsOf(");
  },
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `use` with what runs a command in a folder in which all is that the README's commands name. */
async function inScratch(
  use: (run: (command: string, cwd?: string) => Promise<Outcome>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "migwire-readme-" });
  try {
    const root = decodeURIComponent(ROOT.pathname);
    const run = async (command: string, cwd = folder): Promise<Outcome> => {
      const { code, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-o", "pipefail", "-c", command],
        cwd,
        env: {
          PATH: `${folder}/installed/bin:${Deno.execPath().replace(/\/[^/]*$/, "")}:/usr/local/bin:/usr/bin:/bin`,
          DENO_INSTALL_ROOT: `${folder}/installed`,
          NO_COLOR: "1",
          TMPDIR: folder,
        },
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    };
    const prepared = await run(
      `cp -r '${root}testdata' . && rm -rf testdata/vfio-lab && cp -r testdata/vfio-multifd-2 capture && ` +
        "mkdir captures && cp -r capture captures/one",
    );
    assertEquals(prepared.code, 0, prepared.err);
    const stream = await Deno.readFile(`${folder}/capture/channel-00.s2d`);
    await Deno.writeFile(`${folder}/vm.save`, libvirtImage(stream));
    await Deno.writeFile(`${folder}/vm.mig.zst`, new Uint8Array(zstdCompressSync(stream)));
    await use(run, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A destination that says nothing leaves after so many milliseconds: what it is sent would wait a minute for it. */
const PATIENCE = 1500;

/** Takes what comes, as a destination that says nothing. */
function destination(): { readonly port: number; readonly taken: () => number; close(): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let bytes = 0;
  const timers: ReturnType<typeof setTimeout>[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      timers.push(setTimeout(() => closeQuietly(connection), PATIENCE));
      (async () => {
        for await (const chunk of connection.readable) bytes += chunk.length;
      })().catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    taken: () => bytes,
    async close(): Promise<void> {
      listener.close();
      timers.forEach(clearTimeout);
      await serving;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** socat says its version in another way. */
function haveSocat(): boolean {
  return new Deno.Command("bash", { args: ["-c", "command -v socat"], stdout: "null" }).outputSync().success;
}

Deno.test({
  name: "the README's commands do what it shows, as installed by its own words",
  ignore: !mayRun || !haveProgram("jq") || !haveSocat(),
  async fn(): Promise<void> {
    const parts = partsOf(readme()).filter(({ runner }) => runner === "shell");
    assert(parts.length > 20, `${parts.length}`);
    // First what installs it.
    const isTask = ({ command }: { readonly command: string }): boolean => command.startsWith("deno task ");
    parts.sort((a, b) => Number(isTask(b)) - Number(isTask(a)));
    await inScratch(async (run, folder) => {
      await Deno.mkdir(`${folder}/recorded`);
      for (const { command, output, line } of parts) {
        const text = withoutComment(command);
        const where = `README.md, line ${line}: ${text}`;
        if (text.startsWith("deno task ")) {
          const { code, err } = await run(text, decodeURIComponent(ROOT.pathname));
          assertEquals(code, 0, `${where}\n${err}`);
          continue;
        }
        // HOST is a destination that takes all and says nothing; a port of the example may be taken here.
        const there = destination();
        const listening = freePort();
        const real = text.replaceAll(/\bhost:4444\b/gi, `127.0.0.1:${there.port}`)
          .replaceAll("tcp::4444", `tcp::${listening}`).replaceAll("tcp::4445", `tcp::${there.port}`);
        // What is recorded must not be there yet.
        const records = text.startsWith("migwire record ");
        const running = run(real, records ? `${folder}/recorded` : folder);
        if (records) await send(listening);
        const { code, out, err } = await running;
        // 1 is what is said of a capture, or of a destination that says nothing; all else is of the command line.
        assert(code === 0 || code === 1, `${where}\nexit status ${code}\n${err}`);
        if (code === 1) assert(/^migwire (replay|check|compat|diff|load|forge|edit) /.test(text), `${where}\n${err}`);
        if (output !== undefined) assertEquals(out, output, where);
        if (/host:4444|migwire record /i.test(text)) assert(there.taken() > 100, `${where}: nothing came\n${err}`);
        await there.close();
      }
    });
  },
});

/** A source that connects as soon as somebody listens, sends the beginning of a stream, and ends. */
async function send(port: number): Promise<void> {
  for (let attempts = 400;; attempts--) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const stream = new Uint8Array(4096);
      stream.set(Uint8Array.fromHex("5145564d00000003"));
      await connection.write(stream);
      connection.close();
      return;
    } catch (error) {
      if (attempts === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

Deno.test({
  name: "the README's commands on captures of real migrations do what it shows",
  ignore: !mayRun || !haveCaptures(),
  async fn(): Promise<void> {
    const { main } = await import("../cli/main.ts");
    const { memoryIo } = await import("../cli/memory_io.ts");
    for (const { command, output, line } of partsOf(readme()).filter(({ runner }) => runner === "captures")) {
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
      const paths = words.slice(1).map((word) => word.startsWith("plain-") ? new URL(word, CAPTURES).pathname : word);
      const io = memoryIo();
      await main(paths, io);
      assertEquals(io.out(), output, `README.md, line ${line}: ${command}`);
    }
  },
});
