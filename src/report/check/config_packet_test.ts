import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MultifdDeviceStateRecord } from "../../stream/mod.ts";
import { checkConfigPacket } from "./config_packet.ts";

/** A packet with a config of so many bytes, of which `configData` are kept. */
function packet(length: number, configData?: Uint8Array): MultifdDeviceStateRecord {
  const header = {
    magic: 0,
    version: 1,
    flags: 2,
    idstr: "0000:00:03.0/vfio\0\0",
    instanceId: 0,
    nextPacketSize: length,
  };
  const record = { kind: "multifd-device-state", offset: 1000, length: length + 300, ...header, vfioFlags: 1 } as const;
  return {
    ...record,
    payload: { offset: 1300, length },
    ...(configData === undefined ? {} : { configData }),
  } as unknown as MultifdDeviceStateRecord;
}

Deno.test("checkConfigPacket() says that a config is too long to be read, where it begins", () => {
  const [problem, ...rest] = checkConfigPacket(packet(2 ** 21), "multifd 1");
  assertEquals([problem?.severity, problem?.code, problem?.channel, problem?.offset, rest], [
    "error",
    "config-length",
    "multifd 1",
    1300,
    [],
  ]);
  assertStringIncludes(problem?.message ?? "", 'the config of "0000:00:03.0/vfio" has 2097152 bytes');
});

Deno.test("checkConfigPacket() says whose config a destination cannot read, and where", () => {
  for (const data of [new Uint8Array(3), new Uint8Array(400).fill(0xff)]) {
    const problems = checkConfigPacket(packet(data.length, data), "multifd 1");
    assert(problems.some(({ severity }) => severity === "error"));
    for (const { message, channel, offset } of problems) {
      assert(message.startsWith('config of "0000:00:03.0/vfio": '), message);
      assertEquals(channel, "multifd 1");
      assert(offset >= 1300 && offset <= 1300 + data.length, `${offset}`);
    }
  }
});
