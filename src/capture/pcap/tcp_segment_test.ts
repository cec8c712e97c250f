import { assertEquals } from "@std/assert";
import { addressOf, describeEndpoint } from "./tcp_segment.ts";

Deno.test("describeEndpoint() writes addresses as RFC 5952 says", () => {
  const cases: readonly [readonly number[], string][] = [
    [[0xc000, 0x0201, 80], "192.0.2.1:80"],
    [[0, 0, 0, 0, 0, 0, 0, 1, 4444], "[::1]:4444"],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 0, 1], "[2001:db8:0:0:1::]:1"],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1, 1], "[2001:db8:0:1:1:1:1:1]:1"],
    [[0, 0, 0, 0, 0, 0, 0, 0, 65535], "[::]:65535"],
  ];
  for (const [words, text] of cases) assertEquals(describeEndpoint(String.fromCharCode(...words)), text);
  assertEquals(addressOf(String.fromCharCode(0x7f00, 1, 1)), "127.0.0.1");
});
