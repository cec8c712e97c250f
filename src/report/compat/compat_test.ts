import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import dump10 from "../../../testdata/compat/qemu-10.0.json" with { type: "json" };
import dump7 from "../../../testdata/compat/qemu-7.2.json" with { type: "json" };
import {
  be,
  BLOCK,
  blockList,
  capabilities,
  compressedPage,
  FLUSH,
  type MainStream,
  RAM_EOS,
  stream,
  subsection,
  word,
} from "../../../testing/main_stream.ts";
import { devicePacket, memoryCapture, multifdChannel, VFIO_TAG } from "../../../testing/memory_capture.ts";
import { parseVmstateDump } from "../../wire/mod.ts";
import { compatCapture, type CompatOptions } from "./compat.ts";
import type { CompatReport } from "./model.ts";

const dumps = { "7.2": parseVmstateDump(JSON.stringify(dump7)), "10.0": parseVmstateDump(JSON.stringify(dump10)) };

/** Both dumps are of q35. */
const MACHINE = "pc-q35-7.2";

/** Bytes before the first section. */
const HEADER = 8 + 5 + MACHINE.length;

interface Asked extends CompatOptions {
  readonly dump?: keyof typeof dumps;
  readonly multifd?: Uint8Array;
}

function ask(main: MainStream, { dump = "7.2", multifd, ...options }: Asked = {}): CompatReport {
  const channels = [{ bytes: main.bytes() }, ...multifd === undefined ? [] : [{ bytes: multifd }]];
  const version = dump === "7.2" ? "7.2.22" : "10.0.2";
  return compatCapture(memoryCapture(channels), dumps[dump], { machine: MACHINE, version, ...options });
}

const codes = ({ problems }: CompatReport): string[] => problems.map(({ severity, code }) => `${severity} ${code}`);

/** A device of a description. */
function device(name: string, version: number, fields: object[], more: object = {}): object {
  return { name, instance_id: 0, vmsd_name: name.slice(name.lastIndexOf("/") + 1), version, fields, ...more };
}

const field = (name: string, size: number, type = `uint${8 * size}`): object => ({ name, type, size });

/** A stream of devices that it describes. */
function described(sections: [idstr: string, version: number, body: Uint8Array][], devices: object[]): MainStream {
  const main = stream(MACHINE);
  sections.forEach(([idstr, version, body], i) => main.full(i, idstr, version, body));
  return main.eof().description({ page_size: 4096, devices });
}

const PORT92 = device("port92", 1, [field("outport", 1)]);

Deno.test("compatCapture() says that a stream would load, and what it compared", () => {
  const report = ask(described([["port92", 1, be(2, 1)], ["timer", 2, new Uint8Array(24)]], [PORT92]));
  assertEquals([report.ok, report.complete, report.described, report.problems], [true, true, true, []]);
  assertEquals(report.source, { machine: MACHINE, version: null });
  assertEquals(report.target, {
    machine: MACHINE,
    knowsMachine: null,
    version: "7.2.22",
    versionFrom: "user",
    types: 24,
  });
  assertEquals(
    report.sections.map(({ idstr, type, reads, fields, verdict }) => [idstr, type, reads, fields, verdict]),
    [
      ["port92", "port92", { minimum: 1, maximum: 1 }, 1, "loads"],
      ["timer", null, null, null, "unknown"],
    ],
  );
});

Deno.test("compatCapture() compares machine types as QEMU does", () => {
  const main = stream("pc-q35-10.0").eof();
  const { problems: [problem] } = ask(main);
  assertEquals([problem?.code, problem?.offset], ["machine", 8]);
  assertEquals(problem?.qemu, "Machine type received is 'pc-q35-10.0' and local is 'pc-q35-7.2'");
  assertEquals(codes(ask(main, { machine: "pc-q35-10.0" })), []);
  const asked = ask(main, { machine: "pc-q35-10.0", machines: ["pc-q35-7.2", "q35"] });
  assertEquals([codes(asked), asked.target.knowsMachine], [["error machine"], false]);
  assertEquals(asked.problems[0]?.qemu, "unsupported machine type");
  const newer = ask(main, { machine: "pc-q35-10.0", machines: ["q35"], version: "10.0" });
  assertEquals(newer.problems[0]?.qemu, 'unsupported machine type: "pc-q35-10.0"');
  const other = ask(main, { machines: ["pc-q35-7.2"], versionFrom: "qemu" });
  assertEquals(other.problems[0]?.qemu, "Machine type received is 'pc-q35-10.0' and local is 'pc-q35-7.2'");
  assertEquals(ask(main, { machine: "pc-q35-10.0", machines: ["pc-q35-10.0"] }).target.knowsMachine, true);
});

Deno.test("compatCapture() knows sections by the states of device types", () => {
  const sections: [string, number, Uint8Array][] = [
    ["0000:00:02.0/igb", 1, be(0, 4)],
    ["port92", 3, be(0, 1)],
    ["port92", 0, be(0, 1)],
  ];
  const main = stream(MACHINE);
  sections.forEach(([idstr, version, body], i) => main.full(i, idstr, version, body, i));
  const { problems } = ask(main.eof());
  assertEquals(problems.map(({ code, section, instanceId, qemu }) => [code, section, instanceId, qemu]), [
    [
      "section-unknown",
      "0000:00:02.0/igb",
      0,
      "Unknown savevm section or instance '0000:00:02.0/igb' 0. Make sure that your current VM setup matches your saved " +
      "VM setup, including any hotplugged devices",
    ],
    ["section-version", "port92", 1, "savevm: unsupported version 3 for 'port92' v1"],
    [
      "section-version",
      "port92",
      2,
      "port92: incoming version_id 0 is too old for local minimum version_id  1",
    ],
  ]);
  const newest = ask(stream(MACHINE).full(1, "port92", 0, be(0, 1)).full(2, "nvme", 3, [], 1).eof(), {
    version: "11.1",
  });
  assertEquals(newest.problems.map(({ qemu }) => qemu), [
    "port92: incoming version_id 0 is too old for local minimum version_id 1",
    "unsupported version 3 for 'nvme' v0",
  ]);
});

Deno.test("compatCapture() takes no PCI device for one that has no place on a bus", () => {
  assertEquals(codes(ask(stream(MACHINE).full(1, "0000:00:1f.2/ich9_ahci", 1, []).eof())), []);
  assertEquals(codes(ask(stream(MACHINE).full(1, "ich9_ahci", 1, []).eof())), ["error section-unknown"]);
});

Deno.test("compatCapture() knows no section that is not called after its state", () => {
  const named = (name: string): MainStream =>
    described([[name, 2, be(0, 4)]], [device(name, 2, [field("x", 4)], { vmsd_name: "timer" })]);
  assertEquals(codes(ask(named("timer"))), []);
  assertEquals(codes(ask(named("stopwatch"))), ["error section-unknown"]);
});

Deno.test("compatCapture() tells what QEMU cannot migrate there", () => {
  const main = described([["0000:00:02.0/nvme", 1, be(0, 4)]], [device("0000:00:02.0/nvme", 1, [field("cap", 4)])]);
  const { problems: [problem] } = ask(main);
  assertEquals(problem?.code, "unmigratable");
  assertEquals(problem?.qemu, "State blocked by non-migratable device '0000:00:02.0/nvme'");
});

Deno.test("compatCapture() compares fields and subsections, and gives places and words", () => {
  const added = described([["port92", 1, be(2, 2)]], [device("port92", 1, [field("outport", 1), field("more", 1)])]);
  const { problems: [more] } = ask(added);
  assertEquals([more?.code, more?.field, more?.offset], ["field-added", "more", HEADER]);
  assertEquals(more?.qemu, "Missing section footer for port92, or whatever it stumbles over first");
  const missing = described([["port92", 1, new Uint8Array(0)]], [device("port92", 1, [])]);
  assertEquals(codes(ask(missing)), ["error field-missing"]);
  const resized = described([["port92", 1, be(2, 2)]], [device("port92", 1, [field("outport", 2)])]);
  assertEquals(codes(ask(resized)), ["error field-resized"]);
  const sub = { vmsd_name: "port92/new", version: 1, fields: [field("x", 1)] };
  const body = Uint8Array.from([2, ...subsection("port92/new", 7)]);
  const unknown = described([["port92", 1, body]], [
    device("port92", 1, [field("outport", 1)], { subsections: [sub] }),
  ]);
  const { problems: [old] } = ask(unknown);
  const headerEnd = HEADER + 1 + 4 + 1 + 6 + 4 + 4;
  assertEquals([old?.code, old?.offset], ["subsection-unknown", headerEnd + 1]);
  assertEquals(
    old?.qemu,
    "error while loading state for instance 0x0 of device 'port92'; load of migration failed: No such file or directory",
  );
  assertEquals(
    ask(unknown, { version: "11.1" }).problems[0]?.qemu,
    "error while loading state for instance 0x0 of device 'port92': VM subsection 'port92/new' in 'port92' does not exist",
  );
});

Deno.test("compatCapture() compares versions of subsections", () => {
  const ps2kbd = (version: number): MainStream => {
    const sub = { vmsd_name: "ps2kbd/need_high_bit", version, fields: [field("need_high_bit", 1, "bool")] };
    const body = Uint8Array.from(subsection("ps2kbd/need_high_bit", 1, version));
    return described([["ps2kbd", 3, body]], [device("ps2kbd", 3, [], { subsections: [sub] })]);
  };
  const told = (version: number): unknown[] =>
    ask(ps2kbd(version)).problems.filter(({ code }) => code === "subsection-version").map(({ qemu }) => qemu);
  assertEquals(told(1), []);
  assertEquals(told(2), ["ps2kbd/need_high_bit: incoming version_id 2 is too new for local version_id 1"]);
  assertEquals(told(0), ["ps2kbd/need_high_bit: incoming version_id 0 is too old for local minimum version_id  1"]);
});

Deno.test("compatCapture() knows of states that no dump has", () => {
  const cpu = (name: string): MainStream => {
    const sub = { vmsd_name: name, version: 1, fields: [field("x", 1)] };
    const body = Uint8Array.from([0, ...subsection(name, 1)]);
    return described([["cpu", 12, body]], [device("cpu", 12, [field("a", 1)], { subsections: [sub] })]);
  };
  assertEquals(codes(ask(cpu("cpu/pkru"))), []);
  assertEquals(codes(ask(cpu("cpu/fred"))), ["error subsection-unknown"]);
  assertEquals(codes(ask(cpu("cpu/fred"), { dump: "10.0" })), []);
  assertEquals(codes(ask(cpu("cpu/cet"), { version: "10.2" })), [], "between the versions that are known");
  const early = stream(MACHINE).full(1, "0000:00:02.0/virtio-mem-device-early", 1, be(0, 4)).eof();
  assertEquals(codes(ask(early)), ["error section-unknown"]);
  assertEquals(codes(ask(early, { dump: "10.0" })), []);
  const bmc = stream(MACHINE).full(1, "ipmi-bmc-sim", 2, be(0, 4)).eof();
  assertEquals(ask(bmc).problems.map(({ qemu }) => qemu), ["savevm: unsupported version 2 for 'ipmi-bmc-sim' v1"]);
  assertEquals(codes(ask(bmc, { version: "11.1" })), []);
  const block = stream(MACHINE).start(1, "block", 1, word(0x02)).eof();
  assertEquals(codes(ask(block)), []);
  assertEquals(codes(ask(block, { version: "9.1" })), ["error section-unknown"]);
});

Deno.test("compatCapture() looks for subsections inside of what a device writes by itself", () => {
  const dump = parseVmstateDump(JSON.stringify({
    "virtio-net-device": {
      Name: "virtio-net-device",
      version_id: 11,
      minimum_version_id: 11,
      Description: {
        name: "virtio-net",
        version_id: 11,
        minimum_version_id: 11,
        Fields: [{ field: "virtio", version_id: 0, field_exists: false, size: 0 }],
      },
    },
  }));
  const bytes = Uint8Array.from([1, 2, ...subsection("virtio/128bit_features", word(1))]);
  const fields = [field("virtio", bytes.length, "virtio")];
  const main = described([["0000:00:02.0/virtio-net", 11, bytes]], [device("0000:00:02.0/virtio-net", 11, fields)]);
  const report = compatCapture(memoryCapture([{ bytes: main.bytes() }]), dump, { version: "10.0" });
  assertEquals(report.problems.map(({ code, field: name }) => [code, name]), [
    ["subsection-unknown", "virtio/128bit_features"],
  ]);
  assertEquals(report.problems[0]?.offset, HEADER + 1 + 4 + 1 + 23 + 8 + 2);
  assertEquals(compatCapture(memoryCapture([{ bytes: main.bytes() }]), dump, { version: "11.1" }).problems, []);
});

Deno.test("compatCapture() knows since when there are commands, capabilities and records", () => {
  const ram = (...pieces: Uint8Array[]): MainStream =>
    stream(MACHINE).start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), ...pieces, RAM_EOS]);
  const cases: [MainStream, CompatOptions, string[]][] = [
    [stream(MACHINE).command(11).eof(), {}, ["MIG_CMD 0xb unknown (len 0x0)"]],
    [stream(MACHINE).command(11).eof(), { version: "10.0" }, []],
    [stream(MACHINE).command(8).eof(), {}, []],
    [stream(MACHINE).command(8).eof(), { version: "11.1" }, ["MIG_CMD 0x8 deprecated (len 0x0)"]],
    [stream(MACHINE, capabilities("mapped-ram")).eof(), {}, ["Received unknown capability mapped-ram"]],
    [stream(MACHINE, capabilities("mapped-ram")).eof(), { version: "9.0" }, []],
    [stream(MACHINE, capabilities("x-ignore-shared")).eof(), {}, []],
    [ram(FLUSH).eof(), {}, ["Unknown combination of migration flags: 0x200"]],
    [ram(FLUSH).eof(), { version: "8.1" }, []],
    [ram(compressedPage(0, be(0, 4), BLOCK)).eof(), { version: "9.1" }, [
      "Unknown combination of migration flags: 0x100",
    ]],
    [
      stream(MACHINE).start(3, "0000:00:05.0/vfio", 1, [VFIO_TAG.initDataSent, VFIO_TAG.end]).eof(),
      {},
      ["Unknown tag 0xffffffffef100005"],
    ],
  ];
  for (const [main, options, expected] of cases) {
    const { problems } = ask(main, options);
    assertEquals(problems.filter(({ hint }) => hint !== undefined).map(({ qemu }) => qemu), expected);
  }
  const unknown = ask(stream(MACHINE).command(99).eof());
  assert(codes(unknown).includes("error command"), JSON.stringify(codes(unknown)));
});

Deno.test("compatCapture() knows since when there is what multifd channels carry", () => {
  const packet = (flags: number, zero = 0): Uint8Array =>
    Uint8Array.from([
      ...[be(0x11223344, 4), be(1, 4), be(flags, 4), be(128, 4), be(0, 4), be(0, 4), be(0, 8), be(zero, 4)],
      ...[new Uint8Array(28), new TextEncoder().encode(BLOCK), new Uint8Array(256 - BLOCK.length)],
      ...Array.from({ length: 128 }, (_, i) => be(i < zero ? i * 4096 : 0, 8)),
    ].flatMap((bytes) => [...bytes]));
  const main = stream(MACHINE).start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), RAM_EOS]);
  const problems = (multifd: Uint8Array, options: CompatOptions = {}): string[] =>
    codes(ask(stream(MACHINE).raw(main.bytes().subarray(MACHINE.length + 13)).eof(), { multifd, ...options }));
  assertEquals(problems(multifdChannel(0, devicePacket(0, 8))), ["error device-packet"]);
  assertEquals(problems(multifdChannel(0, devicePacket(0, 8)), { version: "10.0" }), []);
  assertEquals(problems(multifdChannel(0, packet(0, 2))), ["warning zero-pages"]);
  assertEquals(problems(multifdChannel(0, packet(0x20))), ["error compression"]);
  assertEquals(problems(multifdChannel(0, packet(0x04))), []);
  const advised = stream(MACHINE).command(3, [be(4096, 8), be(4096, 8)]).eof();
  const multifd = multifdChannel(0);
  assertEquals(codes(ask(advised, { multifd })), ["error multifd-postcopy"]);
  assertEquals(codes(ask(advised, { multifd, version: "10.1" })), []);
});

Deno.test("compatCapture() is not sure of a version that only a machine type tells", () => {
  const main = stream(MACHINE).command(11).full(1, "ipmi-bmc-sim", 2, be(0, 4)).eof();
  const report = compatCapture(memoryCapture([{ bytes: main.bytes() }]), dumps["7.2"]);
  assertEquals([report.ok, report.target.versionFrom], [true, "machine"]);
  assertEquals(codes(report), ["warning command", "warning section-version"]);
  for (const { message, hint } of report.problems) {
    assertStringIncludes(message, "as old as its machine type");
    assertEquals(hint, "say its version with --qemu-version");
  }
  // What it knows, every later one knows.
  const newer = compatCapture(memoryCapture([{ bytes: main.bytes() }]), dumps["10.0"], { machine: MACHINE });
  assertEquals(codes(newer), ["warning section-version"]);
});

Deno.test("compatCapture() judges without any version", () => {
  const { machine: _machine, ...dump } = dumps["7.2"];
  const main = stream(MACHINE).command(11).full(1, "0000:00:02.0/igb", 1, be(0, 4)).eof();
  const report = compatCapture(memoryCapture([{ bytes: main.bytes() }]), dump);
  assertEquals([report.target.machine, report.target.version, report.target.versionFrom], [null, null, null]);
  assertEquals(codes(report), ["error section-unknown"]);
  assert(report.problems[0]?.qemu?.startsWith("Unknown section or instance"));
});

Deno.test("compatCapture() tells that a stream ends early, is encrypted, or is no stream", () => {
  const cut = ask(stream(MACHINE).raw(4, be(1, 4)));
  assertEquals([cut.ok, cut.complete, cut.described, codes(cut)], [false, false, false, ["error truncated"]]);
  const none = compatCapture(memoryCapture([]), dumps["7.2"]);
  assertEquals(codes(none), ["error incomplete"]);
  const tls = Uint8Array.fromHex("16030102000100" + "01fc0303" + "00".repeat(506));
  assertEquals(codes(compatCapture(memoryCapture([{ bytes: tls }]), dumps["7.2"])), ["error encrypted"]);
  const answer = { bytes: Uint8Array.fromHex("0001000400000001"), direction: "d2s" } as const;
  const failed = compatCapture(memoryCapture([{ bytes: stream(MACHINE).eof().bytes() }, answer]), dumps["7.2"]);
  assertEquals(codes(failed), [], "what a recorded destination answered");
});

Deno.test("compatCapture() keeps the first of very many problems, and counts all", () => {
  const main = stream(MACHINE);
  for (let i = 0; i < 1100; i++) main.full(i, `unknown-${i}`, 1, []);
  const { problems, found, sections } = compatCapture(memoryCapture([{ bytes: main.eof().bytes() }]), dumps["7.2"]);
  assertEquals([problems.length, found.errors, sections.length], [1000, 1100, 1100]);
});
