import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { canReadAndWrite, SMALL } from "../cli/small_capture_for_test.ts";
import { openCapture, readBytes } from "../src/capture/mod.ts";
import { recordInto } from "../src/record/mod.ts";
import { FakeQemu, mayUseLoopback } from "../src/replay/fake_qemu_for_test.ts";
import { replay } from "../src/replay/mod.ts";
import { shownCommand, shownCommands, start, withFolder } from "../testing/examples.ts";

const NAMES = ["follow_buffers", "rewrite_uuid", "drop_channel", "slow_device"];

/** They are run as programs, by this one, and read what is beside the project's sources. */
const ignore = !canReadAndWrite() ||
  Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state !== "granted" ||
  Deno.permissions.querySync({ name: "read", path: new URL(".", import.meta.url) }).state !== "granted";

for (const name of [...NAMES, "malicious_stream"]) {
  Deno.test({
    name: `examples: ${name} is short, and uses the library alone`,
    ignore,
    fn(): void {
      const text = Deno.readTextFileSync(new URL(`${name}.ts`, import.meta.url));
      assert(text.split("\n").length <= 80, "less than 80 lines");
      const imports = [...text.matchAll(/ from "(.*)";$/gm)].map(([, from]) => from);
      assertEquals(imports, ["@migwire/migwire"]);
      assert(text.startsWith("/**\n"), "it begins with what it is for");
    },
  });
}

for (const name of NAMES) {
  Deno.test({
    name: `examples: ${name} prints what the README shows, with the permissions that it shows`,
    ignore,
    async fn(): Promise<void> {
      const command = shownCommand(name);
      const output = shownCommands().find((shown) => shown.command === command)?.output;
      const { out, err, code } = await withFolder((folder) => start(command, folder));
      assertEquals({ out, err, code }, { out: output ?? "", err: "", code: 0 });
    },
  });

  Deno.test({
    name: `examples: ${name} needs each of the permissions that the README shows`,
    ignore,
    async fn(): Promise<void> {
      const command = shownCommand(name);
      const flags = command.match(/--allow-\S+/g) ?? [];
      assert(flags.length > 0, "it reads a capture");
      for (const flag of flags) {
        const fewer = command.replace(`${flag} `, "");
        const { err, code } = await withFolder((folder) => start(fewer, folder));
        assertNotEquals(code, 0, `${flag} is not needed`);
        assertMatch(err, /no permission|NotCapable/);
      }
    },
  });
}

Deno.test({
  name: "examples: follow_buffers prints each buffer of a migration that is being recorded, and ends with it",
  ignore,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const directory = `${folder}/growing`;
      const recorder = recordInto(directory, { name: "growing" });
      const printed = start(shownCommand("follow_buffers").replaceAll(/testdata\S*/g, "/tmp/growing"), folder);
      const capture = openCapture(SMALL);
      try {
        for (const event of capture.events ?? []) {
          // Now and then the other program sees what is there so far.
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (event.kind === "open") recorder.open();
          else if (event.kind === "data") {
            const source = capture.channels.find(({ index, direction }) =>
              index === event.channel && direction === event.direction
            )?.source;
            assert(source !== undefined);
            recorder.received(event.channel, event.direction, readBytes(source, event.offset, event.length));
          } else recorder.ended(event.channel, event.direction);
        }
      } finally {
        capture.close();
        recorder.close();
      }
      const { out, err, code } = await printed;
      const withoutTimes = (text: string): string => text.replaceAll(/^\d+\.\d ms/gm, "");
      const shown = shownCommands().find(({ command }) => command === shownCommand("follow_buffers"));
      assertEquals({ out: withoutTimes(out), err, code }, { out: withoutTimes(shown?.output ?? ""), err: "", code: 0 });
    });
  },
});

Deno.test({
  name: "examples: what rewrite_uuid writes differs in the UUIDs alone, and a destination takes it",
  ignore: ignore || !mayUseLoopback,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      await start(shownCommand("rewrite_uuid"), folder);
      const [before, after] = [openCapture(SMALL), openCapture(`${folder}/rewritten`)];
      try {
        const sent = before.channels.filter(({ direction }) => direction === "s2d");
        assertEquals(after.channels.length, sent.length);
        for (const [i, { source, label }] of sent.entries()) {
          const written = after.channels[i]?.source;
          assert(source !== undefined && written !== undefined, label);
          const bytes = readBytes(source, 0, source.size);
          // multifd.md §2: the UUID is at 8 of the initial packet.
          if (label !== "channel-00.s2d") bytes.set(Uint8Array.fromHex("52c3a3f89a1f4d0e8a371f6a5a0d9c21"), 8);
          assertEquals(readBytes(written, 0, written.size), bytes, label);
        }
        const bytes = sent.reduce((sum, { source }) => sum + (source?.size ?? 0), 0);
        await using qemu = new FakeQemu({ after: bytes });
        const { verdict } = await replay(after, { target: { kind: "address", to: qemu.to, qmp: qemu.qmp } });
        assertEquals([verdict.kind, qemu.taken], ["completed", bytes]);
      } finally {
        before.close();
        after.close();
      }
    });
  },
});

Deno.test({
  name: "examples: drop_channel names the channels that there are when it is given another",
  ignore,
  async fn(): Promise<void> {
    const command = shownCommand("drop_channel").replace("multifd-1 ", "multifd-7 ");
    const { out, err, code } = await withFolder((folder) => start(command, folder));
    const message = 'There is no channel "multifd 7", only main, multifd 0, multifd 1\n';
    assertEquals({ out, err, code }, { out: "", err: message, code: 1 });
  },
});
