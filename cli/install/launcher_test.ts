import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { canWrite, haveProgram } from "../../src/capture/files_for_test.ts";
import { type CommandDefinition, optionsOf } from "../command.ts";
import { definitionsOf } from "../definitions.ts";
import { COMMANDS } from "../main.ts";
import { parseCommand } from "../parse.ts";
import { UNPACKERS } from "../permissions.ts";
import { expectedFlags, type Surroundings } from "./launched_for_test.ts";
import { launcherText } from "./launcher.ts";

const ALWAYS = ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm"];

const ignore = !canWrite() || !haveProgram("bash");

/** Programs that a launcher finds, and one that it starts in Deno's place: it prints its arguments. */
const SHOW = `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word"; done\n`;

/** Runs `test` with what starts a launcher and gives Deno's options. */
async function withLauncher(
  test: (launch: (words: readonly string[]) => Map<string, Set<string>>, surroundings: Surroundings) => void,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "migwire-" }));
  try {
    const program = (name: string, text = "#!/bin/sh\n"): string => {
      Deno.writeTextFileSync(`${folder}/${name}`, text, { mode: 0o755 });
      return `${folder}/${name}`;
    };
    const bundle = `${folder}/the bundle's.js`;
    const deno = program("deno's", SHOW);
    const script = program(
      "migwire",
      launcherText({ definitions: await definitionsOf(COMMANDS), bundle, deno, version: "1.2.3" }),
    );
    program("xz");
    const qemus = [program("qemu-system-arm"), program("qemu-kvm")];
    const surroundings = { current: folder, temporary: "/var/tmp", programs: ["xz"], qemus };
    test((words) => {
      const { stdout, stderr } = new Deno.Command("/bin/sh", {
        args: [script, ...words],
        cwd: folder,
        env: { PATH: folder, TMPDIR: "/var/tmp" },
      }).outputSync();
      assertEquals(new TextDecoder().decode(stderr), "");
      const out = new TextDecoder().decode(stdout).split("\n").slice(0, -1);
      assertEquals(out.splice(0, ALWAYS.length), ALWAYS);
      const end = out.indexOf(bundle);
      assertEquals(out.slice(end + 1).join("\n"), words.join("\n"));
      return new Map(
        out.slice(0, end).map((flag) => {
          const [name = "", list] = flag.split(/=(.*)/s);
          return [name, new Set(list === undefined ? ["all"] : list.split(","))];
        }),
      );
    }, surroundings);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a launcher never gives all permissions", async () => {
  const text = launcherText({ definitions: await definitionsOf(COMMANDS), bundle: "/b", deno: "/d", version: "1" });
  assertEquals(/(^|\s)-\w*A|allow-all|allow-(ffi|sys|import|hrtime)/m.test(text), false);
});

Deno.test({
  name: "a launcher gives what the command line needs, and no more",
  ignore,
  async fn(): Promise<void> {
    await withLauncher((launch, { current, qemus }) => {
      const cases: [words: string[], flags: Record<string, string[]>][] = [
        [[], {}],
        [["--help"], {}],
        [["help", "replay"], {}],
        [["nonsense", "/etc"], {}],
        [["completions", "bash"], {}],
        [["inspect", "--json", "a b"], { read: ["a b"], run: ["xz"] }],
        [["inspect", "-"], { run: ["xz"] }],
        [["inspect", "--", "--odd"], { read: ["--odd"], run: ["xz"] }],
        [["convert", "in", "out/"], { read: ["in", "."], write: ["."], run: ["xz"] }],
        [["convert", "in", "/x/y.pcapng"], { read: ["in", "/x"], write: ["/x"], run: ["xz"] }],
        [["convert", "in", "-", "--to", "stream"], { read: ["in"], run: ["xz"] }],
        [["forge", "row-4", "-fo", "/y"], { read: ["row-4", "/"], write: ["/"] }],
        [["record", "--listen", "tcp::4444", "--to=tcp:[::1]:4445", "--out", "capture"], {
          net: ["127.0.0.1:4444", "[::1]:4445"],
          read: ["capture"],
          write: ["capture"],
        }],
        [["record", "--listen", "unix:in.sock", "--to", "tcp:a,b:1"], {
          net: [`unix:${current}/in.sock`],
          read: ["in.sock"],
          write: ["in.sock"],
        }],
        [["replay", "c", "--to", "dir:out"], { read: ["c", "out"], write: ["out"], run: ["xz"] }],
        [["replay", "--spawn", "c"], {
          read: ["all"],
          write: ["/var/tmp"],
          net: ["all"],
          run: ["xz", ...qemus],
        }],
        [["replay", "c", "--spawn", "my-qemu -S"], {
          read: ["c", "/var/tmp"],
          write: ["/var/tmp"],
          net: ["all"],
          run: ["xz", "my-qemu"],
        }],
        [["export", "a", "b", "--out", "t"], { read: ["a", "b", "t"], write: ["t"], run: ["xz"] }],
        [["export", "--from", "list", "--out", "t"], { read: ["all"], write: ["t"], run: ["xz"] }],
        // A comma cannot be hidden from Deno.
        [["inspect", "x/y,/etc"], { read: ["./x"], run: ["xz"] }],
        [["inspect", "/x,/etc"], { run: ["xz"] }],
      ];
      for (const [words, flags] of cases) {
        const wanted = Object.entries(flags).map(([name, list]) => [`--allow-${name}`, new Set(list)] as const);
        assertEquals(launch(words), new Map(wanted), words.join(" "));
      }
      const many = Array.from({ length: 3000 }, (_, i) => `captures/a-capture-with-a-name-${i}`);
      assertEquals(launch(["export", ...many, "--out", "t"]).get("--allow-read"), new Set(["all"]));
    });
  },
});

const WORDS = [
  "a",
  "b/c",
  "/d/e",
  "out/",
  "x,y",
  "/x,y",
  "b/x,y",
  "-",
  "--",
  "tcp::1",
  "tcp:h:2",
  "unix:s",
  "dir:z",
  "q -S",
];

/** A word that may stand in a command line: an option, a value, or both. */
function word(definition: CommandDefinition): fc.Arbitrary<string> {
  const options = optionsOf(definition);
  const value = fc.constantFrom(...WORDS);
  const option = fc.constantFrom(...options).map(({ name }) => `--${name}`);
  const letters = options.flatMap(({ short, value }) =>
    short === undefined || value === undefined ? [] : [`-${short}`]
  );
  return fc.oneof(
    { weight: 3, arbitrary: value },
    { weight: 3, arbitrary: option },
    { weight: 2, arbitrary: fc.tuple(option, value).map((parts) => parts.join("=")) },
    ...letters.map((letter) => fc.constant(letter)),
  );
}

Deno.test({
  name: "a launcher reads command lines as the commands do",
  ignore,
  async fn(): Promise<void> {
    const definitions = await definitionsOf(COMMANDS);
    const line = fc.constantFrom(...definitions).chain((definition) =>
      fc.record({ definition: fc.constant(definition), words: fc.array(word(definition), { maxLength: 6 }) })
    );
    await withLauncher((launch, surroundings) => {
      assertEquals(UNPACKERS.includes("xz"), true);
      let good = 0;
      fc.assert(
        fc.property(line, ({ definition, words }) => {
          let args;
          try {
            args = parseCommand(definition, words);
          } catch {
            // The command refuses it: whatever it was given it does not use.
            return;
          }
          if (args.flag("help")) return;
          good++;
          assertEquals(launch([definition.name, ...words]), expectedFlags(definition.name, args, surroundings));
        }),
        { numRuns: 1500, seed: 8 },
      );
      assert(good > 150, `${good}`);
    });
  },
});
