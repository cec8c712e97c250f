import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { msixVectors } from "./pci_capabilities.ts";
import { decodePciConfig } from "./pci_config.ts";
import { describePciConfig } from "./pci_describe.ts";

/** A config space of `size` bytes with the hexadecimal `rows` at their offsets, zero elsewhere. */
function space(size: number, rows: { readonly [offset: number]: string }): Uint8Array<ArrayBuffer> {
  const config = new Uint8Array(size);
  for (const [offset, hex] of Object.entries(rows)) config.set(Uint8Array.fromHex(hex), Number(offset));
  return config;
}

/** Made up after a ConnectX virtual function: PCI Express, 9 MSI-X vectors, ARI, ACS. */
const VIRTUAL_FUNCTION = space(4096, {
  0x00: "b3151e10060410000000000210000000",
  0x10: "0c0080e03f0000000000000000000000",
  0x20: "000000000000000000000000b3151600",
  0x30: "00000000600000000000000000000000",
  0x48: "090018",
  0x60: "109c0200e38f0010102900000401400000000411",
  0x9c: "114808800020000000300000",
  0x100: "0e008114",
  0x148: "0d000100",
});

/** Made up after a graphics card: all kinds of regions, MSI in use, a long list of extended capabilities. */
const GRAPHICS_CARD = space(4096, {
  0x00: "de10362247011048a100020300008000",
  0x10: "000000fb0c0000e0010000000c0000f2",
  0x20: "0000000001e0000000000000de108214",
  0x30: "010000fc60000000000000000b010000",
  0x60: "016803480b0100000578a5017806e0fe010000002143000010b41200",
  0x84: "040d0005000081100000",
  0xb4: "09c814",
  0xc0: "0300",
  0xc8: "11c005400000b9000000ba00",
  0x100: "02000125",
  0x128: "04000142",
  0x250: "1800812500000000" + "1e008112",
  0x420: "01000260",
  0x600: "0b000190",
  0x900: "190001bb",
  0xbb0: "1500c1c1",
  0xc1c: "260001d0",
  0xd00: "270001e0",
  0xe00: "250001e1",
  0xe10: "10000100",
});

Deno.test("decodePciConfig() reads a virtual function", () => {
  const config = decodePciConfig(VIRTUAL_FUNCTION);
  assertEquals([config.vendorId, config.deviceId], [0x15b3, 0x101e]);
  assertEquals([config.subsystemVendorId, config.subsystemId], [0x15b3, 0x0016]);
  assertEquals([config.baseClass, config.subclass, config.progIf, config.revision], [2, 0, 0, 0]);
  assertEquals(config.bars, [
    { index: 0, kind: "memory", width: 64, prefetchable: true, address: 0x3fe0800000n, raw: 0x3fe080000cn },
  ]);
  assertEquals(config.capabilities.list.map(({ offset, id, name }) => [offset, id, name]), [
    [0x60, 0x10, "Express"],
    [0x9c, 0x11, "MSI-X"],
    [0x48, 0x09, "Vendor Specific Information"],
  ]);
  assertEquals(config.capabilities.list[1]?.msix, {
    enabled: true,
    masked: false,
    vectors: 9,
    table: { bar: 0, offset: 0x2000 },
    pending: { bar: 0, offset: 0x3000 },
  });
  assertEquals(config.capabilities.list[2]?.vendorLength, 0x18);
});

// The lines are those of `lspci -vv -nn -F` (pciutils 3.9.0) for the same bytes, without what is not decoded here.
// lspci takes the upper half of a 64-bit region for another region when it reads a dump; that line is left out.

Deno.test("describePciConfig() says of a virtual function what lspci says", () => {
  assertEquals(describePciConfig(decodePciConfig(VIRTUAL_FUNCTION)), [
    "Ethernet controller [0200]: Mellanox Technologies Device [15b3:101e]",
    "\tSubsystem: Mellanox Technologies Device [15b3:0016]",
    "\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx+",
    "\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-",
    "\tLatency: 0, Cache Line Size: 64 bytes",
    "\tRegion 0: Memory at 3fe0800000 (64-bit, prefetchable)",
    "\tCapabilities: [60] Express (v2) Endpoint, MSI 00",
    "\t\tLnkCap:\tPort #0, Speed 16GT/s, Width x16",
    "\t\tLnkSta:\tSpeed 16GT/s, Width x16",
    "\tCapabilities: [9c] MSI-X: Enable+ Count=9 Masked-",
    "\t\tVector table: BAR=0 offset=00002000",
    "\t\tPBA: BAR=0 offset=00003000",
    "\tCapabilities: [48] Vendor Specific Information: Len=18",
    "\tCapabilities: [100 v1] Alternative Routing-ID Interpretation (ARI)",
    "\tCapabilities: [148 v1] Access Control Services",
  ]);
});

Deno.test("describePciConfig() says of a graphics card what lspci says", () => {
  assertEquals(describePciConfig(decodePciConfig(GRAPHICS_CARD)), [
    "3D controller [0302]: NVIDIA Corporation Device [10de:2236] (rev a1)",
    "\tSubsystem: NVIDIA Corporation Device [10de:1482]",
    "\tControl: I/O+ Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr+ Stepping- SERR+ FastB2B- DisINTx-",
    "\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort+ <TAbort- <MAbort- >SERR+ <PERR- INTx-",
    "\tLatency: 0",
    "\tInterrupt: pin A routed to IRQ 11",
    "\tRegion 0: Memory at fb000000 (32-bit, non-prefetchable)",
    "\tRegion 1: Memory at 1e0000000 (64-bit, prefetchable)",
    "\tRegion 3: Memory at f2000000 (64-bit, prefetchable)",
    "\tRegion 5: I/O ports at e000",
    "\tExpansion ROM at fc000000",
    "\tCapabilities: [60] Power Management version 3",
    "\t\tStatus: D3 NoSoftRst+ PME-Enable+",
    "\tCapabilities: [68] MSI: Enable+ Count=4/4 Maskable+ 64bit+",
    "\t\tAddress: 00000001fee00678  Data: 4321",
    "\tCapabilities: [78] Express (v2) Legacy Endpoint, MSI 00",
    "\t\tLnkCap:\tPort #5, Speed 16GT/s, Width x16",
    "\t\tLnkSta:\tSpeed 2.5GT/s, Width x8",
    "\tCapabilities: [b4] Vendor Specific Information: Len=14",
    "\tCapabilities: [c8] MSI-X: Enable- Count=6 Masked+",
    "\t\tVector table: BAR=0 offset=00b90000",
    "\t\tPBA: BAR=0 offset=00ba0000",
    "\tCapabilities: [c0] Vital Product Data",
    "\tCapabilities: [100 v1] Virtual Channel",
    "\tCapabilities: [250 v1] Latency Tolerance Reporting",
    "\tCapabilities: [258 v1] L1 PM Substates",
    "\tCapabilities: [128 v1] Power Budgeting",
    "\tCapabilities: [420 v2] Advanced Error Reporting",
    "\tCapabilities: [600 v1] Vendor Specific Information",
    "\tCapabilities: [900 v1] Secondary PCI Express",
    "\tCapabilities: [bb0 v1] Physical Resizable BAR",
    "\tCapabilities: [c1c v1] Physical Layer 16.0 GT/s",
    "\tCapabilities: [d00 v1] Lane Margining at the Receiver",
    "\tCapabilities: [e00 v1] Data Link Feature",
    "\tCapabilities: [e10 v1] Single Root I/O Virtualization (SR-IOV)",
  ]);
});

Deno.test("describePciConfig() says of odd bytes what lspci says", () => {
  const odd = space(256, {
    0x00: "3412e81100001002020099ff",
    0x10: "010000000c000000fcffffff0400000008000000",
    0x34: "42",
    0x40: "055002000000e0fe",
    0x50: "1170ff07",
    0x70: "3d40",
  });
  assertEquals(describePciConfig(decodePciConfig(odd)), [
    "Unassigned class [ff99]: QEMU Device [1234:11e8] (rev 02)",
    "\tControl: I/O- Mem- BusMaster- SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx-",
    "\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=medium >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-",
    "\tRegion 0: I/O ports at <unassigned> [disabled]",
    "\tRegion 1: Memory at fffffffc00000000 (64-bit, prefetchable) [disabled]",
    "\tRegion 3: Memory at 800000000 (64-bit, non-prefetchable) [disabled]",
    "\tCapabilities: [40] MSI: Enable- Count=1/2 Maskable- 64bit-",
    "\t\tAddress: fee00000  Data: 0000",
    "\tCapabilities: [50] MSI-X: Enable- Count=2048 Masked-",
    "\t\tVector table: BAR=0 offset=00000000",
    "\t\tPBA: BAR=0 offset=00000000",
    "\tCapabilities: [70] Capability ID 0x3d",
    "\tCapabilities: [40] <chain looped>",
  ]);
});

Deno.test("describePciConfig() names a programming interface and an endpoint in the root complex", () => {
  const lines = describePciConfig(decodePciConfig(space(256, {
    0x00: "4d1408a8060010000002080100000000040000fe",
    0x34: "70",
    0x70: "10009200",
  })));
  assertEquals(
    lines[0],
    "Non-Volatile memory controller [0108]: Samsung Electronics Co Ltd Device [144d:a808] " +
      "(prog-if 02 [NVM Express])",
  );
  assertEquals(lines.at(-1), "\tCapabilities: [70] Express (v2) Root Complex Integrated Endpoint, MSI 00");
});

Deno.test("decodePciConfig() reports a list of capabilities that leads to all ones", () => {
  const { capabilities } = decodePciConfig(space(256, { 0x06: "10", 0x34: "40", 0x40: "0380", 0x80: "ffff" }));
  assertEquals([capabilities.list.length, capabilities.end, capabilities.endOffset], [1, "broken", 0x80]);
});

Deno.test("decodePciConfig() walks extended capabilities in a circle once", () => {
  const config = space(4096, { 0x06: "10", 0x34: "40", 0x40: "1000", 0x100: "01000114", 0x140: "02000110" });
  const { list, end, endOffset } = decodePciConfig(config).extendedCapabilities;
  assertEquals([list.map(({ id }) => id), end, endOffset], [[1, 2], "looped", 0x100]);
});

Deno.test("decodePciConfig() looks for no extended capabilities on a conventional device", () => {
  const { extendedCapabilities } = decodePciConfig(space(4096, { 0x100: "01000100" }));
  assertEquals(extendedCapabilities.list, []);
});

Deno.test("decodePciConfig() reads the two regions of a bridge", () => {
  const bridge = decodePciConfig(space(256, { 0x0e: "81", 0x10: "000000fe010000001818", 0x38: "010000fd" }));
  assertEquals([bridge.headerType, bridge.multifunction, bridge.bars.length], [1, true, 2]);
  assertEquals([bridge.subsystemVendorId, bridge.expansionRom], [0, 0xfd000001]);
});

Deno.test("msixVectors() finds 0 vectors where the status says that there is no list", () => {
  assertEquals(msixVectors(space(256, { 0x34: "40", 0x40: "11000800" })), 0);
  assertEquals(msixVectors(space(256, { 0x06: "10", 0x34: "40", 0x40: "11000800" })), 9);
});

Deno.test("decodePciConfig() and describePciConfig() survive any bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 4096, size: "max" });
  fc.assert(fc.property(bytes, fc.boolean(), (config, listed) => {
    if (listed && config.length > 6) config[6] = 0x10;
    const decoded = decodePciConfig(config);
    assertEquals(decoded.capabilities.list.length <= 64, true);
    assertEquals(decoded.extendedCapabilities.list.length <= 960, true);
    for (const line of describePciConfig(decoded)) assertEquals(/^\t{0,2}[^\t].*$/.test(line), true, line);
  }));
});

Deno.test("decodePciConfig() takes no subsystem from a bridge, where other registers lie", () => {
  const bridge = space(256, { 0x00: "86801234", 0x08: "00000406", 0x0e: "01", 0x2c: "aabbccdd" });
  const { headerType, subsystemVendorId, subsystemId } = decodePciConfig(bridge);
  assertEquals([headerType, subsystemVendorId, subsystemId], [1, 0, 0]);
});

Deno.test("describePciConfig() says a programming interface by its number where it has no name", () => {
  const nameless = space(256, { 0x00: "86801234", 0x08: "007f00ff" });
  assertEquals(describePciConfig(decodePciConfig(nameless))[0]?.includes("(prog-if 7f)"), true);
});

Deno.test("decodePciConfig() tells a function of several by one bit of the header type", () => {
  const multifunction = (byte: string): boolean => decodePciConfig(space(256, { 0x0e: byte })).multifunction;
  assertEquals(["00", "01", "7f", "80", "81"].map(multifunction), [false, false, false, true, true]);
});

Deno.test("decodePciConfig() knows of no expansion ROM of a CardBus bridge", () => {
  const config = decodePciConfig(space(256, { 0x0e: "02", 0x30: "01000080", 0x38: "01000080" }));
  assertEquals([config.expansionRom, config.bars], [0, []]);
});

Deno.test("decodePciConfig() reads a region of 64 bits in the last two places, and takes half of one for itself", () => {
  const last = (rows: { readonly [offset: number]: string }): unknown =>
    decodePciConfig(space(256, rows)).bars.map(({ index, width, address }) => [index, width, address]);
  assertEquals(last({ 0x20: "0400000001000000" }), [[4, 64, 0x1_0000_0000n]]);
  assertEquals(last({ 0x24: "04000010ffffffff" }), [[5, 64, 0x1000_0000n]]);
});

Deno.test("describePciConfig() says that a region of memory without an address is not assigned", () => {
  const region = (low: string): string | undefined =>
    describePciConfig(decodePciConfig(space(256, { 0x10: low }))).find((line) => line.includes("Memory at"))?.trim();
  assertEquals(region("08000000")?.includes("<unassigned>"), true);
  assertEquals(region("08000010")?.includes("Memory at 10000000"), true);
});
