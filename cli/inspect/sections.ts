import type { MainSummary, SectionSummary } from "../../src/public/inspect.ts";
import { type Column, formatBytes, formatTable, type Style } from "../terminal.ts";
import { clip } from "./layout.ts";
import { count, instanceName } from "./words.ts";

/** Columns of a section's name, which can have 255 bytes. */
const NAME_WIDTH = 44;

const COLUMNS: readonly Column[] = [
  { title: "id", align: "right" },
  { title: "name" },
  { title: "version", align: "right" },
  { title: "START", align: "right" },
  { title: "PART", align: "right" },
  { title: "END", align: "right" },
  { title: "FULL", align: "right" },
  { title: "bytes", align: "right" },
];

/**
 * The sections of the main channel.
 *
 * @param main What it says.
 * @param style How it looks.
 * @param all Lists all; otherwise those that come in several parts.
 */
export function sectionLines({ sections }: MainSummary, style: Style, all: boolean): string[] {
  if (sections.length === 0) return [];
  const shown = all ? sections : sections.filter(({ counts }) => counts.start + counts.part + counts.end > 0);
  const rest = sections.length - shown.length;
  const bytes = sections.filter((section) => !shown.includes(section)).reduce((sum, section) => sum + section.bytes, 0);
  const table = shown.length === 0 ? [] : formatTable(COLUMNS, shown.map(row)).map((line) => `  ${line}`);
  const hidden = rest === 0 ? [] : [
    `  ${shown.length === 0 ? "" : "and "}${count(rest, "section of a device", "sections of devices")}, ${
      formatBytes(bytes)
    }; --sections lists them`,
  ];
  return [`${style.bold("Sections")}: ${sections.length}`, ...table, ...hidden];
}

function row(section: SectionSummary): string[] {
  const { sectionId, versionId, counts, bytes } = section;
  const times = [counts.start, counts.part, counts.end, counts.full].map((number) => number === 0 ? "-" : `${number}`);
  return [`${sectionId}`, clip(instanceName(section), NAME_WIDTH), `${versionId}`, ...times, formatBytes(bytes)];
}
