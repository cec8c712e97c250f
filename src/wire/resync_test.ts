import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { findSectionEnd, listSubsections, type ResyncContext, type SectionEnd, vmsdNameOf } from "./resync.ts";

fc.configureGlobal({ seed: 19 });

const KNOWN: ResyncContext = { footers: true, names: new Map([[2, "ram"], [9, "dma"]]), iterable: new Set([2]) };
const WITHOUT_FOOTERS: ResyncContext = { ...KNOWN, footers: false };

/** Bytes written as hexadecimal, spaces ignored. */
function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

const FOOTER = "7e 00000009";
/** SECTION_FULL of `cpu`, id 3. */
const HEADER = "04 00000003 03 637075 00000000 0000000c";

Deno.test("findSectionEnd() finds a footer that a plausible element follows", () => {
  for (
    const next of [
      HEADER,
      "01 00000003 03 637075 00000000 00000000",
      "02 00000002", // PART of ram
      "03 00000002",
      "00", // EOF, nothing after it
      "00 06 00000002 7b 7d", // EOF and a description
      "08 000b 0000 03 00000002", // SWITCHOVER_START, END of ram
      "08 0002 0004 00000003 08 0005 0000", // PING 3, POSTCOPY_RUN: the end of a package
      "08 0007 0004 00001000 08 0004 0000", // PACKAGED
      "", // cut between two elements
    ]
  ) {
    const bytes = hex(`0102 7e00000009 ff 7e000000 ${FOOTER} ${next}`);
    assertEquals(findSectionEnd(bytes, 0, 9, KNOWN, true), { end: 12 }, next);
  }
});

Deno.test("findSectionEnd() does not take a footer that something else follows", () => {
  for (
    const next of [
      "05 00000003",
      "02 00000009", // PART of a section that is not iterable
      "04 00000003 03 637000 00000000 0000000c", // NUL in the name
      "04 00000003 03 637075 00000000 00010000", // version
      "04 00000003 00 00000000 00000001", // no name
      "04 00000002 03 637075 00000000 0000000c", // id of ram
      "04 00000003 03 6370", // cut in the header
      "00 07",
      "00 06 00000002 5b 5d",
      "08 000c 0000 00",
      "08 000b 0001 00",
      "08 000b 0000 05", // nothing plausible after the command
      "08 00",
    ]
  ) {
    assertEquals(findSectionEnd(hex(`${FOOTER} ${next}`), 0, 9, KNOWN, true), undefined, next);
  }
});

Deno.test("findSectionEnd() finds the same end when the bytes come in pieces", () => {
  const next = fc.constantFrom(HEADER, "00", "00 06 00000002 7b 7d", "08 000b 0000 03 00000002", "02 00000002");
  const noise = fc.array(fc.constantFrom(0x7e, 0, 9, 1, 4, 8), { maxLength: 40 });
  fc.assert(fc.property(noise, next, fc.boolean(), fc.integer({ min: 1, max: 9 }), (body, after, footers, step) => {
    const known = footers ? KNOWN : WITHOUT_FOOTERS;
    const bytes = Uint8Array.of(...body, ...hex(`${footers ? FOOTER : ""} ${after}`));
    const whole = findSectionEnd(bytes, 0, 9, known, true);
    let here = 0;
    let resume = 0;
    let answer: SectionEnd;
    do {
      here = Math.min(bytes.length, here + step);
      answer = findSectionEnd(bytes.subarray(0, here), resume, 9, known, here === bytes.length);
      if (answer !== undefined && "resume" in answer) resume = answer.resume;
    } while (here < bytes.length && answer !== undefined && !("end" in answer));
    assertEquals(answer, whole);
  }));
});

Deno.test("findSectionEnd() says how many bytes more it takes to tell", () => {
  const ask = (text: string): SectionEnd => findSectionEnd(hex(text), 0, 9, KNOWN, false);
  assertEquals(ask("aa 7e 0000"), { missing: 2, resume: 1 });
  assertEquals(ask(`aa ${FOOTER}`), { missing: 1, resume: 1 });
  assertEquals(ask(`aa ${FOOTER} 00`), { missing: 1, resume: 1 });
  assertEquals(ask(`aa ${FOOTER} 04 00000003`), { missing: 1, resume: 1 });
  assertEquals(ask(`aa ${FOOTER} 04 00000003 03`), { missing: 11, resume: 1 });
  assertEquals(ask("aabbcc"), { missing: 64, resume: 3 });
});

Deno.test("findSectionEnd() without footers looks for a section header, the end of the stream or of the package", () => {
  const end = (text: string): SectionEnd => findSectionEnd(hex(text), 0, 9, WITHOUT_FOOTERS, true);
  assertEquals(end(`0001 04ff ${HEADER}`), { end: 4 });
  assertEquals(end("aabb 00 06 00000002 7b7d"), { end: 2 });
  assertEquals(end("aa00bb00"), { end: 3 });
  assertEquals(end("aabb 08 0005 0000"), { end: 2 });
  assertEquals(end(`aabb 08 0005 0000 ${HEADER}`), { end: 2 });
  assertEquals(end("aabb"), undefined);
});

Deno.test("listSubsections() finds the subsections that are called after the vmsd", () => {
  const name = new TextEncoder().encode("cpu_common/crash_occurred").toHex();
  const body = hex(`00000000 05000000 05 19 ${name} 00000001 01 05 03 637075 00000001 05`);
  const expected = [{ offset: 8, name: "cpu_common/crash_occurred", version: 1 }];
  assertEquals(listSubsections(body, "cpu_common"), expected);
  assertEquals(listSubsections(body, "cpu_common/crash_occurred"), []);
  assertEquals(listSubsections(body, ""), []);
});

Deno.test("vmsdNameOf() leaves the bus path out", () => {
  assertEquals(vmsdNameOf("0000:00:01.2/1/usb-tablet"), "usb-tablet");
  assertEquals(vmsdNameOf("timer"), "timer");
});

Deno.test("findSectionEnd() finds nothing where a footer is cut and no more bytes come", () => {
  assertEquals(findSectionEnd(hex("aa 7e 0000"), 0, 9, KNOWN, true), undefined);
});

Deno.test("findSectionEnd() asks for more in steps that grow with what it has searched", () => {
  for (const known of [KNOWN, WITHOUT_FOOTERS]) {
    const ask = (length: number): SectionEnd => findSectionEnd(new Uint8Array(length).fill(0xaa), 0, 9, known, false);
    assertEquals([ask(2), ask(256), ask(1024)], [
      { missing: 64, resume: 2 },
      { missing: 64, resume: 256 },
      { missing: 256, resume: 1024 },
    ]);
  }
});

Deno.test("listSubsections() finds a subsection from the first byte of a body to its last", () => {
  assertEquals(listSubsections(hex("05 03 612f62 00000007"), "a"), [{ offset: 0, name: "a/b", version: 7 }]);
  assertEquals(listSubsections(hex("05 03 612f62 000000"), "a"), [], "its version is cut");
  assertEquals(listSubsections(hex("05 05 03 612f62 00000007"), "a"), [{ offset: 1, name: "a/b", version: 7 }]);
});

Deno.test("listSubsections() takes no name that is another's, or that has characters which names have not", () => {
  assertEquals(listSubsections(hex("05 03 622f62 00000007"), "a"), [], "b/b");
  assertEquals(listSubsections(hex("05 03 612062 00000007"), "a"), [], "a space");
  assertEquals(listSubsections(hex("05 03 617f62 00000007"), "a"), [], "a control character");
});
