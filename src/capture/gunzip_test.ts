import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { CaptureError } from "./capture_error.ts";
import { gunzip } from "./gunzip.ts";
import { MemorySource } from "./source.ts";

const packed = new MemorySource(new Uint8Array(gzipSync(new Uint8Array(100_000))));

Deno.test("gunzip() unpacks what fits below the limit, and no more", () => {
  assertEquals(gunzip(packed, "x.gz", 100_000).length, 100_000);
  const error = assertThrows(() => gunzip(packed, "x.gz", 99_999), CaptureError, "it holds more than 99999 bytes");
  assertEquals(error.code, "too-large");
  assertThrows(() => gunzip(packed, "x.gz", 10), CaptureError, "it holds more than 10 bytes");
});

Deno.test("gunzip() says that a file is none of gzip's", () => {
  const error = assertThrows(() => gunzip(new MemorySource(Uint8Array.of(1, 2, 3)), "x.gz"), CaptureError);
  assertEquals(error.code, "compressed");
});
