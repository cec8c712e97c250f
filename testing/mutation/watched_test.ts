import { assertEquals } from "@std/assert";
import { haveProgram } from "../../src/capture/files_for_test.ts";
import { type Ended, type Limits, runWatched } from "./watched.ts";

const LIMITS: Limits = { processor: 60, clock: 60, memory: 2 ** 30 };

/** Runs a line of the shell. */
async function run(line: string, limits: Partial<Limits> = {}): Promise<Ended> {
  const command = new Deno.Command("bash", { args: ["-c", line], stdout: "piped", stderr: "piped" });
  return await runWatched(command, { ...LIMITS, ...limits });
}

const canRun = haveProgram("bash") && haveProgram("cat");

for (
  const { name, line, limits, expected } of [
    {
      name: "gives what a program wrote, and its exit code",
      line: "echo out; echo err >&2; exit 3",
      limits: {},
      expected: { code: 3, output: "out\nerr\n" },
    },
    {
      name: "stops a program that takes too much processor time",
      line: "while :; do :; done",
      limits: { processor: 0.3 },
      expected: { over: "processor", output: "" },
    },
    {
      name: "stops a program that waits too long",
      line: "exec sleep 60",
      limits: { clock: 0.3 },
      expected: { over: "clock", output: "" },
    },
    {
      name: "stops a program that takes too much memory",
      line: "x=$(head -c 20000000 /dev/zero | tr '\\0' x); while :; do :; done",
      limits: { memory: 10 * 2 ** 20 },
      expected: { over: "memory", output: "" },
    },
  ]
) {
  Deno.test({
    name: `runWatched() ${name}`,
    // Needs bash and cat.
    ignore: !canRun,
    async fn(): Promise<void> {
      const { memory: _, ...ended } = await run(line, limits);
      assertEquals<unknown>(ended, expected);
    },
  });
}
