/**
 * What people mean when they name channels, devices and kinds.
 *
 * @module
 */

import { matchesWildcard } from "../../bytes/mod.ts";
import { type Capture, readCapture, type ReadChannel } from "../../capture/values.ts";
import { RECORD_KINDS } from "./summaries.ts";
import { ScopeTracker } from "./section_scope.ts";

/**
 * The channels that `text` names: by label (`multifd 1`), by role (`multifd`), by number of the connection, or by the
 * name of the file. A label comes before a role. None if there is no such channel.
 *
 * @param channels Of `identifyChannels()`.
 * @param text The name.
 * @returns The channels, in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identifyChannels, openCapture } from "@migwire/migwire/capture";
 * import { selectChannels } from "@migwire/migwire/records";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const channels = identifyChannels(capture);
 * assertEquals(selectChannels(channels, "multifd").map(({ label }) => label), ["multifd 0", "multifd 1"]);
 * assertEquals(selectChannels(channels, "0").map(({ label }) => label), ["main"]);
 * capture.close();
 * ```
 */
export function selectChannels(channels: readonly ReadChannel[], text: string): ReadChannel[] {
  const labelled = channels.filter(({ label }) => label === text);
  if (labelled.length > 0) return labelled;
  return channels.filter(({ identity, channel }) =>
    identity.role === text || channel.label === text || (/^\d+$/.test(text) && channel.index === Number(text))
  );
}

/**
 * The sections that `text` names: the one of that name, or else those whose names contain it.
 *
 * @param names Of {@linkcode sectionNames}.
 * @param text The name, or a part of it.
 * @returns The names, in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { selectDevices } from "@migwire/migwire/records";
 *
 * assertEquals(selectDevices(["ram", "0000:00:05.0/vfio", "0000:00:06.0/vfio"], "05.0"), ["0000:00:05.0/vfio"]);
 * ```
 */
export function selectDevices(names: readonly string[], text: string): string[] {
  return names.includes(text) ? [text] : names.filter((name) => name.includes(text));
}

/**
 * The kinds that `pattern` names, with `*` for any letters; those that exist, not those that a capture has.
 *
 * @param pattern As `rp-*`.
 * @returns The kinds; none if there is no such kind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { selectKinds } from "@migwire/migwire/records";
 *
 * assertEquals(selectKinds("rp-req-*"), ["rp-req-pages-id", "rp-req-pages"]);
 * ```
 */
export function selectKinds(pattern: string): string[] {
  return RECORD_KINDS.filter((kind) => matchesWildcard(pattern, kind));
}

/** Names that are kept: a hostile channel could bring a new one in each packet. */
const NAME_LIMIT = 10_000;

/**
 * The names of all sections of a capture, in the order in which they first come. Reads all of it.
 *
 * @param capture The capture. It must be possible to read it twice: no channel may have a `pipe`.
 * @returns The names; the first 10000 of them.
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { sectionNames } from "@migwire/migwire/records";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * assert(sectionNames(capture).includes("0000:00:05.0/vfio"));
 * capture.close();
 * ```
 */
export function sectionNames(capture: Capture): string[] {
  const names = new Set<string>();
  let scope = new ScopeTracker();
  let current: ReadChannel | undefined;
  readCapture(capture, (record, channel) => {
    if (channel !== current) scope = new ScopeTracker();
    current = channel;
    const { section } = scope.next(record);
    if (section !== undefined && names.size < NAME_LIMIT) names.add(section.idstr);
  });
  return [...names];
}
