import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Incomplete } from "../bytes/mod.ts";
import { Decoder } from "./decoder.ts";
import { type Finding, WireError } from "./finding.ts";
import {
  isReturnPathHead,
  isReturnPathMessage,
  MIG_RP_MSG,
  rpBitmap,
  rpBitmapEnd,
  rpPong,
  rpRecvBitmap,
  rpReqPages,
  rpReqPagesId,
  rpResumeAck,
  rpShut,
  rpSwitchoverAck,
  rpUnknown,
} from "./return_path.ts";
import type { Struct } from "./struct.ts";

/** What a structure says about bytes that it can read. */
function findings(layout: Struct<object>, hexBytes: string): Finding[] {
  const list: Finding[] = [];
  layout.decode(bytes(hexBytes), (finding) => list.push(finding));
  return list;
}

function bytes(hexBytes: string): Uint8Array {
  return Uint8Array.fromHex(hexBytes.replaceAll(" ", ""));
}

Deno.test("the return-path structures read and write the vectors of main-channel.md §19.5", () => {
  const vectors: [string, Struct<object>, object][] = [
    ["0002 0004 00000001", rpPong, { type: 2, len: 4, value: 1 }],
    ["0003 0013 0000000000005000 00001000 06 70632e72616d", rpReqPagesId, {
      type: 3,
      len: 19,
      start: 0x5000n,
      requestLength: 4096,
      block: "pc.ram",
    }],
    ["0004 000c 0000000000009000 00001000", rpReqPages, { type: 4, len: 12, start: 0x9000n, requestLength: 4096 }],
    ["0007 0000", rpSwitchoverAck, { type: 7, len: 0 }],
    ["0006 0004 00000001", rpResumeAck, { type: 6, len: 4, value: 1 }],
    ["0001 0004 00000000", rpShut, { type: 1, len: 4, value: 0 }],
    ["0005 0007 06 70632e72616d", rpRecvBitmap, { type: 5, len: 7, block: "pc.ram" }],
    ["0000000000000010", rpBitmap, { size: 16 }],
    ["0123456789abcdef", rpBitmapEnd, { mark: 0x0123456789abcdefn }],
  ];
  for (const [hexBytes, layout, value] of vectors) {
    assertEquals<unknown>(layout.decode(bytes(hexBytes)), value);
    assertEquals(layout.encode(value), bytes(hexBytes));
    assertEquals(findings(layout, hexBytes), []);
  }
});

Deno.test("rpShut takes a value other than 0 as a failed destination", () => {
  assertEquals(findings(rpShut, "0001 0004 00000001").map((f) => [f.code, f.field, f.offset, f.qemu]), [
    ["destination-failed", "value", 4, "Sibling indicated error 1"],
  ]);
  // QEMU prints the value signed.
  assertEquals(findings(rpShut, "0001 0004 ffffffff")[0]?.qemu, "Sibling indicated error -1");
});

Deno.test("rpResumeAck takes no value but 1", () => {
  assertEquals(findings(rpResumeAck, "0006 0004 00000002")[0]?.qemu, "illegal resume_ack value 2");
});

Deno.test("rpReqPages refuses what is not whole host pages", () => {
  const qemu = (hexBytes: string): string | undefined => findings(rpReqPages, hexBytes)[0]?.qemu;
  assertEquals(
    qemu("0004 000c 0000000000009001 00001000"),
    "MIG_RP_MSG_REQ_PAGES: Misaligned page request, start:9001 len: 4096",
  );
  assertEquals(
    qemu("0004 000c 0000000000009000 00000200"),
    "MIG_RP_MSG_REQ_PAGES: Misaligned page request, start:9000 len: 512",
  );
  // Whole pages of 2 MiB.
  assertEquals(qemu("0004 000c 0000000000200000 00200000"), undefined);
});

Deno.test("rpPong cannot read a message of another length", () => {
  const error = assertThrows(() => rpPong.decode(bytes("0002 0005 0000000001")), WireError);
  assertEquals([error.code, error.field, error.offset], ["rp-length", "len", 2]);
  // "withincorrect" is how QEMU writes it.
  assertEquals(error.finding.qemu, "Received 'PONG' message (0x0002) withincorrect length 5 expecting 4");
});

Deno.test("rpUnknown says of a message what QEMU says, and keeps its bytes", () => {
  const said = (hexBytes: string): string | undefined => findings(rpUnknown, hexBytes)[0]?.qemu;
  assertEquals(said("0000 0000"), "Received invalid message 0x0000 length 0x0000");
  assertEquals(said("0008 0002 abcd"), "Received invalid message 0x0008 length 0x0002");
  assertEquals(said("0007 0001 00"), "Received 'SWITCHOVER_ACK' message (0x0007) withincorrect length 1 expecting 0");
  assertEquals(
    said(`0003 0201 ${"00".repeat(513)}`),
    "Received 'REQ_PAGES_ID' message (0x0003) withincorrect length 513 expecting 18446744073709551615",
  );
  assertEquals(
    said("0003 0010 0000000000005000 00001000 06 706361"),
    "Req_Page_id with length 16 expecting 19",
  );
  assertEquals(said("0003 0002 0000"), "Req_Page_id with length 2 expecting 13");
  assertEquals(rpUnknown.decode(bytes("0008 0002 abcd")).data, bytes("abcd"));
});

Deno.test("rpUnknown gives up at a RECV_BITMAP without a name, since its bitmap could be anywhere", () => {
  const error = assertThrows(() => rpUnknown.decode(bytes("0005 0000")), WireError);
  assertEquals(error.finding.qemu, "MIG_RP_MSG_RECV_BITMAP missing block name");
  assertThrows(() => rpUnknown.decode(bytes("0005 0002 06 70")), WireError);
});

Deno.test("rpRecvBitmap keeps what stands behind the name, as the source ignores it", () => {
  const odd = "0005 0006 02 7063 00abcd";
  assertEquals(rpRecvBitmap.decode(bytes(odd)).trailing, bytes("00abcd"));
  assertEquals(rpRecvBitmap.encode(rpRecvBitmap.decode(bytes(odd))), bytes(odd));
  assertEquals(findings(rpRecvBitmap, odd).map((f) => [f.severity, f.code]), [["warning", "reserved"]]);
  // Zero bytes are not worth a word.
  assertEquals(findings(rpRecvBitmap, "0005 0005 02 7063 0000"), []);
  assertEquals(
    findings(rpRecvBitmap, "0005 0001 00")[0]?.qemu,
    "MIG_RP_MSG_RECV_BITMAP has invalid block name ''",
  );
});

Deno.test("rpBitmap refuses sizes that no RAM block has", () => {
  assertEquals(findings(rpBitmap, "0000000000000009")[0]?.code, "rp-bitmap-size");
  assertEquals(findings(rpBitmap, "0000000000000000")[0]?.code, "rp-bitmap-size");
  assertThrows(() => rpBitmap.decode(bytes("0000010000000008")), WireError, "more than any RAM block needs");
  assertThrows(() => rpBitmap.decode(bytes("ffffffffffffffff")), WireError, "beyond any file");
});

Deno.test("isReturnPathHead() and isReturnPathMessage() know types and lengths", () => {
  assertEquals(isReturnPathHead(MIG_RP_MSG.REQ_PAGES, 12), true);
  assertEquals(isReturnPathHead(MIG_RP_MSG.REQ_PAGES, 13), false);
  assertEquals(isReturnPathHead(8, 0), false);
  assertEquals(isReturnPathMessage(MIG_RP_MSG.RECV_BITMAP, bytes("02 7063")), true);
  assertEquals(isReturnPathMessage(MIG_RP_MSG.RECV_BITMAP, bytes("03 7063")), false);
});

Deno.test("annotate() of a return-path message names its type", () => {
  assertEquals(rpPong.annotate(bytes("0002 0004 00000001"))[0]?.meaning, "PONG");
});

Deno.test("the return-path structures write back whatever they read", () => {
  const layouts: Struct<object>[] = [
    rpPong,
    rpReqPagesId,
    rpReqPages,
    rpSwitchoverAck,
    rpResumeAck,
    rpShut,
    rpRecvBitmap,
    rpUnknown,
    rpBitmap,
    rpBitmapEnd,
  ];
  const head = fc.tuple(fc.nat(8), fc.nat(24)).map(([type, len]) => Uint8Array.of(0, type, 0, len));
  const any = fc.tuple(head, fc.uint8Array({ maxLength: 40 })).map(([a, b]) => Uint8Array.of(...a, ...b));
  fc.assert(
    fc.property(fc.constantFrom(...layouts), any, (layout, input) => {
      const decoder = new Decoder(input);
      let value: object;
      try {
        value = layout.read(decoder);
      } catch (error) {
        if (error instanceof Incomplete || error instanceof WireError) return;
        throw error;
      }
      assertEquals(layout.encode(value), input.slice(0, decoder.pos));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("rpUnknown says which lengths a message may have, and says it once", () => {
  const said = (hexBytes: string): string[] => findings(rpUnknown, hexBytes).map(({ message }) => message);
  const most = (length: number): string =>
    `0003 ${length.toString(16).padStart(4, "0")} 0000000000005000 00001000 ff ${"61".repeat(length - 13)}`;
  assertEquals(said(most(268)), []);
  assertEquals(said(most(513)), ["len of REQ_PAGES_ID is 513, expected at most 512"]);
  assertEquals(said("0007 0001 00"), ["len of SWITCHOVER_ACK is 1, expected 0"]);
  // A name of 255 bytes, and as much behind it as a message has room for.
  assertEquals(said(`0005 0200 ff ${"61".repeat(511)}`), []);
});

Deno.test("a return-path value is shown with what it means", () => {
  const meaning = (layout: Struct<object>, hexBytes: string): string | undefined =>
    layout.annotate(bytes(hexBytes)).at(-1)?.meaning;
  assertEquals(meaning(rpShut, "0001 0004 00000000"), "done without error");
  assertEquals(meaning(rpShut, "0001 0004 00000001"), "failed");
  assertEquals(meaning(rpBitmapEnd, "0123456789abcdef"), "end mark");
  assertEquals(meaning(rpBitmapEnd, "0123456789abcdee"), "not the end mark");
  assertEquals(findings(rpShut, "0001 0004 00000002")[0]?.qemu, "Sibling indicated error 2");
});

Deno.test("rpRecvBitmap has a row for bytes behind the name only where there are some", () => {
  const rows = (hexBytes: string): string[] => rpRecvBitmap.annotate(bytes(hexBytes)).map(({ field }) => field);
  assertEquals(rows("0005 0003 02 7063"), ["type", "len", "block"]);
  assertEquals(rows("0005 0004 02 7063 ab"), ["type", "len", "block", "trailing"]);
});

Deno.test("rpBitmap takes a bitmap of 2^40 bytes", () => {
  assertEquals(findings(rpBitmap, "0000010000000000"), []);
});
