import { assertEquals, assertThrows } from "@std/assert";
import { WireError } from "./finding.ts";
import { isNamedAfterState, sectionFooter } from "./section.ts";

Deno.test("sectionFooter is read no further where its marker is missing", () => {
  const codes: string[] = [];
  const decode = (): unknown =>
    sectionFooter.decode(Uint8Array.fromHex("7d00000005"), ({ code }) => void codes.push(code));
  assertEquals([assertThrows(decode, WireError).code, codes], ["footer-missing", []]);
});

Deno.test("isNamedAfterState() cannot tell where a section's name is as long as QEMU's may be, and so was cut", () => {
  const named = (length: number): boolean => isNamedAfterState("x".repeat(length), "timer");
  assertEquals([named(254), named(255)], [false, true]);
});
