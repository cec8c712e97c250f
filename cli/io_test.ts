import { assertEquals } from "@std/assert";
import { makeOutput, processIo } from "./io.ts";
import { memoryIo } from "./memory_io.ts";

Deno.test("makeOutput() colours only when told to", () => {
  const sink = { isTerminal: () => true, writeSync: (bytes: Uint8Array): number => bytes.length };
  assertEquals(makeOutput(sink, true).style.red("x"), "\x1b[31mx\x1b[39m");
  assertEquals(makeOutput(sink, false).style.red("x"), "x");
  assertEquals(makeOutput(sink, false).isTerminal, true);
});

Deno.test("memoryIo() is coloured as a terminal without NO_COLOR", () => {
  assertEquals(memoryIo().stdout.style.bold("x"), "x");
  assertEquals(memoryIo({ isTerminal: true }).stdout.style.bold("x"), "\x1b[1mx\x1b[22m");
  const quiet = memoryIo({ isTerminal: true, env: { NO_COLOR: "1" } });
  assertEquals(quiet.stdout.style.bold("x"), "x");
  assertEquals(quiet.env("NO_COLOR"), "1");
});

Deno.test("memoryIo() keeps bytes as they are", () => {
  const io = memoryIo();
  io.stdout.bytes(new Uint8Array([0xff, 0]));
  io.stderr.write("!");
  assertEquals(io.outBytes(), new Uint8Array([0xff, 0]));
  assertEquals(io.err(), "!");
});

Deno.test("processIo() gives a variable that may not be read as absent", () => {
  assertEquals(processIo().env("MIGWIRE_NOT_SET"), undefined);
});

Deno.test("processIo() takes SIGINT over only once", () => {
  const io = processIo();
  assertEquals(io.interrupt.aborted, false);
  assertEquals(io.interrupt, io.interrupt);
});
