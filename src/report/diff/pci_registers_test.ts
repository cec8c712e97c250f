import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareNodes } from "./compare.ts";
import type { DiffNode } from "./node.ts";
import { pciRegisters } from "./pci_registers.ts";

/** A network card with power management, MSI, MSI-X and PCI Express. */
function card(): Uint8Array {
  const config = new Uint8Array(4096);
  const put = (offset: number, hex: string): void => config.set(Uint8Array.fromHex(hex), offset);
  put(0x00, "b3151e10" + "06041000" + "00000002" + "10000000");
  put(0x10, "0c0000fe" + "01000000" + "01c00000"); // BAR 0 with 64 bits, BAR 2 of ports
  put(0x2c, "b3150100");
  put(0x34, "40");
  put(0x3c, "0b01");
  put(0x40, "0150030008000000"); // PM, next 0x50
  put(0x50, "0560810000e0fe0100000000004100000000"); // MSI, 64 bits, next 0x60
  put(0x60, "11700380" + "00200000" + "00300000"); // MSI-X, next 0x70
  put(0x70, "10b00200"); // Express, next 0xb0
  put(0xb0, "090014"); // of the vendor
  put(0x100, "0100011a"); // AER, next 0x1a0
  put(0x1a0, "03000100");
  return config;
}

function node(bytes: Uint8Array): DiffNode {
  return { step: "config", place: { channel: "main", offset: 1000 }, leaf: { kind: "pci-config", bytes } };
}

function namesOf(a: Uint8Array, b: Uint8Array): string[] {
  return [...compareNodes({ a: node(a), b: node(b) }, ["config"])].flatMap((found) =>
    found.kind === "not-compared" ? [] : [found.name]
  );
}

Deno.test("a changed register of a config space is told by name, in the words of lspci", () => {
  const changed = card();
  changed[0x04] = 0x07;
  const [found] = compareNodes({ a: node(card()), b: node(changed) }, ["config"]);
  assert(found?.kind === "changed");
  assertEquals([found.name, found.a, found.b], ["config.command", 0x0406, 0x0407]);
  assert(found.meaning?.a?.startsWith("I/O- Mem+ BusMaster+"));
  assert(found.meaning?.b?.startsWith("I/O+ Mem+ BusMaster+"));
  assertEquals(found.where.a, { channel: "main", offset: 1004 });
});

Deno.test("every byte of a config space belongs to the register that it is in", () => {
  const cases: [number, string][] = [
    [0x00, "config.vendor"],
    [0x03, "config.device"],
    [0x0a, "config.class"],
    [0x12, "config.bar0"],
    [0x16, "config.bar0"],
    [0x19, "config.bar2"],
    [0x2e, "config.subsystem"],
    [0x3c, "config.interrupt-line"],
    [0x44, "config.capabilities.Power Management.control"],
    [0x55, "config.capabilities.MSI.address"],
    [0x5c, "config.capabilities.MSI.data"],
    [0x63, "config.capabilities.MSI-X.control"],
    [0x78, "config.capabilities.Express.device-control"],
    [0xb2, "config.capabilities.Vendor Specific Information.length"],
    [0xb3, "config.bytes"],
    [0xf0, "config.bytes"],
    [0x1a8, "config.bytes"],
  ];
  for (const [offset, name] of cases) {
    const changed = card();
    changed[offset] = (changed[offset] ?? 0) ^ 0x80;
    assertEquals(namesOf(card(), changed), [name], `0x${offset.toString(16)}`);
  }
});

Deno.test("a capability that one config space lacks is told as a whole", () => {
  const without = card();
  without[0x61] = 0;
  assertEquals(namesOf(card(), without), [
    "config.capabilities.MSI-X.next",
    "config.capabilities.Express",
    "config.capabilities.Vendor Specific Information",
    "config.capabilities.Advanced Error Reporting",
    "config.capabilities.Device Serial Number",
  ]);
});

Deno.test("a bridge has its own registers", () => {
  const bridge = card();
  bridge[0x0e] = 0x01;
  const names = pciRegisters(bridge).map(({ path }) => path.join("."));
  assert(names.includes("secondary-bus") && names.includes("bar0") && !names.includes("bar2"));
  bridge[0x0e] = 0x02;
  assert(!pciRegisters(bridge).some(({ path }) => path[0] === "bar0"));
});

Deno.test("config spaces differ if and only if their bytes do, whatever is in them", () => {
  const config = fc.uint8Array({ minLength: 60, maxLength: 300 });
  fc.assert(fc.property(config, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, bits) => {
    assertEquals(namesOf(bytes, bytes), []);
    const changed = bytes.slice();
    const offset = at % bytes.length;
    changed[offset] = (changed[offset] ?? 0) ^ bits;
    assert(namesOf(bytes, changed).length > 0);
    const claimed = pciRegisters(bytes).flatMap(({ offset: from, length }) =>
      Array.from({ length }, (_, i) => from + i)
    );
    assertEquals(new Set(claimed).size, claimed.length);
  }));
});

Deno.test("a config space that stands nowhere is compared all the same", () => {
  const changed = card();
  changed[0x04] = 0x07;
  changed[0x44] = 0x0b;
  changed[0xf0] = 1;
  const of = (bytes: Uint8Array): DiffNode => ({ step: "x", leaf: { kind: "pci-config", bytes } });
  const found = [...compareNodes({ a: of(card()), b: of(changed) }, ["x"])];
  assertEquals(found.map((one) => one.kind === "not-compared" ? "" : one.name), [
    "x.command",
    "x.capabilities.Power Management.control",
    "x.bytes",
  ]);
});

Deno.test("capabilities that point at each other end", () => {
  const loop = card();
  loop[0x51] = 0x40;
  assert(pciRegisters(loop).length > 0);
  assertEquals(namesOf(loop, loop), []);
});
