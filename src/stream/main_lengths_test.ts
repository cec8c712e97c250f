/** Lengths and counts that lie: nothing may be made ready for bytes that do not come. */

import { assert, assertEquals } from "@std/assert";
import { ofKind, readMain } from "../../testing/main_channel.ts";
import {
  ascii,
  be,
  BLOCK,
  capabilities,
  compressedPage,
  counted,
  MainStream,
  page,
  RAM_EOS,
  ramStream,
  stream,
  subsection,
  word,
} from "../../testing/main_stream.ts";

const MAX = 0xffffffff;
const HUGE = 1n << 52n;

const inBody = (idstr: string, version: number): MainStream =>
  ramStream().raw(1, be(9, 4), counted(idstr), be(0, 4), be(version, 4));

const LIES: { readonly [name: string]: MainStream } = {
  "the length of the machine's name": new MainStream().raw(ascii("QEVM"), be(3, 4), 7, be(MAX, 4), ascii("pc")),
  "the number of capabilities": stream("pc", subsection("configuration/capabilities", [be(MAX, 4), counted("a")])),
  "the length of a package": ramStream().command(7, be(MAX, 4)),
  "the length of a command": ramStream().raw(8, be(6, 2), be(0xffff, 2), 0),
  "the length of the VM description": ramStream().eof().raw(6, be(MAX, 4), ascii("{")),
  "the total of the blocks": stream().raw(1, be(2, 4), counted("ram"), be(0, 4), be(4, 4), word(HUGE | 4n)),
  "the length of a mapped-ram block": stream("pc", capabilities("mapped-ram")).raw(
    ...[1, be(2, 4), counted("ram"), be(0, 4), be(4, 4), word(HUGE | 4n), counted("a"), word(HUGE)],
    ...[be(1, 4), word(4096), word(19 + 43 + 21 + 8 + 10 + 28), word(HUGE)],
  ),
  "the length of a compressed page": ramStream().raw(2, be(2, 4), compressedPage(0, Uint8Array.of(), BLOCK, 4109)),
  "the length of a bitmap": inBody("dirty-bitmap", 1).raw(0x40, word(0), be(1, 4), word(10240)),
  "the number of storage keys": inBody("s390-skeys", 1).raw(word(2), word(1n << 32n)),
  "the number of storage attributes": inBody("s390-storage_attributes", 0).raw(word(2), word(1n << 32n)),
  "the number of entries of a hash table": inBody("spapr/htab", 1).raw(be(0, 4), be(0, 4), be(0xffff, 2), be(0, 2)),
  "the length of VFIO data": inBody("vfio", 1).raw(word(0xffffffffef100004n), word(HUGE)),
};

/** Memory in array buffers, bytes. */
const buffers = (): number => Deno.memoryUsage().external;

for (const [name, lie] of Object.entries(LIES)) {
  Deno.test(`${name} may lie: no memory is taken for it`, () => {
    const bytes = lie.bytes();
    const before = buffers();
    const { records } = readMain(bytes);
    assert(buffers() - before < 1 << 20);
    assert(["truncated", "opaque"].includes(records.at(-1)?.kind ?? ""));
  });
}

Deno.test("a page size that no target has is not believed, whoever states it", () => {
  const pages = [page(0, BLOCK), page(0x1000), RAM_EOS];
  const bytes = stream("virt-10.0").command(3, word(0x1000), word(1 << 20))
    .start(2, "ram", 4, [word(0x2000 | 4), counted(BLOCK), word(0x2000), RAM_EOS]).end(2, pages).eof().bytes();
  const { records, findings } = readMain(bytes, { pageSize: 3, description: { pageSize: 0, devices: [] } });
  assertEquals(findings, []);
  assertEquals(ofKind(records, "ram-page").map(({ pageSize, count }) => [pageSize, count]), [[4096, 2]]);
});

Deno.test("a VM description may state more devices, elements or bytes than there are", () => {
  const field = { name: "f", type: "uint8", size: MAX, arrayLen: MAX, inline: [] };
  const device = { name: "gizmo", instanceId: 0, vmsdName: "gizmo", version: 1, subsections: [] };
  const bytes = ramStream().full(9, "gizmo", 1, [1, 2, 3, 4]).full(10, "todclock", 1, [0]).eof().bytes();
  for (const fields of [[field], [{ ...field, size: 0 }], [{ ...field, size: 1, arrayLen: 1 << 26 }]]) {
    const before = buffers();
    const { records } = readMain(bytes, { description: { devices: [{ ...device, fields }] } });
    assert(buffers() - before < 1 << 20);
    assertEquals(ofKind(records, "device-state").map(({ length, extent }) => [length, extent]), [[4, "guessed"]]);
  }
});
