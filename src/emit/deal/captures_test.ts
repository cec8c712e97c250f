import { assert, assertEquals } from "@std/assert";
import { multifdChannels } from "../../../testing/multifd_captures.ts";
import { CAPTURES, haveCaptures } from "../../../testing/real_captures.ts";
import { type Capture, openCapture } from "../../capture/mod.ts";
import { captureDigests } from "../../load/mod.ts";
import type { Item } from "../item.ts";
import type { Lane } from "../lane.ts";
import {
  identityOf,
  laneBytes,
  lanesOf,
  packetsByInterval,
  readBack,
  repeatedPages,
  withLanes,
} from "./deal_for_test.ts";
import { deal, DealError, type DealOptions } from "./mod.ts";

const NAMES = [...new Set(multifdChannels().map(({ capture }) => capture))];

const WAYS: readonly DealOptions[] = [
  ...[1, 2, 4, 8].map((channels) => ({ channels })),
  { seed: 1 },
  { seed: 2, channels: 3 },
  { seed: 3, channels: 8 },
];

/** Captures whose channels end at different places, and how many channels that needs at least. */
const NEEDED: ReadonlyMap<string, number> = new Map([
  // The destination took two of the four: one of the others has a SYNC less.
  ["plain-channel-count-silent", 4],
]);

function identities(lanes: readonly Lane[]): string[][] {
  return packetsByInterval(lanes).map((packets) => packets.map(({ item }) => identityOf(item)).sort());
}

function checkLanes(lanes: readonly Lane[], original: readonly Lane[], codes: ReadonlySet<string>): void {
  const read = lanes.map(readBack);
  for (const { findings } of read) assertEquals(findings.filter(({ code }) => !codes.has(code)), []);
  assertEquals(read.map(({ id }) => id), [...lanes.keys()]);
  const uuids = new Set([...original.map(readBack), ...read].map(({ uuid }) => uuid));
  assertEquals(uuids.size, 1);

  const again = read.map(({ lane }) => lane);
  assertEquals(identities(again), identities(original));
  const rounds = Math.min(...original.map(({ intervals }) => intervals.filter(({ sync }) => sync).length));
  for (const { intervals } of again) {
    assert(intervals.slice(0, rounds).every(({ sync }) => sync?.kind === "multifd-sync"));
    assert(intervals[0]?.packets.every(({ kind }: Item) => kind !== "multifd-device-state"));
  }
  const originals = packetsByInterval(original).map(repeatedPages);
  for (const [k, packets] of packetsByInterval(again).entries()) {
    for (const [page, writers] of repeatedPages(packets)) {
      assertEquals(new Set(writers.map(({ lane }) => lane)).size, 1, `${page} is on several lanes`);
      const before = originals[k]?.get(page)?.map(({ identity }) => identity);
      assertEquals(writers.map(({ identity }) => identity), before, page);
    }
  }
}

async function checkWay(capture: Capture, way: DealOptions): Promise<void> {
  const { lanes, others, codes } = lanesOf(capture);
  const dealt = await deal(lanes, way);
  assertEquals(dealt.length, way.channels ?? lanes.length);
  checkLanes(dealt, lanes, codes);
  const before = await captureDigests(capture);
  const after = await captureDigests(withLanes(capture, others, dealt));
  assertEquals({ ...after, problems: codesOf(after.problems) }, { ...before, problems: codesOf(before.problems) });
}

/** What is noticed once a channel is noticed as often as there are channels. */
function codesOf(findings: readonly { readonly code: string }[]): string[] {
  return [...new Set(findings.map(({ code }) => code))].sort();
}

Deno.test({ name: "there are captures with multifd channels", ignore: !haveCaptures() }, () => {
  assert(NAMES.length > 20, NAMES.join());
});

for (const name of NAMES) {
  Deno.test(`deal() keeps what ${name} carries, on any number of channels and in any order`, async () => {
    const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
    try {
      for (const way of WAYS) {
        try {
          await checkWay(capture, way);
        } catch (error) {
          if (!(error instanceof DealError)) throw new Error(JSON.stringify(way), { cause: error });
          assertEquals(error.code, "ends");
          assert((way.channels ?? Infinity) < (NEEDED.get(name) ?? 0), `${JSON.stringify(way)}: ${error.message}`);
        }
      }
    } finally {
      capture.close();
    }
  });
}

for (const name of NAMES) {
  Deno.test(`lanes of ${name} have every byte of its channels`, () => {
    const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
    try {
      for (const reserialise of [false, true]) {
        const { lanes, others } = lanesOf(capture, reserialise);
        const recorded = capture.channels.filter((channel) => !others.includes(channel));
        const sizes = recorded.map(({ source }) => source?.size ?? -1).sort();
        assertEquals(lanes.map((lane) => laneBytes(lane).length).sort(), sizes);
      }
    } finally {
      capture.close();
    }
  });
}
