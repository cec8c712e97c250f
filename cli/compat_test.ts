import { assertEquals, assertStringIncludes } from "@std/assert";
import schema from "../schema/compat-1.schema.json" with { type: "json" };
import dump10 from "../testdata/compat/qemu-10.0.json" with { type: "json" };
import dump7 from "../testdata/compat/qemu-7.2.json" with { type: "json" };
import { canWrite } from "../src/capture/files_for_test.ts";
import { openCapture } from "../src/capture/mod.ts";
import { compatCapture, compatDumps, type CompatTargetOptions } from "../src/report/compat/mod.ts";
import { parseVmstateDump } from "../src/wire/mod.ts";
import { assertFits, compile, compileClosed } from "../testing/json_schema.ts";
import { be, type MainStream, stream } from "../testing/main_stream.ts";
import { memoryCapture } from "../testing/memory_capture.ts";
import { withFolder } from "../testing/temporary.ts";
import { showCompat, showDumps } from "./compat.ts";
import { machineOf } from "../src/public/compat.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo } from "./memory_io.ts";

const dumps = { "7.2": parseVmstateDump(JSON.stringify(dump7)), "10.0": parseVmstateDump(JSON.stringify(dump10)) };
const DATA = decodeURIComponent(new URL("../testdata/", import.meta.url).pathname);
const [FIXTURE, OLD, NEW] = [`${DATA}vfio-multifd-2`, `${DATA}compat/qemu-7.2.json`, `${DATA}compat/qemu-10.0.json`];
const ignore = Deno.permissions.querySync({ name: "read", path: DATA }).state !== "granted";

async function compat(...args: string[]): Promise<MemoryIo & { readonly code: number }> {
  const io = memoryIo();
  return { ...io, code: await main(["compat", ...args], io) };
}

function show(
  bytes: Uint8Array,
  { json = false, warnings = true, ...options }: CompatTargetOptions & { json?: boolean; warnings?: boolean } = {},
): { readonly code: number; readonly out: string } {
  const io = memoryIo();
  const code = showCompat(compatCapture(memoryCapture([{ bytes }]), dumps["7.2"], options), { json, warnings }, io);
  return { code, out: io.out() };
}

function small(): MainStream {
  return stream("pc-q35-7.2").full(1, "port92", 1, be(0, 1)).full(2, "timer", 2, new Uint8Array(24)).eof();
}

Deno.test("migwire compat says that a capture would load, and how much it compared", () => {
  const { code, out } = show(small().bytes());
  assertEquals(code, EXIT.ok);
  assertEquals(out.split("\n"), [
    "memory: would load",
    "source: QEMU of unknown version, machine pc-q35-7.2",
    "there: QEMU 7.2 or later (by its machine type), machine pc-q35-7.2, 24 device types",
    "compared: 2 sections, 0 by 0 fields, 1 by version alone (port92)",
    "not in a dump, so not compared: timer",
    "the stream does not describe its fields",
    "taken for granted: the same devices, RAM and firmware; migwire replay finds out",
    "",
  ]);
});

Deno.test("migwire compat prints a problem a line, with place, section and QEMU's words, and each hint once", () => {
  const bytes = stream("pc-q35-7.2").full(1, "0000:00:02.0/igb", 1, be(0, 4)).full(2, "other", 1, [], 3).raw(4).bytes();
  const { code, out } = show(bytes, { version: "7.2.22", versionFrom: "qemu" });
  assertEquals(code, EXIT.fault);
  const lines = out.split("\n");
  assertEquals(lines.slice(0, 3), [
    "memory: would not load, 3 errors",
    "source: QEMU of unknown version, machine pc-q35-7.2",
    "there: QEMU 7.2.22, machine pc-q35-7.2, 24 device types",
  ]);
  assertStringIncludes(lines[3] ?? "", 'error main 0x17 section-unknown: "0000:00:02.0/igb": QEMU there has no device');
  assertStringIncludes(lines[3] ?? "", "(QEMU: Unknown savevm section or instance '0000:00:02.0/igb' 0. Make sure");
  assertStringIncludes(lines[4] ?? "", 'section-unknown: "other" instance 3: ');
  assertStringIncludes(lines[5] ?? "", "truncated: the channel ends");
  assertEquals(lines.filter((line) => line.startsWith("hint: ")).length, 1);
  assertStringIncludes(out, "the stream does not describe its fields, as it does not reach its end\n");
});

Deno.test("migwire compat leaves warnings out, and counts them", () => {
  const bytes = stream("pc-q35-7.2").command(11).eof().bytes();
  assertStringIncludes(show(bytes).out, "warning main 0x17 command: ");
  const { code, out } = show(bytes, { warnings: false });
  assertEquals([code, out.includes("warning main")], [EXIT.ok, false]);
  assertStringIncludes(out, "would load, 1 warning\n");
});

Deno.test("migwire compat names few of many sections, and unknown versions", () => {
  const main = stream("pc-q35-7.2");
  for (const [i, name] of ["ram", "timer", "cpu", "apic", "slirp", "ide", "PCIBUS", "i2c_bus", "audio"].entries()) {
    if (name !== "ram") main.full(i, name, 1, be(0, 4));
  }
  for (const [i, name] of ["eeprom", "vfio"].entries()) main.full(20 + i, name, 1, be(0xffffffffef100001n, 8));
  const { machine: _machine, ...nameless } = dumps["7.2"];
  const io = memoryIo();
  const report = compatCapture(memoryCapture([{ bytes: main.eof().bytes() }]), nameless, { version: "7.2" });
  showCompat(report, { json: false, warnings: true }, io);
  assertStringIncludes(io.out(), "there: QEMU 7.2 (--qemu-version), machine unknown, 24 device types\n");
  assertStringIncludes(io.out(), "timer, cpu, apic, slirp, ide, PCIBUS, i2c_bus, audio and 2 more\n");
  const none = memoryIo();
  showCompat(compatCapture(memoryCapture([]), nameless), { json: false, warnings: true }, none);
  assertStringIncludes(none.out(), "there: QEMU of unknown version, machine unknown, 24 device types\n");
});

Deno.test("migwire compat shows what two dumps do not have in common", () => {
  const io = memoryIo();
  const code = showDumps(compatDumps(dumps["10.0"], dumps["7.2"]), { json: false, warnings: true }, io);
  assertEquals(code, EXIT.fault);
  const lines = io.out().split("\n");
  assertEquals(lines[0], "not all would load, 11 errors, 1 warning");
  assertEquals(lines[1], "source: machine pc-q35-10.0, 26 device types");
  assertStringIncludes(lines[3] ?? "", "warning machine: the dumps are of two machine types");
  assertStringIncludes(io.out(), "\nerror version-new: am53c974 esp: version 7 is too new, there it is 6\n");
  assertStringIncludes(io.out(), "\nerror type-missing: igb: there is no such device\n");
  assertStringIncludes(io.out(), "give a capture to know\n");
  const same = memoryIo();
  assertEquals(showDumps(compatDumps(dumps["7.2"], dumps["7.2"]), { json: false, warnings: false }, same), EXIT.ok);
  assertEquals(same.out().split("\n")[0], "nothing keeps a state of the one from being loaded by the other");
});

Deno.test("migwire compat --json is what its schema says, and has no more than that", () => {
  const [open, closed] = [compile(schema), compileClosed(schema)];
  const igb = stream("pc-q35-10.0").full(1, "0000:00:02.0/igb", 1, be(0, 4)).command(11).eof().bytes();
  for (const bytes of [small().bytes(), igb, small().bytes().subarray(0, 40)]) {
    for (const options of [{}, { version: "7.2", machines: ["q35"] }]) {
      const json = JSON.parse(show(bytes, { ...options, json: true }).out);
      assertFits(open, json, "capture");
      assertFits(closed, json, "capture");
    }
  }
  const io = memoryIo();
  showDumps(compatDumps(dumps["10.0"], dumps["7.2"]), { json: true, warnings: true }, io);
  assertFits(closed, JSON.parse(io.out()), "dumps");
});

Deno.test("machineOf() reads the machine type without using a pipe up", () => {
  assertEquals(machineOf(memoryCapture([{ bytes: small().bytes() }])), "pc-q35-7.2");
  assertEquals(machineOf(memoryCapture([])), undefined);
  assertEquals(machineOf(memoryCapture([{ bytes: stream("").bytes().subarray(0, 8) }])), undefined);
  const long = stream("pc-q35-7.2").bytes();
  long.set(be(1000, 4), 9);
  assertEquals(machineOf(memoryCapture([{ bytes: long }])), undefined);
  const input = [small().bytes()];
  const stdin = (into: Uint8Array): number => {
    const bytes = input.pop() ?? new Uint8Array(0);
    into.set(bytes);
    return bytes.length;
  };
  const capture = openCapture("-", { stdin });
  assertEquals(machineOf(capture), "pc-q35-7.2");
  assertEquals(compatCapture(capture, dumps["7.2"]).sections.length, 2);
});

Deno.test("migwire compat refuses what cannot be asked", async () => {
  const cases: [string[], string][] = [
    [["--vmstate", "x"], "Cannot compare nothing"],
    [["a", "--from", "b", "--vmstate", "x"], "Cannot use --from together with a CAPTURE"],
    [["a"], "give one of --vmstate and --qemu"],
    [["a", "--vmstate", "x", "--qemu", "y"], "give one of --vmstate and --qemu"],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await compat(...args);
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), message);
  }
});

Deno.test({
  name: "migwire compat judges a capture by a file, and what is said of it",
  ignore,
  async fn(): Promise<void> {
    const cases: [string[], number, string][] = [
      [[FIXTURE, "--vmstate", NEW], EXIT.ok, "would load\n"],
      [[FIXTURE, "--vmstate", NEW, "--machine", "pc-q35-9.2"], EXIT.fault, "local is 'pc-q35-9.2'"],
      [[FIXTURE, "--vmstate", OLD, "--machine", "pc-q35-10.0"], EXIT.ok, "would load, 4 warnings\n"],
      [[FIXTURE, "--vmstate", OLD, "--machine", "pc-q35-10.0", "--qemu-version", "7.2"], EXIT.fault, "3 errors"],
      [["--from", NEW, "--vmstate", OLD], EXIT.fault, "11 errors"],
      [["--from", OLD, "--vmstate", OLD, "--no-warnings"], EXIT.ok, "nothing keeps"],
    ];
    for (const [args, expected, text] of cases) {
      const { code, out, err } = await compat(...args);
      assertEquals([code, err()], [expected, ""], args.join(" "));
      assertStringIncludes(out(), text);
    }
    const { code, err } = await compat(FIXTURE, "--vmstate", NEW, "--qemu-version", "new");
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), 'Cannot use "new" for --qemu-version');
    const both = await compat(FIXTURE, "--qemu", "qemu", "--qemu-version", "7.2");
    assertEquals(both.code, EXIT.usage);
  },
});

Deno.test({
  name: "migwire compat says which file is not there, or no dump",
  ignore,
  async fn(): Promise<void> {
    const missing = await compat(FIXTURE, "--vmstate", `${DATA}nowhere.json`);
    assertEquals(missing.code, EXIT.blocked);
    const other = await compat(FIXTURE, "--vmstate", `${DATA}vectors.json`);
    assertEquals(other.code, EXIT.blocked);
    assertStringIncludes(other.err(), "vectors.json: Cannot read the dump: ");
    assertStringIncludes(other.err(), "-dump-vmstate FILE");
  },
});

/** Starts a script in the place of QEMU. */
const mayRun = !ignore && canWrite() && Deno.permissions.querySync({ name: "run" }).state === "granted";

Deno.test({
  name: "migwire compat --qemu starts the other QEMU, with the stream's machine type if it has it",
  ignore: !mayRun,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const qemu = `${folder}/qemu`;
      const script = (dump: string): string =>
        [
          "#!/bin/sh",
          '[ "$1" = --version ] && { echo "QEMU emulator version 7.2.22"; exit; }',
          '[ "$2" = help ] && { printf "Supported machines are:\\npc-q35-7.2  q35\\nnone  none\\n"; exit; }',
          'for last; do :; done; machine=pc-q35-7.2; [ "$1" = -machine ] && machine=$2',
          dump,
        ].join("\n");
      await Deno.writeTextFile(qemu, script(`sed "1,2s/pc-q35-7.2/$machine/" "${OLD}" >"$last"`), { mode: 0o755 });
      const unknown = await compat(FIXTURE, "--qemu", qemu);
      assertEquals(unknown.code, EXIT.fault, unknown.err());
      assertStringIncludes(unknown.out(), "there: QEMU 7.2.22, machine unknown, 24 device types\n");
      assertStringIncludes(unknown.out(), "(QEMU: unsupported machine type)");
      const own = await compat(FIXTURE, "--qemu", qemu, "--machine", "pc-q35-7.2");
      assertEquals(own.code, EXIT.fault);
      assertStringIncludes(own.out(), "there: QEMU 7.2.22, machine pc-q35-7.2, 24 device types\n");
      await Deno.writeFile(`${folder}/small`, small().bytes());
      const loads = await compat(`${folder}/small`, "--qemu", qemu, "--json");
      assertEquals(loads.code, EXIT.ok);
      assertEquals(JSON.parse(loads.out()).target, {
        machine: "pc-q35-7.2",
        knowsMachine: true,
        version: "7.2.22",
        versionFrom: "qemu",
        types: 24,
      });
      const wrong = await compat(`${folder}/small`, "--qemu", qemu, "--machine", "pc");
      assertEquals(wrong.code, EXIT.usage);
      assertStringIncludes(wrong.err(), "has no such machine type");
      await Deno.writeTextFile(qemu, script('echo "Only modules from the same build can be loaded" >&2; exit 1'));
      const broken = await compat(`${folder}/small`, "--qemu", qemu);
      assertEquals(broken.code, EXIT.blocked);
      assertStringIncludes(broken.err(), "\nit finds modules of another QEMU");
      const missing = await compat(`${folder}/small`, "--qemu", `${folder}/nowhere`);
      assertEquals(missing.code, EXIT.blocked);
    });
  },
});
