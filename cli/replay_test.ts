import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import schema from "../schema/replay-1.schema.json" with { type: "json" };
import { openCapture, readBytes } from "../src/capture/mod.ts";
import { formatSocketAddress } from "../src/net/mod.ts";
import { NO_ANSWER, Refusal } from "../src/qmp/monitor_for_test.ts";
import { mayRelay } from "../src/record/peers_for_test.ts";
import { FakeQemu, type FakeQemuScript } from "../src/replay/fake_qemu_for_test.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import { be, bytesOf, smallStream } from "../testing/main_stream.ts";
import { withFolder } from "../testing/temporary.ts";
import { EXIT } from "./exit.ts";
import { WIDTH } from "./inspect/layout.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { unstyled } from "./style.ts";

const FIXTURE = new URL("../testdata/vfio-multifd-2", import.meta.url).pathname;
const ignore = !mayRelay() || Deno.permissions.querySync({ name: "read", path: FIXTURE }).state !== "granted";

/** Bytes of the fixture that the source sent. */
const FIXTURE_BYTES = 805_236;

const SMALL = smallStream().bytes();

/** SHUT with a value. */
const SHUT = (value: number): Uint8Array => bytesOf(be(1, 2), be(4, 2), be(value, 4));

type Ran = MemoryIo & { readonly code: number };

async function run(args: readonly string[], options: MemoryIoOptions = {}): Promise<Ran> {
  const io = memoryIo(options);
  return { ...io, code: await main(["replay", ...args], io) };
}

/** How a capture is replayed to something like a QEMU. */
interface Scene {
  /** What the QEMU does. */
  readonly script?: FakeQemuScript;
  /** The fixture with its multifd channels, rather than a small main channel. */
  readonly fixture?: boolean;
  /** It has no monitor. */
  readonly blind?: boolean;
  /** More options. */
  readonly args?: readonly string[];
  readonly io?: MemoryIoOptions;
}

/** Replays to something like a QEMU. Everything is closed in the end. */
async function replayTo({ script, fixture = false, blind = false, args = [], io }: Scene): Promise<Ran> {
  let ran: Ran | undefined;
  await withFolder(async (folder) => {
    const capture = fixture ? FIXTURE : `${folder}/small.mig`;
    if (!fixture) await Deno.writeFile(capture, SMALL);
    const after = fixture ? FIXTURE_BYTES : SMALL.length;
    await using qemu = new FakeQemu({ after, machine: fixture ? "pc-q35-10.0" : "pc-q35-9.2", ...script });
    const monitor = blind ? [] : ["--qmp", formatSocketAddress(qemu.qmp)];
    ran = await run([capture, "--to", formatSocketAddress(qemu.to), ...monitor, ...args], io);
    await qemu.left();
  });
  assert(ran !== undefined);
  return ran;
}

/** The text without what is other each time. */
function steady(text: string): string {
  return text.replace(/^.*\/small.mig\n/, "small.mig\n").replaceAll(/tcp:127\.0\.0\.1:\d+/g, "tcp:127.0.0.1:PORT")
    .replaceAll(/in \d+ ms(, [\d.]+ ([KMGT]i)?(B|bytes)\/s)?/g, "in N ms");
}

const refuse = (text: string) => (): never => {
  throw new Refusal(text);
};

/** The main situations: what is done, the exit code, the kind of the verdict. */
const SCENES: { readonly [name: string]: readonly [Scene, number, string] } = {
  "the target completes": [{}, EXIT.ok, "completed"],
  "the target completes, and is let run": [{ args: ["--cont"] }, EXIT.ok, "completed"],
  "the target completes, and does not run": [
    { args: ["--cont"], script: { answers: { "cont": refuse("not now") } } },
    EXIT.fault,
    "failed",
  ],
  "a target without a monitor completes": [{ blind: true }, EXIT.ok, "completed"],
  "a multifd target without a monitor says SHUT 0": [{ blind: true, fixture: true }, EXIT.fault, "unconfirmed"],
  "a target without a monitor says SHUT 1": [
    { blind: true, script: { then: (qemu) => qemu.endChannels(SHUT(1)) } },
    EXIT.fault,
    "failed",
  ],
  "the target is told much, fits badly, and completes": [
    {
      fixture: true,
      args: ["--multifd-channels", "4", "--parameter", "max-bandwidth=5", "--capability", "return-path=on"],
    },
    EXIT.ok,
    "completed",
  ],
  "the target fails": [
    { script: { machine: "pc-q35-10.0", then: (qemu) => qemu.fail("Machine type received is other") } },
    EXIT.fault,
    "failed",
  ],
  "the target stays as it is": [
    { args: ["--timeout", "1"], script: { then: (qemu) => qemu.endChannels() } },
    EXIT.fault,
    "hangs",
  ],
  "the target fits": [{ args: ["--examine"] }, EXIT.ok, "fits"],
  "the target does not fit": [
    { args: ["--examine"], script: { blocks: { "pc.ram": 0x20000, "extra": 0x1000 } } },
    EXIT.fault,
    "does-not-fit",
  ],
};

for (const [name, [scene, code, kind]] of Object.entries(SCENES)) {
  Deno.test({
    name: `migwire replay says what it said before when ${name}, and exits with ${code}`,
    ignore,
    async fn(t): Promise<void> {
      const { code: found, out, err } = await replayTo(scene);
      assertEquals([found, err()], [code, ""]);
      assertMatch(out(), new RegExp(`\n\n${kind.replaceAll("-", " ")} · [^]*\\)\n$`));
      await t.assertSnapshot(steady(out()));
    },
  });
}

const published = compile(schema);
const exact = compileClosed(schema);

/** Some of what is printed as JSON. */
interface Printed {
  readonly ok: boolean;
  readonly verdict: { readonly kind: string };
  readonly sent: object | null;
  readonly outcome: { readonly status: string } | null;
}

/** What is printed as JSON, held to the schema. */
function parsed(text: string, name: string): Printed {
  const json = JSON.parse(text);
  assertFits(published, json, name);
  assertFits(exact, json, name);
  return json;
}

Deno.test({
  name: "migwire replay --json fits the schema in all situations, which names every field",
  ignore,
  async fn(): Promise<void> {
    for (const [name, [scene, code, kind]] of Object.entries(SCENES)) {
      const { code: found, out, err } = await replayTo({ ...scene, args: [...scene.args ?? [], "--json"] });
      const json = parsed(out(), name);
      assertEquals([found, json.ok, json.verdict.kind, err()], [code, code === EXIT.ok, kind, ""], name);
      assertEquals(json.sent === null, name.endsWith("fit") || name.endsWith("fits"), name);
      assertEquals(published({ ...json, format: "migwire-replay/2" }), false);
    }
    const garbage = bytesOf(be(0xdead, 2), be(4, 2), be(0, 4));
    const script: FakeQemuScript = { after: 1, then: (qemu) => qemu.say(garbage) };
    const { out } = await replayTo({ script, blind: true, args: ["--json", "--timeout", "1"] });
    assertStringIncludes(JSON.stringify(parsed(out(), "garbage").sent), '"problem":{');
    const dead = await replayTo({ script: { then: (qemu) => qemu.die() }, args: ["--json"] });
    const { verdict, outcome } = parsed(dead.out(), "dead");
    assertEquals([dead.code, verdict.kind, outcome?.status], [EXIT.fault, "failed", "exited"]);
  },
});

Deno.test({
  name: "migwire replay --json fits the schema when nothing was sent, or it was only written",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const written = await run([FIXTURE, "--to", `dir:${folder}/out`, "--json"]);
      assertEquals([written.code, parsed(written.out(), "written").verdict.kind], [EXIT.ok, "written"]);
      const refused = await run([FIXTURE, "--to", "tcp::1", "--json"]);
      assertEquals([refused.code, parsed(refused.out(), "not sent").verdict.kind], [EXIT.blocked, "not-sent"]);
    });
  },
});

Deno.test({
  name: "migwire replay fits the width of its text in all situations, and colours change nothing else",
  ignore,
  async fn(): Promise<void> {
    for (const [name, [scene]] of Object.entries(SCENES)) {
      const { out, err } = await replayTo({ ...scene, io: { isTerminal: true } });
      for (const line of unstyled(out()).split("\n")) assert(unicodeWidth(line) <= WIDTH, `${name}: ${line}`);
      assertStringIncludes(out(), "\x1b[");
      const isLooked = scene.args?.includes("--examine") ?? false;
      assertEquals(err().includes("% of"), !isLooked, name);
      // How it goes on is taken away in the end.
      assert(isLooked || err().endsWith("\x1b[1A\r\x1b[J"), name);
    }
  },
});

/** The bytes of the channels of a capture, by connection. */
function sourceBytes(path: string, direction = "s2d"): string[] {
  const capture = openCapture(path);
  try {
    return capture.channels.filter((channel) => channel.direction === direction)
      .map(({ source }) => source === undefined ? "" : readBytes(source, 0, source.size).toHex());
  } finally {
    capture.close();
  }
}

async function assertAccepted(directory: string): Promise<void> {
  for (const command of ["check", "load", "inspect"]) {
    const io = memoryIo();
    assertEquals(await main([command, directory], io), EXIT.ok, `${command}: ${io.out()}`);
  }
}

Deno.test({
  name: "migwire replay --to dir: writes a capture of what would be sent, which the other commands take",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const { code, out, err } = await run([FIXTURE, "--to", `dir:${folder}/same`]);
      assertEquals([code, err()], [EXIT.ok, ""]);
      assertStringIncludes(out(), `target: dir:${folder}/same\n`);
      assertEquals(sourceBytes(`${folder}/same`), sourceBytes(FIXTURE));
      await assertAccepted(`${folder}/same`);
      const dealt = await run([FIXTURE, "--to", `${folder}/dealt/`, "--channels", "5", "--seed", "3"]);
      assertEquals(dealt.code, EXIT.ok, dealt.err());
      assertEquals(sourceBytes(`${folder}/dealt`).length, 6);
      await assertAccepted(`${folder}/dealt`);
    });
  },
});

async function namesIn(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.toSorted();
}

Deno.test({
  name: "migwire replay overwrites nothing, and leaves nothing of what was not sent",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const out = `${folder}/out`;
      await Deno.mkdir(out);
      for (const args of [["--to", `dir:${out}`], ["--to", "tcp::1", "--record", out]]) {
        const { code, err } = await run([FIXTURE, ...args]);
        assertEquals(code, EXIT.blocked);
        assertStringIncludes(err(), `Cannot record into ${out}: it exists already, and nothing is overwritten\n`);
      }
      assertEquals(await namesIn(out), []);
      await Deno.writeFile(`${folder}/small.mig`, SMALL);
      const none = `${folder}/none`;
      const unplanned = await run([`${folder}/small.mig`, "--to", `dir:${none}`, "--channels", "2"]);
      assertEquals(unplanned.code, EXIT.fault);
      assertStringIncludes(unplanned.err(), "the stream has none\nleave out --channels\n");
      assertEquals((await run([FIXTURE, "--to", "tcp::1", "--record", none])).code, EXIT.blocked);
      assertEquals(await namesIn(folder), ["out", "small.mig"]);
    });
  },
});

Deno.test({
  name: "migwire replay --record records what is sent, and what comes back",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const directory = `${folder}/recorded`;
      const { code, err } = await replayTo({ args: ["--record", `${directory}/`] });
      assertEquals([code, err()], [EXIT.ok, ""]);
      assertEquals(sourceBytes(directory), [SMALL.toHex()]);
      assertEquals(sourceBytes(directory, "d2s"), [SHUT(0).toHex()]);
      await assertAccepted(directory);
    });
  },
});

Deno.test({
  name: "migwire replay --step waits before each phase, and goes on by itself when the input has ended",
  ignore,
  async fn(): Promise<void> {
    const { code, err } = await replayTo({ args: ["--step"], io: { lines: ["", ""] } });
    assertEquals(code, EXIT.ok);
    const asked = err().match(/^next: .* \(\w+\); Enter goes on, the end of input \(Ctrl-D\) goes on to the end$/gm) ??
      [];
    // The third answer is the end of the input.
    assertEquals([asked.length, err().trimEnd().split("\n").length], [3, 3], err());
    assertMatch(asked[0] ?? "", /\(setup\)/);
  },
});

Deno.test({
  name: "migwire replay --speed and --mbps keep their times",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/small.mig`, SMALL);
      const timeless = await run([`${folder}/small.mig`, "--to", `dir:${folder}/out`, "--speed", "1x"]);
      assertEquals(timeless.code, EXIT.usage);
      assertStringIncludes(timeless.err(), "Cannot use --speed: no times were recorded (there is no events.jsonl)\n");
      for (const [pace, least] of [[["--speed", "1x"], 300], [["--mbps", "32"], 150]] as const) {
        const begin = performance.now();
        const { code } = await run([FIXTURE, "--to", `dir:${folder}/${least}`, ...pace]);
        assertEquals(code, EXIT.ok);
        assert(performance.now() - begin > least, pace.join(" "));
      }
    });
  },
});

Deno.test({
  name: "migwire replay says what is wrong with the command line",
  ignore,
  async fn(): Promise<void> {
    for (
      const [args, message] of [
        [[FIXTURE], "Cannot replay without a target: --to ADDR, or --spawn"],
        [[FIXTURE, "--to=tcp::1", "--cont"], "Cannot use --cont without the target's monitor: --qmp, or --spawn"],
        [[FIXTURE, "--to=dir:x", "--connect-order=7"], "Cannot open the connections in the order 7"],
        [
          ["--spawn", "qemu-system-x86_64 -m 8"],
          'Cannot replay "qemu-system-x86_64 -m 8": there is no such capture. If it is the command for --spawn, CAPTURE is ' +
          'missing: migwire replay CAPTURE --spawn "qemu-system-x86_64 -m 8"',
        ],
        [[FIXTURE, "--spawn=qemu | tee"], ""],
      ] as const
    ) {
      const { code, err, out } = await run(args);
      assertEquals([code, out().includes("·")], [message === "" ? EXIT.blocked : EXIT.usage, false]);
      assertStringIncludes(err(), message);
    }
  },
});

Deno.test({
  name: "migwire replay exits with 3 and says what is in the way",
  ignore,
  async fn(): Promise<void> {
    for (
      const [args, message] of [
        [["/nowhere/x", "--to=tcp::1"], "Cannot open /nowhere/x"],
        [["/nowhere/x", "--spawn"], "Cannot open /nowhere/x"],
        [[FIXTURE, "--to=tcp::2", "--qmp=tcp::1"], "Cannot connect to the monitor at tcp:127.0.0.1:1"],
        [[FIXTURE, "--spawn=/nowhere/qemu"], "Cannot start /nowhere/qemu: there is no such program"],
      ] as const
    ) {
      const { code, err } = await run(args);
      assertEquals(code, EXIT.blocked);
      assertStringIncludes(err(), message);
    }
    const silent: Scene = { args: ["--timeout", "0.2"], script: { greets: false } };
    const { code, err } = await replayTo(silent);
    assertEquals(code, EXIT.blocked);
    assertStringIncludes(err(), "it has not greeted for 0.2 s\na monitor serves one program at a time");
  },
});

Deno.test({
  name: "migwire replay exits with 1 when the target refuses a setting",
  ignore,
  async fn(): Promise<void> {
    const { code, err, out } = await replayTo({ script: { answers: { "migrate-incoming": refuse("busy") } } });
    assertEquals([code, err()], [EXIT.fault, "migwire replay: QEMU refuses migrate-incoming: busy\n"]);
    assertStringIncludes(out(), "target: tcp:127.0.0.1:");
  },
});

Deno.test({
  name: "migwire replay exits with 130 by Ctrl-C at any time",
  ignore,
  async fn(): Promise<void> {
    /** Interrupts when the target is asked, or has got so much. */
    const interrupted = async (script: (interrupt: () => void) => FakeQemuScript, text: string): Promise<void> => {
      const controller = new AbortController();
      const interrupt = (): void => controller.abort(new DOMException("Interrupted", "AbortError"));
      const scene = { script: script(interrupt), io: { interrupt: controller.signal }, fixture: true };
      const { code, out, err } = await replayTo(scene);
      assertEquals([code, err()], [EXIT.interrupted, ""]);
      assertStringIncludes(out(), text);
    };
    for (const command of ["query-version", "migrate-incoming"]) {
      await interrupted((interrupt) => ({
        answers: {
          [command]: () => {
            interrupt();
            return NO_ANSWER;
          },
        },
      }), "");
    }
    await interrupted((interrupt) => ({ after: 1000, then: interrupt }), "\n\ninterrupted · Ended by the user");
  },
});

Deno.test("migwire replay --help names its schema, and each way to a target", async () => {
  const { code, out } = await run(["--help"]);
  assertEquals(code, EXIT.ok);
  for (const part of ["schema/replay-1.schema.json", "--to ADDR", "--spawn[=COMMAND]", "--qmp ADDR", "--examine"]) {
    assertStringIncludes(out(), part);
  }
});
