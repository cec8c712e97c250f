import { assertEquals } from "@std/assert";
import type { RecordStatus } from "../../src/record/mod.ts";
import { memoryIo } from "../memory_io.ts";
import { LiveView, statusLines } from "./live_view.ts";

const STATUS: RecordStatus = {
  phase: "memory",
  connections: 2,
  open: 2,
  bytes: 3 * 1024 * 1024,
  devices: ["timer", "0000:00:02.0/virtio-net\x1b[2J"],
  channels: [
    { connection: 0, direction: "s2d", label: "main", bytes: 1024 * 1024 },
    { connection: 1, direction: "s2d", label: "multifd 0", bytes: 2 * 1024 * 1024 },
  ],
};

Deno.test("statusLines() shows phase, rate, devices and channels, safe to print", () => {
  assertEquals(statusLines(STATUS, 1024 * 1024), [
    "memory, the guest runs at the source: 3 MiB, 1 MiB/s, 2 devices, the last 0000:00:02.0/virtio-net\\x1b[2J",
    "   0 s2d main              1 MiB",
    "   1 s2d multifd 0         2 MiB",
  ]);
});

Deno.test("statusLines() shows so many channels, and says how many more there are", () => {
  const channels = Array.from({ length: 20 }, (_, connection) => ({
    connection,
    direction: "s2d" as const,
    label: "multifd",
    bytes: 1,
  }));
  assertEquals(statusLines({ ...STATUS, channels }, 0).at(-1), "  and 8 more");
});

Deno.test("LiveView paints over what it painted, and measures the rate over an interval", () => {
  const io = memoryIo({ isTerminal: true, env: { NO_COLOR: "1" } });
  let now = 0;
  let bytes = 0;
  const view = new LiveView(io.stderr, () => now);
  view.show(() => ({ ...STATUS, bytes, devices: [], channels: [] }));
  now = 500;
  bytes = 1024 * 1024;
  view.repaint();
  view.line("connection 0 opened");
  view.close();
  const phase = "memory, the guest runs at the source";
  const away = "\x1b[1A\r\x1b[J";
  assertEquals(
    io.err(),
    [
      `${phase}: 0 bytes, 0 bytes/s\n`,
      `${away}${phase}: 1 MiB, 2 MiB/s\n`,
      `${away}connection 0 opened\n`,
      `${phase}: 1 MiB, 2 MiB/s\n`,
      away,
    ].join(""),
  );
});

Deno.test("LiveView only says what happened where nobody looks", () => {
  const io = memoryIo();
  const view = new LiveView(io.stderr);
  view.show(() => STATUS);
  view.line("connection 0 opened");
  view.close();
  assertEquals(io.err(), "connection 0 opened\n");
});
