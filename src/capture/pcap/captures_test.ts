import { assert, assertEquals } from "@std/assert";
import { CAPTURES, haveCaptures } from "../../../testing/real_captures.ts";
import { openCapture } from "../open.ts";
import { readBytes } from "../source.ts";
import { channelsOf } from "./helpers_for_test.ts";

const path = (name: string): string => new URL(name, CAPTURES).pathname;

Deno.test({
  name: "A packet capture gives, channel for channel, the bytes that the recorder beside it wrote",
  ignore: !haveCaptures(),
  fn(): void {
    const recorded = openCapture(path("plain-pcap"));
    const packets = openCapture(path("plain-pcap/oracle/migration.pcap"));
    assertEquals(channelsOf(packets), channelsOf(recorded));
    assertEquals(packets.findings, []);
    const ends = (events: Iterable<{ kind: string }>): number =>
      [...events].filter(({ kind }) => kind === "end").length;
    assertEquals(ends(packets.events ?? []), 6);
    packets.close();
    recorded.close();
  },
});

Deno.test({
  name: "A packet capture with cut packets gives the bytes up to the first cut, and names the cuts",
  ignore: !haveCaptures(),
  fn(): void {
    const recorded = openCapture(path("plain-pcap-snaplen"));
    const packets = openCapture(path("plain-pcap-snaplen/oracle/migration.pcap"));
    const [whole, part] = [recorded.channels[0]?.source, packets.channels[0]?.source];
    assert(whole !== undefined && part !== undefined);
    assertEquals(readBytes(part, 0, part.size), readBytes(whole, 0, part.size));
    const gaps = packets.findings.map(({ code, offset, message }) => `${code} ${offset} ${parseInt(message)}`);
    assertEquals(gaps, [
      "tcp-gap 621 32322",
      "tcp-gap 33389 32322",
      "tcp-gap 66157 62018",
      "tcp-gap 128621 45877",
      "tcp-gap 174957 18455",
    ]);
    // What is there and what is lost is all that was sent.
    const lost = packets.findings.reduce((sum, { message }) => sum + parseInt(message), 0);
    assertEquals(lost + 621 + 1797, whole.size);
    packets.close();
    recorded.close();
  },
});
