import { assertEquals } from "@std/assert";
import { LiveView } from "./live_view.ts";
import { memoryIo } from "./memory_io.ts";

Deno.test("LiveView paints over what it painted, and measures the rate over an interval", () => {
  const io = memoryIo({ isTerminal: true, env: { NO_COLOR: "1" } });
  let now = 0;
  let bytes = 0;
  const view = new LiveView(io.stderr, () => now);
  view.show((rate) => [`${bytes} bytes, ${rate(bytes)}/s`]);
  now = 500;
  bytes = 1024 * 1024;
  view.repaint();
  view.line("connection 0 opened");
  view.close();
  const away = "\x1b[1A\r\x1b[J";
  assertEquals(
    io.err(),
    [
      "0 bytes, 0/s\n",
      `${away}1048576 bytes, 2097152/s\n`,
      `${away}connection 0 opened\n`,
      "1048576 bytes, 2097152/s\n",
      away,
    ].join(""),
  );
});

Deno.test("LiveView only says what happened where nobody looks", () => {
  const io = memoryIo();
  const view = new LiveView(io.stderr);
  view.show(() => ["as it is"]);
  view.line("connection 0 opened");
  view.close();
  assertEquals(io.err(), "connection 0 opened\n");
});
