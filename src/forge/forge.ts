import type { ForgeDescription } from "./description.ts";
import { forgedManifest } from "./manifest.ts";
import { Steps } from "./steps.ts";
import { type ForgedCapture, StreamBuilder } from "./stream_builder.ts";

/**
 * Makes the capture that a description stands for: the bytes of each connection, when they came, and what the
 * destination is.
 *
 * @param description The description.
 * @param name What the capture is called.
 * @returns The bytes of each connection, and when they are sent.
 * @throws {ForgeError} If a step cannot be taken, or the streams would be longer than `FORGE_LIMIT`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { forge, forgeDescription } from "@migwire/migwire/forge";
 *
 * const capture = forge(forgeDescription({ title: "one buffer", steps: ["setup", { data: { idx: 0, size: 8 } }] }));
 * assertEquals(capture.channels.length, 3);
 * assertEquals(capture.channels[1]?.source?.size, 64 + 1344 + 276 + 12 + 8);
 * ```
 */
export function forge(description: ForgeDescription, name = "forged"): ForgedCapture {
  const out = new StreamBuilder();
  const steps = new Steps(description, out);
  for (const step of description.steps) steps.take(step);
  return out.finish(forgedManifest(description, name));
}
