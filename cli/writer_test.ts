import { assertEquals, assertThrows } from "@std/assert";
import { ClosedPipeError, type Sink, Writer } from "./writer.ts";

/** A sink that takes at most so many bytes a call, as a full pipe does. */
function narrowSink(most: number): Sink & { text(): string; calls: number } {
  const taken: number[] = [];
  return {
    calls: 0,
    writeSync(bytes: Uint8Array): number {
      this.calls++;
      taken.push(...bytes.subarray(0, most));
      return Math.min(most, bytes.length);
    },
    text: () => new TextDecoder().decode(new Uint8Array(taken)),
  };
}

Deno.test("Writer writes all, though the sink takes a little at a time", () => {
  const sink = narrowSink(3);
  const writer = new Writer(sink);
  writer.line("äöü and more");
  writer.flush();
  assertEquals(sink.text(), "äöü and more\n");
});

Deno.test("Writer keeps text until there is enough of it", () => {
  const sink = narrowSink(1000);
  const writer = new Writer(sink, 10);
  writer.write("12345");
  assertEquals(sink.calls, 0);
  writer.write("67890");
  assertEquals(sink.calls, 1);
  writer.flush();
  assertEquals(sink.calls, 1);
});

Deno.test("Writer puts bytes after the text before them", () => {
  const sink = narrowSink(1000);
  const writer = new Writer(sink);
  writer.write("a");
  writer.bytes(new Uint8Array([0x62]));
  writer.line();
  writer.flush();
  assertEquals(sink.text(), "ab\n");
});

Deno.test("Writer waits for a non-blocking pipe that is full", () => {
  const sink = narrowSink(1000);
  let refusals = 2;
  const writer = new Writer({
    writeSync: (bytes) => {
      if (refusals-- > 0) throw new Deno.errors.WouldBlock();
      return sink.writeSync(bytes);
    },
  });
  writer.write("late");
  writer.flush();
  assertEquals(sink.text(), "late");
});

Deno.test("Writer tells a closed pipe from other failures, and does not try twice", () => {
  const failing = (error: Error): Writer =>
    new Writer({
      writeSync: () => {
        throw error;
      },
    });
  const closed = failing(new Deno.errors.BrokenPipe());
  closed.write("x");
  assertThrows(() => closed.flush(), ClosedPipeError);
  closed.flush();

  const full = failing(new Error("No space left on device"));
  full.write("x");
  assertThrows(() => full.flush(), Error, "No space");
});
