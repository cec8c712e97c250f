import { assertEquals } from "@std/assert";
import { labCommand } from "./command.ts";

const DEVICE = "/sys/bus/mdev/devices/20000000-0000-4000-8000-00000000000";

function numbered(index: number): string {
  return `uuid-${index}`;
}

Deno.test("labCommand() leaves out where the recorded QEMU was heard and what it wrote", () => {
  const recorded = [
    "qemu",
    "-S",
    "-qmp",
    "unix:x",
    "--trace",
    "enable=a",
    "-D",
    "log",
    "-incoming",
    "tcp:1:2",
    "-m",
    "1",
  ];
  assertEquals(labCommand(recorded, numbered).argv, ["qemu", "-S", "-m", "1"]);
});

Deno.test("labCommand() replaces each device once, and keeps its options", () => {
  const recorded = ["qemu", `a,sysfsdev=${DEVICE}1,b=c`, `{"sysfsdev": "${DEVICE}2"}`, `sysfsdev=${DEVICE}1`];
  const { argv, uuids } = labCommand(recorded, numbered);
  assertEquals(uuids, ["uuid-0", "uuid-1"]);
  assertEquals(argv.slice(1, 4), [
    "a,sysfsdev=/sys/bus/mdev/devices/uuid-0,b=c",
    '{"sysfsdev": "/sys/bus/mdev/devices/uuid-1"}',
    "sysfsdev=/sys/bus/mdev/devices/uuid-0",
  ]);
});

Deno.test("labCommand() takes the program's name for no option", () => {
  assertEquals(labCommand(["-D", "-S"], numbered).argv, ["-D", "-S"]);
});
