import { assert, assertEquals } from "@std/assert";
import { inWordsOf, isQemuBefore, qemuWording } from "./qemu_wording.ts";

const INPUT_OUTPUT_ERROR = "load of migration failed: Input/output error";

/** The newest text, and that of 10.0. */
const TEXTS: readonly [newest: string, older: string][] = [
  ["Not a migration stream, magic: 5145564e != 5145564d", "Not a migration stream"],
  ["Unsupported migration stream version, file version 4 != 3", "Unsupported migration stream version"],
  [
    "SaveVM v2 format is obsolete and no longer supported",
    "SaveVM v2 format is obsolete and don't work anymore",
  ],
  ["Configuration section missing, 0 != 7", "Configuration section missing"],
  ["Failed to load configuration state: stream error: -5", "Failed to load configuration:"],
  ["Unknown section type 48", "Unknown savevm section type 48"],
  ["Unknown section 77", "Unknown savevm section 77"],
  ["Unknown section or instance 'a' 0. Make", "Unknown savevm section or instance 'a' 0. Make"],
  ["Failed to load section ID: stream error: -5", INPUT_OUTPUT_ERROR],
  ["Failed to load apic state: stream error: -5", INPUT_OUTPUT_ERROR],
  [
    "Failed to read instance/version ID: -5",
    "qemu_loadvm_section_start_full: Failed to read instance/version ID: -5",
  ],
  ["Failed to read section ID: -5", "qemu_loadvm_section_part_end: Failed to read section ID: -5"],
  ["waits for ever for the first four bytes", "Not a migration stream"],
];

for (const [newest, older] of TEXTS) {
  Deno.test(`qemuWording() has "${newest}" in the words of each version`, () => {
    for (const version of ["7.2.22", "10.0", "10.0.2 (Debian 1:10.0.2+ds-2)", "10.1"]) {
      assertEquals(qemuWording(newest, version), older);
    }
    for (const version of ["10.2.0", "11.1", "12.0", undefined, "who knows"]) {
      assertEquals(qemuWording(newest, version), newest);
    }
  });
}

Deno.test("qemuWording() leaves a text that all versions have, and part of another text", () => {
  for (const text of ["Missing section footer for ram", "Unknown section 7 and more", "", "Found Unknown section 7"]) {
    assertEquals(qemuWording(text, "7.2"), text);
  }
});

Deno.test("qemuWording() knows texts that are older than others", () => {
  assertEquals(qemuWording("Getting RAM address failed", "7.2"), "Unknown combination of migration flags: 0x0");
  assertEquals(qemuWording("Getting RAM address failed", "10.0"), "Getting RAM address failed");
});

Deno.test("qemuWording() knows that QEMU before 9.0 says nothing of a multifd packet, but of an initial packet", () => {
  const packets = [
    "multifd: received packet magic 21223344 and expected magic 11223344",
    "multifd: received packet version 2, expected 1",
    "multifd: received packet with 200 pages and expected maximum pages are 128",
    "multifd: unknown ram block X",
    "multifd: offset too long 17829888 (max 800000)",
    "multifd 0: flags received 0 flags expected 2",
    "Unexpected end-of-file before all data were read",
  ];
  for (const text of packets) assertEquals([text, qemuWording(text, "7.2")], [text, INPUT_OUTPUT_ERROR]);
  const initial = [
    "multifd: received packet magic 11223345 expected 11223344",
    "multifd: received packet version 2 expected 1",
    "multifd: received channel version 1 expected 1",
  ];
  for (const text of initial) assertEquals(qemuWording(text, "7.2"), text);
  for (const text of packets) assertEquals(qemuWording(text, "10.0"), text);
});

Deno.test("isQemuBefore() compares the first two numbers, as numbers", () => {
  assert(isQemuBefore("9.2.50", 10, 0));
  assert(isQemuBefore("10.0.99", 10, 1));
  assert(!isQemuBefore("10.10", 10, 2));
  assert(!isQemuBefore("11.0", 10, 2));
});

Deno.test("inWordsOf() changes nothing but the words", () => {
  const finding = { severity: "error", code: "x", channel: "main", offset: 7, message: "m" } as const;
  assertEquals(inWordsOf("7.2", finding), finding);
  const quoting = { ...finding, qemu: "Unknown section 7" };
  assertEquals(inWordsOf("7.2", quoting), { ...finding, qemu: "Unknown savevm section 7" });
  assertEquals(inWordsOf(undefined, quoting), quoting);
});
