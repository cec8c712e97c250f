import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteWriter, Incomplete } from "../bytes/mod.ts";
import { Decoder } from "./decoder.ts";
import { type Finding, WireError } from "./finding.ts";
import { decodePciConfig } from "./pci_config.ts";
import { describePciConfig } from "./pci_describe.ts";
import {
  type MsixEntry,
  parseConfigBlob,
  parseConfigPacket,
  type VfioConfig,
  vfioConfig,
  vfioConfigPacket,
  vfioConfigState,
  vfioConfigStateOnChannel,
} from "./vfio_config.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

/** Bytes in the notation of test-vectors.md: `{00*260}` is 260 zero bytes. */
function expand(text: string): Uint8Array<ArrayBuffer> {
  const hex = text.replace(/\{(..)\*(\d+)\}/g, (_, byte: string, count: string) => byte.repeat(Number(count)));
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

const DEV_CONFIG_STATE = "ffffffffef100002";
const END_OF_STATE = "ffffffffef100001";
/** A conventional device without MSI-X: 276 bytes. */
const CONVENTIONAL = "00000002b3151e100604000000000002 {00*260}";
/** Entries 1 to 8 of the table of V70. */
const MASKED_ENTRIES = [..."12345678"].map((n) => `00${n}0e0fe00000000 2${n}400000 01000000`).join("");
/** PCI Express with 9 MSI-X vectors: 4262 bytes (V70). */
const WITH_MSIX = `00000002b3151e100604100000000002 {00*40} 40000000000000000000000011000880 0000000000200000 {00*4036}
  0000e0fe00000000 20400000 00000000 ${MASKED_ENTRIES} 0000`;
/** V71. */
const DISPLAY = `05195646494f5043494465766963652f5646494f446973706c617900000001 000000007fe00000 34325258 00000000
  00000400 00000300 00001000`;

function parsed(data: string): { packet: ReturnType<typeof parseConfigPacket>; findings: Finding[] } {
  const findings: Finding[] = [];
  const packet = parseConfigPacket(expand(data), { base: 1000, report: (finding) => findings.push(finding) });
  assertEquals(vfioConfigPacket.encode(packet), expand(data));
  return { packet, findings };
}

Deno.test("parseConfigPacket() reads the config of a conventional device without MSI-X (V42, V69)", () => {
  const { packet, findings } = parsed(DEV_CONFIG_STATE + CONVENTIONAL + END_OF_STATE);
  const { pciVersion, configSpace, msixTable, msixPending, display } = packet.config;
  assertEquals(findings, []);
  assertEquals(pciVersion, 2);
  assertEquals(configSpace.length, 256);
  assertEquals(configSpace.subarray(0, 4).toHex(), "b3151e10");
  assertEquals([msixTable, msixPending, display], [[], new Uint8Array(0), undefined]);
  assertEquals(packet.trailing.length, 0);
});

Deno.test("parseConfigPacket() reads the config of a PCI Express device with 9 vectors (V70)", () => {
  const bytes = DEV_CONFIG_STATE + WITH_MSIX + END_OF_STATE;
  assertEquals(expand(bytes).length, 4278);
  const { packet, findings } = parsed(bytes);
  assertEquals(findings, []);
  assertEquals(packet.config.configSpace.length, 4096);
  assertEquals(packet.config.msixTable, [
    { addressLow: 0xfee00000, addressHigh: 0, data: 0x4020, vectorControl: 0 },
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((n): MsixEntry => (
      { addressLow: 0xfee00000 + 0x1000 * n, addressHigh: 0, data: 0x4020 + n, vectorControl: 1 }
    )),
  ]);
  assertEquals(packet.config.msixPending, Uint8Array.of(0, 0));
});

Deno.test("parseConfigPacket() reads the display subsection (V71)", () => {
  const { packet, findings } = parsed(DEV_CONFIG_STATE + CONVENTIONAL + DISPLAY + END_OF_STATE);
  assertEquals(findings, []);
  assertEquals(packet.config.display, {
    marker: 5,
    name: "VFIOPCIDevice/VFIODisplay",
    version: 1,
    addr: 0x7fe00000n,
    fourcc: 0x34325258,
    flags: 0,
    width: 1024,
    height: 768,
    stride: 4096,
  });
});

Deno.test("parseConfigPacket() finds a display subsection behind an MSI-X table", () => {
  const { packet } = parsed(DEV_CONFIG_STATE + WITH_MSIX + DISPLAY + END_OF_STATE);
  assertEquals(packet.config.msixTable.length, 9);
  assertEquals(packet.config.display?.width, 1024);
});

Deno.test("parseConfigPacket() refuses data without a tag (V56)", () => {
  const error = assertThrows(() => parseConfigPacket(new Uint8Array(0)), WireError);
  assertEquals([error.code, error.field, error.finding.qemu], [
    "config-tag",
    "tag",
    "NAME: expected FLAG_DEV_CONFIG_STATE but got 0",
  ]);
});

Deno.test("parseConfigPacket() fills a tag that is cut with zeros, as QEMU does", () => {
  const error = assertThrows(() => parseConfigPacket(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xef)), WireError);
  assertEquals(error.finding.qemu, "NAME: expected FLAG_DEV_CONFIG_STATE but got ffffffffef000000");
  const seven = assertThrows(() => parseConfigPacket(Uint8Array.fromHex("ffffffffef1000")), WireError);
  assertEquals(seven.finding.qemu, "NAME: expected FLAG_DEV_CONFIG_STATE but got ffffffffef100000");
});

Deno.test("parseConfigPacket() refuses another tag", () => {
  const error = assertThrows(() => parseConfigPacket(expand("ffffffffef100004" + CONVENTIONAL)), WireError);
  assertEquals(error.finding.qemu, "NAME: expected FLAG_DEV_CONFIG_STATE but got ffffffffef100004");
});

Deno.test("parseConfigPacket() reports a wrong end and still gives the config (V57)", () => {
  const { packet, findings } = parsed(DEV_CONFIG_STATE + CONVENTIONAL + "ffffffffef100003");
  assertEquals(packet.config.configSpace.length, 256);
  assertEquals(findings, [{
    severity: "error",
    code: "config-end",
    channel: "?",
    offset: 1284,
    field: "end",
    message: "end is 0xffffffffef100003, expected 0xffffffffef100001",
    qemu: "NAME: Failed loading device config space, end flag incorrect 0xffffffffef100003\n" +
      "NAME: vfio_load_device_config_state() failed: -22",
  }]);
});

for (const [config, size] of [[CONVENTIONAL, 276], [WITH_MSIX, 4262]] as const) {
  Deno.test(`parseConfigPacket() refuses a config of ${size} bytes without an end`, () => {
    for (const [rest, found] of [["", "0x0"], ["ffff", "0xffff000000000000"]]) {
      const data = expand(DEV_CONFIG_STATE + config + rest);
      const error = assertThrows(() => parseConfigPacket(data), WireError);
      assertEquals([error.code, error.offset], ["config-end", 8 + size]);
      assertEquals(error.finding.qemu?.includes(`end flag incorrect ${found}\n`), true);
    }
  });
}

Deno.test("parseConfigPacket() refuses a config that is cut", () => {
  const whole = expand(DEV_CONFIG_STATE + WITH_MSIX + END_OF_STATE);
  for (const length of [8, 11, 12, 100, 267, 268, 400, 1000, 4108, 4200]) {
    const error = assertThrows(() => parseConfigPacket(whole.subarray(0, length)), WireError, "", `at ${length}`);
    assertEquals([error.code, error.offset], ["truncated", length]);
    assertEquals(error.finding.qemu, "NAME: Failed to load device config space");
  }
});

Deno.test("parseConfigPacket() keeps what follows the end, and warns", () => {
  const { packet, findings } = parsed(DEV_CONFIG_STATE + CONVENTIONAL + END_OF_STATE + "010203");
  assertEquals(packet.trailing, Uint8Array.of(1, 2, 3));
  assertEquals(findings.map(({ code, severity, offset }) => [code, severity, offset]), [
    ["trailing", "warning", 1000 + 292],
  ]);
});

Deno.test("parseConfigPacket() reports a version of the PCI fields that QEMU does not know (V72)", () => {
  for (const [word, value] of [["00000003", 3], ["ffffffff", -1]] as const) {
    const { packet, findings } = parsed(DEV_CONFIG_STATE + word + CONVENTIONAL.slice(8) + END_OF_STATE);
    assertEquals(packet.config.pciVersion, value);
    assertEquals(findings.map(({ code, qemu }) => [code, qemu]), [
      ["pci-version", `Invalid value ${value} expecting positive value <= 2`],
    ]);
  }
});

Deno.test("parseConfigPacket() reports a pin that is neither 0 nor 1 (V73)", () => {
  const { packet, findings } = parsed(
    `${DEV_CONFIG_STATE} 00000002b3151e100604000000000002 {00*251} 020000000000000000 ${END_OF_STATE}`,
  );
  assertEquals(packet.config.intxB, 2);
  assertEquals(findings.map(({ code, field, qemu }) => [code, field, qemu]), [
    ["irq", "intxB", "irq state 2: must be 0 or 1."],
  ]);
});

Deno.test("parseConfigPacket() reports a display subsection of a later version", () => {
  const later = DISPLAY.replace("617900000001", "617900000002");
  const { findings } = parsed(DEV_CONFIG_STATE + CONVENTIONAL + later + END_OF_STATE);
  assertEquals(findings.map(({ code, qemu }) => [code, qemu]), [[
    "subsection-version",
    "VFIOPCIDevice/VFIODisplay: incoming version_id 2 is too new for local version_id 1",
  ]]);
});

Deno.test("parseConfigPacket() refuses a subsection that QEMU does not have", () => {
  const other = expand(DEV_CONFIG_STATE + CONVENTIONAL + "050f5646494f5043494465766963652f58" + END_OF_STATE);
  const error = assertThrows(() => parseConfigPacket(other), WireError);
  assertEquals([error.code, error.finding.qemu], [
    "unknown-subsection",
    "VM subsection 'VFIOPCIDevice/X' in 'VFIOPCIDevice' does not exist",
  ]);
});

Deno.test("parseConfigBlob() reads a blob that nothing follows", () => {
  for (const [text, size, vectors] of [[CONVENTIONAL, 256, 0], [WITH_MSIX, 4096, 9]] as const) {
    const config = parseConfigBlob(expand(text), { strict: true });
    assertEquals([config.configSpace.length, config.msixTable.length], [size, vectors]);
    assertEquals(vfioConfig.encode(config), expand(text));
  }
});

Deno.test("parseConfigBlob() reads a blob whose table is missing though the capability is there", () => {
  const withoutTable = expand(WITH_MSIX).subarray(0, 4116);
  const config = parseConfigBlob(withoutTable);
  assertEquals([config.configSpace.length, config.msixTable.length], [4096, 0]);
});

/** Bytes that reading a config state asks for; 0 where it asks for none. */
function missingIn(bytes: Uint8Array): number {
  try {
    vfioConfigStateOnChannel.decode(bytes);
    return 0;
  } catch (error) {
    if (error instanceof Incomplete) return error.missing;
    throw error;
  }
}

Deno.test("vfioConfigStateOnChannel asks for bytes as long as the end of the blob is not there", () => {
  const whole = expand(DEV_CONFIG_STATE + WITH_MSIX + END_OF_STATE);
  for (let length = 0; length < whole.length; length += length % 97 === 0 ? 96 : 1) {
    const missing = missingIn(whole.subarray(0, length));
    // Never more than what is really missing, or a stream that ends here would be called cut.
    assertEquals(missing > 0 && length + missing <= whole.length, true, `at ${length}`);
  }
  assertEquals(vfioConfigStateOnChannel.decode(whole).config.msixTable.length, 9);
});

Deno.test("vfioConfigStateOnChannel reads a short config without asking for what a long one would need", () => {
  const decoder = new Decoder(expand(DEV_CONFIG_STATE + CONVENTIONAL + END_OF_STATE));
  assertEquals(vfioConfigStateOnChannel.read(decoder).config.configSpace.length, 256);
  assertEquals(decoder.pos, 284);
});

Deno.test("vfioConfigStateOnChannel takes the likelier size where the end of the config is damaged", () => {
  const damaged = "ffffffffef1000ff";
  const long = vfioConfigStateOnChannel.decode(expand(`${DEV_CONFIG_STATE} ${WITH_MSIX} ${damaged} {00*200}`));
  assertEquals(long.config.msixTable.length, 9);
  const short = vfioConfigStateOnChannel.decode(expand(`${DEV_CONFIG_STATE} ${CONVENTIONAL} ${damaged} {77*4096}`));
  assertEquals(short.config.configSpace.length, 256);
});

Deno.test("vfioConfigState shows the fields of a config from its own bytes alone", () => {
  const view = vfioConfigState.annotate(expand(DEV_CONFIG_STATE + WITH_MSIX), 5000);
  assertEquals(view.slice(0, 3).map(({ offset, length, field }) => [offset, length, field]), [
    [5000, 8, "tag"],
    [5008, 4, "config.pciVersion"],
    [5012, 4096, "config.configSpace"],
  ]);
  const control = view.find(({ field }) => field === "config.msixTable[1].vectorControl");
  assertEquals([control?.offset, control?.meaning], [5000 + 8 + 4 + 4096 + 16 + 28, "masked"]);
  assertEquals(view.reduce((sum, { length }) => sum + length, 0), 8 + 4262);
});

/** Configs that say themselves how many vectors they have. */
const anyConfig: fc.Arbitrary<VfioConfig> = fc.record({
  pciVersion: fc.integer({ min: -1, max: 3 }),
  configSize: fc.constantFrom(256, 4096),
  seed: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  vectors: fc.integer({ min: 0, max: 20 }),
  pins: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
  entry: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
  pending: fc.nat(255),
  display: fc.boolean(),
}).map(({ pciVersion, configSize, seed, vectors, pins, entry, pending, display }) => {
  const configSpace = new Uint8Array(configSize);
  configSpace.set(seed, 0x80);
  if (vectors > 0) {
    configSpace[6] = 0x10;
    configSpace[0x34] = 0x40;
    configSpace.set([0x11, 0, vectors - 1, 0x80], 0x40);
  }
  const [addressLow, addressHigh, data, vectorControl] = entry;
  const [intxA = 0, intxB = 0, intxC = 0, intxD = 0] = pins;
  const shown = { marker: 5, name: "VFIOPCIDevice/VFIODisplay", version: 1, addr: 1n, fourcc: 2, flags: 3 };
  return {
    pciVersion,
    configSpace,
    intxA,
    intxB,
    intxC,
    intxD,
    msixTable: Array.from({ length: vectors }, () => ({ addressLow, addressHigh, data, vectorControl })),
    msixPending: new Uint8Array(Math.ceil(vectors / 8)).fill(pending),
    ...(display ? { display: { ...shown, width: 4, height: 5, stride: 6 } } : {}),
  };
});

Deno.test("a config read from the stream or from a packet is the one that was written", () => {
  fc.assert(fc.property(anyConfig, fc.uint8Array({ maxLength: 40 }), (config, rest) => {
    const writer = new ByteWriter();
    vfioConfigState.write(writer, { tag: 0xffffffffef100002n, config });
    const length = writer.length;
    writer.u64(0xffffffffef100001n);
    writer.put(rest);
    const bytes = writer.finish();
    const decoder = new Decoder(bytes);
    assertEquals(vfioConfigStateOnChannel.read(decoder).config, config);
    assertEquals(decoder.pos, length);
    assertEquals(parseConfigBlob(bytes.subarray(8)), config);
    assertEquals(parseConfigBlob(bytes.subarray(8, length)), config);
  }));
});

Deno.test("packet data that is damaged anywhere is refused or given back byte for byte", () => {
  const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 4 });
  fc.assert(fc.property(anyConfig, damage, fc.nat(20), (config, changes, cut) => {
    const end = 0xffffffffef100001n;
    const packet = { tag: 0xffffffffef100002n, config, end, trailing: new Uint8Array(5) };
    const bytes = vfioConfigPacket.encode(packet);
    for (const [place, value] of changes) bytes[Math.floor(place * bytes.length)] = value;
    const data = bytes.subarray(0, bytes.length - cut);
    try {
      assertEquals(vfioConfigPacket.encode(parseConfigPacket(data)), data);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }));
});

/** `lspci -vv -nn -F` (pciutils 3.9.0) of the serial card that the kernel's sample driver mtty plays. */
const LSPCI_OF_MTTY = [
  "Serial controller [0700]: WCH.CN Device [4348:3253] (rev 10) (prog-if 02 [16550])",
  "\tSubsystem: WCH.CN Device [4348:3253]",
  "\tControl: I/O+ Mem+ BusMaster- SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR+ FastB2B- DisINTx-",
  "\tStatus: Cap- 66MHz- UDF- FastB2B- ParErr- DEVSEL=medium >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-",
  "\tInterrupt: pin A routed to IRQ 10",
  "\tRegion 0: I/O ports at c060",
  "\tRegion 1: I/O ports at c068",
];

// Offset and length were found by searching for the tags: on the main channel the tag begins the FULL section's body,
// in the packet it stands behind the 276-byte multifd header and the 12-byte VFIO header.
for (
  const { capture, channel, offset } of [
    { capture: "vfio-main", channel: "channel-00.s2d", offset: 735116 },
    { capture: "vfio-multifd-2", channel: "channel-01.s2d", offset: 389880 },
  ]
) {
  Deno.test({
    name: `parseConfigPacket() reads the config in the capture ${capture}`,
    ignore: !haveCaptures(),
    fn(): void {
      const file = Deno.readFileSync(new URL(`${capture}/${channel}`, CAPTURES));
      const data = file.subarray(offset, offset + 8 + 4116 + 8);
      const packet = parseConfigPacket(data, { strict: true });
      assertEquals(vfioConfigPacket.encode(packet), data);
      assertEquals(vfioConfigState.decode(file.subarray(offset, offset + data.length)).config, packet.config);
      const { pciVersion, configSpace, msixTable, display } = packet.config;
      assertEquals([pciVersion, configSpace.length, msixTable.length, display], [2, 4096, 0, undefined]);
      assertEquals(describePciConfig(decodePciConfig(configSpace)), LSPCI_OF_MTTY);
    },
  });
}

Deno.test("vfioConfigState shows the letters of a frame buffer's format, and which vectors are masked", () => {
  const meaning = (data: string, name: string): string | undefined =>
    vfioConfigState.annotate(expand(data)).find(({ field }) => field === `config.${name}`)?.meaning;
  const shown = DEV_CONFIG_STATE + CONVENTIONAL + DISPLAY;
  assertEquals(meaning(shown + END_OF_STATE, "display.fourcc"), "XR24");
  for (const byte of ["1f", "7f"]) {
    assertEquals(meaning(shown.replace("34325258", `${byte}325258`) + END_OF_STATE, "display.fourcc"), undefined);
  }
  assertEquals(meaning(DEV_CONFIG_STATE + WITH_MSIX + END_OF_STATE, "msixTable[0].vectorControl"), "unmasked");
});

Deno.test("vfioConfig takes versions 0 to 2 and pins that are 0 or 1", () => {
  const codes = (changes: Partial<VfioConfig>): string[] => {
    const found: string[] = [];
    const config = parseConfigBlob(expand(CONVENTIONAL));
    vfioConfig.decode(vfioConfig.encode({ ...config, ...changes }), ({ code }) => found.push(code));
    return found;
  };
  assertEquals([0, 1, 2].flatMap((pciVersion) => codes({ pciVersion })), []);
  assertEquals([codes({ pciVersion: -1 }), codes({ pciVersion: 3 })], [["pci-version"], ["pci-version"]]);
  assertEquals(codes({ intxA: 1, intxD: 1 }), []);
  assertEquals(codes({ intxB: 2 }), ["irq"]);
});

Deno.test("vfioConfigState shows each letter of a frame buffer's format", () => {
  const config = DEV_CONFIG_STATE + CONVENTIONAL + DISPLAY.replace("34325258", "59555941") + END_OF_STATE;
  const format = vfioConfigState.annotate(expand(config)).find(({ field }) => field === "config.display.fourcc");
  assertEquals(format?.meaning, "AYUY");
});
