import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { CaptureError } from "../capture_error.ts";
import type { SequentialRead } from "../drive.ts";
import { haveProgram } from "../files_for_test.ts";
import { Unpacker } from "./unpacker.ts";

/** Bytes that cannot be packed. */
const NOISE = new Uint8Array(3_000_000);
let state = 1;
for (let i = 0; i < NOISE.length; i++) {
  state = Math.imul(state, 1664525) + 1013904223;
  NOISE[i] = state >>> 24;
}

/** Reads `bytes`, some at a time. */
function reading(bytes: Uint8Array, size: number = 100_000): SequentialRead {
  let at = 0;
  return (into) => {
    const part = bytes.subarray(at, at + Math.min(size, into.length));
    into.set(part);
    at += part.length;
    return part.length;
  };
}

/** All that comes out of an unpacker, and what was wrong. */
function unpack(unpacker: Unpacker): { bytes: Uint8Array; problem: string | undefined } {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(70_000);
  try {
    for (let count = unpacker.read(buffer); count > 0; count = unpacker.read(buffer)) {
      parts.push(buffer.slice(0, count));
    }
    return { bytes: concat(parts), problem: unpacker.problem };
  } finally {
    unpacker.close();
  }
}

const PACKERS: readonly ["gzip" | "zstd", (content: Uint8Array) => Uint8Array][] = [
  ["gzip", (content) => new Uint8Array(gzipSync(content))],
  ["zstd", (content) => new Uint8Array(zstdCompressSync(content))],
];

for (const [compression, pack] of PACKERS) {
  Deno.test(`Unpacker unpacks ${compression}, also of several parts`, () => {
    const packed = pack(NOISE);
    assertEquals(unpack(new Unpacker(compression, reading(packed), "x")), { bytes: NOISE, problem: undefined });
    const two = concat([packed, pack(NOISE.subarray(0, 10)), packed]);
    for (const size of [999, 1_000_000]) {
      const { bytes, problem } = unpack(new Unpacker(compression, reading(two, size), "x"));
      assertEquals(problem, undefined);
      assertEquals(bytes, concat([NOISE, NOISE.subarray(0, 10), NOISE]));
    }
  });

  Deno.test(`Unpacker gives what there is of ${compression} that is cut`, () => {
    const packed = pack(NOISE);
    const { bytes, problem } = unpack(new Unpacker(compression, reading(packed.subarray(0, packed.length / 2)), "x"));
    assertEquals(problem, "unexpected end of file");
    assert(bytes.length > 0 && bytes.length < NOISE.length, `${bytes.length}`);
    assertEquals(bytes, NOISE.slice(0, bytes.length));
  });

  Deno.test(`Unpacker can be closed before the end of ${compression}, and twice`, () => {
    const unpacker = new Unpacker(compression, reading(pack(NOISE)), "x");
    assertEquals(unpacker.read(new Uint8Array(10)), 10);
    unpacker.close();
    unpacker.close();
    assertEquals(unpacker.read(new Uint8Array(10)), 0);
  });
}

Deno.test("Unpacker says that a gzip stream is damaged", () => {
  const packed = gzipSync(NOISE);
  packed.fill(0x55, packed.length / 2, packed.length / 2 + 100);
  assertMatch(
    unpack(new Unpacker("gzip", reading(new Uint8Array(packed)), "x")).problem ?? "",
    /^(in(valid|correct)) /,
  );
});

Deno.test("Unpacker lets through what the reading of the compressed stream throws", () => {
  const unpacker = new Unpacker("gzip", () => {
    throw new CaptureError("read-failed", "the disk is gone");
  }, "x");
  assertThrows(() => unpacker.read(new Uint8Array(10)), CaptureError, "the disk is gone");
  unpacker.close();
});

for (const program of ["xz", "bzip2", "lzop"] as const) {
  Deno.test({
    name: `Unpacker unpacks ${program} with the system's program`,
    ignore: !haveProgram(program),
    async fn(): Promise<void> {
      const child = new Deno.Command(program, { args: ["-c"], stdin: "piped", stdout: "piped" }).spawn();
      const written = child.stdin.getWriter();
      const feed = written.write(NOISE).then(() => written.close());
      const packed = (await child.output()).stdout;
      await feed;
      assertEquals(unpack(new Unpacker(program, reading(packed), "x")), { bytes: NOISE, problem: undefined });
      const cut = unpack(new Unpacker(program, reading(packed.subarray(0, packed.length - 20)), "x"));
      assert(cut.problem !== undefined);
      assertEquals(cut.bytes, NOISE.slice(0, cut.bytes.length));
      const none = unpack(new Unpacker(program, reading(NOISE), "x"));
      assertMatch(none.problem ?? "", new RegExp(program));
      assertEquals(none.bytes.length, 0);
    },
  });
}

Deno.test({
  name: "Unpacker says which permission it lacks",
  permissions: { run: false },
  fn(): void {
    const error = assertThrows(() => new Unpacker("xz", reading(NOISE), "vm.save"), CaptureError);
    assertEquals([error.code, error.hint], ["not-allowed", "start with --allow-run=xz"]);
  },
});

Deno.test({
  name: "Unpacker lets its process end, read or not",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn(): Promise<void> {
    const module = new URL("./unpacker.ts", import.meta.url).href;
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const code = `import { Unpacker } from "${module}";
      for (let reads = 0; reads < 3; reads++) {
        const unpacker = new Unpacker("gzip", () => 0, "x");
        for (let i = 0; i < reads; i++) unpacker.read(new Uint8Array(1));
        unpacker.close();
      }`;
    const signal = AbortSignal.timeout(30_000);
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--config", config, code], signal });
    assert((await child.output()).success);
  },
});
