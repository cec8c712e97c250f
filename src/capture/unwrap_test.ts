import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DOMAIN_XML, type ImageOptions, libvirtImage } from "../../testing/libvirt_image.ts";
import type { BaseRecord, RamMappedBlockRecord } from "../stream/mod.ts";
import type { Capture } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import { canWrite, haveProgram, withFiles } from "./files_for_test.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { gunzip } from "./gunzip.ts";
import { openCapture, type OpenOptions } from "./open.ts";
import { readCapture } from "./reading.ts";
import { FileSource } from "./file_source.ts";
import { readBytes } from "./source.ts";

/** A real stream: the main channel of a migration. */
import MAIN from "../../testdata/vfio-multifd-2/channel-00.s2d" with { type: "bytes" };

const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));
const zstd = (bytes: Uint8Array): Uint8Array => new Uint8Array(zstdCompressSync(bytes));

/** Opens what comes on standard input, in pieces of 50 kB. */
function openInput(bytes: Uint8Array, options: OpenOptions = {}): Capture {
  let at = 0;
  return openCapture("-", {
    ...options,
    stdin: (into): number => {
      const part = bytes.subarray(at, at + Math.min(into.length, 50_000));
      into.set(part);
      at += part.length;
      return part.length;
    },
  });
}

/** Opens an image, and gives the bytes of its stream. */
function streamOf(image: Uint8Array, options: OpenOptions = {}): { stream: Uint8Array; capture: Capture } {
  const capture = openInput(image, options);
  const [channel] = capture.channels;
  assert(channel?.source !== undefined);
  const stream = readBytes(channel.source, 0, Infinity);
  capture.close();
  return { stream, capture };
}

Deno.test("openCapture() finds the stream in a libvirt save image of either byte order and any version", () => {
  const variants: ImageOptions[] = [
    {},
    { bigEndian: true },
    { version: 1, format: 5 },
    { version: 3 },
    { cookie: "" },
    {
      padding: 0,
    },
  ];
  for (const options of variants) {
    const { stream, capture } = streamOf(libvirtImage(MAIN, options));
    assertEquals(stream, MAIN);
    assertEquals(capture.libvirt?.domain, { name: "mine & yours", machine: "pc-q35-10.0", arch: "x86_64" });
    assertEquals(capture.libvirt?.xml, DOMAIN_XML);
    assertEquals(capture.libvirt?.cookie, options.cookie === "" ? undefined : "<cookie>\n</cookie>\n");
    assertEquals([capture.libvirt?.format, capture.libvirt?.running], ["raw", true]);
    assertEquals(capture.findings, []);
  }
});

Deno.test("openCapture() unpacks the stream of a libvirt save image", () => {
  assertEquals(streamOf(libvirtImage(gzip(MAIN), { format: 1 })).stream, MAIN);
  assertEquals(streamOf(libvirtImage(zstd(MAIN), { format: 5 })).stream, MAIN);
});

for (const [number, program] of [[2, "bzip2"], [3, "xz"], [4, "lzop"]] as const) {
  Deno.test({
    name: `openCapture() unpacks a libvirt save image with ${program}`,
    ignore: !haveProgram(program),
    async fn(): Promise<void> {
      const child = new Deno.Command(program, { args: ["-c"], stdin: "piped", stdout: "piped" }).spawn();
      const writer = child.stdin.getWriter();
      const fed = writer.write(MAIN).then(() => writer.close());
      const { stdout } = await child.output();
      await fed;
      const { stream, capture } = streamOf(libvirtImage(stdout, { format: number }));
      assertEquals([stream, capture.libvirt?.format], [MAIN, program]);
    },
  });
}

Deno.test("openCapture() unpacks a stream that is nothing but compressed, and an image that is compressed as a whole", () => {
  assertEquals(streamOf(gzip(MAIN)).stream, MAIN);
  assertEquals(streamOf(zstd(MAIN)).stream, MAIN);
  const { stream, capture } = streamOf(gzip(libvirtImage(MAIN)));
  assertEquals([stream, capture.libvirt?.format], [MAIN, "raw"]);
});

Deno.test("openCapture() reads a save image that was not completed as far as it goes, and says so", () => {
  const image = libvirtImage(MAIN.subarray(0, 20_000), { partial: true });
  const { stream, capture } = streamOf(image);
  assertEquals(stream, MAIN.slice(0, 20_000));
  assertEquals(capture.findings.map(({ severity, code }) => [severity, code]), [["warning", "libvirt-partial"]]);

  const packed = gzip(MAIN);
  const cut = streamOf(libvirtImage(packed.subarray(0, packed.length - 1000), { format: 1, partial: true }));
  assertEquals(cut.stream, MAIN.slice(0, cut.stream.length));
  assertEquals(cut.capture.findings.map(({ code, offset }) => [code, offset]), [
    ["libvirt-partial", 0],
    ["unpack", cut.stream.length],
  ]);
});

Deno.test("openCapture() finds a stream that libvirt has padded", () => {
  const { stream } = streamOf(libvirtImage(Uint8Array.of(...new Uint8Array(1000), ...MAIN)));
  assertEquals(stream, MAIN);
});

Deno.test("openCapture() gives what does not fit into memory as a pipe", () => {
  const images = [libvirtImage(MAIN), libvirtImage(gzip(MAIN), { format: 1 }), gzip(libvirtImage(MAIN)), gzip(MAIN)];
  for (const image of images) {
    const capture = openInput(image, { keep: 70_000 });
    const [channel] = capture.channels;
    assert(channel?.pipe !== undefined);
    const records: BaseRecord[] = [];
    const { ending } = readCapture(capture, (record) => records.push(record));
    assertEquals(ending, "complete");
    assertEquals(records.reduce((sum, { length }) => sum + length, 0), MAIN.length);
    capture.close();
  }
});

Deno.test("openCapture() adds to a capture's findings when a compressed pipe breaks off", () => {
  const packed = gzip(MAIN);
  const capture = openInput(packed.subarray(0, packed.length - 5), { keep: 10_000 });
  assertEquals(capture.findings, []);
  const { ending } = readCapture(capture, () => {});
  assertEquals(capture.findings.map(({ code }) => code), ["unpack"]);
  assert(ending !== undefined);
  capture.close();
});

/** The error of opening what comes on standard input. */
function refused(bytes: Uint8Array, options: OpenOptions = {}): string {
  return assertThrows(() => openInput(bytes, options), CaptureError).code;
}

Deno.test("openCapture() says why there is nothing to read in an image, or in what is compressed", () => {
  assertEquals(refused(libvirtImage(new Uint8Array(0))), "is-empty");
  assertEquals(refused(libvirtImage(MAIN).subarray(0, 50)), "libvirt-image");
  assertEquals(refused(libvirtImage(MAIN, { format: 7 })), "libvirt-image");
  assertEquals(refused(libvirtImage(MAIN, { format: 1 })), "compressed");
  assertEquals(refused(libvirtImage(MAIN, { format: 6 }), { keep: 70_000 }), "libvirt-image");
  assertEquals(refused(gzip(gzip(MAIN))), "compressed");
  assertEquals(refused(libvirtImage(gzip(gzip(MAIN)), { format: 1 })), "compressed");
  assertEquals(refused(Uint8Array.fromHex("1f8b0800")), "compressed");
  assertEquals(refused(gzip(new Uint8Array(0))), "is-empty");
});

Deno.test({
  name: "openCapture() reads a sparse libvirt save image: its pages are counted from the start of the image",
  ignore: !canWrite() || !haveCaptures(),
  fn(): void {
    const packed = new FileSource(new URL("plain-mapped-ram/file.mapped-ram.gz", CAPTURES).pathname);
    const plain = gunzip(packed, "mapped-ram");
    packed.close();
    withFiles({ "plain": plain }, (directory) => {
      const expected = pagesOf(`${directory}/plain`);
      Deno.writeFileSync(`${directory}/vm.save`, sparseImage(plain, expected.blocks));
      const { capture, blocks, digest, ending, problems } = pagesOf(`${directory}/vm.save`);
      assertEquals([capture.libvirt?.format, ending, problems], ["sparse", "complete", []]);
      assertEquals(blocks.length, expected.blocks.length);
      assertEquals(digest, expected.digest);
    });
  },
});

/** The blocks of a mapped-ram file, and what all their pages are. */
function pagesOf(path: string): {
  capture: Capture;
  blocks: RamMappedBlockRecord[];
  digest: string;
  ending: string | undefined;
  problems: string[];
} {
  const capture = openCapture(path);
  const blocks: RamMappedBlockRecord[] = [];
  const problems: string[] = [];
  const hash = createHash("sha256");
  const { ending } = readCapture(
    capture,
    (record, { channel }) => {
      if (record.kind === "ram-mapped-block") blocks.push(record as RamMappedBlockRecord);
      if (record.kind !== "ram-mapped-pages" || channel.source === undefined) return;
      hash.update(readBytes(channel.source, record.offset, record.length));
    },
    { report: ({ message }) => problems.push(message) },
  );
  capture.close();
  return { capture, blocks, digest: hash.digest("hex"), ending, problems };
}

/**
 * The mapped-ram file as libvirt would have had it written: 1 MiB further on, which keeps its pages where they may be,
 * behind header and text; and with that MiB in the places that it names.
 */
function sparseImage(plain: Uint8Array, blocks: readonly RamMappedBlockRecord[]): Uint8Array {
  const shift = 1024 * 1024;
  const moved = plain.slice();
  const view = new DataView(moved.buffer);
  for (const { offset, length } of blocks) {
    // The last fields of a block's entry are where its bitmap and its pages are.
    for (const at of [offset + length - 16, offset + length - 8]) {
      view.setBigUint64(at, view.getBigUint64(at) + BigInt(shift));
    }
  }
  const text = libvirtImage(new Uint8Array(0), { padding: 0 }).length;
  return libvirtImage(moved, { format: 6, padding: shift - text });
}
