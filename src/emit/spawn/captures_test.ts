/** What is made of the commands that were recorded with the captures. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CAPTURES, haveCaptures } from "../../../testing/real_captures.ts";
import { adaptCommand } from "./adapt_command.ts";
import { SpawnError } from "./spawn_error.ts";
import { standIns } from "./stand_ins.ts";

const ignore = !haveCaptures();

/** Commands of destinations, by the capture's name. */
function* commands(): Iterable<[string, readonly string[]]> {
  for (const { name, isDirectory } of Deno.readDirSync(CAPTURES)) {
    if (!isDirectory) continue;
    const { destination } = JSON.parse(Deno.readTextFileSync(new URL(`${name}/capture.json`, CAPTURES)));
    if (destination?.command !== undefined) yield [name, destination.command];
  }
}

/** A recorded command as it is started in a place where nothing is that it names. */
function started(argv: readonly string[]): string {
  const adapted = adaptCommand(argv, { recorded: true, monitor: "/t/qmp" });
  const { args, files } = standIns({
    args: adapted.args,
    blocks: [{ name: "pc.bios", usedLength: 65536 }],
    folder: "/t",
    current: "/here",
    look: () => "missing",
  });
  return [adapted.program, ...args, ...files.map(({ name, bytes }) => `[${name} ${bytes}]`)].join(" ");
}

const COMMON = "-accel tcg -display none -no-user-config -msg timestamp=on -incoming defer -qmp " +
  "unix:/t/qmp,server=on,wait=off";
const PC = `-cpu qemu64 -m 8 -nodefaults -bios firmware`;
const MADE = "[firmware 65536]";
const BACKEND = "memory-backend-file,mem-path=memory-0,share=on,id=pc.ram,size=8M";

/** What some of them become. */
const EXPECTED: { readonly [name: string]: string } = {
  "plain-precopy": `qemu-system-x86_64 -M pc ${PC} -S ${COMMON} ${MADE}`,
  "plain-postcopy": `qemu-system-x86_64 -M pc ${PC} ${COMMON} ${MADE}`,
  "plain-microvm": `qemu-system-x86_64 -M microvm ${PC} -S ${COMMON} ${MADE}`,
  "plain-aarch64-virt": `qemu-system-aarch64 -M virt -cpu cortex-a57 -m 8 -nodefaults -S ${COMMON}`,
  "plain-7.2": `qemu-system-x86_64 -M pc,memory-backend=pc.ram ${PC} ` +
    `-object ${BACKEND},x-use-canonical-path-for-ramblock-id=off -S ${COMMON} ${MADE} [memory-0 8388608]`,
  "plain-ignore-shared": `qemu-system-x86_64 -M pc,memory-backend=pc.ram ${PC} -object memory-backend-file,id=pc.ram,` +
    `size=8M,mem-path=memory-0,share=on,x-use-canonical-path-for-ramblock-id=off -S ${COMMON} ${MADE} [memory-0 8388608]`,
};

Deno.test({
  name: "the commands of all captures can be started, or it is said what they lack",
  ignore,
  fn: () => {
    const seen: string[] = [];
    for (const [name, argv] of commands()) {
      seen.push(name);
      const lacks = name.startsWith("vfio-") ? "a VFIO device" : name.endsWith("-tls") ? "the keys of its TLS" : "";
      if (lacks !== "") {
        const error = assertThrows(() => started(argv), SpawnError, lacks, name);
        assertEquals(error.code, "missing", name);
        continue;
      }
      const line = started(argv);
      if (EXPECTED[name] !== undefined) assertEquals(line, EXPECTED[name], name);
      assert(!/payload|destination|events\.txt|shared\.ram/.test(line), `${name}: ${line}`);
      assertEquals(line.match(/-(?:incoming|qmp) \S+/g), ["-incoming defer", "-qmp unix:/t/qmp,server=on,wait=off"]);
    }
    for (const name of Object.keys(EXPECTED)) assert(seen.includes(name), `${name} is not there`);
    assert(seen.length > 50, `${seen.length} commands`);
  },
});
