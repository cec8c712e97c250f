import type { ChannelSummary, InspectReport, ReturnPathSummary } from "../../src/public/inspect.ts";
import { formatBytes, printable, type Style } from "../terminal.ts";
import { clip, firstFew, hangingTable } from "./layout.ts";
import { countRecords, qemuName } from "./words.ts";

/** Columns of a channel's label, which migwire makes itself. */
const LABEL_WIDTH = 30;

/** PONG values that are shown. */
const PONGS_SHOWN = 8;

/** Records of a return path that belong to the message before them. */
const MESSAGE_PARTS: ReadonlySet<string> = new Set(["rp-bitmap", "rp-bitmap-end", "rp-pong", "rp-shut"]);

/**
 * The channels: what came on each, and how it ends.
 *
 * @param report What was found.
 * @param style How it looks.
 */
export function channelLines({ channels, returnPaths }: InspectReport, style: Style): string[] {
  if (channels.length === 0) return [];
  const table = (shown: readonly ChannelSummary[]): string[] =>
    hangingTable(
      [{ title: "channel" }, { title: "connection", align: "right" }, { title: "bytes", align: "right" }, {
        title: "ends",
      }],
      "what came",
      shown.map((channel) => [
        clip(printable(channel.label), LABEL_WIDTH),
        `${channel.connection} ${channel.direction}`,
        formatBytes(channel.bytes),
        endText(channel, style),
        contents(channel, returnPaths.find(({ label }) => label === channel.label)),
      ]),
      2,
    );
  return [style.bold("Channels"), ...firstFew(channels, table)];
}

function endText({ ends }: ChannelSummary, style: Style): string {
  return ends === "whole" ? style.green(ends) : style.yellow(ends);
}

function contents(channel: ChannelSummary, returnPath: ReturnPathSummary | undefined): string {
  if (returnPath !== undefined) return returnPathText(returnPath);
  const { records, syncs, compression = [], opaqueBytes, bytes, reason } = channel;
  const pureSyncs = records["multifd-sync"] ?? 0;
  const parts = [
    countRecords(records),
    // SYNC may also be a flag of a packet with pages.
    ...(syncs === pureSyncs ? [] : [`${syncs} SYNC flags in all`]),
    ...compression.filter((method) => method !== "none").map((method) => `compressed with ${method}`),
    ...(opaqueBytes === 0 || opaqueBytes === bytes ? [] : [`${formatBytes(opaqueBytes)} not read`]),
  ].filter((part) => part !== "");
  if (parts.length > 0) return parts.join(", ");
  return records["multifd-init"] === 1 ? "nothing but the initial packet" : printable(reason);
}

function returnPathText({ messages, pongs, shut }: ReturnPathSummary): string {
  const values = pongs.slice(0, PONGS_SHOWN).join(" ");
  const more = pongs.length > PONGS_SHOWN ? " ..." : "";
  const others = Object.entries(messages).filter(([kind]) => !MESSAGE_PARTS.has(kind));
  const parts = [
    ...(pongs.length === 0 ? [] : [`PONG ${values}${more}`]),
    ...others.map(([kind, number]) => number === 1 ? qemuName(kind) : `${qemuName(kind)} x ${number}`),
    ...(shut === null ? [] : [`SHUT ${shut} (${shut === 0 ? "the destination is content" : "it failed"})`]),
  ];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
