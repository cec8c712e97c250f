import { assertEquals } from "@std/assert";
import { blockList, type MainStream, RAM_EOS, stream } from "../../../testing/main_stream.ts";
import { memoryCapture } from "../../../testing/memory_capture.ts";
import type { Capture } from "../../capture/values.ts";
import { loadReport } from "../load/mod.ts";
import { checkCapture } from "./check.ts";

function capture(main: MainStream, source: string, destination = ""): Capture {
  const side = (devices: string): { qemu: string; command: string[] } => ({
    qemu: "10.0.2",
    command: ["qemu-system-x86_64", ...devices.split(" ").flatMap((name) => name === "" ? [] : ["-device", name])],
  });
  const manifest = { format: "", name: "", other: {}, source: side(source), destination: side(destination) };
  return { ...memoryCapture([{ bytes: main.bytes() }]), manifest };
}

/** What is said of missing devices: the name that a destination does not know. */
function missing(main: MainStream, source: string, destination?: string): string[] {
  return checkCapture(capture(main, source, destination)).problems.filter(({ code }) => code === "missing-device")
    .map(({ qemu }) => /['"](.*)['"]/.exec(qemu ?? "")?.[1] ?? "");
}

/** A stream with sections of these names. */
function sections(...names: readonly string[]): MainStream {
  return names.reduce((main, name, i) => main.full(i, name, 1, 1), stream()).eof();
}

function withRam(name: string): MainStream {
  return stream().start(2, "ram", 4, [blockList({ "pc.ram": 0x1000, [name]: 0x1000 }), RAM_EOS]);
}

Deno.test("a section of a device that the destination was started without is refused, in QEMU's words", async () => {
  const rng = capture(sections("timer", "0000:00:02.0/virtio-rng"), "virtio-rng-pci");
  const [problem] = checkCapture(rng).problems.filter(({ code }) => code === "missing-device");
  const qemu = "Unknown savevm section or instance '0000:00:02.0/virtio-rng' 0. Make sure that your current VM setup " +
    "matches your saved VM setup, including any hotplugged devices";
  assertEquals([problem?.severity, problem?.qemu, problem?.hint], [
    "error",
    qemu,
    "start the destination with the source's -device virtio-rng-pci",
  ]);
  const { verdict } = await loadReport(rng);
  assertEquals([verdict.kind, verdict.code, verdict.qemu], ["error", "missing-device", qemu]);
});

Deno.test("a device's RAM is refused before its section", () => {
  const rom = withRam("0000:00:02.0/e1000.rom").full(3, "0000:00:02.0/e1000", 3, 1).eof();
  assertEquals(missing(rom, "e1000"), ["0000:00:02.0/e1000.rom"]);
  // A source that breaks off there has sent no section.
  assertEquals(missing(withRam("0000:00:02.0/vga.vram"), "cirrus-vga"), ["0000:00:02.0/vga.vram"]);
  // It is the machine's, whatever it is called.
  assertEquals(missing(withRam("/rom@etc/table-loader").eof(), "loader"), []);
});

Deno.test("a state is known to be a device's by its name", () => {
  const known: [state: string, driver: string][] = [
    ["xhci", "qemu-xhci"],
    ["uhci", "piix3-usb-uhci"],
    ["pci_bridge", "pci-bridge"],
    ["i6300esb_wdt", "i6300esb"],
    ["virtio-console", "virtio-serial-pci"],
    ["virtio-input", "virtio-tablet-pci"],
    ["lsiscsi", "lsi53c895a"],
    ["hda-audio", "hda-duplex"],
    ["usb-ptr", "usb-tablet"],
    ["scsi-disk", "scsi-hd"],
  ];
  for (const [state, driver] of known) {
    assertEquals(missing(sections(`0000:00:02.0/${state}`), driver), [`0000:00:02.0/${state}`], driver);
  }
  for (const [state, driver] of [["virtio-net", "virtio-rng-pci"], ["virtio-blk", "virtio-serial-pci"], ["x", "usb"]]) {
    assertEquals(missing(sections(`0000:00:02.0/${state}`), driver ?? ""), [], driver);
  }
  assertEquals(missing(sections("serial"), "isa-serial"), ["serial"]);
});

Deno.test("of several of a kind the one at its address is missing, else the last", () => {
  const two = sections("0000:00:05.0/virtio-rng", "0000:00:06.0/virtio-rng");
  const [one, other] = ["virtio-rng-pci,addr=5", "virtio-rng-pci,addr=6"];
  assertEquals(missing(two, `${one} ${other}`, other), ["0000:00:05.0/virtio-rng"]);
  assertEquals(missing(two, "virtio-rng-pci virtio-rng-pci", "virtio-rng-pci"), ["0000:00:06.0/virtio-rng"]);
  assertEquals(missing(two, "virtio-rng-pci virtio-rng-pci").toSorted(), [
    "0000:00:05.0/virtio-rng",
    "0000:00:06.0/virtio-rng",
  ]);
  // All that there are may be those that it has.
  assertEquals(missing(sections("0000:00:06.0/virtio-rng"), "virtio-rng-pci virtio-rng-pci", "virtio-rng-pci"), []);
  assertEquals(missing(sections("0000:00:06.0/virtio-rng"), one), [], "nothing is at that address");
});

Deno.test("what becomes of VFIO devices is not told twice, and a destination that completed had them", () => {
  assertEquals(missing(sections("0000:00:05.0/vfio"), "vfio-pci,host=0000:01:00.0"), ["0000:00:05.0/vfio"]);
  const completed = capture(sections("0000:00:02.0/virtio-rng"), "virtio-rng-pci");
  const manifest = {
    ...completed.manifest,
    format: "",
    name: "",
    other: {},
    outcome: { source: "completed", destination: "completed" },
  };
  const { problems } = checkCapture({ ...completed, manifest });
  assertEquals(problems.filter(({ code }) => code === "missing-device").map(({ severity }) => severity), ["warning"]);
});
