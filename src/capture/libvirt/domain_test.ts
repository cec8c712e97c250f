import { assert, assertEquals } from "@std/assert";
import { scanDomain } from "./domain.ts";
import { workTime } from "../../../testing/work_time.ts";

Deno.test("scanDomain() finds name and machine as libvirt writes them", () => {
  const xml = `<domain type='qemu' id='1'>
  <name>mw-tést &amp; &quot;one&quot;</name>
  <os>
    <type arch="aarch64" machine="virt-9.2">hvm</type>
  </os>
</domain>`;
  assertEquals(scanDomain(xml), { name: 'mw-tést & "one"', machine: "virt-9.2", arch: "aarch64" });
});

Deno.test("scanDomain() leaves out what is not there", () => {
  assertEquals(scanDomain(""), {});
  assertEquals(scanDomain("<domain><name></name><os><type>hvm</type></os></domain>"), { name: "" });
  assertEquals(scanDomain("<type arch='x86_64'>hvm</type>"), { arch: "x86_64" });
});

Deno.test("scanDomain() expands no entity that the text defines", () => {
  const xml = `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><domain><name>&b;&constructor;&lt;</name></domain>`;
  assertEquals(scanDomain(xml), { name: "&b;&constructor;<" });
});

Deno.test("scanDomain() takes no longer for text that was made to be slow", () => {
  const start = workTime();
  for (const piece of ["<type ", "<name>", "<type a='", "<type a=a=a=a=", "&amp", "<type " + "a".repeat(1000)]) {
    scanDomain(piece.repeat(1_000_000 / piece.length));
  }
  for (const piece of ["a", "a=", "a ='"]) scanDomain(`<type ${piece.repeat(60_000)}>`.repeat(4));
  assert(workTime() - start < 5000);
});
