/** What is missing of a migration: where it ends, in what, after what, and how much had come by then. @module */

import type { ChannelSummary, InspectReport } from "../../src/public/inspect.ts";
import { formatBytes, formatHex, printable, type Style } from "../terminal.ts";
import { firstFew, labelled, WIDTH, wrap } from "./layout.ts";
import { ramCame } from "./ram.ts";
import { count, instanceName, qemuName } from "./words.ts";

type Cut = NonNullable<ChannelSummary["cut"]>;

/**
 * How the channels end that do not end as they should, and what came until then; nothing if all is there.
 *
 * @param report What was found.
 * @param style How it looks.
 */
export function endingLines(report: InspectReport, style: Style): string[] {
  const { channels, main, complete } = report;
  const broken = channels.filter(({ ends }) => ends === "cut" || ends === "not understood");
  const encrypted = channels.filter(({ ends }) => ends === "encrypted").length;
  const lines = firstFew(broken, (shown) => shown.flatMap((channel) => brokenLines(channel, complete, style)));
  if (encrypted > 0) lines.push(...sentence(`${count(encrypted, "channel")} under TLS: not to be read here.`));
  else if (main === null) lines.push(...sentence(withoutMain(report)));
  if (!complete && main !== null) lines.push("  what had come by then", ...labelled(cameByThen(report), 4));
  return lines;
}

function sentence(text: string): string[] {
  return wrap(text, WIDTH - 2).map((line) => `  ${line}`);
}

function withoutMain({ channels }: InspectReport): string {
  if (channels.every(({ bytes }) => bytes === 0)) return "Nothing was sent.";
  return "There is no main channel, so nothing tells what belongs to the migration.";
}

function brokenLines(channel: ChannelSummary, complete: boolean, style: Style): string[] {
  const { label, cut } = channel;
  const name = printable(label);
  if (cut === undefined) return sentence(notUnderstood(channel));
  const place = `${formatHex(cut.offset)} (${formatBytes(cut.offset)})`;
  if (complete) return sentence(`${name} was interrupted at ${place}; another connection goes on.`);
  return [`  ${style.bold(`${name} ends at ${place}`)}`, ...labelled(cutFacts(cut), 4)];
}

function notUnderstood({ label, opaque, bytes }: ChannelSummary): string {
  const offset = opaque?.offset ?? 0;
  const from = offset === 0 ? "" : ` from ${formatHex(offset)} on`;
  const reason = printable(opaque?.reason ?? "nothing was read");
  return `${printable(label)} is not understood${from} (${formatBytes(bytes - offset)}): ${reason}.`;
}

function cutFacts({ expected, came, missing, after, section, device }: Cut): [string, string][] {
  const more = `at least ${count(missing, "more byte")}`;
  const wanted = came === 0 ? `${printable(expected)}, ${more}` : `the rest of: ${printable(expected)}, ${more}`;
  return [
    ["expected", wanted],
    ...(came === 0 ? [] : [fact("begun", `${count(came, "byte")} of it came`)]),
    ...(section === undefined
      ? []
      : [fact("inside of", `${qemuName(section.kind)} section ${section.sectionId}, ${instanceName(section)}`)]),
    ...(device === undefined ? [] : [fact("inside of", `${bufferName(device.buffer)} of ${instanceName(device)}`)]),
    after === null ? fact("after", "nothing that is whole") : fact("after", lastWhole(after)),
  ];
}

function fact(label: string, text: string): [string, string] {
  return [label, text];
}

function bufferName(index: number | undefined): string {
  return index === undefined ? "a buffer" : `buffer ${index}`;
}

function lastWhole({ kind, offset, length, count = 1 }: NonNullable<Cut["after"]>): string {
  const what = count === 1 ? kind : `${count} x ${kind}`;
  return `${what} at ${formatHex(offset)} (${formatBytes(length)}), the last that is whole`;
}

/** What of the migration is there. */
function cameByThen({ main, devices }: InspectReport): [string, string][] {
  const full = main?.sections.filter(({ counts }) => counts.full > 0 && counts.start === 0).length ?? 0;
  return [
    fact("RAM", ramCame(main?.ramBlocks ?? [])),
    ...(devices.length === 0 ? [] : [fact("VFIO devices", vfioState(devices))]),
    fact("other devices", full === 0 ? "no state" : count(full, "section with state", "sections with state")),
  ];
}

function vfioState(devices: InspectReport["devices"]): string {
  const bytes = devices.reduce((sum, device) => sum + device.precopyBytes + device.stopCopyBytes, 0);
  const configs = devices.filter(({ configBytes }) => configBytes > 0).length;
  const state = bytes === 0 ? "no state" : `${formatBytes(bytes)} of state`;
  const config = configs === devices.length ? "" : `, ${configs === 0 ? "no config" : count(configs, "config")}`;
  return `${state} of ${count(devices.length, "device")}${config}`;
}
