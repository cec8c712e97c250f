import { assert, assertEquals, assertThrows } from "@std/assert";
import { canWrite, haveProgram, withFiles } from "../../src/capture/files_for_test.ts";
import { ExitError } from "../exit.ts";
import { DeviceFiles } from "./device_files.ts";

const ignore = !canWrite();

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test({
  name: "DeviceFiles lets no name of a stream leave the directory",
  ignore,
  fn(): void {
    withFiles({}, (directory) => {
      const files = new DeviceFiles(`${directory}/in`);
      for (const idstr of ["../../up", "/etc/passwd", "..", "a\0b\n", "", "x".repeat(255), "..\\up", "C:"]) {
        files.open(idstr, 0).close();
      }
      assertEquals(namesIn(directory), ["in"]);
      const names = namesIn(`${directory}/in`);
      assertEquals(names.length, 8);
      for (const name of names) assert(/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.state$/.test(name), name);
    });
  },
});

Deno.test({
  name: "DeviceFiles gives devices whose names come out alike files of their own",
  ignore,
  fn(): void {
    withFiles({}, (directory) => {
      const files = new DeviceFiles(directory);
      for (const [idstr, instance] of [["a/b", 0], ["A_b", 0], ["a:b", 0], ["a/b", 1]] as const) {
        files.open(idstr, instance).close();
      }
      assertEquals(namesIn(directory), ["A_b-0-2.state", "a_b-0-3.state", "a_b-0.state", "a_b-1.state"]);
    });
  },
});

Deno.test({
  name: "DeviceFiles follows no link",
  ignore: ignore || !haveProgram("ln"),
  fn(): void {
    withFiles({ "target": "precious" }, (directory) => {
      for (const kind of ["state", "config"]) {
        Deno.mkdirSync(`${directory}/${kind}`);
        // Deno lets links be made only by who may read and write everywhere; a program is not asked.
        const args = ["-s", `${directory}/${kind}-target`, `${directory}/${kind}/a-0.${kind}`];
        assert(new Deno.Command("ln", { args }).outputSync().success);
        assertThrows(() => new DeviceFiles(`${directory}/${kind}`).open("a", 0), ExitError, "it exists");
      }
      assertEquals(namesIn(directory), ["config", "state", "target"]);
    });
  },
});

Deno.test({
  name: "DeviceFiles says in the system's words what else is in the way",
  ignore,
  fn(): void {
    withFiles({ "file": "" }, (directory) => {
      assertThrows(() => new DeviceFiles(`${directory}/file/in`).open("a", 0), Deno.errors.NotADirectory);
      const files = new DeviceFiles(directory);
      Deno.mkdirSync(`${directory}/b-0.state`);
      assertThrows(() => files.open("b", 0), ExitError, "b-0.state: it exists");
      // The state would be written first, and then stand there alone.
      Deno.writeTextFileSync(`${directory}/c-0.config`, "");
      assertThrows(() => files.open("c", 0), ExitError, "c-0.config: it exists");
      assertEquals(namesIn(directory), ["b-0.state", "c-0.config", "file"]);
    });
  },
});
