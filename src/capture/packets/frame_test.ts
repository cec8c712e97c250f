import { assertEquals } from "@std/assert";
import { type Endpoint, ethernetFrame, MAX_SEGMENT, TCP } from "./frame.ts";

function end(last: number, port: number): Endpoint {
  return { mac: Uint8Array.of(2, 0, 0, 0, 0, last), ip: Uint8Array.of(192, 0, 2, last), port };
}

const SEGMENT = { from: end(1, 0xc000), to: end(2, 4444), sequence: 1000, acknowledged: 0, identification: 5 };

/** The ones' complement sum of 16-bit words, the slow and plain way. */
function onesSum(bytes: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    total += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

Deno.test("ethernetFrame() writes a SYN as the RFCs say", () => {
  const frame = ethernetFrame({ ...SEGMENT, flags: TCP.syn, mss: 1460, payload: new Uint8Array(0) });
  assertEquals(
    frame.toHex(),
    "020000000002" + "020000000001" + "0800" +
      "45000030" + "00054000" + "4006" + "b6bf" + "c0000201" + "c0000202" +
      "c000115c" + "000003e8" + "00000000" + "7002" + "ffff" + "2ad0" + "0000" +
      "020405b4" + "01030307",
  );
});

Deno.test("ethernetFrame() gives checksums that come out as they must, for any length", () => {
  for (const length of [0, 1, 2, 3, 1447, 1448, MAX_SEGMENT - 1, MAX_SEGMENT]) {
    const payload = Uint8Array.from({ length }, (_, i) => i * 7 | (length > 2000 ? 0xf0 : 0));
    const frame = ethernetFrame({ ...SEGMENT, flags: TCP.ack | TCP.psh, payload });
    const ip = [...frame.subarray(14, 34)];
    const tcp = [...frame.subarray(34)];
    assertEquals(onesSum(ip), 0xffff, `IP header, ${length} bytes`);
    const pseudo = [...ip.slice(12, 20), 0, 6, tcp.length >> 8, tcp.length & 0xff];
    assertEquals(onesSum([...pseudo, ...tcp]), 0xffff, `TCP, ${length} bytes`);
    assertEquals(frame.subarray(54), payload);
  }
});
