import { assertEquals } from "@std/assert";
import { pciCapabilities, type PciCapability, pciExtendedCapabilities } from "./pci_capabilities.ts";
import { decodePciConfig } from "./pci_config.ts";
import { describePciConfig } from "./pci_describe.ts";

/** A config space with one capability at 0x40, of which the hexadecimal bytes are given. */
function withCapability(hex: string): Uint8Array {
  const config = new Uint8Array(256);
  config[0x06] = 0x10;
  config[0x34] = 0x40;
  config.set(Uint8Array.fromHex(hex), 0x40);
  return config;
}

function capability(hex: string): PciCapability | undefined {
  return pciCapabilities(withCapability(hex)).list[0];
}

/** The lines about the only capability. */
function linesOf(hex: string): string[] {
  return describePciConfig(decodePciConfig(withCapability(hex))).filter((line) => /^\t\t|^\tCapabilities/.test(line));
}

// The layouts are those of the PCI specifications, as in Linux's pci_regs.h: PCI_PM_*, PCI_MSI_*, PCI_MSIX_*, PCI_EXP_*.

Deno.test("pciCapabilities() takes each field of Power Management from its bits, whatever the others are", () => {
  const bits = (control: string, flags = "0000"): unknown => capability(`0100${flags}${control}`)?.powerManagement;
  const none = { version: 0, state: 0, noSoftReset: false, pmeEnabled: false };
  assertEquals(bits("0000"), none);
  assertEquals(bits("f4fe"), none);
  assertEquals(bits("0000", "f8ff"), none);
  assertEquals(bits("0100"), { ...none, state: 1 });
  assertEquals(bits("0200"), { ...none, state: 2 });
  assertEquals(bits("0800"), { ...none, noSoftReset: true });
  assertEquals(bits("0001"), { ...none, pmeEnabled: true });
  assertEquals(bits("0000", "0700"), { ...none, version: 7 });
});

Deno.test("pciCapabilities() takes each field of MSI from its bits", () => {
  const bits = (control: string, rest = ""): unknown => capability(`0500${control}${rest}`)?.msi;
  const none = {
    enabled: false,
    vectorsEnabled: 1,
    vectors: 1,
    maskable: false,
    is64bit: false,
    address: 0n,
    data: 0,
  };
  assertEquals(bits("0000"), none);
  assertEquals(bits("00fe"), none);
  assertEquals(bits("0100"), { ...none, enabled: true });
  assertEquals(bits("0a00"), { ...none, vectors: 32 });
  assertEquals(bits("0e00"), { ...none, vectors: 128 });
  assertEquals(bits("5000"), { ...none, vectorsEnabled: 32 });
  assertEquals(bits("7000"), { ...none, vectorsEnabled: 128 });
  assertEquals(bits("0001"), { ...none, maskable: true });
  const address = "11223344556677889900aabb";
  assertEquals(bits("0000", address), { ...none, address: 0x44332211n, data: 0x6655 });
  assertEquals(bits("8000", address), { ...none, is64bit: true, address: 0x8877665544332211n, data: 0x0099 });
});

Deno.test("pciCapabilities() takes each field of MSI-X from its bits", () => {
  const bits = (control: string, rest = ""): unknown => capability(`1100${control}${rest}`)?.msix;
  const none = {
    enabled: false,
    masked: false,
    vectors: 1,
    table: { bar: 0, offset: 0 },
    pending: { bar: 0, offset: 0 },
  };
  assertEquals(bits("0000"), none);
  assertEquals(bits("0038"), none);
  assertEquals(bits("ff07"), { ...none, vectors: 2048 });
  assertEquals(bits("0004"), { ...none, vectors: 1025 });
  assertEquals(bits("0080"), { ...none, enabled: true });
  assertEquals(bits("0040"), { ...none, masked: true });
  assertEquals(bits("0000", "0f000080ffffffff"), {
    ...none,
    table: { bar: 7, offset: 0x80000008 },
    pending: { bar: 7, offset: 0xfffffff8 },
  });
});

Deno.test("pciCapabilities() takes each field of PCI Express from its bits", () => {
  const bits = (flags: string, capabilities = "00000000", status = "0000"): unknown =>
    capability(`1000${flags}${"0".repeat(16)}${capabilities}0000${status}`)?.express;
  const noLink = { speed: 0, width: 0 };
  const none = { version: 0, type: 0, interruptMessage: 0, linkCapability: noLink, port: 0, linkStatus: noLink };
  assertEquals(bits("0000"), none);
  assertEquals(bits("00c1"), none);
  assertEquals(bits("0f00"), { ...none, version: 15 });
  assertEquals(bits("f000"), { ...none, type: 15 });
  assertEquals(bits("003e"), { ...none, interruptMessage: 31 });
  assertEquals(bits("0000", "00fcff00"), none);
  assertEquals(bits("0000", "000000ff"), { ...none, port: 255 });
  assertEquals(bits("0000", "f1030000"), { ...none, linkCapability: { speed: 2.5, width: 63 } });
  assertEquals(bits("0000", "00000000", "1102"), { ...none, linkStatus: { speed: 2.5, width: 33 } });
  assertEquals(bits("0000", "00000000", "00fc"), none);
});

Deno.test("pciCapabilities() knows the speeds of links up to 64 GT/s", () => {
  const speeds = Array.from({ length: 16 }, (_, code) => {
    const hex = code.toString(16).padStart(2, "0");
    return capability(`1000${"0".repeat(20)}${hex}`)?.express?.linkCapability.speed;
  });
  assertEquals(speeds, [0, 2.5, 5, 8, 16, 32, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("describePciConfig() says that a link's speed is unknown", () => {
  assertEquals(linesOf("10004200" + "0".repeat(16) + "47010007" + "00001201"), [
    "\tCapabilities: [40] Express (v2) Root Port, MSI 00",
    "\t\tLnkCap:\tPort #7, Speed unknown, Width x20",
    "\t\tLnkSta:\tSpeed 5GT/s, Width x17",
  ]);
});

Deno.test("describePciConfig() names the types of PCI Express devices", () => {
  const types = Array.from({ length: 16 }, (_, type) => {
    const [first = "", ...links] = linesOf(`1000${type.toString(16)}200`);
    return `${/\(v2\) (.*), MSI 00$/.exec(first)?.[1]}${links.length > 0 ? "" : ", no link"}`;
  });
  assertEquals(types, [
    "Endpoint",
    "Legacy Endpoint",
    "Unknown type 2",
    "Unknown type 3",
    "Root Port",
    "Upstream Port",
    "Downstream Port",
    "PCI-Express to PCI/PCI-X Bridge",
    "PCI/PCI-X to PCI-Express Bridge",
    "Root Complex Integrated Endpoint, no link",
    "Root Complex Event Collector, no link",
    "Unknown type 11",
    "Unknown type 12",
    "Unknown type 13",
    "Unknown type 14",
    "Unknown type 15",
  ]);
});

Deno.test("pciCapabilities() takes the low two bits of a pointer for reserved", () => {
  const config = withCapability("0583");
  config[0x34] = 0x43;
  config.set([0x09, 0x02, 0x10], 0x80);
  const { list, end } = pciCapabilities(config);
  assertEquals([list.map(({ offset }) => offset), list[1]?.vendorLength, end], [[0x40, 0x80], 0x10, "end"]);
});

Deno.test("pciCapabilities() takes an entry of 0xfe for one, and of 0xff for none", () => {
  assertEquals(capability("fe00")?.id, 0xfe);
  assertEquals(pciCapabilities(withCapability("ff00")), { list: [], end: "broken", endOffset: 0x40 });
});

Deno.test("pciExtendedCapabilities() takes id, version and pointer from their bits", () => {
  const config = new Uint8Array(4096);
  const express = pciCapabilities(withCapability("1000")).list;
  // At 0x100: id 0xfffe, version 14, next 0xffc with both reserved bits; at 0xffc: id 1, version 8, next 0x18, no more.
  config.set(Uint8Array.fromHex("ffffffff"), 0x200);
  config.set(Uint8Array.fromHex("01008801"), 0xffc);
  config.set(Uint8Array.fromHex("fefffeff"), 0x100);
  const { list, end } = pciExtendedCapabilities(config, express);
  assertEquals(list.map(({ offset, id, version }) => [offset, id, version]), [[0x100, 0xfffe, 14], [0xffc, 1, 8]]);
  assertEquals(end, "end");
  config.set(Uint8Array.fromHex("01000120"), 0x100);
  assertEquals(pciExtendedCapabilities(config, express).end, "broken");
  assertEquals(pciExtendedCapabilities(config, express).endOffset, 0x200);
});

Deno.test("pciExtendedCapabilities() ends at zeros and at a pointer below 0x100", () => {
  const express = pciCapabilities(withCapability("1000")).list;
  const config = new Uint8Array(4096);
  assertEquals(pciExtendedCapabilities(config, express), { list: [], end: "end", endOffset: 0 });
  config.set(Uint8Array.fromHex("0100c10f"), 0x100);
  config.set(Uint8Array.fromHex("0200"), 0xfc);
  assertEquals(pciExtendedCapabilities(config, express).list.map(({ id }) => id), [1]);
});

Deno.test("pciExtendedCapabilities() looks for some on PCI-X devices, too", () => {
  const config = new Uint8Array(4096);
  config.set(Uint8Array.fromHex("01000100"), 0x100);
  const idsWith = (hex: string): number[] =>
    pciExtendedCapabilities(config, pciCapabilities(withCapability(hex)).list).list.map(({ id }) => id);
  assertEquals(idsWith("0700"), [1]);
  assertEquals(idsWith("1000"), [1]);
  assertEquals(idsWith("0500"), []);
});

Deno.test("decodePciConfig() takes each flag of a region from its bits, and leaves a register of ones out", () => {
  const region = (hex: string): unknown => {
    const config = new Uint8Array(64);
    config.set(Uint8Array.fromHex(hex), 0x10);
    return decodePciConfig(config).bars;
  };
  const memory = { index: 0, kind: "memory", width: 32, prefetchable: false };
  assertEquals(region("f0ffffff"), [{ ...memory, address: 0xfffffff0n, raw: 0xfffffff0n }]);
  assertEquals(region("f2ffffff"), [{ ...memory, address: 0xfffffff0n, raw: 0xfffffff2n }]);
  assertEquals(region("06000080"), [{ ...memory, address: 0x80000000n, raw: 0x80000006n }]);
  assertEquals(region("08000080"), [{ ...memory, prefetchable: true, address: 0x80000000n, raw: 0x80000008n }]);
  assertEquals(region("04000080ffffffff"), [{
    ...memory,
    width: 64,
    address: 0xffffffff80000000n,
    raw: 0xffffffff80000004n,
  }]);
  assertEquals(region("03f0"), [
    { index: 0, kind: "io", width: 32, prefetchable: false, address: 0xf000n, raw: 0xf003n },
  ]);
  assertEquals(region("fdffffff"), [
    { index: 0, kind: "io", width: 32, prefetchable: false, address: 0xfffffffcn, raw: 0xfffffffdn },
  ]);
  assertEquals(region("ffffffff"), []);
});

Deno.test("decodePciConfig() reads as many regions as the header has, and no half of one behind them", () => {
  const indexes = (headerType: number): number[] => {
    const config = new Uint8Array(64);
    config.fill(0x04, 0x10, 0x28);
    config[0x0e] = headerType;
    return decodePciConfig(config).bars.map(({ index }) => index);
  };
  assertEquals(indexes(0), [0, 2, 4]);
  assertEquals(indexes(1), [0]);
  assertEquals(indexes(2), []);
  const last = new Uint8Array(64);
  last.set(Uint8Array.fromHex("040000f011111111"), 0x24);
  assertEquals(decodePciConfig(last).bars, [
    { index: 5, kind: "memory", width: 64, prefetchable: false, address: 0xf0000000n, raw: 0xf0000004n },
  ]);
});

Deno.test("describePciConfig() names each bit of the command and the status register", () => {
  const line = (bit: number, at: number, name: string): string => {
    const config = new Uint8Array(64);
    new DataView(config.buffer).setUint16(at, 1 << bit, true);
    const lines = describePciConfig(decodePciConfig(config));
    return (lines.find((each) => each.startsWith(`\t${name}: `)) ?? "").match(/\S+\+/g)?.join(" ") ?? "";
  };
  const all = (at: number, name: string): string[] => Array.from({ length: 16 }, (_, bit) => line(bit, at, name));
  assertEquals(all(0x04, "Control"), [
    ..."I/O+ Mem+ BusMaster+ SpecCycle+ MemWINV+ VGASnoop+ ParErr+ Stepping+ SERR+ FastB2B+ DisINTx+".split(" "),
    ...["", "", "", "", ""],
  ]);
  assertEquals(all(0x06, "Status"), [
    ...["", "", "", "INTx+", "Cap+", "66MHz+", "UDF+", "FastB2B+", "ParErr+", "", ""],
    ...[">TAbort+", "<TAbort+", "<MAbort+", ">SERR+", "<PERR+"],
  ]);
});

Deno.test("describePciConfig() tells the pins and the speeds of the device select apart", () => {
  const find = (config: Uint8Array, pattern: RegExp): string | undefined =>
    describePciConfig(decodePciConfig(config)).join("\n").match(pattern)?.[1];
  const pins = [1, 2, 3, 4, 5].map((pin) => {
    const config = new Uint8Array(64);
    config[0x3d] = pin;
    return find(config, /pin (\S+) routed to IRQ 0/);
  });
  assertEquals(pins, ["A", "B", "C", "D", "?"]);
  const speeds = [0, 2, 4, 6].map((byte) => {
    const config = new Uint8Array(64);
    config[0x07] = byte;
    return find(config, /DEVSEL=(\S+)/);
  });
  assertEquals(speeds, ["fast", "medium", "slow", "??"]);
});

Deno.test("describePciConfig() says where an expansion ROM is, and whether it is on", () => {
  const rom = (hex: string): string | undefined => {
    const config = new Uint8Array(64);
    config.set(Uint8Array.fromHex(hex), 0x30);
    return describePciConfig(decodePciConfig(config)).find((line) => line.includes("ROM"))?.trim();
  };
  assertEquals(rom("00000000"), undefined);
  assertEquals(rom("01000000"), "Expansion ROM at <unassigned>");
  assertEquals(rom("00f8ffff"), "Expansion ROM at fffff800 [disabled]");
  assertEquals(rom("ff0f00f0"), "Expansion ROM at f0000800");
});

Deno.test("describePciConfig() says which regions the guest has switched off", () => {
  const regions = (command: number): string[] => {
    const config = new Uint8Array(64);
    config[0x04] = command;
    config.set(Uint8Array.fromHex("01e00000000000f0"), 0x10);
    return describePciConfig(decodePciConfig(config)).filter((line) => line.includes("Region"));
  };
  const ports = "\tRegion 0: I/O ports at e000";
  const memory = "\tRegion 1: Memory at f0000000 (32-bit, non-prefetchable)";
  assertEquals(regions(3), [ports, memory]);
  assertEquals(regions(1), [ports, `${memory} [disabled]`]);
  assertEquals(regions(2), [`${ports} [disabled]`, memory]);
});

Deno.test("describePciConfig() leaves out a subsystem of zeros or ones, and says an interrupt line without a pin", () => {
  const lines = (at: number, hex: string): string[] => {
    const config = new Uint8Array(64);
    config.set(Uint8Array.fromHex(hex), at);
    return describePciConfig(decodePciConfig(config)).filter((line) => /Subsystem|Interrupt|Latency/.test(line));
  };
  assertEquals(lines(0x2c, "00000100"), []);
  assertEquals(lines(0x2c, "ffff0100"), []);
  assertEquals(lines(0x2c, "feff0100"), ["\tSubsystem: Device [fffe:0001]"]);
  assertEquals(lines(0x3c, "0b00"), ["\tInterrupt: pin ? routed to IRQ 11"]);
  assertEquals(lines(0x0c, "0140"), []);
});
