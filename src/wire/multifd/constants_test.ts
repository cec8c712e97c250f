import { assertEquals, assertThrows } from "@std/assert";
import {
  describeMultifdFlags,
  isMultifdCompression,
  isMultifdPageSize,
  MULTIFD_CODEC_BUFFER_SIZE,
  multifdCompression,
  multifdPageCount,
  multifdRamHeaderLength,
} from "./constants.ts";

Deno.test("describeMultifdFlags() names each bit, and gives those without a name as one number", () => {
  const names = Array.from({ length: 9 }, (_, bit) => describeMultifdFlags(1 << bit));
  assertEquals(names, [
    ...["SYNC", "ZLIB", "ZSTD", "QPL", "UADK", "QATZIP", "DEVICE_STATE"],
    "unknown 0x80",
    "unknown 0x100",
  ]);
  assertEquals(describeMultifdFlags(0x80000081), "SYNC | unknown 0x80000080");
  assertEquals(describeMultifdFlags(0x80000000), "unknown 0x80000000");
});

Deno.test("multifdCompression() looks at the bits of methods only, and takes one method at most", () => {
  const methods = Array.from({ length: 32 }, (_, bits) => multifdCompression(bits << 1)).map((method) => method ?? "");
  const expected = Array<string>(32).fill("");
  for (const [at, name] of ["none", "zlib", "zstd", "", "qpl"].entries()) expected[at] = name;
  expected[8] = "uadk";
  expected[16] = "qatzip";
  assertEquals(methods, expected);
  assertEquals([multifdCompression(0xffffffc1), multifdCompression(0xffffffc3)], ["none", "zlib"]);
});

Deno.test("isMultifdCompression() takes the names of methods alone", () => {
  const values = ["none", "zlib", "zstd", "qpl", "uadk", "qatzip", "several", "constructor", "", 0, null, undefined];
  assertEquals(values.filter(isMultifdCompression), ["none", "zlib", "zstd", "qpl", "uadk", "qatzip"]);
});

Deno.test("isMultifdPageSize() takes powers of two from 1024 to a whole packet", () => {
  const sizes = [0, 1, 256, 512, 1023, 1024, 1025, 1536, 2048, 4096, 12288, 65536, 262144, 524288, 524289, 1048576];
  assertEquals(sizes.filter(isMultifdPageSize), [1024, 2048, 4096, 65536, 262144, 524288]);
  assertEquals(isMultifdPageSize(524288 / 3), false);
});

Deno.test("multifdPageCount() and multifdRamHeaderLength() go by the page size (multifd.md §1.6)", () => {
  const sizes = [1024, 4096, 8192, 16384, 65536];
  assertEquals(sizes.map(multifdPageCount), [512, 128, 64, 32, 8]);
  assertEquals(sizes.map(multifdRamHeaderLength), [4416, 1344, 832, 576, 384]);
  for (const wrong of [512, 3000]) assertThrows(() => multifdPageCount(wrong), RangeError, `${wrong} as page size`);
});

Deno.test("the buffer of QEMU's codecs has room for two packets", () =>
  assertEquals(MULTIFD_CODEC_BUFFER_SIZE, 1048576));
