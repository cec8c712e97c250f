import { assertEquals } from "@std/assert";
import type { RecordStatus } from "../../src/record/mod.ts";
import { statusLines } from "./status_lines.ts";

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
