import type { CommandRecord, LongSectionRecord, MainFramingRecord, ShortSectionRecord } from "../../stream/mod.ts";
import { commandName, formatUuid } from "../../wire/mod.ts";
import {
  aside,
  bits,
  count,
  given,
  number,
  size,
  type Summaries,
  type SummaryField,
  text,
  word,
} from "./summary_field.ts";

/** Framing of the main channel. */
export const MAIN_SUMMARIES: Summaries<MainFramingRecord["kind"]> = {
  "file-header": ({ version }) => [number("version", version)],
  "configuration": ({ machine, subsections }) => [
    text("machine", machine),
    ...subsections.flatMap(({ targetPageBits, capabilities, uuid }) => [
      ...given(targetPageBits, (log2) => [number("targetPageBits", log2)]),
      ...(capabilities?.names ?? []).map(({ name }) => text("capability", name)),
      ...given(uuid, (bytes) => [{ ...word(formatUuid(bytes)), name: "uuid" }]),
    ]),
  ],
  "section-start": longSection,
  "section-full": longSection,
  "section-part": shortSection,
  "section-end": shortSection,
  "section-footer": ({ sectionId }) => [number("id", sectionId)],
  "command": commandSummary,
  "eof": () => [word("end of the sections")],
  "vm-description": ({ payload }) => [size("text", payload.length)],
  "device-state": ({ idstr, instanceId, extent }) => [
    text("idstr", idstr),
    number("instance", instanceId),
    { ...word(extent), name: "extent" },
  ],
};

function longSection({ sectionId, idstr, instanceId, versionId }: LongSectionRecord): SummaryField[] {
  return [
    number("id", sectionId),
    text("idstr", idstr),
    number("instance", instanceId),
    number("version", versionId),
  ];
}

function shortSection({ sectionId, idstr, instanceId }: ShortSectionRecord): SummaryField[] {
  if (idstr === undefined) return [number("id", sectionId), aside("never announced")];
  return [number("id", sectionId), text("idstr", idstr), number("instance", instanceId ?? 0)];
}

function commandSummary(record: CommandRecord): SummaryField[] {
  const { command, value, hostPageSizes, targetPageSize, block, ranges, blobLength, rawPayload } = record;
  return [
    word(commandName(command)),
    ...given(value, (value) => [bits("value", value)]),
    ...given(hostPageSizes, (sizes) => [bits("hostPageSizes", sizes)]),
    ...given(targetPageSize, (bytes) => [number("targetPageSize", bytes)]),
    ...given(block, (name) => [text("block", name)]),
    ...given(ranges, (list) => [
      count("ranges", list.length),
      size("discarded", list.reduce((sum, { length }) => sum + length, 0n)),
    ]),
    ...given(blobLength, (bytes) => [size("blob", bytes)]),
    ...given(rawPayload, (bytes) => [size("payload", bytes.length), aside("not of this command's shape")]),
  ];
}
