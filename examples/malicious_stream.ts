/**
 * A test for a developer of QEMU: streams that nobody should trust, shown to a real QEMU; for each, what it has to say. No
 * source is needed, no guest and no firmware: machine "none" has the one block of RAM that `-m` asks for, and no device.
 *
 *     QEMU=PROGRAM deno test … malicious_stream.ts
 *
 * `migwire forge --help` lists the steps.
 */
import { forge, forgeDescription, replay } from "@migwire/migwire";

const QEMU = Deno.env.get("QEMU") ?? "qemu-system-x86_64";
const DESTINATION = [QEMU, "-M", "none", "-m", "16", "-nodefaults", "-display", "none"];

/** What the source sends, and what QEMU has to say of it. */
const STREAMS: readonly { readonly title: string; readonly steps: readonly unknown[]; readonly words: RegExp }[] = [
  {
    title: "a section of a device that is not there",
    steps: ["setup", { full: { of: "nobody", id: 9, content: [{ zeros: 4 }] } }, "eof"],
    words: /Unknown (savevm )?section or instance 'nobody' 0/,
  },
  {
    title: "a page behind the end of its block",
    steps: ["setup", { part: { of: "ram", content: [{ page: { block: "ram", offset: 0x1000000 } }, "eos"] } }],
    words: /Illegal RAM offset 1000000/,
  },
  {
    title: "a page of a block that is not there",
    steps: ["setup", { part: { of: "ram", content: [{ page: { block: "other" } }, "eos"] } }],
    words: /Can't find block other/,
  },
  {
    title: "a footer of another section",
    steps: ["setup", { part: { of: "ram", cut: true } }, { raw: { content: [{ hex: "7e00000063" }] } }],
    words: /Mismatched section id in footer for ram - read 0x63 expected 0x2/,
  },
  {
    title: "a part of a section that never began",
    steps: ["header", { part: { of: "ram", id: 77 } }],
    words: /Unknown (savevm )?section 77/,
  },
  {
    title: "a command that does not exist",
    steps: ["setup", { command: 99 }],
    words: /MIG_CMD 0x63 unknown \(len 0x0\)/,
  },
];

for (const { title, steps, words } of STREAMS) {
  Deno.test(`QEMU refuses ${title}`, async () => {
    const capture = forge(forgeDescription({
      title,
      machine: "none",
      channels: 0,
      devices: [],
      ram: { ram: 16 * 1024 * 1024 },
      steps,
    }));
    // It is started for the test, told where to listen, asked how it ended, and stopped, whatever happens.
    const { verdict, stderr = "" } = await replay(capture, {
      target: { kind: "spawn", argv: DESTINATION, recorded: false },
      limits: { stallMs: 20_000, verdictMs: 20_000 },
    });
    const said = `${verdict.reason}\n${stderr}`;
    if (verdict.kind !== "failed") throw new Error(`Expected it to fail, but it has ${verdict.kind}: ${said}`);
    if (!words.test(said)) throw new Error(`Expected ${words}, but it says: ${said}`);
  });
}
