import { assertEquals } from "@std/assert";
import type { StreamNeeds } from "../needs.ts";
import { type SettingsInput, targetSettings } from "./settings.ts";
import { FACTS, NO_NEEDS } from "./target_for_test.ts";

const FOUR: StreamNeeds = { ...NO_NEEDS, multifdChannels: 4, capabilities: ["multifd"] };

/** What is sent, as `name=value (origin)`; `known` counts what the target has already. */
function sent(input: Partial<SettingsInput>): string[] {
  const { settings } = targetSettings({ needs: NO_NEEDS, facts: FACTS, ...input });
  return settings.filter(({ isSet, isKnown }) => !isSet && isKnown)
    .map(({ name, value, origin }) => `${name}=${value} (${origin})`).toSorted();
}

const CASES: { readonly [name: string]: readonly [input: Partial<SettingsInput>, expected: readonly string[]] } = {
  "sets nothing for a plain stream": [{}, []],
  "sets what the stream shows, if nothing else is known": [
    { needs: { ...FOUR, compression: "zlib", returnPath: true } },
    [
      "multifd-channels=4 (stream)",
      "multifd-compression=zlib (stream)",
      "multifd=true (stream)",
      "return-path=true (stream)",
    ],
  ],
  "sets what goes with what the stream needs": [
    { needs: { ...NO_NEEDS, capabilities: ["switchover-ack", "postcopy-preempt"] } },
    [
      "postcopy-preempt=true (stream)",
      "postcopy-ram=true (stream)",
      "return-path=true (stream)",
      "switchover-ack=true (stream)",
    ],
  ],
  "takes over what the recorded destination had": [
    {
      needs: FOUR,
      recorded: {
        capabilities: { multifd: true, xbzrle: true },
        parameters: { "multifd-channels": 4, "max-bandwidth": 1 },
      },
    },
    ["max-bandwidth=1 (capture)", "multifd-channels=4 (capture)", "multifd=true (capture)", "xbzrle=true (capture)"],
  ],
  "believes the stream if the recorded destination completed": [
    {
      needs: FOUR,
      recorded: { capabilities: {}, parameters: {} },
      outcome: { destination: "completed" },
    },
    ["multifd-channels=4 (stream)", "multifd=true (stream)"],
  ],
  "believes the stream if nothing is known of how it ended": [
    { needs: FOUR, recorded: { capabilities: { multifd: true }, parameters: { "multifd-channels": 3 } } },
    ["multifd-channels=4 (stream)", "multifd=true (capture)"],
  ],
  "repeats what failed: fewer channels": [
    {
      needs: FOUR,
      recorded: { capabilities: { multifd: true }, parameters: { "multifd-channels": 3 } },
      outcome: { destination: "exited" },
    },
    ["multifd-channels=3 (capture)", "multifd=true (capture)"],
  ],
  "repeats what hung: default number of channels": [
    {
      needs: { ...FOUR, multifdChannels: 1 },
      facts: { ...FACTS, parameters: { "multifd-channels": 1 } },
      recorded: { capabilities: { multifd: true }, parameters: {} },
      outcome: { destination: "setup" },
    },
    ["multifd-channels=2 (capture)", "multifd=true (capture)"],
  ],
  "repeats what failed: a capability that was missing": [
    {
      needs: { ...FOUR, multifdChannels: 2 },
      recorded: { capabilities: {}, parameters: {} },
      outcome: { destination: "exited" },
    },
    [],
  ],
  "lets the user overrule everything": [
    {
      needs: FOUR,
      recorded: { capabilities: { multifd: true }, parameters: { "multifd-channels": 4 } },
      options: { capabilities: { multifd: false, xbzrle: true }, parameters: { "multifd-channels": 8 } },
    },
    ["multifd-channels=8 (option)", "xbzrle=true (option)"],
  ],
  "lets the user leave out what goes with another": [
    {
      needs: { ...NO_NEEDS, capabilities: ["switchover-ack"] },
      options: { capabilities: { "return-path": false } },
    },
    ["switchover-ack=true (stream)"],
  ],
  "takes multifd off a target that has it on for nothing": [
    { facts: { ...FACTS, capabilities: { multifd: true } } },
    ["multifd=false (stream)"],
  ],
  "leaves multifd to a mapped-ram file": [
    { needs: { ...NO_NEEDS, capabilities: ["mapped-ram"] }, facts: { ...FACTS, capabilities: { multifd: true } } },
    [],
  ],
  "keeps the recorded compression where the stream shows none": [
    {
      needs: FOUR,
      recorded: { parameters: { "multifd-channels": 4, "multifd-compression": "zstd" } },
    },
    ["multifd-channels=4 (capture)", "multifd-compression=zstd (capture)", "multifd=true (stream)"],
  ],
};

for (const [name, [input, expected]] of Object.entries(CASES)) {
  Deno.test(`targetSettings() ${name}`, () => assertEquals(sent(input), [...expected]));
}

Deno.test("targetSettings() leaves out what makes no sense in a replay, and says so", () => {
  const { settings, leftOut } = targetSettings({
    needs: NO_NEEDS,
    facts: FACTS,
    recorded: {
      capabilities: { "zero-copy-send": true, "compress": true, "block": false, "xbzrle": true },
      parameters: { "tls-creds": "tls0", "mode": "cpr-transfer", "decompress-threads": 2, "block-bitmap-mapping": [] },
    },
  });
  assertEquals(leftOut, [
    { kind: "capability", name: "zero-copy-send", value: true, why: "only a source uses it" },
    { kind: "capability", name: "compress", value: true, why: "QEMU 11.1.3 does not know it" },
    { kind: "parameter", name: "tls-creds", value: "tls0", why: "migwire sends without TLS" },
    { kind: "parameter", name: "mode", value: "cpr-transfer", why: "a stream is sent as in mode normal" },
    { kind: "parameter", name: "decompress-threads", value: 2, why: "QEMU 11.1.3 does not know it" },
  ]);
  assertEquals(settings.filter(({ isSet }) => !isSet).map(({ name }) => name), ["xbzrle", "block-bitmap-mapping"]);
});

Deno.test("targetSettings() says where each setting comes from", () => {
  const { settings } = targetSettings({
    needs: { ...FOUR, capabilities: ["multifd", "switchover-ack"] },
    facts: FACTS,
    recorded: { parameters: { "multifd-compression": "zlib" } },
    options: { capabilities: { events: true } },
  });
  assertEquals(settings.filter(({ isSet }) => !isSet).map(({ name, from }) => [name, from]), [
    ["events", "the user"],
    ["multifd", "the stream needs it"],
    ["switchover-ack", "the stream needs it"],
    ["return-path", "switchover-ack requires it"],
    ["multifd-compression", "capture.json"],
    ["multifd-channels", "the stream has 4 multifd channels"],
  ]);
});
