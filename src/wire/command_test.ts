import { assertEquals, assertThrows } from "@std/assert";
import { Incomplete } from "../bytes/mod.ts";
import { type Command, command, commandName } from "./command.ts";
import type { Finding } from "./finding.ts";

/** What a command says, and what is wrong with it; spaces in the hexadecimal digits are ignored. */
function read(hex: string): { value: Omit<Command, "type">; findings: string[] } {
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  const findings: Finding[] = [];
  const { type, ...value } = command.decode(bytes, (finding) => findings.push(finding));
  assertEquals(type, 8);
  assertEquals(command.encode({ type, ...value }), bytes, "written again");
  return { value, findings: findings.map(({ code, qemu }) => `${code}: ${qemu}`) };
}

Deno.test("commandName() knows 1 to 11", () => {
  assertEquals([0, 1, 5, 6, 8, 9, 10, 11, 12].map(commandName), [
    "command 0",
    "OPEN_RETURN_PATH",
    "POSTCOPY_RUN",
    "POSTCOPY_RAM_DISCARD",
    "ENABLE_COLO",
    "POSTCOPY_RESUME",
    "RECV_BITMAP",
    "SWITCHOVER_START",
    "command 12",
  ]);
});

Deno.test("command reads what each command carries", () => {
  assertEquals(read("08 0001 0000"), { value: { command: 1, payloadLength: 0 }, findings: [] });
  assertEquals(read("08 0002 0004 01020304"), {
    value: { command: 2, payloadLength: 4, value: 0x01020304 },
    findings: [],
  });
  assertEquals(read("08 0003 0000"), { value: { command: 3, payloadLength: 0 }, findings: [] });
  assertEquals(read("08 0003 0010 0000000000201000 0000000000001000"), {
    value: { command: 3, payloadLength: 16, hostPageSizes: 0x201000n, targetPageSize: 0x1000 },
    findings: [],
  });
  assertEquals(read("08 0007 0004 00000102"), {
    value: { command: 7, payloadLength: 4, blobLength: 0x102 },
    findings: [],
  });
  assertEquals(read("08 000a 0003 02 6162"), { value: { command: 10, payloadLength: 3, block: "ab" }, findings: [] });
});

Deno.test("command reads a discard of one range and of several, with a name and without", () => {
  const range = (start: string): string => `00000000000${start}000 0000000000001000`;
  assertEquals(read(`08 0006 0015 00 02 6162 00 ${range("05")}`), {
    value: {
      command: 6,
      payloadLength: 21,
      version: 0,
      block: "ab",
      nul: 0,
      ranges: [{ start: 0x5000n, length: 0x1000n }],
    },
    findings: [],
  });
  const { value } = read(`08 0006 0034 00 01 61 00 ${range("05")} ${range("07")} ${range("09")}`);
  assertEquals(value.ranges?.map(({ start }) => start), [0x5000n, 0x7000n, 0x9000n]);
  const unnamed = read(`08 0006 0023 00 00 00 ${range("05")} ${range("07")}`);
  assertEquals([unnamed.value.block, unnamed.value.ranges?.length], ["", 2]);
  assertEquals(unnamed.findings, ["block: CMD_POSTCOPY_RAM_DISCARD Failed to read RAMBlock ID"]);
});

Deno.test("command keeps a discard whose lengths do not fit as it is", () => {
  // Without a name the shortest has 19 bytes; QEMU takes none below 20.
  for (
    const payload of [
      "",
      "00 00 00 0000000000005000 0000000000001000",
      "00 02 6162 00 0000000000005000 0000000000001000 00",
      "00 02 6162 00 0000000000005000 0000000000001000 0000000000005000",
      "00 03 616263 00 0000000000005000 00000000000010",
      "00 11 0000000000000000000000000000000000 00",
    ]
  ) {
    const bytes = payload.replaceAll(" ", "");
    const length = bytes.length / 2;
    assertEquals(read(`08 0006 ${length.toString(16).padStart(4, "0")} ${payload}`), {
      value: { command: 6, payloadLength: length, rawPayload: Uint8Array.fromHex(bytes) },
      findings: [`command-length: CMD_POSTCOPY_RAM_DISCARD invalid length (${length})`],
    });
  }
});

Deno.test("command keeps a request for a bitmap whose lengths do not fit as it is", () => {
  for (const payload of ["", "01", "02 61", "01 61 62", "00 61"]) {
    const bytes = payload.replaceAll(" ", "");
    const length = bytes.length / 2;
    assertEquals(read(`08 000a 000${length} ${payload}`), {
      value: { command: 10, payloadLength: length, rawPayload: Uint8Array.fromHex(bytes) },
      findings: [`command-length: loadvm_handle_recv_bitmap: invalid payload length (${length})`],
    });
  }
  assertEquals(read("08 000a 0001 00"), {
    value: { command: 10, payloadLength: 1, block: "" },
    findings: ["block: loadvm_handle_recv_bitmap: failed to read block name"],
  });
});

Deno.test("command refuses another version of a discard, and another byte than NUL behind the name", () => {
  const range = "0000000000005000 0000000000001000";
  assertEquals(read(`08 0006 0014 01 01 61 00 ${range}`).findings, [
    "version: CMD_POSTCOPY_RAM_DISCARD invalid version (1)",
  ]);
  assertEquals(read(`08 0006 0014 00 01 61 01 ${range}`).findings, ["nul: CMD_POSTCOPY_RAM_DISCARD missing nil (1)"]);
});

Deno.test("command refuses lengths that its command does not have, and keeps the payload", () => {
  const bad = (number: string, length: number): unknown => {
    const payload = "5a".repeat(length);
    const { value, findings } = read(`08 ${number} ${length.toString(16).padStart(4, "0")} ${payload}`);
    assertEquals(value.rawPayload?.toHex() ?? "", payload);
    return findings;
  };
  const says = (name: string, expected: number, got: number): string[] => [
    `command-length: ${name} received with bad length - expecting ${expected}, got ${got}`,
  ];
  assertEquals(bad("0001", 1), says("OPEN_RETURN_PATH", 0, 1));
  assertEquals([bad("0002", 3), bad("0002", 5)], [says("PING", 4, 3), says("PING", 4, 5)]);
  assertEquals(bad("0002", 0), says("PING", 4, 0));
  assertEquals(bad("0004", 1), says("POSTCOPY_LISTEN", 0, 1));
  assertEquals(bad("0005", 1), says("POSTCOPY_RUN", 0, 1));
  assertEquals([bad("0007", 3), bad("0007", 5)], [says("PACKAGED", 4, 3), says("PACKAGED", 4, 5)]);
  assertEquals(bad("0008", 1), says("ENABLE_COLO", 0, 1));
  assertEquals(bad("0009", 1), says("POSTCOPY_RESUME", 0, 1));
  assertEquals(bad("000b", 1), says("SWITCHOVER_START", 0, 1));
  for (const length of [1, 8, 15, 17]) {
    assertEquals(bad("0003", length), [`command-length: CMD_POSTCOPY_ADVISE invalid length (${length})`]);
  }
  assertEquals(bad("0000", 0), ["unknown-command: MIG_CMD 0x0 unknown (len 0x0)"]);
  assertEquals(bad("0100", 17), ["unknown-command: MIG_CMD 0x100 unknown (len 0x11)"]);
});

Deno.test("command asks for all of a payload before it looks at the lengths in it", () => {
  const cut = (hex: string): number => {
    const error = caught(() => command.decode(Uint8Array.fromHex(hex.replaceAll(" ", ""))));
    return error instanceof Incomplete ? error.missing : 0;
  };
  assertEquals([cut("08 0006 0014"), cut("08 0006 0014 00 05 61")], [20, 17]);
  assertEquals([cut("08 000a 0003"), cut("08 000a 0003 02 61"), cut("08 0002 0004 00")], [3, 1, 3]);
});

/** What a function throws, be it an error or not. */
function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assertThrows(run);
}

Deno.test("command reads a discard of more ranges than QEMU sends at a time", () => {
  const ranges = "00000000000050000000000000001000".repeat(20);
  const { value, findings } = read(`08 0006 ${(4 + 320).toString(16).padStart(4, "0")} 00 01 61 00 ${ranges}`);
  assertEquals([value.ranges?.length, findings], [20, []]);
});

Deno.test("command names the command whose payload does not have its shape", () => {
  const says = (hex: string): string[] => {
    const messages: string[] = [];
    command.decode(Uint8Array.fromHex(hex), ({ message }) => messages.push(message));
    return messages;
  };
  assertEquals(says("0800060000"), ["payload of POSTCOPY_RAM_DISCARD does not have its shape (0 bytes)"]);
  assertEquals(says("08000a0000"), ["payload of RECV_BITMAP does not have its shape (0 bytes)"]);
});
