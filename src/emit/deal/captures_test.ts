import { assert, assertEquals } from "@std/assert";
import { multifdChannels } from "../../../testing/multifd_captures.ts";
import { CAPTURES, haveCaptures } from "../../../testing/real_captures.ts";
import { type Capture, openCapture } from "../../capture/mod.ts";
import { captureDigests } from "../../load/mod.ts";
import { assertDealt, laneBytes, lanesOf, withLanes } from "./deal_for_test.ts";
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

async function checkWay(capture: Capture, way: DealOptions): Promise<void> {
  const { lanes, others, codes } = lanesOf(capture);
  const dealt = await deal(lanes, way);
  assertEquals(dealt.length, way.channels ?? lanes.length);
  assertDealt(dealt, lanes, codes);
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
