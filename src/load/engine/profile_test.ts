import { assertEquals } from "@std/assert";
import { qemuProfile } from "./mod.ts";

Deno.test("compressed packets that are wrong abort QEMU 10.0.2, 10.1 and 10.2, and fail in 10.0.13 and 11.1", () => {
  const checks = ["7.2", "10.0", "10.0.2", "10.0.13", "10.1", "10.2.2", "11.1.3"].map((version) =>
    qemuProfile(version).codecChecks
  );
  assertEquals(checks, ["error", "error", "abort", "error", "abort", "abort", "error"]);
});

Deno.test("qemuProfile() knows in which releases a bad length of compressed pages ends QEMU", () => {
  const checks = (version: string): string => qemuProfile(version).codecChecks;
  assertEquals(["10.0.1", "10.0.2", "10.0.12", "10.1.0", "10.2.2"].map(checks), Array(5).fill("abort"));
  assertEquals(["9.0.5", "9.2.1", "10.0.0", "10.0.13", "11.0.0", "11.1.0"].map(checks), Array(6).fill("error"));
});
