import { assert, assertEquals, assertThrows } from "@std/assert";
import { DOMAIN_XML, libvirtImage } from "../../testing/libvirt_image.ts";
import type { Capture, CaptureChannel } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import { canWrite, withFiles } from "./files_for_test.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { openCapture } from "./open.ts";
import { writeWhole, writeWholeDirectory } from "./output.ts";
import { MemorySource, readBytes } from "./source.ts";
import { isCaptureFile, writeDirectory } from "./write_directory.ts";
import { type PcapngOptions, writePcapng } from "./write_pcapng.ts";
import { streamChannel, writeStream } from "./write_stream.ts";

import MAIN from "../../testdata/vfio-multifd-2/channel-00.s2d" with { type: "bytes" };

const SMALL = new URL("../../testdata/vfio-multifd-2", import.meta.url).pathname;

const ignore = !canWrite() || Deno.permissions.querySync({ name: "read", path: SMALL }).state !== "granted";

/** Runs `use` on what is at `path`. */
function opened<T>(path: string, use: (capture: Capture) => T): T {
  const capture = openCapture(path);
  try {
    return use(capture);
  } finally {
    capture.close();
  }
}

function toDirectory(from: string, to: string): void {
  opened(
    from,
    (capture) => [...writeWholeDirectory(to, (out) => writeDirectory(capture, out), { owns: isCaptureFile })],
  );
}

function toPcapng(from: string, to: string, options: PcapngOptions = {}): void {
  opened(from, (capture) => [...writeWhole(to, (sink) => writePcapng(capture, sink, options))]);
}

function toStream(from: string, to: string): void {
  opened(from, (capture) => {
    const { channel } = streamChannel(capture);
    return [...writeWhole(to, (sink) => writeStream(channel.channel, sink))];
  });
}

/** The files of a directory; JSON as values, in which null is as good as absent. */
function filesOf(directory: string): { [name: string]: unknown } {
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name).filter(isCaptureFile).sort();
  return Object.fromEntries(names.map((name) => {
    const bytes = Deno.readFileSync(`${directory}/${name}`);
    return [name, name.endsWith(".json") ? JSON.parse(new TextDecoder().decode(bytes), notNull) : bytes];
  }));
}

function notNull(_name: string, value: unknown): unknown {
  return value ?? undefined;
}

/** All channels of a capture. */
function channelsOf(path: string): [string, Uint8Array][] {
  return opened(path, ({ channels }) =>
    channels.map(({ index, direction, source }) => {
      assert(source !== undefined);
      return [`${index} ${direction}`, readBytes(source, 0, Infinity)];
    }));
}

Deno.test({
  name: "a capture directory that is written again has the same files",
  ignore,
  fn(): void {
    withFiles({}, (folder) => {
      toDirectory(SMALL, `${folder}/out`);
      assertEquals(filesOf(`${folder}/out`), filesOf(SMALL));
    });
  },
});

Deno.test({
  name: "captures that are written as packets have the same channels when they are read from these",
  ignore: ignore || !haveCaptures(),
  fn(): void {
    const names = ["plain-return-path", "plain-multifd-4", "plain-postcopy-recover", "plain-cut", "plain-tls"];
    for (const path of [SMALL, ...names.map((name) => new URL(name, CAPTURES).pathname)]) {
      for (const mss of [65495, 1448]) {
        withFiles({}, (folder) => {
          toPcapng(path, `${folder}/out.pcapng`, { mss });
          const sent = channelsOf(path).filter(([, bytes]) => bytes.length > 0);
          assertEquals(new Map(channelsOf(`${folder}/out.pcapng`)), new Map(sent), path);
        });
      }
    }
  },
});

Deno.test({
  name: "a capture that goes through packets into a directory keeps the times of its events",
  ignore: ignore || !haveCaptures(),
  fn(): void {
    withFiles({}, (folder) => {
      const path = new URL("plain-return-path", CAPTURES).pathname;
      toPcapng(path, `${folder}/out.pcapng`);
      toDirectory(`${folder}/out.pcapng`, `${folder}/out`);
      const ends = (file: string): unknown[] =>
        opened(file, ({ events }) => {
          const list = [...(events ?? [])];
          const zero = list[0]?.time ?? 0;
          return list.filter(({ kind }) => kind !== "data").map((event) => ({ ...event, time: event.time - zero }));
        });
      assertEquals(ends(`${folder}/out`), ends(path));
    });
  },
});

Deno.test({
  name: "a main channel that is written as a stream, and that as a directory, stays what it was",
  ignore: ignore || !haveCaptures(),
  fn(): void {
    withFiles({}, (folder) => {
      const path = new URL("plain-return-path", CAPTURES).pathname;
      toStream(path, `${folder}/vm.mig`);
      const [main] = channelsOf(path);
      assertEquals(Deno.readFileSync(`${folder}/vm.mig`), main?.[1]);
      toDirectory(`${folder}/vm.mig`, `${folder}/out`);
      assertEquals(channelsOf(`${folder}/out`), [["0 s2d", main?.[1]]]);
      assertEquals(filesOf(`${folder}/out`)["capture.json"], { format: "migwire-capture/1", name: "vm.mig" });
    });
  },
});

Deno.test({
  name: "the stream in a libvirt save image is written as it is; a directory tells of the image, without its XML",
  ignore,
  fn(): void {
    withFiles({ "vm.save": libvirtImage(MAIN) }, (folder) => {
      toStream(`${folder}/vm.save`, `${folder}/vm.mig`);
      assertEquals(Deno.readFileSync(`${folder}/vm.mig`), MAIN);
      toDirectory(`${folder}/vm.save`, `${folder}/out`);
      const files = filesOf(`${folder}/out`);
      assertEquals(files["channel-00.s2d"], MAIN);
      assertEquals(files["capture.json"], {
        format: "migwire-capture/1",
        name: "vm.save",
        libvirt: {
          version: 2,
          complete: true,
          running: true,
          format: "raw",
          streamOffset: libvirtImage(new Uint8Array(0)).length,
          domain: { name: "mine & yours", machine: "pc-q35-10.0", arch: "x86_64" },
        },
      });
      assertEquals(JSON.stringify(files).includes(DOMAIN_XML.slice(0, 10)), false);
    });
  },
});

Deno.test({
  name: "a mapped-ram file is written as a file, with its holes, and can be loaded from it",
  ignore: ignore || !haveCaptures(),
  fn(): void {
    withFiles({}, (folder) => {
      const path = new URL("plain-mapped-ram", CAPTURES).pathname;
      const [expected] = channelsOf(path);
      toDirectory(path, `${folder}/one`);
      toStream(`${folder}/one`, `${folder}/vm.img`);
      toDirectory(`${folder}/vm.img`, `${folder}/two`);
      for (const name of ["one", "vm.img", "two"]) assertEquals(channelsOf(`${folder}/${name}`), [expected]);
      assertEquals(Object.keys(filesOf(`${folder}/two`)), ["capture.json", "file.mapped-ram"]);
      const { blocks } = Deno.statSync(`${folder}/two/file.mapped-ram`);
      assert(blocks !== null && blocks * 512 < 8 * 1024 * 1024, `${blocks} blocks`);
      assertEquals(opened(`${folder}/one`, ({ findings }) => findings), []);
    });
  },
});

Deno.test({
  name: "streamChannel() refuses what a plain stream cannot hold, and says what would be lost",
  ignore,
  fn(): void {
    opened(SMALL, (capture) => {
      const error = assertThrows(() => streamChannel(capture), CaptureError, "also on multifd 0, multifd 1");
      assertEquals(error.code, "no-form");
      const { channel, lost } = streamChannel(capture, { mainOnly: true });
      assertEquals([channel.label, ...lost.map(({ label }) => label)], ["main", "multifd 0", "multifd 1"]);
      const [, ...others] = capture.channels;
      assertThrows(() => streamChannel({ ...capture, channels: others }), CaptureError, "it has no main channel");
      const [one] = others;
      assert(one !== undefined);
      assertEquals(streamChannel({ ...capture, channels: [one] }).lost, []);
    });
  },
});

/** A capture of these channels, without a file. */
function captureOf(channels: CaptureChannel[], events?: Capture["events"]): Capture {
  return {
    name: "test",
    kind: "directory",
    channels,
    ...(events === undefined ? {} : { events }),
    findings: [],
    close(): void {},
  };
}

function channelOf(index: number, bytes: Uint8Array): CaptureChannel {
  return { label: `channel-0${index}.s2d`, index, direction: "s2d", isFile: false, source: new MemorySource(bytes) };
}

/** The packets of a capture: time, TCP flags and payload's length. */
function packetsOf(capture: Capture, options: PcapngOptions = {}): [number, number, number][] {
  const packets: [number, number, number][] = [];
  const write = (bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (view.getUint32(0, true) !== 6) return;
    const header = (view.getUint8(28 + 46) >> 4) * 4;
    packets.push([view.getUint32(16, true), view.getUint8(28 + 47), view.getUint32(20, true) - 34 - header]);
  };
  for (const _bytes of writePcapng(capture, { write }, options));
  return packets;
}

Deno.test("writePcapng() writes what the events do not tell of at their end, and nothing that is not there", () => {
  const events = [
    { kind: "open", time: 5, channel: 0 },
    { kind: "data", time: 7, channel: 0, direction: "s2d", offset: 0, length: 4 },
    { kind: "data", time: 9, channel: 0, direction: "d2s", offset: 0, length: 4 },
    { kind: "reset", time: 11, channel: 1, direction: "s2d", offset: 0 },
  ] as const;
  assertEquals(packetsOf(captureOf([channelOf(0, new Uint8Array(10))], events)), [
    [5, 0x02, 0],
    [5, 0x12, 0],
    [5, 0x10, 0],
    [7, 0x18, 4],
    [7, 0x10, 0],
    [11, 0x02, 0],
    [11, 0x12, 0],
    [11, 0x10, 0],
    [11, 0x14, 0],
    [11, 0x18, 6],
    [11, 0x10, 0],
  ]);
});

Deno.test("writePcapng() tells of no connection whose channels were left out", () => {
  const events = [{ kind: "open", time: 5, channel: 0 }, { kind: "open", time: 6, channel: 1 }] as const;
  const capture = captureOf([channelOf(1, new Uint8Array(0))], events);
  assertEquals(packetsOf(capture, { selected: true }).map(([time]) => time), [6, 6, 6]);
  assertEquals(packetsOf(capture).map(([time]) => time), [5, 5, 5, 6, 6, 6]);
});

Deno.test("writePcapng() cuts into segments, and lets them be acknowledged now and then", () => {
  const packets = packetsOf(captureOf([channelOf(0, new Uint8Array(1000))]), { mss: 30 });
  const lengths = packets.map(([, , length]) => length).filter((length) => length > 0);
  assertEquals(lengths, [...new Array<number>(33).fill(30), 10]);
  assertEquals(packets.filter(([, flags, length]) => flags === 0x10 && length === 0).length, 1 + 3 + 2);
  assertEquals(packets.at(-1)?.[0], 1000);
  assertThrows(() => packetsOf(captureOf([]), { mss: 65496 }), RangeError);
  assertThrows(() => packetsOf(captureOf([]), { mss: 0 }), RangeError);
});
