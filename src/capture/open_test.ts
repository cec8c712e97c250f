import { assert, assertEquals, assertThrows } from "@std/assert";
import { libvirtImage } from "../../testing/libvirt_image.ts";
import { type BaseRecord, ChannelParser, OpaqueGrammar, ReturnPathGrammar } from "../stream/mod.ts";
import { type CaptureChannel, driveChannel, firstBytes } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import { canWrite, withFiles } from "./files_for_test.ts";
import { openCapture } from "./open.ts";
import { readBytes } from "./source.ts";

const MAIN = Uint8Array.fromHex("5145564d00000003" + "00");
const PONG = Uint8Array.fromHex("0002000400000001");

/** The error of opening `spec`. */
function refused(spec: string, options: Parameters<typeof openCapture>[1] = {}): CaptureError {
  return assertThrows(() => openCapture(spec, options), CaptureError);
}

/** Opens a file of `content` with the name `name`, and gives its only channel to `test`. */
function withChannel(
  name: string,
  content: Uint8Array,
  offset: number | undefined,
  test: (c: CaptureChannel) => void,
): void {
  withFiles({ [name]: content }, (directory) => {
    const capture = openCapture(`${directory}/${name}`, offset === undefined ? {} : { offset });
    assertEquals([capture.kind, capture.channels.length], ["file", 1]);
    const [channel] = capture.channels;
    if (channel !== undefined) test(channel);
    capture.close();
  });
}

function stdin(...pieces: Uint8Array[]): (into: Uint8Array) => number | null {
  const left = pieces.slice();
  return (into) => {
    const piece = left.shift();
    if (piece === undefined) return null;
    const count = Math.min(into.length, piece.length);
    into.set(piece.subarray(0, count));
    if (count < piece.length) left.unshift(piece.subarray(count));
    return count;
  };
}

Deno.test({
  name: "openCapture() opens a file as one channel, and finds out who sent it",
  ignore: !canWrite(),
  fn(): void {
    withChannel("state.bin", MAIN, undefined, (channel) => {
      assertEquals([channel.label, channel.index, channel.direction, channel.isFile], ["state.bin", 0, "s2d", true]);
      assertEquals(firstBytes(channel, 4), MAIN.slice(0, 4));
    });
    withChannel("back.bin", PONG, undefined, (channel) => {
      assertEquals(channel.direction, "d2s");
      const records: BaseRecord[] = [];
      driveChannel(channel, new ChannelParser(new ReturnPathGrammar()), (record) => records.push(record));
      assertEquals(records.map((record) => record.kind), ["rp-pong"]);
    });
    withChannel("channel-03.d2s", Uint8Array.of(9), undefined, (channel) => {
      assertEquals([channel.index, channel.direction, channel.isFile], [3, "d2s", false]);
    });
  },
});

Deno.test({
  name: "openCapture() opens a file from an offset on, and keeps the whole file beside it",
  ignore: !canWrite(),
  fn(): void {
    withChannel("image.bin", Uint8Array.of(1, 2, 3, ...MAIN), 3, ({ source, container }) => {
      assert(source !== undefined && container !== undefined);
      assertEquals(readBytes(source, 0, 99), MAIN);
      assertEquals([container.offset, container.source.size], [3, 12]);
    });
    withFiles({ "x.bin": MAIN }, (directory) => {
      assertEquals(refused(`${directory}/x.bin`, { offset: 9 }).code, "offset");
      assertEquals(refused(directory, { offset: 9 }).code, "offset");
    });
  },
});

Deno.test({
  name: "openCapture() opens a directory",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "channel-00.s2d": MAIN }, (directory) => {
      const capture = openCapture(directory);
      assertEquals([capture.kind, capture.channels.length], ["directory", 1]);
      capture.close();
    });
  },
});

Deno.test({
  name: "openCapture() says why a stream that is wrapped cannot be had",
  ignore: !canWrite(),
  fn(): void {
    const hints: [Uint8Array, string, string][] = [
      [libvirtImage(MAIN, { format: 99 }), "libvirt-image", "give where the stream begins with --offset"],
      [Uint8Array.fromHex("514649fb00000003"), "qcow2-image", "give where it begins with --offset"],
    ];
    for (const [content, code, hint] of hints) {
      withFiles({ "x.bin": content }, (directory) => {
        const error = refused(`${directory}/x.bin`);
        assertEquals([error.code, error.hint], [code, hint]);
      });
    }
    withFiles({ "x.gz": Uint8Array.fromHex("1f8b0800") }, (directory) => {
      const error = refused(`${directory}/x.gz`);
      assertEquals([error.code, error.message], [
        "compressed",
        `Cannot unpack ${directory}/x.gz: unexpected end of file`,
      ]);
      // Who gives an offset has decided.
      openCapture(`${directory}/x.gz`, { offset: 0 }).close();
    });
  },
});

Deno.test({
  name: "openCapture() says what is in the way",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "empty": "" }, (directory) => {
      assertEquals(refused(`${directory}/empty`).code, "is-empty");
      const error = refused(`${directory}/none`);
      assertEquals([error.code, error.message], [
        "not-found",
        `Cannot open ${directory}/none: there is no such file or directory`,
      ]);
    });
  },
});

Deno.test({
  name: "openCapture() names the permission that Deno lacks",
  permissions: { read: false },
  fn(): void {
    const error = refused("/some/where");
    assertEquals([error.code, error.hint], ["not-allowed", "start with --allow-read=/some/where"]);
  },
});

Deno.test("openCapture() keeps standard input in memory", () => {
  const capture = openCapture("-", { stdin: stdin(MAIN.slice(0, 3), MAIN.slice(3)) });
  const [channel] = capture.channels;
  assert(channel?.source !== undefined);
  assertEquals([capture.kind, channel.label, channel.isFile], ["stdin", "stdin", false]);
  assertEquals(readBytes(channel.source, 0, 99), MAIN);
  capture.close();
});

Deno.test("openCapture() gives on standard input that does not fit into memory", () => {
  const content = Uint8Array.of(...MAIN, ...new Uint8Array(1000));
  const capture = openCapture("-", { stdin: stdin(Uint8Array.of(7), content), keep: 100, offset: 1 });
  const [channel] = capture.channels;
  assert(channel !== undefined && channel.source === undefined);
  assertEquals(firstBytes(channel, 9), MAIN);
  const records: BaseRecord[] = [];
  driveChannel(channel, new ChannelParser(new OpaqueGrammar("a test")), (record) => records.push(record));
  assertEquals(records.map((record) => record.length), [1009]);
  capture.close();
});

Deno.test("openCapture() refuses standard input that is empty or compressed", () => {
  assertEquals(refused("-", { stdin: stdin() }).code, "is-empty");
  const error = refused("-", { stdin: stdin(Uint8Array.fromHex("28b52ffd")) });
  assertEquals([error.code, error.message], ["compressed", "Cannot unpack -: unexpected end of file"]);
});

Deno.test({
  name: "openCapture() reads a named pipe like standard input",
  ignore: !canWrite() || Deno.build.os === "windows" || Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn(): Promise<void> {
    const directory = Deno.makeTempDirSync({ prefix: "migwire-" });
    try {
      const path = `${directory}/pipe`;
      assert(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
      Deno.writeFileSync(`${directory}/main`, MAIN);
      // Opening a pipe waits for its other end, which must be another process.
      const writer = new Deno.Command("cp", { args: [`${directory}/main`, path] }).spawn();
      const capture = openCapture(path);
      assertEquals([capture.kind, capture.channels[0]?.source?.size], ["file", MAIN.length]);
      capture.close();
      await writer.status;
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
