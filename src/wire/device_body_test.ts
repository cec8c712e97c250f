import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { BodyNode, DeviceBody } from "./body_node.ts";
import { builtInDescriptions } from "./built_in_descriptions.ts";
import { decodeDeviceBody, encodeDeviceBody, measureDeviceBody } from "./device_body.ts";
import { annotateDeviceBody } from "./device_body_view.ts";
import { describedLength, runsOf } from "./field_runs.ts";
import { type FieldDescription, parseVmDescription, type VmsdDescription } from "./vm_description.ts";
import { workTime } from "../../testing/work_time.ts";

fc.configureGlobal({ seed: 19 });

/** The stream of main-channel.md 19.9, up to EOF. */
const EXAMPLE = hex(`
  51 45 56 4d 00 00 00 03 07 00 00 00 0a 70 63 2d
  71 33 35 2d 39 2e 32 01 00 00 00 02 03 72 61 6d
  00 00 00 00 00 00 00 04 00 00 00 00 00 00 20 04
  06 70 63 2e 72 61 6d 00 00 00 00 00 00 20 00 00
  00 00 00 00 00 00 10 7e 00 00 00 02 02 00 00 00
  02 00 00 00 00 00 00 00 02 06 70 63 2e 72 61 6d
  00 00 00 00 00 00 00 00 10 7e 00 00 00 02 03 00
  00 00 02 00 00 00 00 00 00 10 22 00 00 00 00 00
  00 00 00 10 7e 00 00 00 02 04 00 00 00 00 05 74
  69 6d 65 72 00 00 00 00 00 00 00 02 00 00 00 00
  00 00 03 e8 00 00 00 00 00 00 00 00 00 00 00 00
  07 5b cd 15 7e 00 00 00 00 04 00 00 00 05 0a 63
  70 75 5f 63 6f 6d 6d 6f 6e 00 00 00 00 00 00 00
  01 00 00 00 00 00 00 00 02 05 19 63 70 75 5f 63
  6f 6d 6d 6f 6e 2f 63 72 61 73 68 5f 6f 63 63 75
  72 72 65 64 00 00 00 01 01 7e 00 00 00 05 04 00
  00 00 07 0b 67 6c 6f 62 61 6c 73 74 61 74 65 00
  00 00 00 00 00 00 01 00 00 00 08 72 75 6e 6e 69
  6e 67 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 7e
  00 00 00 07 00
`);

/** Its VM description. */
const EXAMPLE_DESCRIPTION =
  '{"configuration": {"vmsd_name": "configuration", "version": 1, "fields": [{"name": "len", "type": "uint32", ' +
  '"size": 4}, {"name": "name", "type": "buffer", "size": 10}]}, "page_size": 4096, ' +
  '"devices": [{"name": "timer", "instance_id": 0, "vmsd_name": "timer", "version": 2, ' +
  '"fields": [{"name": "cpu_ticks_offset", "type": "int64", "size": 8}, {"name": "unused", ' +
  '"type": "unused_buffer", "size": 8}, {"name": "cpu_clock_offset", "type": "int64", "size": 8}]}, ' +
  '{"name": "cpu_common", "instance_id": 0, "vmsd_name": "cpu_common", "version": 1, ' +
  '"fields": [{"name": "halted", "type": "uint32", "size": 4}, {"name": "interrupt_request", "type": "uint32", ' +
  '"size": 4}], "subsections": [{"vmsd_name": "cpu_common/crash_occurred", "version": 1, ' +
  '"fields": [{"name": "crash_occurred", "type": "bool", "size": 1}]}]}, {"name": "globalstate", ' +
  '"instance_id": 0, "vmsd_name": "globalstate", "version": 1, "fields": [{"name": "size", "type": "uint32", ' +
  '"size": 4}, {"name": "runstate", "type": "buffer", "size": 32}, {"name": "has_vm_was_suspended", ' +
  '"type": "uint8", "size": 1}, {"name": "vm_was_suspended", "type": "uint8", "size": 1}, {"name": "unused", ' +
  '"type": "buffer", "size": 66}]}]}';

/** Bytes written as hexadecimal, white space ignored. */
function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

function field(name: string, type: string, size: number, more: Partial<FieldDescription> = {}): FieldDescription {
  return { name, type, size, inline: [], ...more };
}

function vmsd(fields: FieldDescription[], subsections: VmsdDescription[] = [], vmsdName = "d"): VmsdDescription {
  return { vmsdName, version: 1, fields, subsections };
}

/** Leaves as `path type value`, in short. */
function shown(nodes: readonly BodyNode[], outer = ""): string[] {
  return nodes.flatMap((node) => {
    const path = outer + (node.name.startsWith("[") || outer === "" ? "" : ".") + node.name;
    if (node.children !== undefined) return shown(node.children, path);
    const value = node.value instanceof Uint8Array ? node.value.toHex() : String(node.value);
    return [`${path} ${node.type} ${value}`];
  });
}

/** The leaves tile the body, and say all that it says. */
function assertWhole(body: DeviceBody, bytes: Uint8Array): void {
  let at = 0;
  const visit = (node: BodyNode): void => {
    assertEquals(node.offset, at, node.name);
    if (node.children === undefined) at += node.length;
    else node.children.forEach(visit);
    assertEquals(at, node.offset + node.length, node.name);
  };
  body.children.forEach(visit);
  assertEquals(at, bytes.length);
  assertEquals(body.length, bytes.length);
  assertEquals(encodeDeviceBody(body), new Uint8Array(bytes));
  const annotated = annotateDeviceBody(body).reduce((sum, { length }) => sum + length, 0);
  assertEquals(annotated, bytes.length);
}

/** Takes apart bytes that must fit. */
function decode(bytes: Uint8Array, description: VmsdDescription): string[] {
  const body = decodeDeviceBody(bytes, description);
  assertEquals(body.findings, []);
  assertWhole(body, bytes);
  assertEquals(measureDeviceBody(bytes, description, (end) => end === bytes.length), { end: bytes.length });
  return shown(body.children);
}

Deno.test("decodeDeviceBody() gives every field of the specification's example by name and value", () => {
  const sections = { timer: [0x9c, 0xb4], cpu_common: [0xd1, 0xf9], globalstate: [0x117, 0x17f] } as const;
  const expected = {
    timer: ["cpu_ticks_offset int64 1000", "unused unused_buffer 0000000000000000", "cpu_clock_offset int64 123456789"],
    cpu_common: [
      "halted uint32 0",
      "interrupt_request uint32 2",
      "cpu_common/crash_occurred.type uint8 5",
      "cpu_common/crash_occurred.name cstr8 cpu_common/crash_occurred",
      "cpu_common/crash_occurred.version uint32 1",
      "cpu_common/crash_occurred.crash_occurred bool true",
    ],
    globalstate: [
      "size uint32 8",
      `runstate buffer ${"running".split("").map((c) => c.charCodeAt(0).toString(16)).join("").padEnd(64, "0")}`,
      "has_vm_was_suspended uint8 1",
      "vm_was_suspended uint8 0",
      `unused buffer ${"00".repeat(66)}`,
    ],
  };
  const description = parseVmDescription(EXAMPLE_DESCRIPTION);
  assertEquals(description?.devices.map(({ name }) => name), ["timer", "cpu_common", "globalstate"]);
  for (const name of ["timer", "cpu_common", "globalstate"] as const) {
    const [start, end] = sections[name];
    assertEquals(EXAMPLE[end], 0x7e);
    const bytes = EXAMPLE.subarray(start, end);
    const described = description?.devices.find((device) => device.name === name);
    assert(described !== undefined);
    assertEquals(decode(bytes, described), expected[name]);
    // The built-in descriptions are the same.
    const [builtIn, ...others] = builtInDescriptions(name, described.version ?? 0).filter((candidate) =>
      describedLength(candidate) === bytes.length && decodeDeviceBody(bytes, candidate).findings.length === 0
    );
    assertEquals(builtIn, described);
    assertEquals(others, []);
  }
  assertEquals(builtInDescriptions("timer", 1), []);
  assertEquals(builtInDescriptions("cpu", 12), []);
});

Deno.test("decodeDeviceBody() reads the specification's small encodings", () => {
  const element = vmsd([field("x", "uint32", 4)], [], "e");
  assertEquals(
    decode(hex("01 00000007 01 00000008 00"), vmsd([field("q", "qtailq", 11, { inline: [element, element] })])),
    ["q[0].more uint8 1", "q[0].x uint32 7", "q[1].more uint8 1", "q[1].x uint32 8", "q.more uint8 0"],
  );
  const value = vmsd([field("v", "uint16", 2)], [], "v");
  const tree = hex("00000002 01 0000000000000005 0001 01 0000000000000009 0002 00");
  assertEquals(decode(tree, vmsd([field("t", "gtree", 27, { inline: [value, value] })])), [
    "t.count uint32 2",
    "t[0].more uint8 1",
    "t[0].key uint64 5",
    "t[0].value.v uint16 1",
    "t[1].more uint8 1",
    "t[1].key uint64 9",
    "t[1].value.v uint16 2",
    "t.more uint8 0",
  ]);
  const words = "9223372036854775809,32";
  const bitmap = hex("8000000000000001 0000000000000020");
  assertEquals(decode(bitmap, vmsd([field("b", "bitmap", 16)])), [`b bitmap ${words}`]);
  const [annotation] = annotateDeviceBody(decodeDeviceBody(bitmap, vmsd([field("b", "bitmap", 16)])));
  assertEquals(annotation?.meaning, "bits 0, 63, 69");
  const timer = hex("ffffffffffffffff");
  const [armed] = annotateDeviceBody(decodeDeviceBody(timer, vmsd([field("t", "timer", 8)])), 0x10);
  assertEquals(armed, {
    offset: 0x10,
    length: 8,
    field: "t",
    value: "18446744073709551615 (0xffffffffffffffff)",
    meaning: "not armed",
  });
});

Deno.test("decodeDeviceBody() reads a tree whose keys are structures", () => {
  const key = vmsd([field("k", "uint8", 1)], [], "k");
  const value = vmsd([field("v", "uint16", 2)], [], "v");
  assertEquals(decode(hex("00000001 01 07 0008 00"), vmsd([field("t", "gtree", 9, { inline: [key, value] })])), [
    "t.count uint32 1",
    "t[0].more uint8 1",
    "t[0].key.k uint8 7",
    "t[0].value.v uint16 8",
    "t.more uint8 0",
  ]);
});

Deno.test("decodeDeviceBody() reads an array of pointers of which one is NULL, as each version of QEMU describes it", () => {
  const bytes = hex("00000001 30 00000002");
  const expected = ["p[0] uint32 1", "p[1] nullptr 48", "p[2] uint32 2"];
  const number = (more: Partial<FieldDescription> = {}): FieldDescription => field("p", "uint32", 4, more);
  const nil = (type = "nullptr", more: Partial<FieldDescription> = {}): FieldDescription => field("p", type, 1, more);
  // Up to 9.2, compressed: the NULL is not mentioned.
  assertEquals(decode(bytes, vmsd([number({ arrayLen: 3 })])), expected);
  // Up to 9.2, not compressed: the NULL is described as a number of one byte.
  const one = field("p", "uint32", 1, { index: 1 });
  assertEquals(decode(bytes, vmsd([number({ index: 0 }), one, number({ index: 2 })])), expected);
  // 10.0, compressed: the first object has the length of the whole array.
  assertEquals(decode(bytes, vmsd([number({ arrayLen: 3 }), nil(), number()])), expected);
  // 10.0, not compressed: the last has no index, the NULL may have a length.
  assertEquals(decode(bytes, vmsd([number({ index: 0 }), nil("nullptr", { arrayLen: 2 }), number()])), expected);
  // 11.1, not compressed.
  const marked = ["p[0] uint32 1", "p[1] ptr-marker 48", "p[2] uint32 2"];
  assertEquals(decode(bytes, vmsd([number(), nil("ptr-marker"), number()])), marked);
  // 11.1, auto-alloc: a mark before each.
  assertEquals(
    decode(
      hex("31 00000001 30 31 00000002"),
      vmsd([nil("ptr-marker"), number(), nil("ptr-marker"), nil("ptr-marker"), number()]),
    ),
    ["p[0] ptr-marker 49", "p[0] uint32 1", "p[1] ptr-marker 48", "p[2] ptr-marker 49", "p[2] uint32 2"],
  );
});

Deno.test("decodeDeviceBody() reads stretches of NULL pointers", () => {
  const number = (arrayLen?: number): FieldDescription =>
    field("p", "uint16", 2, arrayLen === undefined ? {} : { arrayLen });
  const nil = (arrayLen?: number): FieldDescription =>
    field("p", "nullptr", 1, arrayLen === undefined ? {} : { arrayLen });
  // Compressed: X X N N N X
  assertEquals(decode(hex("0001 0002 303030 0003"), vmsd([number(6), nil(3), number()])).length, 6);
  // Compressed, only NULLs, and NULLs first
  assertEquals(decode(hex("303030"), vmsd([nil(3)])), ["p nullptr 48,48,48"]);
  assertEquals(decode(hex("3030 0001 0002"), vmsd([nil(2), number(2)])).length, 4);
  // Not compressed, 10.0: each NULL has its own object, with what is left or the stretch as its length
  assertEquals(decode(hex("3030 0001"), vmsd([nil(2), nil(2), number()])).length, 3);
  assertEquals(decode(hex("3030"), vmsd([nil(2), nil()])).length, 2);
  // Up to 9.2: structures that begin with a NULL are described as an empty one
  const empty = field("s", "struct", 1, { arrayLen: 3, struct: { fields: [], subsections: [] } });
  assertEquals(decode(hex("303030"), vmsd([empty])), ["s[0] nullptr 48", "s[1] nullptr 48", "s[2] nullptr 48"]);
});

Deno.test("decodeDeviceBody() does not take numbers that begin with 0x30 for NULL pointers", () => {
  const description = vmsd([field("n", "uint32", 4, { arrayLen: 2 }), field("p", "uint16", 2)]);
  assertEquals(decode(hex("30000000 30303030 0001"), description), ["n uint32 805306368,808464432", "p uint16 1"]);
});

Deno.test("decodeDeviceBody() keeps what does not fit as bytes, says so, and goes on behind it", () => {
  const inner = vmsd([field("a", "uint16", 2)], [], "inner");
  const bytes = hex("000102 05");
  const body = decodeDeviceBody(bytes, vmsd([field("s", "struct", 3, { struct: inner }), field("b", "uint8", 1)]));
  assertWhole(body, bytes);
  assertEquals(shown(body.children), ["s rest 000102", "b uint8 5"]);
  assertEquals(body.findings.map(({ code, offset, message }) => [code, offset, message]), [
    ["device-body", 0, "s has not the parts that are described in its 3 bytes"],
  ]);
});

Deno.test("decodeDeviceBody() keeps bytes of a body that is longer, shorter or other than described", () => {
  const sub = vmsd([field("b", "uint8", 1)], [], "d/sub");
  for (
    const [bytes, description, leaves, message] of [
      ["0102", vmsd([field("a", "uint8", 1)]), ["a uint8 1", "rest rest 02"], "goes on after what is described"],
      [
        "0102",
        vmsd([field("a", "uint8", 1), field("b", "uint32", 4)]),
        ["a uint8 1", "rest rest 02"],
        "ends before what is described",
      ],
      ["0102", vmsd([field("a", "uint8", 1)], [sub]), ["a uint8 1", "rest rest 02"], "has no subsection d/sub"],
      ["010503 646f67 00000001 01", vmsd([field("a", "uint8", 1)], [sub]), [
        "a uint8 1",
        "rest rest 0503646f670000000101",
      ], "has a subsection dog instead of d/sub"],
      ["02", vmsd([field("q", "qtailq", 1)]), ["q rest 02"], undefined],
      ["000000010100", vmsd([field("q", "gtree", 6)]), ["q rest 000000010100"], undefined],
      ["0000000100", vmsd([field("q", "gtree", 5)]), ["q rest 0000000100"], undefined],
    ] as const
  ) {
    const body = decodeDeviceBody(hex(bytes), description);
    assertWhole(body, hex(bytes));
    assertEquals(shown(body.children), [...leaves]);
    if (message !== undefined) assertEquals(body.findings[0]?.message, `the device's state ${message}`);
    assertEquals(body.findings.length, 1);
  }
});

Deno.test("decodeDeviceBody() tells when a subsection has another version than described", () => {
  const sub = vmsd([field("b", "uint8", 1)], [], "d/s");
  const body = decodeDeviceBody(hex("05 03 642f73 00000002 09"), vmsd([], [sub]));
  assertEquals(shown(body.children).at(-1), "d/s.b uint8 9");
  assertEquals(body.findings.map(({ message }) => message), ["subsection d/s has version 2, described is version 1"]);
});

Deno.test("decodeDeviceBody() keeps values that QEMU's types do not have", () => {
  const description = vmsd([
    field("b", "bool", 1, { arrayLen: 3 }),
    field("i", "int32", 4),
    field("u", "uint32", 8),
    field("m", "bitmap", 3),
    field("f", "float64", 8),
    field("c", "capability", 4),
  ]);
  const bytes = hex("000102 ffffffff 0000000000000001 010203 7ff8000000000001 03 616263");
  assertEquals(decode(bytes, description), [
    "b bool false,true,2",
    "i int32 -1",
    "u uint32 0000000000000001",
    "m bitmap 010203",
    "f float64 9221120237041090561",
    "c capability abc",
  ]);
});

Deno.test("decodeDeviceBody() gives no name and no version that the description has not", () => {
  const body = decodeDeviceBody(hex("00"), { fields: [field("q", "qtailq", 1)], subsections: [] });
  assertEquals(Object.keys(body), ["length", "children", "findings"]);
  assertEquals(Object.keys(body.children[0] ?? {}), ["name", "type", "offset", "length", "children"]);
});

Deno.test("decodeDeviceBody() looks for hidden NULLs only among pointers, and only where they are needed to make it fit", () => {
  const pointers = field("p", "uint32", 4, { arrayLen: 2 });
  const found = ["p[0] nullptr 48", "p[1] uint32 2"];
  const row = field("b", "uint8", 1, { arrayLen: 2 });
  assertEquals(decode(hex("3031 30 00000002"), vmsd([row, pointers])), ["b uint8 48,49", ...found]);
  const small = field("s", "struct", 1, { arrayLen: 2, struct: vmsd([field("x", "uint8", 1)]) });
  assertEquals(decode(hex("3031 30 00000002"), vmsd([small, pointers])), [
    "s[0].x uint8 48",
    "s[1].x uint8 49",
    ...found,
  ]);
  // The size of a structure with a hidden NULL is wrong.
  const outer = field("s", "struct", 8, { struct: vmsd([pointers]) });
  assertEquals(decode(hex("30 00000002"), vmsd([outer])), ["s.p[0] nullptr 48", "s.p[1] uint32 2"]);
  // Both readings fit these bytes: a text of three letters could follow.
  const text = field("c", "capability", 1);
  assertEquals(decode(hex("30000001 00036162 00"), vmsd([pointers, text])), [
    "p uint32 805306369,221538",
    "c capability ",
  ]);
});

Deno.test("decodeDeviceBody() reads an array of pointers whose first is NULL, which gives the array its size", () => {
  assertEquals(decode(hex("30 00000001 00000002"), vmsd([field("p", "uint32", 1, { arrayLen: 3 })])), [
    "p[0] nullptr 48",
    "p[1] uint32 1",
    "p[2] uint32 2",
  ]);
});

Deno.test("decodeDeviceBody() takes a byte 0x30 of an element of one byte for what it is", () => {
  assertEquals(decode(hex("3031"), vmsd([field("u", "mystery", 1, { arrayLen: 2 })])), [
    "u[0] mystery 30",
    "u[1] mystery 31",
  ]);
  const byte = field("b", "uint8", 1);
  assertEquals(decode(hex("3031"), vmsd([byte, byte])), ["b[0] uint8 48", "b[1] uint8 49"]);
});

Deno.test("decodeDeviceBody() keeps a field of two structures as bytes: only a list or a tree has several", () => {
  const inner = vmsd([field("a", "uint8", 1)]);
  assertEquals(decode(hex("0102"), vmsd([field("x", "pair", 2, { inline: [inner, inner] })])), ["x pair 0102"]);
});

Deno.test("decodeDeviceBody() lets one element of no bytes stand for all that are claimed", () => {
  const empty = field("e", "struct", 0, { arrayLen: 5, struct: { fields: [], subsections: [] } });
  const [group] = decodeDeviceBody(hex(""), vmsd([empty])).children;
  assertEquals([group?.name, group?.children?.length], ["e", 1]);
});

Deno.test("measureDeviceBody() tells a body that is not as described from one that goes on", () => {
  const footer = (window: Uint8Array) => (end: number): boolean | undefined =>
    end < window.length ? window[end] === 0x7e : undefined;
  const measure = (bytes: string, description: VmsdDescription, ended = false): unknown =>
    measureDeviceBody(hex(bytes), description, footer(hex(bytes)), ended);
  // A text is longer than described: the body says so itself.
  const text = vmsd([field("c", "capability", 2)]);
  assertEquals(measure("05 616263", text), { missing: 2 });
  assertEquals(measure("05 616263", text, true), undefined);
  assertEquals(measure("02 6162", text), { missing: 1 });
  assertEquals(measure("02 6162", text, true), undefined);
  assertEquals(measure("02 6162 7e", text), { end: 3 });
  const sub = vmsd([field("b", "uint8", 1)], [], "d/sub");
  assertEquals(measure("00".repeat(20), vmsd([field("a", "uint8", 1)], [sub])), undefined);
});

Deno.test("measureDeviceBody() says how many bytes more it takes to tell", () => {
  const description = vmsd([field("a", "uint32", 4), field("b", "uint16", 2, { arrayLen: 2 })]);
  const bytes = hex("00000001 0001 30 7e");
  const footer = (window: Uint8Array) => (end: number): boolean | undefined =>
    end < window.length ? window[end] === 0x7e : undefined;
  const measure = (window: Uint8Array, ended = false): unknown =>
    measureDeviceBody(window, description, footer(window), ended);
  assertEquals(measure(bytes.subarray(0, 3)), { missing: 5 });
  assertEquals(measure(hex("00000001 0001 0002")), { missing: 1 });
  assertEquals(measure(hex("00000001 0001 0002 7e")), { end: 8 });
  assertEquals(measure(hex("00000001 0001 0002 00")), undefined);
  // A NULL that the description does not mention, where nothing comes after it any more
  assertEquals(measure(bytes), { missing: 1 });
  assertEquals(measure(bytes, true), { end: 7 });
  assertEquals(measure(bytes.subarray(0, 6), true), undefined);
});

Deno.test("encodeDeviceBody() writes changed values, and refuses values of another kind", () => {
  const description = vmsd([field("a", "uint16", 2), field("c", "capability", 2), field("b", "buffer", 1)]);
  const body = decodeDeviceBody(hex("0001 01 61 ff"), description);
  const change = (index: number, value: BodyNode["value"]): Uint8Array =>
    encodeDeviceBody({
      children: body.children.map((node, i) => (i === index && value !== undefined ? { ...node, value } : node)),
    });
  assertEquals(change(0, 0x1234), hex("1234 01 61 ff"));
  assertEquals(change(1, "xyz"), hex("0001 03 78797a ff"));
  assertThrows(() => change(0, "x"), TypeError, "Cannot write a number: the value is string");
  assertThrows(() => change(1, 5), TypeError, "Cannot write a counted string: the value is number");
  assertThrows(() => change(1, "x".repeat(256)), RangeError, "256 bytes, at most 255 fit");
  assertThrows(() => change(2, 5), TypeError, "Cannot write bytes: the value is number");
});

Deno.test("annotateDeviceBody() shows paths, headings, rows and text", () => {
  const inner = vmsd([field("x", "uint8", 1)], [], "inner");
  const description = vmsd([
    field("s", "struct", 1, { index: 0, struct: inner }),
    field("s", "struct", 1, { struct: inner }),
    field("n", "uint8", 1, { arrayLen: 9 }),
    field("state", "buffer", 4),
    field("pad", "unused_buffer", 1),
    field("virtio", "virtio", 2),
    field("d", "float64", 8),
  ], [vmsd([], [], "d/sub")]);
  const bytes = hex("0102 000102030405060708 6f6b0000 00 aabb 3ff8000000000000 05 05 642f737562 00000001");
  const lines = annotateDeviceBody(decodeDeviceBody(bytes, description), 0x100).map((a) =>
    `${a.offset.toString(16)}+${a.length} ${a.field} = ${a.value}${a.meaning === undefined ? "" : ` (${a.meaning})`}`
  );
  assertEquals(lines, [
    "100+0 s = array",
    "100+0 s[0] = struct inner version 1",
    "100+1 s[0].x = 1",
    "101+0 s[1] = struct inner version 1",
    "101+1 s[1].x = 2",
    "102+9 n = 0, 1, 2, 3, 4, 5, 6, 7, … (9 numbers)",
    '10b+4 state = 6f6b0000 ("ok")',
    "10f+1 pad = 00 (unused)",
    "110+2 virtio = aabb (not described further)",
    "112+8 d = 4609434218613702656 (0x3ff8000000000000) (1.5)",
    "11a+0 d/sub = subsection version 1",
    "11a+1 d/sub.type = 5",
    '11b+6 d/sub.name = "d/sub"',
    "121+4 d/sub.version = 1",
  ]);
});

/** Types with a size of their own. */
const SIZED: readonly (readonly [string, number])[] = [
  ["bool", 1],
  ["int8", 1],
  ["uint8 equal", 1],
  ["uint16", 2],
  ["int32 le", 4],
  ["uint64", 8],
  ["int64", 8],
  ["timer", 8],
  ["CPU_Double_U", 8],
  ["bitmap", 16],
  ["pci irq state", 16],
  ["virtio", 5],
  ["buffer", 3],
  ["unknown", 1],
];

/** The object or objects of one field. */
function fieldArb(depth: number): fc.Arbitrary<FieldDescription[]> {
  const leaves: fc.Arbitrary<FieldDescription[]>[] = [
    fc.constantFrom(...SIZED).map(([type, size]) => [field("", type, size)]),
    fc.tuple(fc.constantFrom(...SIZED), fc.integer({ min: 2, max: 5 })).map(([[type, size], arrayLen]) => [
      field("", type, size, { arrayLen }),
    ]),
    // Some that are not NULL, some NULLs, one that is not
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(([first, nulls]) => [
      field("", "uint32", 4, { arrayLen: first + nulls + 1 }),
      field("", "nullptr", 1, { arrayLen: nulls }),
      field("", "uint32", 4),
    ]),
  ];
  if (depth === 0) return fc.oneof(...leaves);
  const inner = vmsdArb(depth - 1);
  const list = (maxLength: number, minLength = 0): fc.Arbitrary<VmsdDescription[]> =>
    fc.array(inner, { minLength, maxLength });
  return fc.oneof(
    ...leaves,
    inner.map((struct) => [field("", "struct", describedLength(struct), { struct })]),
    fc.tuple(inner, fc.integer({ min: 2, max: 4 })).map(([struct, arrayLen]) => [
      field("", "struct", describedLength(struct), { struct, arrayLen }),
    ]),
    inner.map((tmp) => [field("", "tmp", describedLength(tmp), { inline: [tmp] })]),
    list(2).map((inline) => [
      field("", "qtailq", inline.reduce((sum, one) => sum + 1 + describedLength(one), 1), { inline }),
    ]),
    list(2).map((inline) => [
      field("", "gtree", inline.reduce((sum, one) => sum + 9 + describedLength(one), 5), { inline }),
    ]),
    list(3, 2).map((elements) =>
      elements.map((struct, index) => field("", "struct", describedLength(struct), { struct, index }))
    ),
  );
}

/** Descriptions as QEMU makes them, sizes right. */
function vmsdArb(depth: number): fc.Arbitrary<VmsdDescription> {
  return fc.record({
    vmsdName: fc.constantFrom("d", "dev/sub", "x"),
    version: fc.nat(9),
    fields: fc.array(fieldArb(depth), { maxLength: 3 }).map((groups) =>
      groups.flatMap((group, i) => group.map((one) => ({ ...one, name: `f${i}` })))
    ),
    subsections: depth === 0 ? fc.constant([]) : fc.array(vmsdArb(depth - 1), { maxLength: 1 }),
  });
}

const described = vmsdArb(2);

/** A body that the description describes, of whatever bytes come. */
function fill(description: VmsdDescription, next: () => number): number[] {
  const bytes: number[] = [];
  for (const { parts } of runsOf(description.fields)) {
    for (const { field: { type, size, struct, inline }, count } of parts) {
      for (let i = 0; i < count; i++) {
        if (struct !== undefined) bytes.push(...fill(struct, next));
        else if (type === "nullptr") bytes.push(0x30);
        else if (type === "qtailq") bytes.push(...inline.flatMap((one) => [1, ...fill(one, next)]), 0);
        else if (type === "gtree") {
          const entries = inline.map((one) => [1, ...Array.from({ length: 8 }, next), ...fill(one, next)]);
          bytes.push(0, 0, 0, inline.length, ...entries.flat(), 0);
        } else if (inline[0] !== undefined) bytes.push(...fill(inline[0], next));
        else bytes.push(...Array.from({ length: size }, next));
      }
    }
  }
  for (const sub of description.subsections) {
    const name = new TextEncoder().encode(sub.vmsdName);
    bytes.push(5, name.length, ...name, 0, 0, 0, sub.version ?? 0, ...fill(sub, next));
  }
  return bytes;
}

/** A source of bytes that repeats `seed`. */
function source(seed: Uint8Array): () => number {
  let at = 0;
  return () => seed[at++ % seed.length] ?? 0;
}

/** The members that QEMU would write. */
function members(description: VmsdDescription): string {
  const fields = description.fields.map(({ name, type, size, arrayLen, index, struct, inline }) => {
    const array = arrayLen === undefined
      ? index === undefined ? "" : `"index": ${index}, `
      : `"array_len": ${arrayLen}, `;
    const inside = struct === undefined
      ? inline.map((one) => `${members(one)}, `).join("")
      : `"struct": {${members(struct)}}, `;
    return `{"name": "${name}", ${array}"type": "${type}", ${inside}"size": ${size}}`;
  });
  const subsections = description.subsections.map((one) => `{${members(one)}}`);
  return `"vmsd_name": "${description.vmsdName}", "version": ${description.version}, "fields": [${fields.join(", ")}]` +
    (subsections.length === 0 ? "" : `, "subsections": [${subsections.join(", ")}]`);
}

Deno.test("decodeDeviceBody() takes apart any body that its description describes, and encodeDeviceBody() puts it together", () => {
  fc.assert(
    fc.property(described, fc.uint8Array({ minLength: 1, maxLength: 40 }), (description, seed) => {
      const bytes = Uint8Array.from(fill(description, source(seed)));
      assertEquals(describedLength(description), bytes.length);
      decode(bytes, description);
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseVmDescription() reads what QEMU would write of any description", () => {
  fc.assert(fc.property(described, (description) => {
    const text = `{"devices": [{"name": "a/b", "instance_id": 7, ${members(description)}}]}`;
    assertEquals(parseVmDescription(text)?.devices, [{ name: "a/b", instanceId: 7, ...description }]);
  }));
});

Deno.test("decodeDeviceBody() keeps all bytes of a body that was changed or cut", () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      described,
      fc.uint8Array({ minLength: 1 }),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (description, seed, changes, cut) => {
        const bytes = Uint8Array.from(fill(description, source(seed)));
        for (const [at, value] of changes) bytes[at % Math.max(1, bytes.length)] = value;
        const rest = bytes.subarray(0, cut % (bytes.length + 1));
        assertWhole(decodeDeviceBody(rest, description), rest);
        assertWhole(decodeDeviceBody(bytes, description), bytes);
        for (const ended of [false, true]) {
          measureDeviceBody(
            rest,
            description,
            (end) => end > rest.length ? undefined : false,
            ended,
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("decodeDeviceBody() keeps all bytes whatever the description claims", () => {
  const size = fc.oneof(fc.nat(9), fc.constantFrom(0, 0xffff_ffff, 1000));
  const names = fc.constantFrom("", "d", "d/e");
  const types = fc.constantFrom(
    ...["struct", "uint32", "nullptr", "ptr-marker", "gtree", "qlist", "capability", "bitmap", "cstr8", "constructor"],
  );
  const hostile = (depth: number): fc.Arbitrary<VmsdDescription> => {
    const inner = depth === 0 ? fc.constant(vmsd([])) : hostile(depth - 1);
    const one = fc.record({
      name: fc.constantFrom("", "a", "b", "__proto__"),
      type: types,
      size,
      arrayLen: size,
      index: fc.nat(2),
      struct: inner,
      inline: fc.array(inner, { maxLength: 2 }),
    }, { requiredKeys: ["name", "type", "size", "inline"] });
    return fc.record({
      vmsdName: names,
      version: fc.nat(2),
      fields: fc.array(one, { maxLength: 3 }),
      subsections: fc.array(inner, { maxLength: 1 }),
    });
  };
  fc.assert(
    fc.property(
      hostile(2),
      fc.array(fc.constantFrom(0, 1, 2, 5, 0x30, 0x31, 0xff), { maxLength: 60 }),
      (description, list) => {
        const bytes = Uint8Array.from(list);
        assertWhole(decodeDeviceBody(bytes, description), bytes);
        measureDeviceBody(bytes, description, (end) => end > bytes.length ? undefined : false);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("decodeDeviceBody() does no more work than the body has bytes for", () => {
  const nothing = vmsd(Array.from({ length: 50 }, (_, i) => field(`n${i}`, "buffer", 0, { arrayLen: 0xffff_ffff })));
  const one = vmsd([...nothing.fields, field("x", "uint8", 1)]);
  const inner = field("s", "struct", 1, { struct: one, arrayLen: 0xffff_ffff });
  const bytes = new Uint8Array(20_000);
  const start = workTime();
  assertWhole(decodeDeviceBody(bytes, vmsd([inner])), bytes);
  assertWhole(decodeDeviceBody(bytes, vmsd([field("n", "uint64", 8, { arrayLen: 0xffff_ffff })])), bytes);
  assert(workTime() - start < 5_000);
});
