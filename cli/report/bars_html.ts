/** Tables with bars: sizes, pages, distances. Each is a table first, so that it can be read without its bars. @module */

import type { PageCounts, RamBlockSummary } from "../../src/public/inspect.ts";
import type { ContentKind, TimelineReport } from "../../src/public/report.ts";
import { clip } from "../inspect/layout.ts";
import { count, instanceName } from "../inspect/words.ts";
import { formatBytes, printable } from "../terminal.ts";
// @ts-types="@types/d3-array"
import { max, sum } from "d3-array";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { type Html, html } from "./html.ts";

/** Rows that are shown. */
const ROWS = 20;

/** Columns of a name. */
const NAME_WIDTH = 48;

/** A part of a bar. */
interface BarPart {
  /** Class that colours it. */
  readonly className: string;
  /** How long it is. */
  readonly value: number;
}

/** A row: a name, a bar, and numbers. */
interface BarRow {
  readonly name: string;
  readonly parts: readonly BarPart[];
  readonly cells: readonly string[];
}

/** A table whose second column is a bar. */
function barTable(titles: readonly string[], rows: readonly BarRow[]): Html {
  const most = max(rows, ({ parts }) => sum(parts, ({ value }) => value)) ?? 0;
  const scale = scaleLinear().domain([0, Math.max(1, most)]).range([0, 100]);
  const shown = rows.slice(0, ROWS);
  const [first = "", ...others] = titles;
  return html`
    <div class="scroll">
      <table class="bars">
        <thead>
          <tr><th scope="col">${first}</th><td></td>${others.map((title) =>
            html`<th scope="col" class="number">${title}</th>`
          )}</tr>
        </thead>
        <tbody>
    ${shown.map(({ name, parts, cells }) =>
      html`
        <tr><th scope="row" title="${name}">${clip(printable(name), NAME_WIDTH)}</th><td class="bar">${bar(
          parts,
          scale,
        )}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>
      `
    )}</tbody>
      </table>
    </div>${rows.length > ROWS ? html`<p class="note">… and ${rows.length - ROWS} more</p>` : null}
  `;
}

function bar(parts: readonly BarPart[], scale: (value: number) => number): Html {
  let from = 0;
  const rectangles = parts.filter(({ value }) => value > 0).map(({ className, value }) => {
    // What is there is seen, however small.
    const width = Math.max(0.4, scale(value));
    const x = from;
    from += width;
    return html`
      <rect class="${className}" x="${x.toFixed(2)}%" width="${width.toFixed(2)}%" height="12" />
    `;
  });
  return html`<svg height="12" aria-hidden="true">${rectangles}</svg>`;
}

/** Sizes of sections and of what came beside them. */
export function sizesHtml({ inspected: { main, devices }, carried }: TimelineReport): Html | null {
  const onMultifd = (kinds: readonly ContentKind[]): number =>
    sum(carried, ({ role, kinds: own }) => role === "multifd" ? sum(kinds, (kind) => own[kind] ?? 0) : 0);
  const sections = (main?.sections ?? []).map((section) => ({
    name: `${instanceName(section)}`,
    className: section.counts.full > 0 && section.counts.start === 0
      ? "k-device"
      : section.idstr === "ram"
      ? "k-ram"
      : "k-vfio",
    bytes: section.bytes,
    where: "main",
  }));
  const ram = onMultifd(["ram", "zero"]);
  const states = devices.filter(({ multifd }) => multifd !== undefined).map((device) => ({
    name: instanceName(device),
    className: "k-vfio",
    bytes: sum(device.multifd?.channels ?? [], ({ bytes }) => bytes),
    where: "multifd",
  }));
  const all = [
    ...sections,
    ...(ram === 0 ? [] : [{ name: "ram", className: "k-ram", bytes: ram, where: "multifd" }]),
    ...states,
  ].sort((a, b) => b.bytes - a.bytes);
  if (all.length === 0) return null;
  return barTable(
    ["section or device", "on", "bytes", ""],
    all.map(({ name, className, bytes, where }) => ({
      name,
      parts: [{ className, value: bytes }],
      cells: [where, String(bytes), formatBytes(bytes)],
    })),
  );
}

/** How pages are told apart in the bars. */
const PAGE_KINDS: readonly (readonly [title: string, className: string, kinds: readonly (keyof PageCounts)[]])[] = [
  ["with contents", "k-ram", ["normal", "multifdNormal", "preempt", "mapped", "compressed"]],
  ["differences", "k-config", ["xbzrle"]],
  ["zero", "k-zero", ["zero", "multifdZero"]],
];

/** Pages by block and kind. */
export function ramHtml({ inspected: { main } }: TimelineReport): Html | null {
  if (main === null || main.ramBlocks.length === 0) return null;
  const { ramBlocks, pageSize } = main;
  const seen = PAGE_KINDS.filter(([, , kinds]) => ramBlocks.some((block) => pagesOf(block, kinds) > 0));
  return barTable(
    ["block", "size", "pages", ...seen.map(([title]) => title)],
    ramBlocks.map((block) => ({
      name: block.name,
      parts: seen.map(([, className, kinds]) => ({ className, value: pagesOf(block, kinds) })),
      cells: [
        formatBytes(block.usedLength),
        pageSize === null ? "?" : String(Math.ceil(block.usedLength / pageSize)),
        ...seen.map(([, , kinds]) => String(pagesOf(block, kinds))),
      ],
    })),
  );
}

function pagesOf({ pages }: RamBlockSummary, kinds: readonly (keyof PageCounts)[]): number {
  return sum(kinds, (kind) => pages[kind]);
}

/** How far from order the buffers of each device came. */
export function disorderHtml({ disorder }: TimelineReport): Html | null {
  const shown = disorder.slice(0, ROWS);
  if (shown.length === 0) return null;
  return html`${
    shown.map((device) => {
      const { order, ranges } = device;
      const note = order === "none"
        ? "not looked at: too many buffers"
        : order === "recorded"
        ? "in the order that was recorded"
        : "in the most favourable order, as times were not recorded";
      return html`<h3>${instanceName(device)}</h3><p class="note">${note}</p>${
        ranges.length === 0 ? null : barTable(
          ["came ahead by", "buffers"],
          ranges.map(({ from, to, buffers }) => ({
            name: from === 0 ? "0 (was due)" : from === to ? String(from) : `${from} to ${to}`,
            parts: [{ className: from === 0 ? "k-device" : "k-vfio", value: buffers }],
            cells: [count(buffers, "buffer")],
          })),
        )
      }`;
    })
  }`;
}
