import { assertEquals } from "@std/assert";
import { ascii, be, bytesOf, MainStream, type Piece, stream } from "../../../testing/main_stream.ts";
import { memoryCapture } from "../../../testing/memory_capture.ts";
import { loadReport } from "./load.ts";
import type { LoadReport } from "./model.ts";

async function load(main: MainStream, qemu = "11.1"): Promise<LoadReport> {
  return await loadReport(memoryCapture([{ bytes: main.bytes() }]), { expect: { qemu } });
}

function globalState(name: string, at = 0, rest: Piece = new Uint8Array(100 - at - name.length)): Uint8Array {
  return bytesOf(be(name.length + 1, 4), new Uint8Array(at), ascii(name), rest);
}

const inState = (name: string, rest?: Piece): MainStream =>
  stream().full(0, "globalstate", 1, globalState(name, 0, rest)).eof();

async function verdict(main: MainStream, qemu?: string): Promise<string[]> {
  const { kind, code, qemu: words = "" } = (await load(main, qemu)).verdict;
  return [kind, code, words];
}

const OK = ["ok", "", ""];

Deno.test("a load goes on in the run state that the stream names, if a destination can", async () => {
  for (const name of ["running", "paused", "inmigrate", "suspended", "colo", "postmigrate"]) {
    assertEquals(await verdict(inState(name)), OK, name);
  }
  for (const name of ["debug", "restore-vm", "save-vm"]) {
    const { kind, code, reason } = (await load(inState(name))).verdict;
    assertEquals([kind, code], ["would-abort", "run-state-transition"], name);
    assertEquals(reason, `the run state is "${name}", which a destination cannot go on in`);
  }
  for (const name of ["jogging", "", "Running", "running ", "preconfig"]) {
    assertEquals(await verdict(inState(name)), ["error", "run-state", `invalid parameter value: ${name}`], name);
  }
});

Deno.test("the name of a run state ends with its room, which was larger before 9.0", async () => {
  const long = inState("x".repeat(100), []);
  assertEquals(await verdict(long, "8.2"), ["error", "run-state", `invalid parameter value: ${"x".repeat(99)}`]);
  assertEquals(await verdict(long, "9.0"), ["error", "run-state", `invalid parameter value: ${"x".repeat(31)}`]);
  // Behind the end anything may stand.
  assertEquals(await verdict(inState("running", [0, new Uint8Array(92).fill(0x78)])), OK);
});

Deno.test("a section that is called globalstate and is none is let be", async () => {
  assertEquals(await verdict(stream().full(0, "globalstate", 1, globalState("jogging"), 1).eof()), OK);
  assertEquals(await verdict(stream().full(0, "place/globalstate", 1, globalState("jogging")).eof()), OK);
  assertEquals(await verdict(stream().full(0, "globalstate", 1, new Uint8Array(103)).eof()), OK);
});

Deno.test("postcopy starts the guest, whatever the state of its run was", async () => {
  const inner = (name: string): MainStream =>
    new MainStream().command(4).full(0, "globalstate", 1, globalState(name)).command(5);
  const postcopy = (name: string): MainStream => stream().command(3).packaged(inner(name));
  assertEquals(await verdict(postcopy("debug")), await verdict(postcopy("running")));
  assertEquals((await verdict(postcopy("jogging")))[1], "run-state");
});

const WORDS = "Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices";

const described = (sent: string, told: string): MainStream =>
  stream().full(0, sent, 1, 1).eof().description({
    page_size: 4096,
    devices: [{
      name: told,
      instance_id: 0,
      vmsd_name: "gizmo",
      version: 1,
      fields: [{ name: "x", type: "uint8", size: 1 }],
    }],
  });

Deno.test("a load fails at a section that is not called after its state, and may at one that is not described", async () => {
  assertEquals(await verdict(described("gizmo", "gizmo")), OK);
  assertEquals(await verdict(described("gadget", "gadget"), "10.0"), [
    "error",
    "section-unknown",
    `Unknown savevm section or instance 'gadget' 0. ${WORDS}`,
  ]);
  const { verdict: { kind }, warnings } = await load(described("gadget", "gizmo"));
  assertEquals(kind, "ok");
  assertEquals(warnings, [{
    code: "section-undescribed",
    message:
      '"gadget" instance 0 is not in the VM description: the source did not have it, and a destination like it ' +
      `does not either; QEMU then says: Unknown section or instance 'gadget' 0. ${WORDS}`,
  }]);
});

Deno.test("a source notices that it was refused if it has more to send than lies on the way", async () => {
  const behind = async (bytes: number): Promise<string> => {
    const main = stream().full(0, "gadget", 1, 1).full(1, "b", 1, new Uint8Array(bytes)).eof().description({
      page_size: 4096,
      devices: [
        {
          name: "gadget",
          instance_id: 0,
          vmsd_name: "gizmo",
          version: 1,
          fields: [{ name: "x", type: "uint8", size: 1 }],
        },
        { name: "b", instance_id: 0, vmsd_name: "b", version: 1, fields: [{ name: "x", type: "buffer", size: bytes }] },
      ],
    });
    const { verdict: { code }, sourceBelieves } = await load(main);
    return `${code} ${sourceBelieves}`;
  };
  assertEquals(await behind(100_000), "section-unknown success");
  assertEquals(await behind(300_000), "section-unknown failure");
});
