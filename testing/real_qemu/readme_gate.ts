/** What the README shows of real QEMUs, run with them. @module */

import { assert, assertEquals } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import { CAPTURES } from "../real_captures.ts";
import { type Part, partsOf, withoutComment } from "../readme_blocks.ts";
import type { Case } from "./case.ts";
import { until } from "./deadline.ts";
import { withOwnModules } from "./own_modules.ts";
import { Scene } from "./scene.ts";
import type { Qemu } from "./vm.ts";

/** The capture that examples call `capture/`. */
const CAPTURE = "plain-multifd-4";

const README = new URL("../../README.md", import.meta.url);

/** A case for each command of the README that needs a QEMU. */
export function readmeCases(qemus: readonly Qemu[]): Case[] {
  const qemuOf = (version: string): Qemu => {
    const qemu = qemus.find((one) => one.version === version);
    if (qemu === undefined) throw new Error(`The README wants a QEMU ${version}`);
    return qemu;
  };
  const parts = partsOf(Deno.readTextFileSync(README)).filter(({ runner }) => runner === "replay gate");
  return parts.map((part): Case => ({
    name: `README, line ${part.line}: ${withoutComment(part.command)}`,
    run: async (folder) => {
      const scene = await Scene.open(folder);
      try {
        return await run(part, qemuOf, scene);
      } finally {
        await scene.close();
      }
    },
  }));
}

async function run(part: Part, qemuOf: (version: string) => Qemu, scene: Scene): Promise<string> {
  const command = withoutComment(part.command);
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(1);
  if (words[0] === "compat") return await compat(part, words, qemuOf, scene);
  const current = qemuOf("10.0");
  const named = words.map((word) => word === "capture/" || word === CAPTURE ? capture() : word);
  if (part.output !== undefined) {
    const { out, err } = await migwire([...named, "--binary", current.path]);
    assertEquals(lasting(out), lasting(part.output), err);
    return "prints what the README shows";
  }
  if (command.includes("--qmp ")) return await waiting(named, current, scene);
  const { path } = await withOwnModules(current, scene.folder);
  const { code, out, err } = await migwire(named.map((word) => word.replace(/^qemu-system-x86_64 /, `${path} `)));
  return verdict(code, out, err);
}

/** A QEMU that waits, started as the README says. */
async function waiting(words: readonly string[], qemu: Qemu, scene: Scene): Promise<string> {
  await scene.vm("waiting", qemu, [
    ..."-M pc-i440fx-10.0 -cpu qemu64 -m 8 -nodefaults -no-user-config -display none -S -incoming defer".split(" "),
    ...["-qmp", "unix:qmp.sock,server=on,wait=off"],
  ]);
  const monitor = `${scene.folder}/qmp.sock`;
  await until(10_000, "the monitor", async () => await Deno.lstat(monitor).then(() => true, () => undefined));
  const { code, out, err } = await migwire(
    words.map((word) => word.replace("tcp::4444", `tcp::${freePort()}`).replace("unix:qmp.sock", `unix:${monitor}`)),
  );
  return verdict(code, out, err);
}

/** What the example shows of a device with a setting that another QEMU does not know. */
async function compat(
  { output = "" }: Part,
  words: readonly string[],
  qemuOf: (version: string) => Qemu,
  scene: Scene,
): Promise<string> {
  const vm = await scene.vm("source", qemuOf("10.0"), [
    ...["-M", "pc-q35-7.2", "-accel", "tcg", "-cpu", "qemu64", "-m", "8", "-bios", `${scene.folder}/guest.bin`, "-S"],
    ..."-nodefaults -no-user-config -vga none -display none -device e1000e,romfile=".split(" "),
    ...["-global", "e1000e.migrate-timadj=on"],
  ]);
  const path = `${scene.folder}/e1000e.bin`;
  await vm.call("migrate", { uri: `exec:cat >${path}` });
  assertEquals(await vm.end(), "completed");
  await vm.stop();
  const { path: binary } = await withOwnModules(qemuOf("7.2"), scene.folder);
  const places = new Map([["e1000e.bin", path], ["qemu-system-x86_64", binary]]);
  const { out, err, code } = await migwire(words.map((word) => places.get(word) ?? word));
  assertEquals(lasting(out.replaceAll(path, "e1000e.bin")), lasting(output), err);
  assertEquals(code, 1);
  return "prints what the README shows";
}

async function migwire(
  words: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const io = memoryIo();
  const code = await main(words, io);
  return { code, out: io.out(), err: io.err() };
}

/** The machine of the example need not be the capture's: that it is said what becomes of it is what counts. */
function verdict(code: number, out: string, err: string): string {
  assert(code === 0 || code === 1, `${code}: ${out}${err}`);
  const line = out.trimEnd().split("\n").findLast((line) => / · /.test(line));
  assert(line !== undefined, out + err);
  return line;
}

/** Text without what is other each time: paths, times, rates, places, numbers of types, and where lines are broken. */
function lasting(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim()
    .replaceAll(/unix:\/\S+\/in\b/g, "unix:…/in")
    .replaceAll(/\b[\d.]+ (ms|s|[KMG]iB\/s)\b/g, "… $1")
    .replaceAll(/\b0x[0-9a-f]+\b/g, "0x…")
    .replaceAll(/\b\d+ (device types|more|sections)\b/g, "… $1");
}

function capture(): string {
  return decodeURIComponent(new URL(CAPTURE, CAPTURES).pathname);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
