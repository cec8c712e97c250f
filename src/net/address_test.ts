import { assertEquals, assertThrows } from "@std/assert";
import { formatSocketAddress, parseSocketAddress } from "./mod.ts";

Deno.test("parseSocketAddress() and formatSocketAddress() agree", () => {
  for (const text of ["tcp:127.0.0.1:4444", "tcp:host.example:1", "tcp:[::1]:65535", "unix:/a b:c", "unix:rel.sock"]) {
    assertEquals(formatSocketAddress(parseSocketAddress(text)), text);
  }
});

Deno.test("parseSocketAddress() takes the loopback where no host is named", () => {
  assertEquals(parseSocketAddress("tcp::0"), { kind: "tcp", host: "127.0.0.1", port: 0 });
});

Deno.test("parseSocketAddress() refuses what is no address", () => {
  for (
    const text of ["", "4444", "tcp:4444", "tcp:host:", "tcp:host:65536", "tcp:::1:44", "unix:", "exec:cat", "fd:3"]
  ) {
    assertThrows(() => parseSocketAddress(text), SyntaxError, "Cannot read the address");
  }
});
