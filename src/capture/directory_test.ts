import { assert, assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Capture } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import { openDirectory } from "./directory.ts";
import { canWrite, haveProgram, withFiles } from "./files_for_test.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { readBytes } from "./source.ts";

const MANIFEST = { format: "migwire-capture/1", name: "mine" };

/** Opens a directory that holds `files`, and closes it after `test`. */
function withCapture(files: { readonly [name: string]: Uint8Array | string }, test: (capture: Capture) => void): void {
  withFiles(files, (directory) => {
    const capture = openDirectory(directory);
    try {
      test(capture);
    } finally {
      capture.close();
    }
  });
}

Deno.test({
  name: "openDirectory() gives the channels by connection, source to destination first",
  ignore: !canWrite(),
  fn(): void {
    const files = {
      "capture.json": JSON.stringify(MANIFEST),
      "channel-00.s2d": "main",
      "channel-00.d2s": "back",
      "channel-01.s2d": "one",
      "channel-10.s2d": "",
      "channel-1.s2d": "not a name of the format",
      "events.jsonl": "{}",
      "notes.txt": "",
    };
    withCapture(files, (capture) => {
      assertEquals([capture.name, capture.kind], ["mine", "directory"]);
      assertEquals(capture.channels.map((c) => [c.label, c.index, c.direction, c.source?.size]), [
        ["channel-00.s2d", 0, "s2d", 4],
        ["channel-00.d2s", 0, "d2s", 4],
        ["channel-01.s2d", 1, "s2d", 3],
        ["channel-10.s2d", 10, "s2d", 0],
      ]);
      assertEquals(capture.events === undefined, false);
      assertEquals(capture.findings.length, 8);
      assertEquals(capture.findings[0]?.message, "channel-02 has no file: nothing was sent on it");
    });
  },
});

Deno.test({
  name: "openDirectory() accepts a directory without capture.json, or with one that is cut",
  ignore: !canWrite(),
  fn(): void {
    withCapture({ "channel-00.s2d": "x" }, (capture) => {
      assertEquals([capture.manifest, capture.findings[0]?.code], [undefined, "no-manifest"]);
      assert(capture.name.startsWith("migwire-"), capture.name);
    });
    withCapture({ "channel-00.s2d": "x", "capture.json": '{"format": "migw' }, (capture) => {
      assertEquals([capture.manifest, capture.findings[0]?.code], [undefined, "manifest"]);
    });
  },
});

Deno.test({
  name: "openDirectory() accepts a capture in which nothing was sent, but no other directory",
  ignore: !canWrite(),
  fn(): void {
    withCapture({ "capture.json": JSON.stringify(MANIFEST) }, (capture) => {
      assertEquals([capture.channels.length, capture.findings[0]?.code], [0, "no-channels"]);
    });
    withFiles({ "x.txt": "" }, (directory) => {
      assertEquals(assertThrows(() => openDirectory(directory), CaptureError).code, "no-channels");
    });
  },
});

Deno.test({
  name: "openDirectory() unpacks a file and holds it to size and hash",
  ignore: !canWrite(),
  fn(): void {
    const content = new TextEncoder().encode("QEVM and so on");
    const sha256 = "8e5b4d2a0e0a3c3a";
    const open = (file: object, stored: Uint8Array, name: string, codes: string[]): void =>
      withCapture({ "capture.json": JSON.stringify({ ...MANIFEST, file }), [name]: stored }, (capture) => {
        const [channel] = capture.channels;
        assertEquals([channel?.label, channel?.isFile, channel?.direction], [name, true, "s2d"]);
        if (channel?.source !== undefined) assertEquals(readBytes(channel.source, 0, 99), content);
        assertEquals(capture.findings.map((finding) => finding.field ?? ""), codes);
      });
    const packed = new Uint8Array(gzipSync(content));
    open({ name: "file.mapped-ram.gz", bytes: content.length }, packed, "file.mapped-ram.gz", []);
    open({ name: "file.stream", bytes: 3 }, content, "file.stream", ["file.bytes"]);
    open({ name: "file.stream", sha256 }, content, "file.stream", ["file.sha256"]);
    // What the manifest says of another file says nothing of this.
    open({ name: "../file.stream", sha256 }, content, "file.stream", []);
  },
});

Deno.test({
  name: "openDirectory() says what is wrong with a file that cannot be unpacked",
  ignore: !canWrite(),
  fn(): void {
    withFiles({ "file.mapped-ram.gz": gzipSync("abc").subarray(0, 12) }, (directory) => {
      const error = assertThrows(() => openDirectory(directory), CaptureError, "Cannot unpack file.mapped-ram.gz");
      assertEquals(error.code, "compressed");
    });
  },
});

Deno.test({
  name: "openDirectory() opens every real capture, with the channels that its README counts",
  ignore: !haveCaptures(),
  fn(): void {
    const readme = Deno.readTextFileSync(new URL("README.md", CAPTURES));
    let captures = 0;
    for (const { name, isDirectory } of Deno.readDirSync(CAPTURES)) {
      if (!isDirectory) continue;
      const capture = openDirectory(`${CAPTURES.pathname}${name}`);
      const row = readme.split("\n").find((line) => line.startsWith(`| ${name} |`))?.split("|") ?? [];
      const counted = row[4]?.trim();
      const sizes = capture.channels.map((channel) => channel.source?.size ?? 0);
      if (counted === "file") {
        assertEquals([sizes.length, sizes[0]], [1, capture.manifest?.file?.bytes], name);
        assertEquals(capture.events, undefined);
      } else {
        const connections = new Set(capture.channels.map((channel) => channel.index));
        // A connection on which nothing was sent has no file.
        if (name === "vfio-setup-fails") assertEquals([...connections], [1, 2]);
        else assertEquals(connections.size, Number(counted), name);
        assertEquals(sizes.reduce((sum, size) => sum + size, 0), Number(row[5]?.trim()), name);
        assert([...capture.events ?? []].length > 0, name);
      }
      const findings = capture.findings.map((finding) => finding.message);
      const silent = "channel-00 has no file: nothing was sent on it";
      assertEquals(findings, name === "vfio-setup-fails" ? [silent] : [], name);
      assertEquals([capture.name, capture.manifest?.name], [name, name]);
      assertEquals(capture.manifest?.encrypted, name.endsWith("tls"), name);
      capture.close();
      captures++;
    }
    assert(captures > 50, `only ${captures} captures`);
  },
});

Deno.test({
  name:
    "openDirectory() reads nothing outside of the directory, and nothing that may never end: links are named, not followed",
  // Deno makes a link only with permission for all files.
  ignore: !canWrite() || !haveProgram("ln"),
  fn(): void {
    withFiles(
      { "secret": "a secret", "capture.json": JSON.stringify(MANIFEST), "channel-00.s2d": "main" },
      (folder) => {
        const directory = `${folder}/capture`;
        const link = (target: string, name: string): void => {
          new Deno.Command("ln", { args: ["-s", target, `${directory}/${name}`] }).outputSync();
        };
        Deno.mkdirSync(directory);
        Deno.renameSync(`${folder}/channel-00.s2d`, `${directory}/channel-00.s2d`);
        link("../secret", "channel-01.s2d");
        link("/dev/zero", "events.jsonl");
        link("../capture.json", "capture.json");
        link("../secret", "notes");
        Deno.mkdirSync(`${directory}/file.img`);
        const capture = openDirectory(directory);
        capture.close();
        assertEquals([capture.name, capture.events, capture.channels.length], ["capture", undefined, 1]);
        const refused = capture.findings.filter(({ code }) => code === "no-file");
        assertEquals(refused.map(({ channel }) => channel).sort(), [
          "capture.json",
          "channel-01.s2d",
          "events.jsonl",
          "file.img",
        ]);
        assertEquals(refused[0]?.severity, "error");
      },
    );
  },
});
