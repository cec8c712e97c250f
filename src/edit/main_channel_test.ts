import { assert, assertEquals, assertThrows } from "@std/assert";
import { be, BLOCK, blockList, counted, page, RAM_EOS, stream, zeroPage } from "../../testing/main_stream.ts";
import { memoryCapture } from "../../testing/memory_capture.ts";
import { MainStream } from "../../testing/main_stream.ts";
import { decodeText } from "../bytes/mod.ts";
import { type Capture, readBytes, readCapture, readDescription } from "../capture/mod.ts";
import type { BaseRecord } from "../stream/mod.ts";
import { checkCapture } from "../report/check/mod.ts";
import { edited } from "./edit_for_test.ts";
import { type EditAction, EditError, type EditOptions } from "./mod.ts";

function main(of: MainStream): Capture {
  return memoryCapture([{ bytes: of.bytes() }]);
}

function bytesOf(capture: Capture): Uint8Array {
  const source = capture.channels[0]?.source;
  assert(source !== undefined);
  return readBytes(source, 0, source.size);
}

function edit(of: MainStream, edits: [EditAction, string][], options: EditOptions = {}): Uint8Array {
  return bytesOf(edited(main(of), edits, options));
}

function records(of: Uint8Array): BaseRecord[] {
  const found: BaseRecord[] = [];
  readCapture(memoryCapture([{ bytes: of }]), (record) => found.push(record));
  return found;
}

function errors(of: Uint8Array): string[] {
  return checkCapture(memoryCapture([{ bytes: of }]), {}).problems.filter(({ severity }) => severity === "error")
    .map(({ code }) => code);
}

const u32 = (name: string): object => ({ name, type: "uint32", size: 4 });

const device = (name: string, fields: object[], instance = 0, more: object = {}): object => ({
  name,
  instance_id: instance,
  vmsd_name: name,
  version: 1,
  fields,
  ...more,
});

/** Two devices; the second has a structure with a buffer in it, and a subsection. */
function described(
  { buffer = "abcd", machine = "pc-q35-9.2", order = ["a", "b"] as readonly string[] } = {},
): MainStream {
  const inner = {
    vmsd_name: "inner",
    version: 1,
    fields: [{ name: "text", type: "buffer", size: buffer.length }, u32("end")],
  };
  const devices: { [name: string]: object } = {
    a: device("a", [u32("x")]),
    b: device(
      "b",
      [
        { name: "in", type: "struct", size: buffer.length + 4, struct: inner },
        { name: "name", type: "capability", size: 5 },
      ],
      3,
      { subsections: [{ vmsd_name: "b/sub", version: 1, fields: [u32("y")] }] },
    ),
  };
  const bodies: { [name: string]: (of: MainStream) => MainStream } = {
    a: (of) => of.full(1, "a", 1, be(7, 4)),
    b: (of) =>
      of.full(
        2,
        "b",
        1,
        [new TextEncoder().encode(buffer), be(9, 4), counted("caps"), 5, counted("b/sub"), be(1, 4), be(8, 4)],
        3,
      ),
  };
  const begun = order.reduce((of, name) => bodies[name]?.(of) ?? of, new MainStream().header(machine)).eof();
  const name = { name: "name", type: "buffer", size: machine.length };
  const configuration = { vmsd_name: "configuration", version: 1, fields: [u32("len"), name] };
  const text = JSON.stringify({ configuration, page_size: 4096, devices: order.map((name) => devices[name]) });
  return begun.description(text);
}

Deno.test("a machine's name of another length changes its length, and what is said of it", () => {
  const now = edit(described(), [["set", "kind=configuration,machine=a-machine-of-another-length"]]);
  assertEquals(now, described({ machine: "a-machine-of-another-length" }).bytes());
});

Deno.test("a device's field of another length changes the sizes of all that it is in", () => {
  const now = edit(described(), [["set", `section=b,in.text=${"78".repeat(11)}`]]);
  assertEquals(now, described({ buffer: "x".repeat(11) }).bytes());
  assertEquals(errors(now), []);
  const left = edit(described(), [["set", `section=b,in.text=${"78".repeat(11)}`]], { leaveWrong: ["description"] });
  assertEquals(left.length, described().bytes().length + 7);
});

/** A device with an array of structures, each described by itself, whose buffers have these contents, in a structure. */
function withArray(buffers: readonly string[], { marks = false } = {}): MainStream {
  const element = (text: string, index: number): object[] => {
    const fields = [{ name: "text", type: "buffer", size: text.length }, u32("end")];
    const struct = { vmsd_name: "element", version: 1, fields };
    const mark = { name: "all", index, type: "ptr-marker", size: 1 };
    return [...marks ? [mark] : [], { name: "all", index, type: "struct", size: text.length + 4, struct }];
  };
  const fields = [u32("before"), ...buffers.flatMap(element)];
  const size = 4 + buffers.reduce((sum, text) => sum + text.length + 4 + (marks ? 1 : 0), 0);
  const outer = { name: "outer", type: "struct", size, struct: { vmsd_name: "outer", version: 1, fields } };
  const texts = buffers.map((text) => [...marks ? [0x31] : [], new TextEncoder().encode(text), be(9, 4)]);
  return stream().full(1, "a", 1, [be(1, 4), texts]).eof()
    .description(JSON.stringify({ page_size: 4096, devices: [device("a", [outer])] }));
}

Deno.test("an element of an array that is described by itself can have another length", () => {
  const longer = "x".repeat(11);
  for (const marks of [false, true]) {
    const now = edit(withArray(["abcd", "efgh", "ijkl"], { marks }), [[
      "set",
      `section=a,outer.all[1].text=${"78".repeat(11)}`,
    ]]);
    assertEquals(now, withArray(["abcd", longer, "ijkl"], { marks }).bytes());
    assertEquals(errors(now), []);
  }
  const twice = edit(withArray(["abcd", "efgh"]), [
    ["set", "section=a,outer.all[0].text=78"],
    ["set", `section=a,outer.all[1].text=${"78".repeat(11)}`],
  ]);
  assertEquals(twice, withArray(["x", longer]).bytes());
  const ofOne = edit(withArray(["abcd", "efgh"]), [
    ["set", `section=a,outer.all[1].text=${"78".repeat(11)},outer.all[1].text=7879,outer.all[0].text=78`],
  ]);
  assertEquals(ofOne, withArray(["x", "xy"]).bytes());
});

Deno.test("an element that shares its description with others cannot", () => {
  const fields = [{ name: "all", array_len: 2, type: "buffer", size: 4 }, { name: "more", type: "uint32", size: 4 }];
  const of = stream().full(1, "a", 1, [new Uint8Array(8), be(1, 4)]).eof()
    .description(JSON.stringify({ page_size: 4096, devices: [device("a", fields)] }));
  assertThrows(
    () => edit(of, [["set", "section=a,all[1]=7878"]]),
    EditError,
    "Cannot set all[1] to a value of another length: the description says one of all elements of an array",
  );
  assertEquals(edit(of, [["set", "section=a,all[1]=78787878"]]).length, of.bytes().length);
});

Deno.test("fields of structures and subsections are set by their paths", () => {
  const read = (of: Uint8Array): string => decodeText(of.slice(0, -200)).replaceAll(/[^ -~]/g, "");
  const now = edit(described(), [
    ["set", "section=b,in.end=0x41424344,b/sub.y=0x45464748"],
    ["set", "section=a,x=0x494a4b4c"],
  ]);
  assertEquals(now.length, described().bytes().length);
  for (const text of ["ABCD", "EFGH", "IJKL"]) assert(read(now).includes(text), text);
  assertThrows(() => edit(described(), [["set", "section=a,x=0x100000000"]]), EditError, "it has 4 bytes");
});

Deno.test("a section that is dropped, sent twice or moved is so in the description, too", () => {
  assertEquals(edit(described(), [["drop", "section=a"]]), described({ order: ["b"] }).bytes());
  assertEquals(edit(described(), [["drop", "section=b"]]), described({ order: ["a"] }).bytes());
  assertEquals(edit(described(), [["drop", "kind=section-full"]]), described({ order: [] }).bytes());
  assertEquals(
    edit(described(), [["reorder", "section=b before section=a"]]),
    described({ order: ["b", "a"] }).bytes(),
  );
  assertEquals(edit(described(), [["reorder", "section=a after section=b"]]), described({ order: ["b", "a"] }).bytes());
  const twice = edit(described(), [["duplicate", "section=a,times=3"]]);
  assertEquals(twice, described({ order: ["a", "a", "a", "b"] }).bytes());
});

Deno.test("a section's header that is changed is so in the description, too", () => {
  const now = edit(described(), [["set", "section=b,kind=section-full,idstr=bee/b,instanceId=4,versionId=2"]]);
  const source = memoryCapture([{ bytes: now }]).channels[0]?.source;
  assert(source !== undefined);
  const found = readDescription(source)?.devices[1];
  assertEquals([found?.name, found?.instanceId, found?.version, found?.vmsdName], ["bee/b", 4, 2, "b"]);
  assertEquals(errors(now), []);
});

Deno.test("a description that an edit has put there stays", () => {
  const now = edit(described(), [["set", "kind=vm-description,data=7b7d"], ["drop", "section=a"]]);
  assertEquals([...now.slice(-7)], [6, 0, 0, 0, 2, 0x7b, 0x7d]);
  const none = edit(described(), [["drop", "kind=vm-description"], ["drop", "section=a"]]);
  assertEquals(none.at(-1), 0);
});

Deno.test("a package says how long it is, whatever is changed in it", () => {
  const inner = (...sections: readonly (readonly [id: number, name: string])[]): MainStream =>
    sections.reduce((of, [id, name]) => of.full(id, name, 1, be(7, 4)), new MainStream()).command(5);
  const of = (...sections: readonly (readonly [id: number, name: string])[]): MainStream =>
    stream().command(3).packaged(inner(...sections));
  const plain = of([1, "timer"], [2, "b"]);
  assertEquals(edit(plain, [["set", "section=b,idstr=a-longer-one"]]), of([1, "timer"], [2, "a-longer-one"]).bytes());
  assertEquals(edit(plain, [["drop", "section=b"]]), of([1, "timer"]).bytes());
  assertEquals(edit(plain, [["duplicate", "section=timer"]]), of([1, "timer"], [1, "timer"], [2, "b"]).bytes());
  const left = edit(plain, [["drop", "section=b"]], { leaveWrong: ["lengths"] });
  assert(errors(left).length > 0 || left.length < plain.bytes().length);
  const own = edit(plain, [["set", "kind=command,nth=2,blobLength=9"], ["drop", "section=b"]]);
  const command = records(own).find((record) => "blobLength" in record);
  assertEquals(command && "blobLength" in command && command.blobLength, 9);
});

/** A block list of two blocks, and pages of both. */
function ram(): MainStream {
  return stream().start(1, "ram", 4, [blockList({ [BLOCK]: 0x8000, other: 0x4000 }), RAM_EOS])
    .part(1, [page(0, BLOCK, 1), page(0x2000, undefined, 2), zeroPage(0x4000), page(0, "other", 3), RAM_EOS])
    .end(1, [page(0x2000, undefined, 4), RAM_EOS]).eof();
}

/** The block, offset and beginning of each page. */
function pages(of: Uint8Array): string[] {
  return records(of).flatMap((record) => {
    if (record.kind !== "ram-page" && record.kind !== "ram-zero") return [];
    const { block, pageOffset } = record as BaseRecord & { block: string; pageOffset: number };
    return [`${record.kind} ${block} ${pageOffset}`];
  });
}

Deno.test("a page that continued the block of one that is gone gets the name", () => {
  const all = [
    "ram-page pc.ram 0",
    "ram-page pc.ram 8192",
    "ram-zero pc.ram 16384",
    "ram-page other 0",
    "ram-page other 8192",
  ];
  assertEquals(pages(ram().bytes()), all);
  assertEquals(pages(edit(ram(), [["drop", "kind=ram-page,nth=1"]])), all.slice(1));
  assertEquals(pages(edit(ram(), [["drop", "kind=ram-page,nth=3"]])), all.toSpliced(3, 1));
  assertEquals(pages(edit(ram(), [["drop", "kind=section-part"]])), all.slice(4));
  assertEquals(errors(edit(ram(), [["drop", "kind=ram-page,nth=1"]])), []);
  const moved = edit(ram(), [["reorder", "kind=ram-page,nth=3 before nth=2"]]);
  assertEquals(pages(moved), [all[0], all[3], all[1], all[2], all[4]]);
  const left = edit(ram(), [["drop", "kind=ram-page,nth=3"]], { leaveWrong: ["names"] });
  assertEquals(pages(left).at(-1), "ram-page pc.ram 8192");
});

Deno.test("pages get other contents, blocks other names and sizes, and the total is right", () => {
  const other = edit(ram(), [["set", `kind=ram-page,nth=2,data=${"ee".repeat(4096)}`]]);
  assertEquals(other.length, ram().bytes().length);
  assertEquals(other.filter((byte) => byte === 0xee).length, 4096);
  assertThrows(() => edit(ram(), [["set", "kind=ram-page,nth=2,data=ee"]]), EditError, "it is 1 pages of 4096 bytes");
  const now = edit(ram(), [["set", "kind=ram-block-list,blocks[1].usedLength=0x6000,blocks[1].block=others"]]);
  const list = records(now).find(({ kind }) => kind === "ram-block-list");
  assertEquals((list as BaseRecord & { pageOffset: number }).pageOffset, 0xe000);
  const left = edit(ram(), [["set", "kind=ram-block-list,blocks[1].usedLength=0x6000"]], { leaveWrong: ["counts"] });
  assert(errors(left).length > 0);
});

Deno.test("commands get other numbers and lengths, and keep their bytes", () => {
  const of = stream().command(2, be(5, 4)).command(3, be(4096, 8), be(4096, 8)).eof();
  const number = edit(of, [["set", "kind=command,nth=1,command=99"]]);
  assertEquals(errors(number).filter((code) => code === "unknown-command").length, 1);
  assertEquals(number.length, of.bytes().length);
  assertEquals(errors(edit(of, [["set", "kind=command,nth=1,value=6"]])), errors(of.bytes()));
  assert(errors(edit(of, [["set", "kind=command,nth=1,payloadLength=3"]])).length > errors(of.bytes()).length);
  assertThrows(() => edit(of, [["set", "kind=command,command=65536"]]), EditError, "it has 16 bits");
});

Deno.test("without footers a section ends where the next thing begins", () => {
  const ram = (of: MainStream): MainStream => of.start(1, "ram", 4, [blockList({ [BLOCK]: 0x8000 }), RAM_EOS]);
  const begun = (): MainStream => ram(new MainStream({ footers: false }).header());
  const of = begun().part(1, [page(0, BLOCK), RAM_EOS]).end(1, RAM_EOS).eof();
  assertEquals(edit(of, [["drop", "kind=section-part"]]), begun().end(1, RAM_EOS).eof().bytes());
  assertEquals(edit(of, [["drop", "kind=section-end"]]), begun().part(1, [page(0, BLOCK), RAM_EOS]).eof().bytes());
});

Deno.test("a capture from a pipe that is too large to be kept cannot be edited", () => {
  const capture = main(ram());
  const [channel] = capture.channels;
  assert(channel !== undefined);
  const { source: _source, ...rest } = channel;
  const pipe = { head: new Uint8Array(0), read: (): number => 0 };
  const error = assertThrows(
    () => edited({ ...capture, channels: [{ ...rest, pipe }] }, [["drop", "kind=eof"]]),
    EditError,
  );
  assertEquals(error.code, "pipe");
});
