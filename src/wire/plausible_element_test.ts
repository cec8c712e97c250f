import { assertEquals } from "@std/assert";
import { ElementGuess, type KnownSections, type Plausibility } from "./plausible_element.ts";

const KNOWN: KnownSections = { names: new Map([[2, "ram"], [9, "dma"]]), iterable: new Set([2]) };

/** Bytes in front of the element, which are not looked at. */
const BEFORE = 3;

/** A guess about hexadecimal bytes behind others; spaces are ignored. */
function guess(hex: string, ended: boolean): ElementGuess {
  return new ElementGuess(Uint8Array.fromHex("080108" + hex.replaceAll(" ", "")), ended, KNOWN);
}

function at(hex: string, ended = true): Plausibility {
  return guess(hex, ended).at(BEFORE);
}

/** What is said of the first 0, 1, 2 … bytes as long as more may come. */
function ofPrefixes(hex: string): Plausibility[] {
  const digits = hex.replaceAll(" ", "");
  return Array.from({ length: digits.length / 2 + 1 }, (_, length) => at(digits.slice(0, 2 * length), false));
}

Deno.test("ElementGuess asks for as many bytes as it takes to tell, and no more", () => {
  assertEquals(ofPrefixes("02 00000002"), [1, 4, 3, 2, 1, true]);
  assertEquals(ofPrefixes("03 00000003"), [1, 4, 3, 2, 1, false]);
  assertEquals(ofPrefixes("00 06 00000002 7b"), [1, 1, 5, 4, 3, 2, 1, true]);
  assertEquals(ofPrefixes("01 00000003 02 6162 00000001 0000ffff"), [
    ...[1, 5, 4, 3, 2, 1],
    ...[10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    true,
  ]);
});

Deno.test("ElementGuess asks for what follows a command, over two of them", () => {
  assertEquals(ofPrefixes("08 000b 0000 08 000b 0000"), [1, 4, 3, 2, 1, 1, 4, 3, 2, 1, true]);
  assertEquals(ofPrefixes("08 0002 0004 00000000 00"), [1, 4, 3, 2, 1, 5, 4, 3, 2, 1, 1]);
  assertEquals(guess("08 000b 0000 05", true).at(BEFORE, 1), true);
  assertEquals(guess("08 000b 0000 08 000b 0000 05", true).at(BEFORE), true);
  assertEquals(guess("08 000b 0000 08 000b 0000 05", true).at(BEFORE, 3), false);
});

Deno.test("ElementGuess takes a length of a package for enough: what is inside follows", () => {
  assertEquals(at("08 0007 0004", false), true);
  assertEquals(at("08 0007 0005 00", false), false);
});

Deno.test("ElementGuess says no to an element that the end of the channel cuts", () => {
  for (const hex of ["02 000000", "00 06 00000002", "01 00000003 02 6162 00000001 0000ff", "01 000000", "08 000b 00"]) {
    assertEquals(at(hex), false, hex);
  }
  assertEquals(at(""), true);
  assertEquals(at("00"), true);
  assertEquals(at("08 000b 0000"), true);
});

Deno.test("ElementGuess knows the lengths of commands (main-channel.md §3.6)", () => {
  const lengths = (command: string): number[] =>
    [0, 1, 2, 3, 4, 5, 12, 15, 16, 17, 24].filter((length) =>
      at(`08 ${command} ${length.toString(16).padStart(4, "0")} ${"00".repeat(length)}`) === true
    );
  const any = [0, 1, 2, 3, 4, 5, 12, 15, 16, 17, 24];
  assertEquals(lengths("0000"), []);
  assertEquals(lengths("0001"), [0]);
  assertEquals(lengths("0002"), [4]);
  assertEquals(lengths("0003"), [0, 16]);
  assertEquals(lengths("0004"), [0]);
  assertEquals(lengths("0005"), [0]);
  assertEquals(lengths("0006"), any);
  assertEquals(lengths("0007"), [4]);
  assertEquals(lengths("0008"), [0]);
  assertEquals(lengths("0009"), [0]);
  assertEquals(lengths("000a"), any);
  assertEquals(lengths("000b"), [0]);
  assertEquals(lengths("000c"), []);
  assertEquals(lengths("010b"), []);
});

Deno.test("ElementGuess takes printable names without a space only", () => {
  const named = (byte: string): Plausibility => at(`04 00000003 01 ${byte} 00000000 00000000`);
  assertEquals(["20", "21", "7e", "7f", "80", "00"].map(named), [false, true, true, false, false, false]);
});

Deno.test("ElementGuess takes versions below 65536", () => {
  const version = (hex: string): Plausibility => at(`04 00000003 01 61 ffffffff ${hex}`);
  assertEquals(["0000ffff", "00010000", "80000000"].map(version), [true, false, false]);
});

Deno.test("ElementGuess takes a known id only with the name that it was introduced with", () => {
  const section = (id: string, name: string): Plausibility =>
    at(`01 ${id} 03 ${new TextEncoder().encode(name).toHex()} 00000000 00000000`);
  assertEquals(section("00000002", "ram"), true);
  assertEquals(section("00000002", "dma"), false);
  assertEquals(section("00000009", "dma"), true);
  assertEquals(section("02000000", "dma"), true);
});

Deno.test("ElementGuess takes a description of two bytes and more, which begins with a brace", () => {
  const description = (hex: string): Plausibility => at(`00 06 ${hex}`);
  assertEquals(["00000001 7b", "00000002 7b", "80000000 7b"].map(description), [false, true, true]);
  assertEquals(["00000002 7a", "00000002 7c"].map(description), [false, false]);
  assertEquals([at("00 05 00000002 7b"), at("00 00")], [false, false]);
});

Deno.test("ElementGuess knows no other element", () => {
  const known = Array.from({ length: 256 }, (_, type) => type).filter((type) =>
    at(type.toString(16).padStart(2, "0"), false) !== false
  );
  assertEquals(known, [0, 1, 2, 3, 4, 8]);
});

Deno.test("ElementGuess looks for one kind of element only when it is asked to", () => {
  const run = (hex: string, ended: boolean): Plausibility => guess(hex, ended).run(BEFORE);
  assertEquals(run("08 0005 0000", true), true);
  assertEquals(run("08 0005 0000", false), 1);
  assertEquals(run("08 0005 0000 05", true), false);
  assertEquals(run("08 0005 0001 00", true), false);
  assertEquals(run("08 0004 0000", true), false);
  assertEquals(run("00", false), false);
  assertEquals(["08", "08 00", "08 0005", "08 0005 00"].map((hex) => run(hex, false)), [4, 3, 2, 1]);
  assertEquals(run("08 0005 00", true), false);
  const header = "00000003 01 61 00000000 00000000";
  const types = ["00", "01", "02", "04", "05"];
  assertEquals(types.map((type) => guess(`${type}${header}`, true).longHeader(BEFORE)), [
    false,
    true,
    false,
    true,
    false,
  ]);
  assertEquals(["00", "01"].map((type) => guess(type, true).endOfStream(BEFORE)), [true, false]);
  assertEquals(guess("01", false).endOfStream(BEFORE), false);
});
