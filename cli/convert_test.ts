import { assert, assertEquals, assertMatch } from "@std/assert";
import { withFolder } from "../testing/temporary.ts";
import { EXIT } from "./exit.ts";
import { main } from "./main.ts";
import { type MemoryIo, memoryIo } from "./memory_io.ts";
import { canReadAndWrite, SMALL } from "./small_capture_for_test.ts";

const ignore = !canReadAndWrite();

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

async function convert(io: MemoryIo, ...args: string[]): Promise<number> {
  return await main(["convert", ...args], io);
}

Deno.test({
  name: "migwire convert writes what the name says",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const io = memoryIo();
      assertEquals(await convert(io, SMALL, `${folder}/a`), EXIT.ok, io.err());
      assertEquals(await convert(io, SMALL, `${folder}/b.pcapng`), EXIT.ok, io.err());
      assertEquals(await convert(io, `${folder}/b.pcapng`, `${folder}/c/`), EXIT.ok, io.err());
      assertEquals(await convert(io, SMALL, `${folder}/d.mig`, "--main-only"), EXIT.ok, io.err());
      assertEquals(namesIn(folder), ["a", "b.pcapng", "c", "d.mig"]);
      assertEquals(namesIn(`${folder}/c`), namesIn(SMALL));
      assertMatch(io.err(), /a: directory, 786.4 KiB of 3 connections\n/);
      assertMatch(io.err(), /left out: multifd 0, multifd 1\n/);
      assertEquals(io.out(), "");
    }),
});

Deno.test({
  name: "migwire convert writes to standard output what --to says",
  ignore,
  async fn(): Promise<void> {
    const io = memoryIo();
    assertEquals(await convert(io, SMALL, "-", "--to", "stream", "--main-only"), EXIT.ok, io.err());
    assertEquals(io.outBytes(), await Deno.readFile(`${SMALL}/channel-00.s2d`));
    const packets = memoryIo();
    assertEquals(await convert(packets, SMALL, "-", "--to", "pcapng", "--mss", "1448"), EXIT.ok, packets.err());
    assertEquals(packets.outBytes().subarray(0, 4).toHex(), "0a0d0d0a");
  },
});

Deno.test({
  name: "migwire convert takes only the channels that it is told to",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const io = memoryIo();
      assertEquals(await convert(io, SMALL, `${folder}/a`, "--channel", "multifd"), EXIT.ok, io.err());
      assertEquals(namesIn(`${folder}/a`), ["capture.json", "channel-01.s2d", "channel-02.s2d", "events.jsonl"]);
      const events = await Deno.readTextFile(`${folder}/a/events.jsonl`);
      assert(!events.includes('"ch":0') && events.includes('"ch":1'), events);
      assertEquals(await convert(io, SMALL, `${folder}/b.raw`, "-c", "multifd 1"), EXIT.ok, io.err());
      const [raw, channel] = [`${folder}/b.raw`, `${SMALL}/channel-02.s2d`];
      assertEquals(await Deno.readFile(raw), await Deno.readFile(channel));
      assertEquals(await convert(io, SMALL, `${folder}/c`, "-c", "preempt"), EXIT.usage);
    }),
});

Deno.test({
  name: "migwire convert replaces nothing without --force, and refuses what would lose channels",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const io = memoryIo();
      await Deno.writeTextFile(`${folder}/a.pcapng`, "mine");
      assertEquals(await convert(io, SMALL, `${folder}/a.pcapng`), EXIT.blocked);
      assertMatch(io.err(), /it exists\n.*--force/);
      assertEquals(await Deno.readTextFile(`${folder}/a.pcapng`), "mine");
      assertEquals(await convert(io, SMALL, `${folder}/a.pcapng`, "--force"), EXIT.ok);
      assertEquals(await convert(io, SMALL, `${folder}/b.mig`), EXIT.blocked);
      assertMatch(io.err(), /the guest's state is also on multifd 0, multifd 1/);
      assertEquals(namesIn(folder), ["a.pcapng"]);
    }),
});

Deno.test({
  name: "migwire convert leaves nothing behind when it is interrupted",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      // So many small segments that it comes to look whether it is to stop.
      const io = memoryIo({ interrupt: AbortSignal.abort(new DOMException("Interrupted", "AbortError")) });
      await Deno.writeFile(`${folder}/big.mig`, new Uint8Array(40_000_000));
      assertEquals(await convert(io, `${folder}/big.mig`, `${folder}/out.pcapng`, "--mss", "100"), EXIT.interrupted);
      assertEquals(namesIn(folder), ["big.mig"]);
    }),
});

Deno.test("migwire convert refuses command lines that do not fit together", async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const io = memoryIo();
    assertEquals(await convert(io, ...args), EXIT.usage, args.join(" "));
    return io.err();
  };
  assertMatch(
    await refused("in", "out.pcap"),
    /by \.pcap what to write: give --to directory, --to stream, --to pcapng/,
  );
  assertMatch(await refused("in", "-"), /give --to/);
  await refused("in", "-", "--to", "directory");
  await refused("in", "out", "--mss", "100");
  await refused("in", "out.pcapng", "--mss", "65496");
  await refused("in", "out", "--main-only");
  const terminal = memoryIo({ isTerminal: true });
  assertEquals(await convert(terminal, "in", "-", "--to", "stream"), EXIT.usage);
});

Deno.test({
  name: "migwire convert --no-payload writes a directory without the guest's memory, and only a directory",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const io = memoryIo();
      assertEquals(await convert(io, SMALL, `${folder}/a/`, "--no-payload"), EXIT.ok, io.err());
      assertEquals(namesIn(`${folder}/a`), namesIn(SMALL));
      assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/a/capture.json`)).payload, false);
      const [then, now] = [SMALL, `${folder}/a`].map((path) => Deno.statSync(`${path}/channel-02.s2d`).size);
      assertEquals(now, then);
      assertEquals(await main(["check", `${folder}/a`], memoryIo()), EXIT.ok);
      assertEquals(await convert(io, SMALL, `${folder}/b.pcapng`, "--no-payload"), EXIT.usage);
      assertEquals(await convert(io, SMALL, "-", "--to", "stream", "--no-payload"), EXIT.usage);
      assertEquals(namesIn(folder), ["a"]);
    }),
});

Deno.test({
  name: "migwire convert --no-payload says what it does not understand, and does not copy it",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const io = memoryIo();
      await Deno.writeFile(`${folder}/x`, Uint8Array.fromHex("5145564d0000000399aabb"));
      await convert(io, `${folder}/x`, `${folder}/a/`, "--no-payload");
      assertMatch(io.err(), /left out: main from 0x8 on: /);
      assertEquals((await Deno.readFile(`${folder}/a/channel-00.s2d`)).length, 8);
    }),
});
