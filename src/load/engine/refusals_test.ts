import { assertEquals } from "@std/assert";
import { noSection } from "./refusals.ts";

Deno.test("noSection() tells a VFIO device that is missing from a section that takes no buffers", () => {
  const said = (idstr: string): unknown => {
    const { code, reason, qemu } = noSection(idstr, 3);
    return [code, reason, qemu];
  };
  assertEquals(said("0000:00:09.0/vfio"), [
    "unknown-section",
    'the destination has no "0000:00:09.0/vfio"',
    "Unknown idstr 0000:00:09.0/vfio or instance id 3 for load state buffer",
  ]);
  assertEquals(said("ram"), [
    "no-loader",
    '"ram" takes no device-state packets',
    "idstr ram / instance 3 has no load state buffer operation",
  ]);
});
