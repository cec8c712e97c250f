import { assert, assertEquals, assertThrows } from "@std/assert";
import { CaptureError } from "./capture_error.ts";
import { canWrite, withFiles } from "./files_for_test.ts";
import { type ByteSink, writeNew, writeWhole, writeWholeDirectory } from "./output.ts";

/** Writes `text`, in two pieces. */
function writing(text: string): (sink: ByteSink) => Generator<number> {
  return function* (sink): Generator<number> {
    const bytes = new TextEncoder().encode(text);
    sink.write(bytes.subarray(0, 3));
    yield 3;
    sink.write(bytes.subarray(3));
    yield bytes.length;
  };
}

/** Fills a directory with one file. */
function filling(text: string): (directory: string) => Generator<number> {
  return (directory) => writeNew(`${directory}/capture.json`, writing(text));
}

const owns = (name: string): boolean => name === "capture.json";

function namesIn(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

function codeOf(action: () => unknown): string {
  return assertThrows(action, CaptureError).code;
}

Deno.test({
  name: "writeWhole() writes a file that has its name only when it is whole",
  ignore: !canWrite(),
  fn(): void {
    withFiles({}, (directory) => {
      const steps = writeWhole(`${directory}/out`, writing("some text"));
      assertEquals(steps.next().value, 3);
      assertEquals(namesIn(directory).includes("out"), false);
      assertEquals([...steps], [9]);
      assertEquals(namesIn(directory), ["out"]);
      assertEquals(Deno.readTextFileSync(`${directory}/out`), "some text");
    });
  },
});

Deno.test({
  name: "writeWhole() leaves nothing behind when it is stopped, or fails",
  ignore: !canWrite(),
  fn(): void {
    withFiles({}, (directory) => {
      for (const _bytes of writeWhole(`${directory}/out`, writing("some text"))) break;
      assertEquals(namesIn(directory), []);
      const failing = function* (sink: ByteSink): Generator<number> {
        sink.write(new Uint8Array(10));
        yield 10;
        throw new TypeError("a bug");
      };
      assertThrows(() => [...writeWhole(`${directory}/out`, failing)], TypeError, "a bug");
      assertEquals(namesIn(directory), []);
      assertEquals(codeOf(() => [...writeWhole(`${directory}/none/out`, writing("x"))]), "write-failed");
    });
  },
});

Deno.test({
  name: "writeWhole() does not replace a file unless it is told to, also when it came meanwhile",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "out": "old" }, (directory) => {
      assertEquals(codeOf(() => [...writeWhole(`${directory}/out`, writing("new"))]), "exists");
      assertEquals([...writeWhole(`${directory}/out`, writing("new"), { replace: true })], [3, 3]);
      assertEquals(Deno.readTextFileSync(`${directory}/out`), "new");

      const steps = writeWhole(`${directory}/other`, writing("mine"));
      steps.next();
      Deno.writeTextFileSync(`${directory}/other`, "somebody's");
      assertEquals(codeOf(() => [...steps]), "exists");
      assertEquals(Deno.readTextFileSync(`${directory}/other`), "somebody's");
      assertEquals(namesIn(directory), ["other", "out"]);
      assertEquals(codeOf(() => [...writeWhole(directory, writing("new"), { replace: true })]), "exists");
    });
  },
});

Deno.test({
  name: "writeWhole() keeps holes, also at the end",
  ignore: !canWrite(),
  fn(): void {
    withFiles({}, (directory) => {
      const write = function* (sink: ByteSink): Generator<number> {
        sink.hole?.(100_000);
        sink.write(Uint8Array.of(7));
        sink.hole?.(200_000);
        yield 0;
      };
      for (const _bytes of writeWhole(`${directory}/out`, write));
      const bytes = Deno.readFileSync(`${directory}/out`);
      assertEquals([bytes.length, bytes[100_000], bytes.indexOf(7)], [300_001, 7, 100_000]);
      assert((Deno.statSync(`${directory}/out`).blocks ?? 0) * 512 < 200_000);
    });
  },
});

Deno.test({
  name: "writeWholeDirectory() writes a directory, and replaces one that holds nothing else",
  ignore: !canWrite(),
  fn(): void {
    withFiles({}, (directory) => {
      const out = `${directory}/out`;
      assertEquals([...writeWholeDirectory(`${out}/`, filling("one"), { owns })], [3, 3]);
      assertEquals(codeOf(() => [...writeWholeDirectory(out, filling("two"), { owns })]), "exists");
      assertEquals([...writeWholeDirectory(out, filling("two"), { owns, replace: true })], [3, 3]);
      assertEquals(Deno.readTextFileSync(`${out}/capture.json`), "two");
      assertEquals(namesIn(directory), ["out"]);

      Deno.writeTextFileSync(`${out}/letter.txt`, "dear");
      const error = assertThrows(
        () => [...writeWholeDirectory(out, filling("x"), { owns, replace: true })],
        CaptureError,
      );
      assertEquals(error.message.includes("it holds letter.txt"), true);
      assertEquals(namesIn(out), ["capture.json", "letter.txt"]);
      assertEquals(codeOf(() => [...writeWhole(out, writing("x"), { replace: true })]), "exists");
      const file = `${out}/letter.txt`;
      assertEquals(codeOf(() => [...writeWholeDirectory(file, filling("x"), { owns, replace: true })]), "exists");
    });
  },
});

Deno.test({
  name: "writeWholeDirectory() leaves nothing behind when it is stopped",
  ignore: !canWrite(),
  fn(): void {
    withFiles({}, (directory) => {
      for (const _bytes of writeWholeDirectory(`${directory}/out`, filling("text"), { owns })) break;
      assertEquals(namesIn(directory), []);
    });
  },
});

Deno.test({
  name: "writeWhole() says which permission it lacks",
  permissions: { read: "inherit", write: false },
  fn(): void {
    const error = assertThrows(() => [...writeWhole("/some/where.bin", writing("x"))], CaptureError);
    assertEquals([error.code, error.hint], ["not-allowed", "start with --allow-read --allow-write=/some/"]);
  },
});
