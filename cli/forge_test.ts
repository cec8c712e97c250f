import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canWrite } from "../src/capture/files_for_test.ts";
import { openCapture, readBytes } from "../src/capture/mod.ts";
import { withFolder } from "../testing/temporary.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo, type MemoryIoOptions } from "./memory_io.ts";

const ignore = !canWrite();

async function forge(args: readonly string[], options: MemoryIoOptions = {}): Promise<{ code: number; io: MemoryIo }> {
  const io = memoryIo(options);
  return { code: await main(["forge", ...args], io), io };
}

Deno.test("migwire forge lists the situations, and prints their descriptions", async () => {
  const { io } = await forge(["list"]);
  assertEquals(io.out().trim().split("\n").length, 96);
  assertStringIncludes(io.out(), "row-17");
  const printed = await forge(["row-17", "--print"]);
  assertEquals(printed.io.out().split("\n").slice(0, 2), ["# row 17", "title: SWITCHOVER_START is missing"]);
});

Deno.test("migwire forge writes packets to a pipe, and says what they are", async () => {
  const { code, io } = await forge(["row-45"]);
  assertEquals(code, EXIT.ok);
  const input = [io.outBytes()];
  const stdin = (into: Uint8Array): number => {
    const bytes = input.pop() ?? new Uint8Array(0);
    into.set(bytes);
    return bytes.length;
  };
  assertEquals(openCapture("-", { stdin }).channels.length, 3);
  assertEquals(io.err().split("\n")[0], "the device refuses its state: error(device-write) with --refuse-at 64");
  assertStringIncludes(io.err(), "for a destination with --qemu 10.2.2 --machine pc-q35-10.2 --multifd on");
});

Deno.test("migwire forge writes no packets to a terminal", async () => {
  const { code, io } = await forge(["row-1"], { isTerminal: true });
  assertEquals([code, io.out()], [EXIT.usage, ""]);
  assertStringIncludes(io.err(), "give --out, or a pipe");
});

Deno.test({
  name: "migwire forge writes what a file describes, as a directory or as packets",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/mine.yaml`, "title: mine\nsteps: [setup, finish]\n");
      for (const name of ["a", "b.pcapng"]) {
        const { code, io } = await forge([`${folder}/mine.yaml`, "--out", `${folder}/${name}`]);
        assertEquals(code, EXIT.ok, io.err());
        const capture = openCapture(`${folder}/${name}`);
        assertEquals(capture.channels.length, 3);
        assertEquals(capture.manifest?.about, name === "a" ? "mine" : undefined);
        const [{ source } = {}] = capture.channels;
        assert(source !== undefined);
        assertEquals(readBytes(source, 0, 4), new TextEncoder().encode("QEVM"));
        capture.close();
        assertEquals((await forge(["row-1", "--out", `${folder}/${name}`])).code, EXIT.blocked);
        assertEquals((await forge(["row-1", "--out", `${folder}/${name}`, "--force"])).code, EXIT.ok);
      }
    });
  },
});

Deno.test({
  name: "migwire forge says what is wrong with what it is given",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/bad.yaml`, "title: bad\nsteps: [jump]\n");
      await Deno.writeTextFile(`${folder}/long.yaml`, "#".repeat(1024 * 1024 + 1));
      const cases: [what: string, code: number, text: string][] = [
        ["row-71x", EXIT.blocked, "did you mean row-71?"],
        [`${folder}/none`, EXIT.blocked, "migwire forge list"],
        [`${folder}/bad.yaml`, EXIT.usage, "steps[0].jump is no step; there are setup"],
        [`${folder}/long.yaml`, EXIT.blocked, "larger than 1 MiB"],
        [folder, EXIT.blocked, "Cannot read"],
      ];
      for (const [what, code, text] of cases) {
        const result = await forge([what, "--print"].slice(0, what.endsWith("bad.yaml") ? 1 : 2));
        assertEquals(result.code, code, result.io.err());
        assertStringIncludes(result.io.err(), text);
      }
    });
  },
});
