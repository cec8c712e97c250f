import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import { createHash } from "node:crypto";
import schema from "../schema/load-1.schema.json" with { type: "json" };
import { canWrite } from "../src/capture/files_for_test.ts";
import { CORPUS_FOLDERS } from "../testing/corpus_folders.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import { withFolder } from "../testing/temporary.ts";
import { EXIT } from "./exit.ts";
import { WIDTH } from "./inspect/layout.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";
import { unstyled } from "./style.ts";

const [shared] = CORPUS_FOLDERS;
const CAPTURES = shared?.captures ?? [];
const ignore = CAPTURES.length === 0;

/** Under TLS there is nothing to load. */
const PLAIN = CAPTURES.filter((name) => !name.endsWith("-tls"));

/** Captures of VFIO devices whose state went over multifd channels to a destination that wanted it so. */
const QUEUED = [
  "vfio-config-after-iter",
  "vfio-from-newer",
  "vfio-limit-fails",
  "vfio-load-fails-exits",
  "vfio-multifd-2",
  "vfio-multifd-4-big",
  "vfio-multifd-newer",
  "vfio-switchover-ack-multifd",
  "vfio-two-devices",
].filter((name) => CAPTURES.includes(name));

function pathOf(name: string): string {
  return decodeURIComponent(new URL(name, shared?.url).pathname);
}

async function load(args: readonly string[], options: MemoryIoOptions = {}): Promise<MemoryIo & { code: number }> {
  const io = memoryIo(options);
  const code = await main(["load", ...args], io);
  return { ...io, code };
}

/** What is printed as JSON, with little said about its shape: the schema's test does that. */
interface Printed {
  readonly verdict: { readonly kind: string; readonly code: string };
  readonly warnings: readonly { readonly code: string }[];
  readonly seed: number | null;
  readonly devices: readonly {
    readonly idstr: string;
    readonly sha256: string;
    readonly configSha256: string;
    readonly gate: object | null;
    readonly peakTime: number;
    readonly maxQueued: object;
    readonly queue: { readonly peakBytes: number; readonly peakBuffers: number };
  }[];
  readonly limits: readonly {
    readonly idstr: string;
    readonly thisOrder: Bound;
    readonly worstOrder: Bound;
    readonly always: Bound;
  }[];
}

interface Bound {
  readonly bytes: number;
  readonly buffers: number;
}

async function loadJson(...args: readonly string[]): Promise<Printed> {
  return JSON.parse((await load(["--json", ...args])).out());
}

/** Captures whose text shows all that the command can say, each with the options it is shown with. */
const TELLING: readonly (readonly string[])[] = [
  ["vfio-multifd-2"],
  ["vfio-limit-fails"],
  ["vfio-mismatch-source-on"],
  ["vfio-config-after-iter"],
  ["vfio-switchover-ack-multifd"],
  ["plain-channel-count-fewer"],
  ["vfio-two-devices", "--suggest-limits"],
  ["vfio-multifd-2", "--qemu", "10.2", "--order", "random", "--seed", "3", "--max-queued-buffers", "1"],
];

for (const [name = "", ...options] of TELLING) {
  Deno.test({
    name: `migwire load tells of ${[name, ...options].join(" ")} what it told before`,
    ignore: !CAPTURES.includes(name),
    async fn(t): Promise<void> {
      const { out } = await load([...options, pathOf(name)]);
      await t.assertSnapshot(out());
    },
  });
}

Deno.test({
  name: "migwire load says loaded or not loaded in its last paragraph, and exits with 0 or 1, for every capture",
  ignore,
  async fn(): Promise<void> {
    for (const name of PLAIN) {
      const { code, out, err } = await load([pathOf(name)]);
      const last = out().trimEnd().split("\n\n").at(-1) ?? "";
      assertMatch(last, code === EXIT.ok ? /^loaded · QEMU / : /^not loaded: [a-z0-9-]+: /, name);
      assert(code === EXIT.ok || code === EXIT.fault, name);
      assertEquals(err(), "", name);
    }
  },
});

Deno.test({
  name: "migwire load fits the width of its text for every capture, and colours change nothing else",
  ignore,
  async fn(): Promise<void> {
    for (const name of PLAIN) {
      const { out } = await load(["--suggest-limits", pathOf(name)]);
      for (const line of out().split("\n")) assert(unicodeWidth(line) <= WIDTH, `${name}: ${line}`);
      const coloured = await load(["--suggest-limits", pathOf(name)], { isTerminal: true });
      assertEquals(unstyled(coloured.out()), out());
    }
  },
});

Deno.test({
  name: "migwire load --json fits the schema for every capture, which names every field",
  ignore,
  async fn(): Promise<void> {
    const published = compile(schema);
    const exact = compileClosed(schema);
    for (const name of PLAIN) {
      for (const options of [[], ["--suggest-limits"], ["--qemu=10.2", "--max-queued-size=0", "--device-rate=1MiB"]]) {
        const json = await loadJson(...options, pathOf(name));
        assertFits(published, json, name);
        assertFits(exact, json, name);
      }
    }
    assertEquals(published({ ...await loadJson(pathOf("vfio-main")), format: "migwire-load/2" }), false);
  },
});

Deno.test({
  name: "migwire load says that it cannot read what is encrypted",
  ignore: !CAPTURES.includes("plain-tls"),
  async fn(): Promise<void> {
    const { code, out, err } = await load([pathOf("plain-tls")]);
    assertEquals([code, out()], [EXIT.fault, ""]);
    assertMatch(err(), /^migwire load: Cannot load plain-tls: its channels are under TLS/);
  },
});

Deno.test("migwire load refuses options that cannot be", async () => {
  const cases: [string[], string][] = [
    [["--seed", "1", "-"], "Cannot use --seed without --order random"],
    [["--device-rate", "0", "-"], "Cannot use 0 for --device-rate"],
    [["--refuse-at", "1", "--stall-at", "1", "-"], "Cannot use --refuse-at together with --stall-at"],
    [["--order", "backwards", "-"], 'Cannot use "backwards" for --order'],
    [["--multifd-channels", "0", "-"], "Cannot use 0 for --multifd-channels"],
    [["--qemu", "newest", "-"], 'Cannot use "newest" for --qemu'],
    [["--max-queued-size", "64MB", "-"], "write MiB"],
    [["--page-size", "3000", "-"], "Cannot use --page-size"],
    [[], "CAPTURE is missing"],
  ];
  for (const [args, problem] of cases) {
    const { code, out, err } = await load(args);
    assertEquals([code, out()], [EXIT.usage, ""], args.join(" "));
    assertStringIncludes(err(), problem);
  }
});

Deno.test({
  name: "migwire load refuses the recorded order of a capture that has none",
  ignore: !CAPTURES.includes("plain-mapped-ram"),
  async fn(): Promise<void> {
    const { code, err } = await load(["--order", "recorded", pathOf("plain-mapped-ram")]);
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), "the capture has no events.jsonl");
  },
});

Deno.test("migwire load says what is in the way", async () => {
  const { code, out, err } = await load(["testdata/no-such-capture"]);
  assertEquals([code, out()], [EXIT.blocked, ""]);
  assertMatch(err(), /^migwire load: Cannot open testdata\/no-such-capture/);
});

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name);
}

/** The directory of a capture that is made of another's files, all but `capture.json` and times. */
function withStreams(name: string, use: (directory: string) => Promise<void>): Promise<void> {
  return withFolder(async (directory) => {
    const files = namesIn(pathOf(name)).filter((file) => file.startsWith("channel-"));
    for (const file of files) await Deno.copyFile(`${pathOf(name)}/${file}`, `${directory}/${file}`);
    await use(directory);
  });
}

Deno.test({
  name: "migwire load takes what nobody says for what the stream is meant for, and says so",
  ignore: ignore || !canWrite(),
  async fn(): Promise<void> {
    await withStreams("vfio-multifd-newer", async (directory) => {
      const { code, out } = await load([directory]);
      assertEquals(code, EXIT.ok);
      assertStringIncludes(out(), "\ndestination: nothing is known");
      assertStringIncludes(out(), "\nloading as QEMU 11.1, the newest that is known: 3 multifd channels, barriers");
      assertStringIncludes(out(), "\norder: canonical; 4 barriers passed; SWITCHOVER_START came\n");
      const [device] = (await loadJson("--arch", "aarch64", directory)).devices;
      assertEquals(device?.gate, { waitedFrom: 0, passed: null });
      const older = await load(["--qemu", "9.2", directory]);
      assertMatch(older.out(), /\nnot loaded: unknown-command: QEMU 9\.2 does not know SWITCHOVER_START/);
    });
  },
});

Deno.test({
  name: "migwire load lets every option change its answer",
  ignore,
  async fn(): Promise<void> {
    const answers: [string[], string][] = [
      [["--multifd-transfer", "off"], "error mode-mismatch"],
      [["--multifd", "off"], "error channel-count"],
      [["--multifd-channels", "3"], "would-hang channel-count"],
      [["--multifd-compression", "zlib"], "error config"],
      [["--machine", "pc"], "error machine"],
      [["--qemu", "10.2", "--load-config-after-iter", "on"], "would-hang gate"],
      [["--qemu", "10.2", "--max-queued-size", "64KiB"], "ok "],
      [["--qemu", "10.2", "--max-queued-size", "65535"], "error size-limit"],
      [["--max-queued-size", "65535"], "ok "],
      [["--max-queued-buffers", "0"], "error buffer-limit"],
      [["--refuse-at", "100000"], "error device-write"],
      [["--refuse-at", "1MiB"], "ok "],
      [["--stall-at", "100000"], "would-hang write-0"],
    ];
    for (const [options, expected] of answers) {
      const { verdict: { kind, code } } = await loadJson(...options, pathOf("vfio-multifd-2"));
      assertEquals(`${kind} ${code}`, expected, options.join(" "));
    }
  },
});

Deno.test({
  name: "migwire load says that a version does not have what is asked for",
  ignore,
  async fn(): Promise<void> {
    const { code, out } = await load(["--max-queued-size", "1", "--arch", "aarch64", pathOf("vfio-multifd-2")]);
    assertEquals(code, EXIT.ok);
    assertStringIncludes(out(), "warning: unknown-property: QEMU 10.0.13 has no x-migration-max-queued-buffers-size");
    assertMatch(out(), /architecture aarch64\s+\(--arch\)/);
  },
});

Deno.test({
  name: "migwire load gives one order for one seed",
  ignore,
  async fn(): Promise<void> {
    const args = (
      seed: number,
    ): string[] => ["--order", "random", "--seed", String(seed), pathOf("vfio-multifd-4-big")];
    const once = await loadJson(...args(5));
    assertEquals(await loadJson(...args(5)), once);
    assertEquals(once.seed, 5);
    const peaks = new Set<number | undefined>();
    for (let seed = 0; seed < 8; seed++) peaks.add((await loadJson(...args(seed))).devices[0]?.queue.peakBytes);
    assertNotEquals(peaks.size, 1);
  },
});

Deno.test({
  name: "migwire load --device-rate makes a device slow, whose queue then grows, in the same way each time",
  ignore,
  async fn(): Promise<void> {
    const path = pathOf("vfio-multifd-2");
    const peakAt = async (...rate: string[]): Promise<number> =>
      (await loadJson(...rate, path)).devices[0]?.queue.peakBytes ?? 0;
    const peaks = [await peakAt(), await peakAt("--device-rate", "1GiB"), await peakAt("--device-rate", "256KiB")];
    const [fastest = 0, fast = 0, slow = 0] = peaks;
    assert(fastest < fast && fast < slow, peaks.join(" "));
    const [device] = (await loadJson("--device-rate", "256KiB", path)).devices;
    // The peak is when the last buffer comes, not when the device is done with one.
    assert((device?.peakTime ?? Infinity) < 1e9);
    const { limits: [limits], verdict } = await loadJson("--device-rate", "1KiB", "--suggest-limits", path);
    assertEquals([limits?.thisOrder, verdict.kind], [limits?.always, "ok"]);
    assertEquals(await loadJson("--device-rate", "256KiB", path), await loadJson("--device-rate", "256KiB", path));
  },
});

for (const name of QUEUED) {
  Deno.test(`migwire load --suggest-limits gives limits of which ${name} survives no smaller ones`, async () => {
    // Limits of bytes are new in 10.1; the machine type goes on to decide about all else.
    const args = ["--qemu", "11.1", pathOf(name)];
    const { limits, devices } = await loadJson("--suggest-limits", ...args);
    assertEquals(limits.map(({ idstr }) => idstr), devices.map(({ idstr }) => idstr));
    assertEquals(devices.map(({ maxQueued }) => maxQueued), devices.map(() => ({ bytes: null, buffers: null })));
    const largest = (unit: keyof Bound): number => Math.max(...limits.map(({ thisOrder }) => thisOrder[unit]));
    const survives = async (bytes: number, buffers: number): Promise<boolean> =>
      (await load([`--max-queued-size=${bytes}`, `--max-queued-buffers=${buffers}`, ...args])).code === EXIT.ok;
    assert(await survives(largest("bytes"), largest("buffers")));
    assert(!await survives(largest("bytes") - 1, largest("buffers")));
    assert(!await survives(largest("bytes"), largest("buffers") - 1));
    for (const { thisOrder, worstOrder, always } of limits) {
      for (const unit of ["bytes", "buffers"] as const) {
        assert(thisOrder[unit] <= worstOrder[unit] && worstOrder[unit] <= always[unit]);
      }
    }
  });
}

Deno.test({
  name: "migwire load --suggest-limits gives a worst order that no order exceeds",
  ignore,
  async fn(): Promise<void> {
    const path = pathOf("vfio-multifd-4-big");
    const [limits] = (await loadJson("--suggest-limits", path)).limits;
    for (let seed = 0; seed < 20; seed++) {
      const [device] = (await loadJson("--order", "random", "--seed", String(seed), path)).devices;
      assert((device?.queue.peakBytes ?? Infinity) <= (limits?.worstOrder.bytes ?? 0));
      assert((device?.queue.peakBuffers ?? Infinity) <= (limits?.worstOrder.buffers ?? 0));
    }
  },
});

function sha256(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

Deno.test({
  name: "migwire load --out writes the states that the source's devices gave out",
  ignore: ignore || !canWrite(),
  async fn(): Promise<void> {
    for (const name of [...QUEUED, "vfio-main", "vfio-precopy"]) {
      // What its own destination was told made it fail.
      const options = name === "vfio-limit-fails" ? ["--suggest-limits"] : [];
      await withFolder(async (directory) => {
        const out = `${directory}/new/states`;
        const { devices } = await loadJson(...options, "--out", out, pathOf(name));
        const manifest = JSON.parse(await Deno.readTextFile(`${pathOf(name)}/capture.json`));
        for (const { idstr, stateSha256 } of manifest.devices) {
          const file = `${out}/${idstr.replaceAll(/[:/]/g, "_")}-0`;
          assertEquals(sha256(`${file}.state`), stateSha256, name);
          const device = devices.find((one) => one.idstr === idstr);
          assertEquals([sha256(`${file}.state`), sha256(`${file}.config`)], [device?.sha256, device?.configSha256]);
        }
        assertEquals(namesIn(out).length, 2 * manifest.devices.length);
      });
    }
  },
});

Deno.test({
  name: "migwire load --out overwrites nothing",
  ignore: ignore || !canWrite(),
  async fn(): Promise<void> {
    for (const kind of ["state", "config"]) {
      const file = `0000_00_05.0_vfio-0.${kind}`;
      await withFolder(async (directory) => {
        await Deno.writeTextFile(`${directory}/${file}`, "precious");
        const { code, err } = await load(["--out", directory, pathOf("vfio-multifd-2")]);
        assertEquals(code, EXIT.blocked);
        assertStringIncludes(err(), `Cannot write ${directory}/${file}: it exists`);
        assertEquals(await Deno.readTextFile(`${directory}/${file}`), "precious");
        assertEquals(namesIn(directory).length, 1);
      });
    }
  },
});
