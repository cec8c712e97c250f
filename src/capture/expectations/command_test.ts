import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseProperties, parseQemuCommand, parseQemuSize } from "./command.ts";

Deno.test("parseQemuCommand() reads what concerns migration, in any of QEMU's spellings", () => {
  const words = "qemu-system-s390x --machine type=s390-ccw-virtio -m size=2G,slots=4,maxmem=8G -uuid " +
    "AABBCCDD-0011-2233-4455-66778899AABB -global migration.x-multifd=on -global driver=vfio-pci,property=p,value=1";
  const command = parseQemuCommand(words.split(" "));
  assertEquals(command, {
    arch: "s390x",
    machine: "s390-ccw-virtio",
    ramBytes: 2 * 1024 ** 3,
    uuid: "aabbccdd-0011-2233-4455-66778899aabb",
    devices: [],
    globals: new Map([["migration.x-multifd", "on"], ["vfio-pci.p", "1"]]),
    open: false,
  });
  assertEquals(parseQemuCommand([]), { devices: [], globals: new Map(), open: false });
});

Deno.test("parseProperties() takes two commas for one in a value, and a name alone for on", () => {
  const { first, values } = parseProperties("vfio-pci,id=a,,b,enable-migration", "driver");
  assertEquals([first, ...values], ["vfio-pci", ["id", "a,b"], ["enable-migration", "on"]]);
  assertEquals(parseProperties("driver=vfio-pci,addr=5", "driver").first, "vfio-pci");
  assertEquals(parseProperties('{"driver":"vfio-pci","x":true,"y":{}}', "driver"), {
    first: "vfio-pci",
    values: new Map([["driver", "vfio-pci"], ["x", "on"]]),
  });
  assertEquals(parseProperties("{nonsense", "driver"), { first: undefined, values: new Map() });
});

Deno.test("parseQemuSize() reads sizes as QEMU does", () => {
  const cases: [string, string | undefined, number | undefined][] = [
    ["8", "M", 8 * 1024 * 1024],
    ["40000", undefined, 40000],
    ["1.5G", undefined, 1.5 * 1024 ** 3],
    ["0x100", undefined, 256],
    ["64m", "B", 64 * 1024 * 1024],
    ["", "M", undefined],
    ["auto", undefined, undefined],
    ["18446744073709551615", undefined, undefined],
  ];
  for (const [text, unit, expected] of cases) assertEquals(parseQemuSize(text, unit), expected, text);
});

Deno.test("parseQemuCommand() does not throw, whatever a capture says was the command", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("-device", "-global", "-m", "-M", "-uuid", "vfio-pci,addr=", "{"));
  fc.assert(fc.property(fc.array(word), (words) => parseQemuCommand(words).devices.length <= words.length));
});
