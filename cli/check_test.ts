import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import schema from "../schema/check-1.schema.json" with { type: "json" };
import { CORPUS_FOLDERS } from "../testing/corpus_folders.ts";
import { smallStream } from "../testing/main_stream.ts";
import { memoryCapture } from "../testing/memory_capture.ts";
import { type CaptureManifest, openCapture } from "../src/capture/mod.ts";
import { checkCapture, type CheckOptions } from "../src/report/check/mod.ts";
import { showReport } from "./check.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo } from "./memory_io.ts";

const [shared] = CORPUS_FOLDERS;
const ignore = (shared?.captures ?? []).length === 0;

function pathOf(name: string): string {
  return decodeURIComponent(new URL(name, shared?.url).pathname);
}

async function check(...args: string[]): Promise<MemoryIo & { code: number }> {
  const io = memoryIo();
  return { ...io, code: await main(["check", ...args], io) };
}

/** Checks a small stream of which `manifest` tells, and shows it. */
function show(
  { json = false, warnings = true, manifest = {}, bytes = smallStream().bytes(), ...options }:
    & { json?: boolean; warnings?: boolean; manifest?: Partial<CaptureManifest>; bytes?: Uint8Array }
    & CheckOptions,
): { code: number; out: string } {
  const io = memoryIo();
  const capture = { ...memoryCapture([{ bytes }]), manifest: { format: "", name: "", other: {}, ...manifest } };
  const code = showReport(checkCapture(capture, options), { json, warnings }, io);
  return { code, out: io.out() };
}

Deno.test("migwire check says that all is well, what it assumed, and how much it checked", () => {
  const { code, out } = show({});
  assertEquals(code, EXIT.ok);
  assertEquals(out.split("\n"), [
    "memory: ok",
    "destination: nothing is known, so the streams are judged by themselves; --qemu and others tell about it",
    `checked: ${smallStream().bytes().length} bytes in 1 channel, all understood, the same when written again`,
    "",
  ]);
});

Deno.test("migwire check prints a problem a line, with channel, offset, code and QEMU's words", () => {
  const destination = { qemu: "10.0.2", command: ["qemu-system-x86_64", "-M", "pc"] };
  const outcome = { source: "completed", destination: "exited", error: "it\nfailed \x1b[2J" };
  const { code, out } = show({ manifest: { destination, outcome } });
  assertEquals(code, EXIT.fault);
  assertEquals(out.split("\n").slice(0, 5), [
    "memory: not ok, 1 error",
    "destination: QEMU 10.0.2, machine pc-i440fx-10.0 (capture.json)",
    "recorded outcome: source completed, destination exited; it said: it | failed \\x1b[2J",
    "error main 0x8 machine: the machine type is pc-q35-9.2, the destination has pc-i440fx-10.0 " +
    "(QEMU: Machine type received is 'pc-q35-9.2' and local is 'pc-i440fx-10.0')",
    "hint: start the destination with -machine pc-q35-9.2",
  ]);
});

Deno.test("migwire check prints few of many equal problems, all of them as JSON", () => {
  const bytes = smallStream().bytes();
  const many = { severity: "warning", code: "odd", channel: "main", offset: 0, message: "odd" } as const;
  const capture = { ...memoryCapture([{ bytes }]), findings: Array.from({ length: 12 }, () => many) };
  const report = checkCapture(capture);
  const io = memoryIo();
  assertEquals(showReport(report, { json: false, warnings: true }, io), EXIT.ok);
  assertStringIncludes(io.out(), "warning main: 2 more odd; --json lists them\n");
  const quiet = memoryIo();
  showReport(report, { json: false, warnings: false }, quiet);
  assert(!quiet.out().includes("odd"));
  const json = memoryIo();
  showReport(report, { json: true, warnings: true }, json);
  assertEquals(JSON.parse(json.out()).problems.length, 12);
});

Deno.test("migwire check tells of one channel of a migration that it was judged by itself", () => {
  const input = [Uint8Array.fromHex("1122334400000001" + "00".repeat(56))];
  const capture = openCapture("-", {
    stdin(into): number {
      const bytes = input.pop() ?? new Uint8Array(0);
      into.set(bytes);
      return bytes.length;
    },
  });
  const io = memoryIo();
  assertEquals(showReport(checkCapture(capture), { json: false, warnings: true }, io), EXIT.ok);
  assertStringIncludes(io.out(), "ok, judged by itself, without the rest of the migration\n");
});

Deno.test("migwire check refuses options that cannot be", async () => {
  const cases: [string[], string][] = [
    [["--strict", "--no-warnings"], "Cannot use --strict with --no-warnings"],
    [["--qemu", "newest"], 'Cannot use "newest" for --qemu'],
    [["--multifd-channels", "0"], "from 1 to 255"],
    [["--multifd", "maybe"], 'Cannot use "maybe" for --multifd'],
    [["--multifd-compression", "zlip"], "did you mean zlib?"],
    [["--page-size", "5"], "Cannot use --page-size"],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await check(...args, "nowhere");
    assertEquals(code, EXIT.usage);
    assertStringIncludes(err(), message);
  }
});

Deno.test({
  name: "migwire check ends with 0 or 1, and asks about another destination with its options",
  ignore,
  async fn(): Promise<void> {
    const cases: [string[], number][] = [
      [["vfio-multifd-2"], EXIT.ok],
      [["vfio-multifd-2", "--qemu", "9.2"], EXIT.fault],
      [["vfio-multifd-2", "--multifd-channels", "3"], EXIT.fault],
      [["vfio-multifd-2", "--multifd-transfer", "off"], EXIT.fault],
      [["vfio-multifd-2", "--max-queued-size", "100KiB"], EXIT.ok],
      [["vfio-multifd-2", "--max-queued-size", "100KiB", "--qemu", "10.2", "--strict"], EXIT.fault],
      [["vfio-multifd-2", "--max-queued-size", "10KiB", "--qemu", "10.2", "--machine", "pc-q35-10.0"], EXIT.fault],
      [["vfio-mismatch-source-on"], EXIT.fault],
      [["vfio-mismatch-source-on", "--multifd-transfer", "auto"], EXIT.ok],
      [["vfio-switchover-ack-missing", "--switchover-ack", "on"], EXIT.fault],
      [["plain-mapped-ram", "--mapped-ram", "off"], EXIT.fault],
      [["plain-multifd-zlib", "--multifd-compression", "zstd"], EXIT.fault],
      [["plain-wrong-machine", "--machine", "pc"], EXIT.fault],
      [["plain-multifd-7.2"], EXIT.ok],
      [["plain-multifd-7.2", "--strict"], EXIT.ok],
      [["plain-multifd-7.2", "--strict", "--qemu", "10.0"], EXIT.fault],
      [["plain-multifd-2/channel-01.s2d"], EXIT.ok],
    ];
    for (const [[name = "", ...options], expected] of cases) {
      const { code, out, err } = await check(pathOf(name), ...options);
      assertEquals([code, err()], [expected, ""], `${name} ${options.join(" ")}\n${out()}`);
    }
  },
});

/** The schema with no room for fields that it does not name, in whichever object. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const parts = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  return part !== schema && "properties" in part && parts["type"] === "object"
    ? { ...parts, additionalProperties: false }
    : parts;
}

Deno.test({
  name: "migwire check --json fits its schema, which names every field, for every capture",
  ignore,
  async fn(): Promise<void> {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(closed(schema) as typeof schema);
    const cases = [...(shared?.captures ?? []).map((name) => [name]), ["vfio-multifd-2", "--machine", "pc"]];
    for (const [name = "", ...options] of cases) {
      const { code, out, err } = await check("--json", pathOf(name), ...options);
      const report = JSON.parse(out());
      assertEquals([code, err()], [report.ok ? EXIT.ok : EXIT.fault, ""], name);
      assert(validate(report), `${name}: ${JSON.stringify(validate.errors)}`);
    }
  },
});
