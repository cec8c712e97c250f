import { assert, assertEquals } from "@std/assert";
import { type OracleBlock, readOracle } from "../../testing/ram_oracle.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { type Capture, identifyChannels, openCapture } from "../capture/mod.ts";
import { type CaptureDigests, captureDigests } from "./mod.ts";

/** Captures whose destination has something else than what was sent to it, and why. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ["plain-tls", "what was sent is encrypted"],
  ["plain-multifd-tls", "what was sent is encrypted"],
  ["plain-channel-count-silent", "the destination dropped two channels; it has a test of its own"],
]);

/** The shared memory of plain-ignore-shared, which is not in the stream. */
const SHARED = new Set(["plain-ignore-shared pc.ram"]);

const ignore = !haveCaptures();
const NAMES = ignore ? [] : [...Deno.readDirSync(CAPTURES)].filter((e) => e.isDirectory).map((e) => e.name).sort();

async function withCapture<T>(name: string, use: (capture: Capture) => T | Promise<T>): Promise<T> {
  const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
  try {
    return await use(capture);
  } finally {
    capture.close();
  }
}

/** What was loaded of the blocks that the oracle has, in its order. */
function loaded({ blocks }: CaptureDigests, oracle: readonly OracleBlock[]): unknown[] {
  return oracle.map(({ name }) => {
    const block = blocks.find((known) => known.name === name);
    return block === undefined ? name : { name, usedLength: block.usedLength, sha256: block.sha256 };
  });
}

const withRam = NAMES.filter((name) => readOracle(name) !== undefined);

Deno.test({ name: "there are captures with the RAM of their destination", ignore }, () => {
  assert(withRam.length > 35, `${withRam.length} captures`);
});

for (const name of withRam.filter((known) => !EXCEPTIONS.has(known))) {
  Deno.test(`RAM of ${name} is what its destination has`, async () => {
    const digests = await withCapture(name, captureDigests);
    const oracle = (readOracle(name) ?? []).filter((block) => !SHARED.has(`${name} ${block.name}`));
    assertEquals(loaded(digests, oracle), oracle);
    assertEquals(digests.problems, []);
  });
}

/** Captures whose devices' drivers told the digest of what they gave out. */
const withDevices = NAMES.filter((name) => {
  const manifest: { devices?: { stateSha256?: string }[] } = JSON.parse(
    Deno.readTextFileSync(new URL(`${name}/capture.json`, CAPTURES)),
  );
  return manifest.devices?.some(({ stateSha256 }) => typeof stateSha256 === "string");
});

Deno.test({ name: "there are captures with the digests of their devices' states", ignore }, () => {
  assert(withDevices.length > 10, `${withDevices.length} captures`);
});

for (const name of withDevices) {
  Deno.test(`device states of ${name} are what its devices gave out`, async () => {
    await withCapture(name, async (capture) => {
      const told = capture.manifest?.devices ?? [];
      const { devices } = await captureDigests(capture);
      const found = told.map(({ idstr }) => devices.find((device) => device.idstr === idstr));
      assertEquals(
        found.map((device) => [device?.stateBytes, device?.stateSha256]),
        told.map(({ stateBytes, stateSha256 }) => [stateBytes, stateSha256]),
      );
      assert(found.every((device) => device?.configSha256));
    });
  });
}

Deno.test({ name: "nothing can be loaded of what is encrypted", ignore }, async () => {
  const digests = await withCapture("plain-multifd-tls", captureDigests);
  assertEquals(digests, { blocks: [], devices: [], problems: [] });
});

Deno.test({ name: "memory that is shared is reported as ignored, with no digest", ignore }, async () => {
  const { blocks } = await withCapture("plain-ignore-shared", captureDigests);
  const ignored = blocks.filter((block) => block.ignored);
  assertEquals(ignored.map(({ name, sha256, pagesNeverSent }) => [name, sha256, pagesNeverSent]), [
    ["pc.ram", null, 2048],
  ]);
});

/** The silent one: its trace tells that the destination took the multifd channels 0 and 1 of four. */
function withoutDropped(capture: Capture): Capture {
  const dropped = identifyChannels(capture).filter(({ multifdId = 0 }) => multifdId > 1);
  const channels = capture.channels.filter((known) => !dropped.some(({ channel }) => channel === known));
  return { ...capture, channels };
}

Deno.test(
  { name: "leaving out what a destination dropped gives its RAM, silent corruption included", ignore },
  async () => {
    const name = "plain-channel-count-silent";
    const oracle = readOracle(name) ?? [];
    const digests = await withCapture(name, (capture) => captureDigests(withoutDropped(capture)));
    // The one page of this block was dropped; what the destination has there is from its own firmware.
    const own = "/rom@etc/acpi/rsdp";
    const compared = oracle.filter((block) => block.name !== own);
    assertEquals(loaded(digests, compared), compared);
    assertEquals(digests.blocks.find((block) => block.name === own)?.pagesNeverSent, 1);
    assertEquals(digests.blocks.find((block) => block.name === "pc.bios")?.pagesNeverSent, 16);
  },
);

Deno.test(
  { name: "with the dropped channels pc.ram is the same, and pc.bios is what the source had", ignore },
  async () => {
    const name = "plain-channel-count-silent";
    const oracle = readOracle(name) ?? [];
    const { blocks, problems } = await withCapture(name, captureDigests);
    const differs = oracle.filter((block) => !blocks.some(({ sha256 }) => sha256 === block.sha256));
    assertEquals(differs.map((block) => block.name), ["pc.bios"]);
    assertEquals(blocks.map((block) => block.pagesNeverSent), blocks.map(() => 0));
    // A channel that nobody read did not get to its last SYNC.
    assertEquals(problems.map(({ code, channel }) => [code, channel]), [["sync-count", "multifd 2"]]);
  },
);
