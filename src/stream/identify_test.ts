import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ChannelRole, IDENTIFY_MAX_BYTES, identifyChannel, type IdentifyOptions } from "./identify.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";

function bytes(hexBytes: string): Uint8Array {
  return Uint8Array.fromHex(hexBytes.replaceAll(" ", ""));
}

function role(hexBytes: string, options: IdentifyOptions = {}): ChannelRole {
  return identifyChannel(bytes(hexBytes), options).role;
}

Deno.test("identifyChannel() knows the first bytes of main-channel.md §13.1 and §19", () => {
  const known: [string, ChannelRole][] = [
    ["5145564d 00000003", "main"],
    ["5145564d 00000002", "main"],
    ["5145564d 00000009", "main"],
    ["11223344 00000001 000102030405060708090a0b0c0d0e0f 01", "multifd"],
    ["11223344", "multifd"],
    ["160301 0200 01 0001fc0303", "tls"],
    ["160303 00a1 02 00009d0303", "tls"],
    ["150301 0002 0246", "tls"],
    ["08000a 0007 06 70632e72616d", "recovery"],
    ["080009 0000", "recovery"],
    ["0002 0004 00000001", "return-path"],
    ["0007 0000", "return-path"],
    ["0005 000c 0b", "return-path"],
    ["0000000000000008 06 70632e72616d", "preempt"],
    ["0000000012345002 06 70632e72616d 00", "preempt"],
    ["0000000000000010", "preempt"],
    ["51435052 00000001", "cpr"],
    ["4c69627669727451656d756453617665 02000000", "libvirt"],
    ["4c69627669727451656d756450617274 02000000", "libvirt"],
    ["1f8b0800", "compressed"],
    ["425a6839", "compressed"],
    ["fd377a585a00", "compressed"],
    ["894c5a4f", "compressed"],
    ["28b52ffd", "compressed"],
    ["514649fb", "qcow2"],
    ["7f454c46 02010100 00000000 00000000", "unknown"],
    ["00000000 00000000 00000000 00000000", "unknown"],
    // A RAM record of a block without a name, and one whose name is none.
    ["0000000000000008 00 70", "unknown"],
    ["0000000000000008 02 70ff", "unknown"],
    // A PONG of a length that it cannot have.
    ["0002 0005 0000000001", "unknown"],
  ];
  for (const [hexBytes, expected] of known) {
    const identity = identifyChannel(bytes(hexBytes));
    assertEquals([identity.role, identity.needed], [expected, 0], hexBytes);
  }
});

Deno.test("identifyChannel() says what it has seen", () => {
  const reason = (hexBytes: string): string => identifyChannel(bytes(hexBytes), { ended: true }).reason;
  assertEquals(reason("5145564d00000002"), "file header QEVM, obsolete version 2");
  assertEquals(reason("1f8b"), "compressed with gzip");
  assertEquals(identifyChannel(bytes("1f8b")).compression, "gzip");
  assertEquals(reason("7f454c4602"), "no known channel begins with 7f 45 4c 46 02");
  assertEquals(reason("51455600"), "no known channel begins with 51 45 56 00");
  assertEquals(
    reason("0000000000000008 06 70632e72616d"),
    "postcopy-preempt channel: begins with a page of RAM block pc.ram",
  );
});

Deno.test("identifyChannel() minds who sends", () => {
  assertEquals(role("0002 0004 00000001", { direction: "d2s" }), "return-path");
  assertEquals(role("0002 0004 00000001", { direction: "s2d", ended: true }), "unknown");
  assertEquals(role("5145564d 00000003", { direction: "d2s" }), "unknown");
  assertEquals(role("0000000000000008 06 70632e72616d", { direction: "d2s" }), "unknown");
  // A ServerHello is never sent by the source, which is the client.
  assertEquals(role("160303 00a1 02 00009d0303", { direction: "s2d", ended: true }), "unknown");
  assertEquals(role("160303 00a1 02 00009d0303", { direction: "d2s" }), "tls");
});

Deno.test("identifyChannel() asks for more where the beginning fits several channels", () => {
  const needed = (hexBytes: string): number => identifyChannel(bytes(hexBytes)).needed;
  assertEquals(needed(""), 16);
  assertEquals(needed("51"), 8);
  assertEquals(needed("514556"), 8);
  assertEquals(needed("08"), 3);
  assertEquals(needed("00"), 9);
  assertEquals(needed("0000000000000008 06"), 15);
  assertEquals(needed("16"), 6);
});

Deno.test("identifyChannel() decides when no more bytes will come", () => {
  assertEquals(identifyChannel(new Uint8Array(0), { ended: true }), { role: "empty", reason: "no bytes", needed: 0 });
  assertEquals(role("51", { ended: true }), "unknown");
  assertEquals(role("514556", { ended: true }), "main");
  assertEquals(role("112233", { ended: true }), "multifd");
  assertEquals(role("0800", { ended: true }), "recovery");
  assertEquals(identifyChannel(bytes("0000"), { ended: true }), {
    role: "unknown",
    reason: "too short to tell",
    needed: 0,
  });
});

Deno.test("identifyChannel() follows three TLS records that begin in the middle of a connection", () => {
  const record = (length: number): number[] => [0x17, 3, 3, length >> 8, length & 0xff, ...new Uint8Array(length)];
  const chain = Uint8Array.of(...record(100), ...record(0x4000), ...record(30));
  assertEquals(identifyChannel(chain).role, "tls");
  assertEquals(identifyChannel(chain.subarray(0, 90)).needed, 110);
  assertEquals(identifyChannel(chain.subarray(0, 120)).needed, 105 + 5 + 0x4000 + 5);
  chain[106] = 9;
  assertEquals(identifyChannel(chain).role, "unknown");
});

Deno.test("identifyChannel() stays with an answer that it calls final, and asks for no more than it should", () => {
  const starts = fc.constantFrom(
    "",
    "5145564d000000",
    "11223344",
    "0800",
    "00020004",
    "0000000000000008047063",
    "16030102",
    "170303000217031703030001",
    "1f",
    "4c69627669727451656d7564",
  ).map((text) => [...bytes(text)]);
  const input = fc.tuple(starts, fc.uint8Array({ maxLength: 40 })).map(([a, b]) => Uint8Array.of(...a, ...b));
  const direction = fc.constantFrom<IdentifyOptions>({}, { direction: "s2d" }, { direction: "d2s" });
  fc.assert(
    fc.property(input, fc.nat(40), direction, (all, cut, options) => {
      const early = identifyChannel(all.subarray(0, cut), options);
      const late = identifyChannel(all, options);
      if (early.needed === 0) assertEquals(early, { ...late, reason: early.reason });
      else assert(early.needed > Math.min(cut, all.length) && early.needed <= IDENTIFY_MAX_BYTES);
      assertEquals(identifyChannel(all, { ...options, ended: true }).needed, 0);
    }),
    { numRuns: 3000 },
  );
});

/** What a file of a capture is, by what is known about the capture. */
function expectedRole(capture: string, file: string): ChannelRole {
  if (capture.endsWith("tls")) return "tls";
  if (file.endsWith(".gz")) return "compressed";
  if (file.endsWith(".d2s")) return "return-path";
  if (file.startsWith("file.") || file.startsWith("channel-00")) return "main";
  if (capture === "plain-postcopy-recover") return "recovery";
  return capture === "plain-postcopy-preempt" ? "preempt" : "multifd";
}

Deno.test({
  name: "identifyChannel() knows every channel of the real captures, with and without the direction",
  ignore: !haveCaptures(),
  fn(): void {
    let channels = 0;
    for (const { name: capture, isDirectory } of Deno.readDirSync(CAPTURES)) {
      if (!isDirectory) continue;
      for (const { name: file } of Deno.readDirSync(new URL(`${capture}/`, CAPTURES))) {
        if (!/^(channel-|file\.)/.test(file)) continue;
        const content = Deno.readFileSync(new URL(`${capture}/${file}`, CAPTURES));
        const direction = file.endsWith(".d2s") ? "d2s" : "s2d";
        for (const options of [{}, { direction }] as const) {
          const identity = identifyChannel(content, options);
          assertEquals([identity.role, identity.needed], [expectedRole(capture, file), 0], `${capture}/${file}`);
        }
        channels++;
      }
    }
    assert(channels > 140, `only ${channels} channels`);
  },
});
