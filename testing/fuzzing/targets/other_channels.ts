/** The channels that have no sections and no packets. @module */

import { MigrationState, PreemptGrammar, ReturnPathGrammar, TlsGrammar } from "../../../src/stream/mod.ts";
import type { Target } from "../guided/target.ts";
import { be, bytesOf, page } from "../../main_stream.ts";
import { channelTarget } from "./channel.ts";

/** What the destination answers. */
export const RETURN_PATH: Target = channelTarget({
  name: "return-path",
  weight: 2,
  steps: { constant: 10_000, perByte: 100 },
  bytes: { constant: 20_000, perByte: 100 },
  grammar: () => new ReturnPathGrammar(),
  grown: (times) => bytesOf(Array.from({ length: 32 * times }, (_, i) => [be(2, 2), be(4, 2), be(i, 4)])),
});

/** Urgent pages. */
export const PREEMPT: Target = channelTarget({
  name: "preempt",
  weight: 2,
  steps: { constant: 10_000, perByte: 100 },
  bytes: { constant: 20_000, perByte: 100 },
  grammar: () => new PreemptGrammar(new MigrationState()),
  grown: (times) => bytesOf(Array.from({ length: 8 * times }, (_, i) => page(0x1000 * (i + 1), "pc.ram"))),
});

/** What cannot be read. */
export const TLS: Target = channelTarget({
  name: "tls",
  weight: 1,
  steps: { constant: 10_000, perByte: 50 },
  bytes: { constant: 20_000, perByte: 50 },
  grammar: () => new TlsGrammar(),
  grown: (times) => bytesOf(Array.from({ length: 32 * times }, () => [0x17, 3, 3, 0, 20, new Uint8Array(20)])),
});
