import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import { canWrite, haveProgram } from "../../src/capture/files_for_test.ts";
import { addressOf, formatSocketAddress, listenAt, parseSocketAddress } from "../../src/net/mod.ts";
import { COMMANDS } from "../main.ts";

const PROJECT = new URL("../../", import.meta.url);

/** What is run: the installer as a program, with the permissions of the task. */
const ignore = !canWrite() || !haveProgram("bash") || !haveProgram("cp") ||
  Deno.permissions.querySync({ name: "run" }).state !== "granted" ||
  Deno.permissions.querySync({ name: "read", path: PROJECT }).state !== "granted";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Run = (script: string, without?: string) => Promise<Outcome>;

/** Starts migwire as installed, in an empty folder with a capture beside; `without` takes an option away from Deno. */
let installed: Promise<{ root: string; deno: string }> | undefined;

async function installOnce(): Promise<{ root: string; deno: string }> {
  const root = await Deno.makeTempDir({ prefix: "migwire-root-" });
  const task = config.tasks.install.command.split(" ").slice(1);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...task, "--root", root],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return { root, deno: Deno.execPath() };
}

async function withInstalled(test: (run: Run, folder: string) => Promise<void>): Promise<void> {
  const { root, deno } = await (installed ??= installOnce());
  const folder = await Deno.makeTempDir({ prefix: "migwire-" });
  try {
    await new Deno.Command("cp", { args: ["-r", new URL("testdata/vfio-multifd-2", PROJECT).pathname, folder] })
      .output();
    // In Deno's place: takes away what it is told to, and starts Deno.
    await Deno.writeTextFile(
      `${folder}/.deno`,
      `#!/bin/bash\nwords=()\nfor word in "$@"; do [[ -n $WITHOUT && $word == $WITHOUT ]] || words+=("$word"); done\nexec '${deno}' "\${words[@]}"\n`,
      { mode: 0o755 },
    );
    const text = await Deno.readTextFile(`${root}/bin/migwire`);
    await Deno.mkdir(`${folder}/.bin`);
    await Deno.writeTextFile(`${folder}/.bin/migwire`, text.replace(/^deno=.*$/m, `deno='${folder}/.deno'`), {
      mode: 0o755,
    });
    await test(async (script, without = "") => {
      const { code, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-o", "pipefail", "-c", script],
        cwd: folder,
        env: { PATH: `${folder}/.bin:/usr/local/bin:/usr/bin:/bin`, WITHOUT: without, NO_COLOR: "1", TMPDIR: folder },
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const C = "vfio-multifd-2";
const UNIX = `: >ready; migwire replay ${C} --to unix:s --timeout 0.2`;

/** What each command is asked, the exit status, and what it cannot do without. */
const CASES: readonly (readonly [script: string, code: number, needs: readonly string[]])[] = [
  [`migwire inspect ${C}`, 0, ["--allow-read=*"]],
  [`migwire inspect --digests ${C}`, 0, ["--allow-read=*"]],
  [`migwire inspect - <${C}/channel-00.s2d`, 0, []],
  [`migwire records ${C} --channel main`, 0, ["--allow-read=*"]],
  [`migwire check ${C}`, 0, ["--allow-read=*"]],
  [`migwire load ${C}`, 0, ["--allow-read=*"]],
  [`migwire load ${C} --out states`, 0, ["--allow-write=*"]],
  [`migwire report ${C} --terminal`, 0, ["--allow-read=*"]],
  [`migwire report ${C} --out report.html`, 0, ["--allow-write=*"]],
  [`migwire diff ${C} ${C}/channel-00.s2d --only devices`, 1, ["--allow-read=*"]],
  [`migwire edit ${C} --truncate 'channel=main,at=0x100' --out out/`, 0, ["--allow-write=*"]],
  [
    `head -c 65536 /dev/zero >zeros; migwire edit ${C} --set 'kind=multifd-device-state,index=1,data=@zeros' --out out/`,
    0,
    ["--allow-read=*"],
  ],
  [`migwire convert ${C} out/ --no-payload`, 0, ["--allow-write=*"]],
  [`migwire convert ${C} out/`, 0, ["--allow-read=*", "--allow-write=*"]],
  [`migwire convert ${C} out.pcapng`, 0, ["--allow-write=*"]],
  [`migwire convert ${C} - --to stream --main-only | migwire inspect -`, 0, []],
  [`migwire forge row-4 | migwire load -`, 1, []],
  [`migwire forge row-4 --out row/ && migwire load row`, 1, []],
  [`migwire forge row-4 --out row/`, 0, ["--allow-write=*"]],
  [`migwire forge row-4 --print >mine.yaml && migwire forge mine.yaml --out mine/`, 0, []],
  [`migwire export ${C} --out tables`, 0, ["--allow-read=*", "--allow-write=*"]],
  [`echo ${C} >list; migwire export --from list --out tables`, 0, ["--allow-read"]],
  [`migwire compat ${C} --vmstate dump.json --machine pc-q35-10.0 --qemu-version 7.2`, 1, ["--allow-read=*"]],
  [`migwire replay ${C} --to dir:sent`, 0, ["--allow-write=*"]],
  [`migwire replay ${C} --to sent/`, 0, ["--allow-write=*"]],
  [`${UNIX}; [ $? = 3 ]`, 0, []],
  [`migwire completions bash`, 0, []],
  [`migwire --version`, 0, []],
];

Deno.test({
  name: "each command does its work as installed, and says what is missing without a permission",
  ignore,
  async fn(): Promise<void> {
    await withInstalled(async (run, folder) => {
      await Deno.copyFile(new URL("testdata/compat/qemu-7.2.json", PROJECT), `${folder}/dump.json`);
      const kept = new Set((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name));
      const clean = (): void => {
        for (const { name } of Deno.readDirSync(folder)) {
          if (!kept.has(name)) Deno.removeSync(`${folder}/${name}`, { recursive: true });
        }
      };
      for (const [script, code, needs] of CASES) {
        const outcome = await run(script);
        assertEquals(outcome.code, code, `${script}\n${outcome.err}`);
        assert(!/Info|NotCapable|permission/.test(outcome.err), outcome.err);
        clean();
        for (const option of needs) {
          const { code, err } = await run(script, option);
          // To export, what fails is a row of its table.
          assertEquals(
            code,
            script.includes("export") && option.includes("write") ? 1 : 3,
            `${script}, ${option}: ${err}`,
          );
          assertStringIncludes(err, option.split("=")[0] ?? "", `${script} without ${option}`);
          clean();
        }
      }
      const shown = new Set(CASES.map(([script]) => /migwire (\w+)/.exec(script)?.[1]));
      const elsewhere = ["record"];
      assertEquals(
        COMMANDS.map(({ name }) => name).filter((name) => !shown.has(name) && !elsewhere.includes(name)),
        [],
      );
    });
  },
});

Deno.test({
  name: "record and replay as installed speak over sockets that their arguments name, and over no other",
  ignore,
  async fn(): Promise<void> {
    await withInstalled(async (run, folder) => {
      for (const [listen, to] of [["unix:in", `unix:${folder}/out`], ["tcp::LISTEN", "tcp::0"]] as const) {
        const destination = listenAt(parseSocketAddress(to));
        let bytes = 0;
        const taken = (async () => {
          for await (const connection of destination) {
            (async () => {
              for await (const chunk of connection.readable) bytes += chunk.length;
            })().catch(() => {});
          }
        })();
        const from = listen.replace("LISTEN", `${freePort()}`);
        const there = formatSocketAddress(addressOf(destination));
        const recorded = run(`migwire record --listen ${from} --to ${there} --out rec-${from.slice(0, 3)}`);
        let sent: Outcome;
        for (let tries = 0;; tries++) {
          sent = await run(`migwire replay ${C} --to ${from} --timeout 1`);
          // The relay may not listen yet.
          if (sent.code !== 3 || tries === 20) break;
        }
        // Nobody answers; but everything is sent.
        assertEquals(sent.code, 1, sent.err);
        const { code, err } = await recorded;
        assertEquals(code, 0, err);
        assert(bytes > 500_000, `${bytes}`);
        const denied = await run(`migwire replay ${C} --to ${there} --timeout 1`, "--allow-net=*");
        assertEquals(denied.code, 3, denied.err);
        assertStringIncludes(denied.err + denied.out, "--allow-net");
        destination.close();
        await taken;
      }
    });
  },
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test({
  name: "a capture cannot make an installed migwire read elsewhere",
  ignore,
  async fn(): Promise<void> {
    await withInstalled(async (run, folder) => {
      const secret = "QEVM-a-secret-of-the-user";
      await Deno.writeTextFile(`${folder}/secret`, secret);
      await Deno.mkdir(`${folder}/hostile`);
      const manifest = {
        format: "migwire-capture/1",
        name: "../../secret",
        file: { name: "../secret" },
        source: { qemu: "10.0.2", uri: `file:${folder}/secret` },
        destination: { command: ["sh", "-c", "touch ran"] },
      };
      await Deno.writeTextFile(`${folder}/hostile/capture.json`, JSON.stringify(manifest));
      await run(
        "ln -s ../secret hostile/channel-00.s2d; ln -s ../secret hostile/file.img",
      );
      await Deno.writeFile(`${folder}/hostile/file.x.gz`, gzipSync("QEVM"));
      for (const command of ["inspect --json", "records --hex", "check", "load", "report --terminal"]) {
        const { out, err } = await run(`migwire ${command} hostile`);
        assert(!(out + err).includes("a-secret"), command);
      }
      const converted = await run("migwire convert hostile copy/");
      assertEquals(converted.code, 1, converted.err);
      assertStringIncludes(converted.err, "channel-00.s2d is not a file of this directory");
      const names = (await Array.fromAsync(Deno.readDir(`${folder}/copy`))).map(({ name }) => name);
      assertEquals(names.includes("channel-00.s2d"), false, names.join());
      const spawned = await run("migwire replay hostile --spawn");
      assert(spawned.code !== 0);
      assertEquals((await Array.fromAsync(Deno.readDir(folder))).some(({ name }) => name === "ran"), false);
    });
  },
});

Deno.test({
  name: "what is installed says the version of deno.json, and has a man page and completions",
  ignore,
  async fn(): Promise<void> {
    const { root } = await (installed ??= installOnce());
    await withInstalled(async (run) => {
      assertEquals((await run("migwire --version")).out, `migwire ${config.version}\n`);
    });
    const files = ["share/man/man1/migwire.1", "share/bash-completion/completions/migwire"]
      .concat("share/zsh/site-functions/_migwire", "share/fish/vendor_completions.d/migwire.fish");
    for (const file of files) assertStringIncludes(Deno.readTextFileSync(`${root}/${file}`), "migwire", file);
    Deno.removeSync(root, { recursive: true });
  },
});
