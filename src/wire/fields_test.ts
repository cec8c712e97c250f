import { assertEquals, assertThrows } from "@std/assert";
import { Incomplete } from "../bytes/mod.ts";
import { Decoder } from "./decoder.ts";
import {
  bytes,
  cstr8,
  i32,
  mustBe,
  nulPadded,
  reserved,
  showValue,
  size64,
  u32,
  u32le,
  u8,
  upToNul,
} from "./fields.ts";
import { describeFinding, type Finding, hex, WireError } from "./finding.ts";
import { struct } from "./struct.ts";

/** A structure with one field of each kind that a test asks for. */
interface One {
  value: number;
  text: string;
  rest?: Uint8Array;
}

Deno.test("showValue() gives numbers of two digits in hexadecimal, too", () => {
  assertEquals([-10, -9, 0, 9, 10, 255].map(showValue), ["-10 (-0xa)", "-9", "0", "9", "10 (0xa)", "255 (0xff)"]);
  assertEquals([9n, 10n, -10n].map(showValue), ["9", "10 (0xa)", "-10 (-0xa)"]);
});

Deno.test("showValue() quotes texts, and cuts bytes after 16", () => {
  assertEquals(showValue('a"b'), '"a\\"b"');
  assertEquals(showValue(new Uint8Array(16)), "00".repeat(16));
  assertEquals(showValue(new Uint8Array(17).fill(1)), `${"01".repeat(16)}… (17 bytes)`);
  assertEquals([showValue(true), showValue(undefined)], ["true", "undefined"]);
});

Deno.test("hex() puts the sign before the prefix", () => {
  assertEquals([hex(0), hex(255), hex(-16), hex(2n ** 64n)], ["0x0", "0xff", "-0x10", "0x10000000000000000"]);
});

Deno.test("i32 and u32le keep every bit, both ways", () => {
  const signed = struct<{ value: number }>("signed", [i32("value")]);
  const little = struct<{ value: number }>("little", [u32le("value")]);
  const values: readonly (readonly [string, number, number])[] = [
    ["00000000", 0, 0],
    ["7fffffff", 0x7fffffff, 0xffffff7f],
    ["80000000", -0x80000000, 0x80],
    ["ffffffff", -1, 0xffffffff],
    ["01020384", 0x01020384, 0x84030201],
    ["ff00ff00", -0xff0100, 0x00ff00ff],
  ];
  for (const [wire, big, swapped] of values) {
    const raw = Uint8Array.fromHex(wire);
    assertEquals([signed.decode(raw).value, little.decode(raw).value], [big, swapped], wire);
    assertEquals([signed.encode({ value: big }), little.encode({ value: swapped })], [raw, raw], wire);
  }
});

Deno.test("size64 takes lengths up to 2^53-1", () => {
  const layout = struct<{ value: number }>("size", [size64("value")]);
  assertEquals(layout.decode(Uint8Array.fromHex("001fffffffffffff")).value, Number.MAX_SAFE_INTEGER);
  const error = assertThrows(() => layout.decode(Uint8Array.fromHex("0020000000000000")), WireError);
  assertEquals([error.code, error.field, error.offset], ["implausible", "value", 0]);
});

Deno.test("cstr8 asks for its length, then for the whole, and takes 255 bytes", () => {
  const layout = struct<{ text: string }>("text", [cstr8("text")]);
  const missing = (wire: string): number => {
    const decoder = new Decoder(Uint8Array.fromHex(wire));
    try {
      layout.read(decoder);
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error;
      assertEquals(decoder.pos, 0, "nothing is taken");
      return error.missing;
    }
    return 0;
  };
  assertEquals([missing(""), missing("03"), missing("0361"), missing("00")], [1, 3, 2, 0]);
  const longest = "x".repeat(255);
  assertEquals(layout.decode(layout.encode({ text: longest })).text, longest);
  assertThrows(() => layout.encode({ text: `${longest}x` }), RangeError, "256 bytes, at most 255 fit");
});

Deno.test("nulPadded cuts NULs off the end alone, and takes as many bytes as there are", () => {
  const layout = struct<{ text: string }>("padded", [nulPadded("text", 4)]);
  const read = (wire: string): string => layout.decode(Uint8Array.fromHex(wire)).text;
  assertEquals([read("61620000"), read("00000000"), read("61626364"), read("61006200")], ["ab", "", "abcd", "a\0b"]);
  assertEquals(layout.encode({ text: "ab" }).toHex(), "61620000");
  assertEquals(layout.encode({ text: "abcd" }).toHex(), "61626364");
  assertThrows(() => layout.encode({ text: "abcde" }), RangeError, "5 bytes, 4 fit");
  assertEquals([upToNul("a\0b"), upToNul("\0b"), upToNul("ab")], ["a", "", "ab"]);
});

Deno.test("reserved keeps bytes that are not zero, and warns of them", () => {
  const layout = struct<One>("reserved", [u8("value"), reserved("rest", 3)]);
  const findings: Finding[] = [];
  assertEquals(layout.decode(Uint8Array.fromHex("07000000"), (finding) => findings.push(finding)), { value: 7 } as One);
  const raw = Uint8Array.fromHex("07000001");
  const value = layout.decode(raw, (finding) => findings.push(finding));
  assertEquals(value.rest, Uint8Array.of(0, 0, 1));
  assertEquals(findings.map(({ code, severity, field, offset }) => [code, severity, field, offset]), [
    ["reserved", "warning", "rest", 1],
  ]);
  assertEquals([layout.encode(value), layout.encode({ value: 7 } as One)], [raw, Uint8Array.of(7, 0, 0, 0)]);
});

Deno.test("a rule's fault is an error at its field unless it says otherwise", () => {
  const layout = struct<{ value: number; rest: Uint8Array }>("ruled", [
    u32("value", mustBe(5, (found) => ({ code: "five", ...(found === 6 ? { severity: "warning" } : {}) }))),
    bytes("rest", 1),
  ]);
  const first = (wire: string, strict = false): unknown => {
    const found: Finding[] = [];
    const decoder = new Decoder(Uint8Array.fromHex(wire), 100, { strict, report: (finding) => found.push(finding) });
    layout.read(decoder);
    return found.map(({ severity, offset, field, message }) => [severity, offset, field, message]);
  };
  assertEquals(first("0000000500"), []);
  assertEquals(first("0000000400"), [["error", 100, "value", "value is 0x4, expected 0x5"]]);
  assertEquals(first("0000000600", true), [["warning", 100, "value", "value is 0x6, expected 0x5"]]);
  const error = assertThrows(() => first("0000000400", true), WireError);
  assertEquals(describeFinding(error.finding), 'value is 0x4, expected 0x5 (channel "?", offset 0x64)');
});

Deno.test("canPeek() asks for bytes that may still come, and says no where they will not", () => {
  const decoder = new Decoder(Uint8Array.of(1, 2));
  assertEquals([decoder.canPeek(0), decoder.canPeek(2)], [true, true]);
  let missing = 0;
  try {
    decoder.canPeek(5);
  } catch (error) {
    if (error instanceof Incomplete) missing = error.missing;
  }
  assertEquals(missing, 3);
  const ended = new Decoder(Uint8Array.of(1, 2), 0, { ended: true });
  assertEquals([ended.canPeek(2), ended.canPeek(3)], [true, false]);
});

Deno.test("a field without a meaning is shown without one", () => {
  const layout = struct<Pick<One, "value">>("one", [u8("value")]);
  assertEquals(layout.annotate(Uint8Array.of(5)).map((each) => "meaning" in each), [false]);
});
