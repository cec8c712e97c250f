import { type ByteSource, readBytes } from "../../capture/values.ts";
import { decodeDeviceBody, type DeviceDescription, encodeDeviceBody } from "../../wire/mod.ts";
import type { Facts, FullSection } from "./facts.ts";
import { sectionKey } from "./gather_main.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** A body that is longer than this is not decoded: real ones have up to a few MiB. */
const BODY_LIMIT = 64 * 1024 * 1024;

/**
 * The VM description and the FULL sections agree: the same names and instances in the same order, and each body is what
 * its description says, from the first byte to the last and back (main-channel.md §4, §8).
 */
export function* descriptionRule(facts: Facts): Generator<ProblemDraft> {
  const { description } = facts.reading.state;
  if (description === undefined) return;
  const sections = facts.main.full;
  const { devices } = description;
  if (facts.reading.ending === "complete") yield* sameOrder(devices, sections);
  const sources = new Map(facts.channels.map(({ channel }) => [channel.label, channel.channel.source]));
  const left = byKey(devices);
  for (const section of sections) {
    const device = left.get(sectionKey(section.idstr, section.instanceId))?.shift();
    const source = sources.get(section.channel);
    if (device !== undefined && source !== undefined) yield* checkBody(section, device, source);
  }
}

function* sameOrder(
  devices: readonly DeviceDescription[],
  sections: readonly FullSection[],
): Generator<ProblemDraft> {
  for (let i = 0; i < Math.max(devices.length, sections.length); i++) {
    const device = devices[i];
    const section = sections[i];
    if (device?.name === section?.idstr && device?.instanceId === section?.instanceId) continue;
    const said = device === undefined ? "nothing more" : `"${device.name}" instance ${device.instanceId}`;
    const place = section ?? sections.at(-1);
    const found = section === undefined
      ? "the stream has no more sections of type FULL"
      : `the stream has "${section.idstr}" instance ${section.instanceId}`;
    yield error({
      code: "description-order",
      channel: place?.channel ?? "main",
      offset: place?.offset ?? 0,
      message: `the VM description says ${said} for section ${i + 1} of type FULL, ${found}`,
      qemu: "drops the description unread",
    });
    // What comes after is shifted against each other: one difference tells it.
    return;
  }
}

function byKey(devices: readonly DeviceDescription[]): Map<string, DeviceDescription[]> {
  const found = new Map<string, DeviceDescription[]>();
  for (const device of devices) {
    const key = sectionKey(device.name, device.instanceId);
    const list = found.get(key) ?? [];
    list.push(device);
    found.set(key, list);
  }
  return found;
}

/** The body of a section, decoded to values and encoded again from them. */
function* checkBody(section: FullSection, device: DeviceDescription, source: ByteSource): Generator<ProblemDraft> {
  const { idstr, start, end, channel } = section;
  if (end === undefined || end - start > BODY_LIMIT) return;
  const bytes = readBytes(source, start, end - start);
  const body = decodeDeviceBody(bytes, device);
  for (const finding of body.findings) {
    yield error({
      ...finding,
      channel,
      offset: start + (finding.offset ?? 0),
      message: `"${idstr}": ${finding.message}`,
      qemu: finding.qemu ?? "drops the description unread",
    });
  }
  const written = encodeDeviceBody(body);
  const differs = written.length === bytes.length ? written.findIndex((byte, i) => byte !== bytes[i]) : 0;
  if (differs < 0) return;
  yield error({
    code: "rewrite-differs",
    channel,
    offset: start + differs,
    message: `the state of "${idstr}", encoded again from its values, is not the same`,
    hint: "this is a bug in migwire: please report it",
  });
}
