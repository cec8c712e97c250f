import { assertEquals } from "@std/assert";
import type { MultifdContext } from "./context.ts";
import { channelIdWords, formatUuid, multifdInit } from "./init.ts";

const UUID = "00112233-4455-6677-8899-aabbccddeeff";

/** What is found wrong with the initial packet of a channel. */
function says(id: number, context: MultifdContext): string[] {
  const layout = multifdInit(context);
  const uuid = Uint8Array.fromHex(UUID.replaceAll("-", ""));
  const found: string[] = [];
  layout.decode(layout.encode({ magic: 0x11223344, version: 1, uuid, id }), ({ code, qemu, offset }) => {
    found.push(`${offset} ${code}: ${qemu}`);
  });
  return found;
}

Deno.test("formatUuid() groups as RFC 4122 does", () => {
  assertEquals(formatUuid(Uint8Array.fromHex(UUID.replaceAll("-", ""))), UUID);
});

Deno.test("channelIdWords() are those of each QEMU", () => {
  const words = (qemu: string | undefined, id: number): string =>
    channelIdWords(qemu === undefined ? {} : { qemu }, id, 2);
  for (const qemu of ["11.0", "11.1", "12.0"]) {
    assertEquals([words(qemu, 2), words(qemu, 3)], [
      "multifd: received channel id 2 exceeds channel count 2",
      "multifd: received channel id 3 exceeds channel count 2",
    ]);
  }
  for (const qemu of ["9.0", "10.2", undefined]) {
    assertEquals(words(qemu, 3), "multifd: received channel id 3 is greater than number of channels 2");
  }
  assertEquals(words("8.2", 3), "multifd: received channel version 1 expected 1");
  for (const qemu of ["8.2", "10.2", undefined]) {
    assertEquals(words(qemu, 2), "undefined behaviour: an id equal to the number of channels passes the check");
  }
});

Deno.test("multifdInit() takes ids below the number of channels, where that is known", () => {
  const context = { channels: 2, qemu: "11.0" };
  assertEquals([says(0, context), says(1, context), says(255, {})], [[], [], []]);
  assertEquals(says(2, context), ["24 channel-id: multifd: received channel id 2 exceeds channel count 2"]);
});

Deno.test("multifdInit() compares the UUID in any case of letters, and prints the channel with a sign", () => {
  assertEquals(says(1, { uuid: UUID.toUpperCase() }), []);
  const other = UUID.replace("00", "ff");
  const text = (channel: number): string[] => [
    `8 uuid: multifd: received uuid '${UUID}' and expected uuid '${other}' for channel ${channel}`,
  ];
  assertEquals([says(127, { uuid: other }), says(128, { uuid: other }), says(255, { uuid: other })], [
    text(127),
    text(-128),
    text(-1),
  ]);
});
