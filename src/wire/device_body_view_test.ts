import { assertEquals } from "@std/assert";
import type { BodyNode, BodyValue } from "./body_node.ts";
import { annotateDeviceBody } from "./device_body_view.ts";

function view(...children: BodyNode[]): unknown[] {
  return annotateDeviceBody({ length: 0, children, findings: [] }, 0x100);
}

/** What is shown of one value of a type, and what it means. */
function shown(type: string, value: BodyValue): (string | undefined)[] {
  const node: BodyNode = { name: "x", type, offset: 0, length: 0, value };
  const [annotation] = annotateDeviceBody({ length: 0, children: [node], findings: [] });
  return annotation?.meaning === undefined ? [annotation?.value] : [annotation.value, annotation.meaning];
}

Deno.test("annotateDeviceBody() gives a group a heading, and its fields the group's name", () => {
  const leaf = (name: string, offset: number): BodyNode => ({ name, type: "uint8", offset, length: 1, value: 7 });
  const element: BodyNode = { name: "[0]", type: "struct", offset: 1, length: 1, children: [leaf("b", 1)] };
  const list: BodyNode = { name: "list", type: "array", offset: 1, length: 1, children: [element] };
  const named: BodyNode = { ...list, name: "s", type: "struct", vmsdName: "inner", version: 3, children: [] };
  const same: BodyNode = { ...list, name: "same", type: "subsection", vmsdName: "same", children: [] };
  assertEquals(view(leaf("a", 0), list, named, same), [
    { offset: 0x100, length: 1, field: "a", value: "7" },
    { offset: 0x101, length: 0, field: "list", value: "array" },
    { offset: 0x101, length: 0, field: "list[0]", value: "struct" },
    { offset: 0x101, length: 1, field: "list[0].b", value: "7" },
    { offset: 0x101, length: 0, field: "s", value: "struct inner version 3" },
    { offset: 0x101, length: 0, field: "same", value: "subsection" },
  ]);
});

Deno.test("annotateDeviceBody() shows eight numbers of a row, and how many there are", () => {
  assertEquals(shown("uint8", [1, 2, 3, 4, 5, 6, 7, 8]), ["1, 2, 3, 4, 5, 6, 7, 8"]);
  assertEquals(shown("uint8", [1, 2, 3, 4, 5, 6, 7, 8, 9]), ["1, 2, 3, 4, 5, 6, 7, 8, … (9 numbers)"]);
});

Deno.test("annotateDeviceBody() says when a timer fires", () => {
  assertEquals(shown("timer", 0xffff_ffff_ffff_ffffn)[1], "not armed");
  assertEquals(shown("timer", 0xffff_ffff_ffff_fffen)[1], "fires at 18446744073.709553 s");
  assertEquals(shown("timer", 2_500_000_000n)[1], "fires at 2.5 s");
  assertEquals(shown("timer", 5), ["5"]);
});

Deno.test("annotateDeviceBody() says what stands for a pointer", () => {
  assertEquals(shown("nullptr", 0x30)[1], "NULL pointer");
  assertEquals([shown("ptr-marker", 0x30)[1], shown("ptr-marker", 0x31)[1]], ["NULL pointer", "an element follows"]);
});

Deno.test("annotateDeviceBody() reads floating-point numbers", () => {
  assertEquals(shown("float64", 0x3ff8_0000_0000_0000n)[1], "1.5");
  assertEquals(shown("CPU_Double_U", 0xc000_0000_0000_0000n)[1], "-2");
  assertEquals(shown("float64", 5), ["5"]);
  assertEquals(shown("uint64", 5n), ["5"]);
});

Deno.test("annotateDeviceBody() lists the bits of a bitmap, eight of them", () => {
  assertEquals(shown("bitmap", [0n])[1], "bits none");
  assertEquals(shown("bitmap", [0x8000_0000_0000_0001n, 2n])[1], "bits 0, 63, 65");
  assertEquals(shown("bitmap", [0xffn])[1], "bits 0, 1, 2, 3, 4, 5, 6, 7");
  assertEquals(shown("bitmap", [0x1ffn])[1], "bits 0, 1, 2, 3, 4, 5, 6, 7, …");
  assertEquals(shown("bitmap", 5n), ["5"]);
});

Deno.test("annotateDeviceBody() shows a text in a buffer that is nothing else", () => {
  const buffer = (text: string): string | undefined => shown("buffer", new TextEncoder().encode(text))[1];
  assertEquals([buffer("ab"), buffer("a b~\0\0")], ['"ab"', '"a b~"']);
  assertEquals([buffer("ab\0c"), buffer("\0\0"), buffer("a\x1f"), buffer("a\x7f"), buffer("é")], [
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
});

Deno.test("annotateDeviceBody() says of other bytes that nothing describes them", () => {
  assertEquals(shown("unused_buffer", new Uint8Array(1))[1], "unused");
  assertEquals(shown("rest", new Uint8Array(1))[1], "not described further");
});
