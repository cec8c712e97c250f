import { assertEquals } from "@std/assert";
import { absentDevices } from "./absent_devices.ts";

function absent(source: string | undefined, destination: string | undefined): string[] {
  const side = (words: string | undefined): { command?: string[] } =>
    words === undefined ? {} : { command: ["qemu-system-x86_64", ...words.split(" ").filter((word) => word !== "")] };
  const found = absentDevices({ source: side(source), destination: side(destination) });
  return found.map(({ driver, slot }) => slot === undefined ? driver : `${driver} at ${slot}`);
}

Deno.test("absentDevices() names devices of the source that the destination does not have", () => {
  assertEquals(absent("-device virtio-rng-pci", ""), ["virtio-rng-pci"]);
  assertEquals(absent("-device virtio-rng-pci", "-device virtio-rng-pci"), []);
  assertEquals(absent("", "-device virtio-rng-pci"), []);
  assertEquals(absent("-device e1000,addr=0x5 -device AC97", "-device AC97"), ["e1000 at 05.0"]);
});

Deno.test("absentDevices() tells several of a kind apart by their address, else by their order", () => {
  const two = "-device e1000,addr=5 -device e1000,addr=6";
  assertEquals(absent(two, "-device e1000,addr=6"), ["e1000 at 05.0"]);
  assertEquals(absent(two, "-device e1000,addr=5"), ["e1000 at 06.0"]);
  assertEquals(absent(two, "-device e1000,addr=7"), ["e1000 at 06.0"], "one is there, at another address");
  assertEquals(absent(two, "-device e1000,addr=7 -device e1000"), []);
  assertEquals(absent("-device e1000 -device e1000 -device e1000", "-device e1000"), ["e1000", "e1000"]);
});

Deno.test("absentDevices() names none where a command line does not tell all", () => {
  assertEquals(absent(undefined, ""), []);
  assertEquals(absent("-device e1000", undefined), []);
  assertEquals(absent("-device e1000", "-readconfig file"), []);
  assertEquals(absent("-device e1000 -readconfig file", ""), []);
  assertEquals(absent("-device addr=5", ""), [], "no driver is named");
  assertEquals(absentDevices({}), []);
});
